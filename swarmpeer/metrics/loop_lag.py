"""
How late the event loop is.
"""

from math import floor

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from swarmpeer.metrics.histogram import Histogram

INTERVAL_SECONDS = 0.25
"""
How often it is looked.
"""


class LoopLag(Service):
    """
    Asks for a call now and then, and looks how late it comes: as long as that, at
    worst, everything waits that others want of this peer.

    @ivar histogram: how late each call was.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.histogram = Histogram()
        self._clock = clock
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock
        self._began_at = 0.0
        self._due_at = 0.0
        self._worst_seconds = 0.0

    def startService(self) -> None:
        """
        Begin to look.
        """
        super().startService()
        self._began_at = self._clock.seconds()
        self._set_due(self._began_at)
        self._loop.start(INTERVAL_SECONDS, now=False)

    def stopService(self) -> None:
        """
        Look no more.
        """
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def take_worst(self) -> float:
        """
        How late it was at worst since this was asked last, in seconds.
        """
        worst, self._worst_seconds = self._worst_seconds, 0.0
        return worst

    def _look(self) -> None:
        now = self._clock.seconds()
        late = max(0.0, now - self._due_at)
        self.histogram.add(late)
        self._worst_seconds = max(self._worst_seconds, late)
        self._set_due(now)

    def _set_due(self, now: float) -> None:
        # A LoopingCall leaves out what it missed, and keeps to its own beat.
        beats = floor((now - self._began_at) / INTERVAL_SECONDS) + 1
        self._due_at = self._began_at + beats * INTERVAL_SECONDS
