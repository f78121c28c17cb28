"""
How long a reactor stands still.
"""

import os
import time
from dataclasses import dataclass

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Stall:
    """
    One turn of the reactor that came late.

    @ivar late_seconds: by how much.
    @ivar waited_seconds: for how much of it the reactor's thread could have run
        but got no core: the machine was busy with others.
    """

    late_seconds: float = 0.0
    waited_seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """
        What is left: work of this peer, and waiting for its own threads.
        """
        return self.late_seconds - self.waited_seconds


class StallMeter(Service):
    """
    Looks every hundredth of a second how late the reactor lets it.

    @ivar latest: the stall that was the longest.
    @ivar latest_own: the stall that was the longest but for waiting for a core.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.latest = self.latest_own = Stall()
        self._clock = clock
        # What the scheduler counts of the thread that opens it.
        self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self._waited = self._waited_seconds()
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """
        Begin to look.
        """
        super().startService()
        self._call_later()

    def stopService(self) -> None:
        """
        Look no more.
        """
        super().stopService()
        if self._call is not None:
            self._call.cancel()

    def _call_later(self) -> None:
        due = time.monotonic() + _LOOK_SECONDS
        self._call = self._clock.callLater(_LOOK_SECONDS, self._look, due)

    def _look(self, due: float) -> None:
        late = time.monotonic() - due
        waited = self._waited_seconds()
        # Some of the wait may lie before the turn was due.
        stall = Stall(late, min(late, waited - self._waited))
        self._waited = waited
        self.latest = max(self.latest, stall, key=lambda each: each.late_seconds)
        self.latest_own = max(self.latest_own, stall, key=lambda each: each.own_seconds)
        self._call_later()

    def _waited_seconds(self) -> float:
        return int(os.pread(self._schedstat, 64, 0).split()[1]) / 1e9
