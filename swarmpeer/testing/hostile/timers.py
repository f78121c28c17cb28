"""
Delayed calls that end together.
"""

from collections.abc import Callable
from typing import ParamSpec

from twisted.internet.interfaces import IDelayedCall, IReactorTime

_P = ParamSpec("_P")


class Timers:
    """
    Any number of delayed calls, all of which can be taken back at once.
    """

    def __init__(self, clock: IReactorTime) -> None:
        """
        Nothing is to be called yet.
        """
        self._clock = clock
        self._calls: dict[int, IDelayedCall] = {}
        self._made = 0

    def __len__(self) -> int:
        """
        How many calls are still to come.
        """
        return len(self._calls)

    def after(
        self, seconds: float, act: Callable[_P, None], *args: _P.args, **more: _P.kwargs
    ) -> None:
        """
        Do it once, C{seconds} from now.
        """
        number = self._made
        self._made += 1

        def fire() -> None:
            del self._calls[number]
            act(*args, **more)

        self._calls[number] = self._clock.callLater(seconds, fire)

    def cancel(self) -> None:
        """
        Do nothing of what was to be done.
        """
        calls, self._calls = self._calls, {}
        for call in calls.values():
            if call.active():
                call.cancel()
