"""
One delayed call for what many connections would each do a moment later.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Beat:
    """
    Calls everybody who waits, all at once, a fixed time after the first of them
    began to wait.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        """
        @param seconds: how long the first waits; all others wait less.
        """
        self._clock = clock
        self._seconds = seconds
        self._waiting: dict[Callable[[], None], None] = {}
        self._call: IDelayedCall | None = None

    def join(self, act: Callable[[], None]) -> None:
        """
        Wait, if it does not already.

        @param act: called when it is time.
        """
        self._waiting[act] = None
        if self._call is None:
            self._call = self._clock.callLater(self._seconds, self._strike)

    def leave(self, act: Callable[[], None]) -> None:
        """
        Wait no more, if it did.
        """
        self._waiting.pop(act, None)
        if not self._waiting and self._call is not None:
            self._call.cancel()
            self._call = None

    def _strike(self) -> None:
        self._call = None
        waiting, self._waiting = self._waiting, {}
        for act in waiting:
            act()
