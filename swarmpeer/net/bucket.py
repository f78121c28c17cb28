"""
A token bucket that several connections draw from in turn.
"""

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

BURST_SECONDS = 0.2
"""
What was not used is kept for so long.  In ten seconds that is 2 % more than the
rate, and a wake-up that is late by less than this costs nothing.
"""
ROUND_SECONDS = 0.05
"""
Those who wait are served so often, if the rate is used up.
"""
KEPT_SECONDS = 0.1
"""
So long who had his turn may wait for the reactor before he draws.
"""
LEAST_SHARE_BYTES = 1024
"""
With less than this nobody is woken, unless it is all that there is.
"""

_SHORTEST_PAUSE_SECONDS = 0.01


class Drawer(Protocol):
    """
    Who draws from a bucket.
    """

    def take_turn(self) -> None:
        """
        Draw, now or soon.
        """


class Bucket:
    """
    Bytes that may go, more and more of them with time, up to a small burst.

    Who finds too few waits in line.  The line is served in rounds, by one timer,
    and in each round what there is is divided among all who wait; so nobody is
    passed over, whoever else comes and goes.  Each may draw his share in his turn or
    a little later; what is left of it then is for all again.

    @ivar rate: bytes a second; C{None}: as many as are wanted.
    """

    __slots__ = (
        "__weakref__",
        "_bytes",
        "_clock",
        "_filled_at",
        "_is_in_round",
        "_lent",
        "_lent_at",
        "_line",
        "_places",
        "_round",
        "_timer",
        "rate",
    )
    _log = Logger()

    def __init__(self, clock: IReactorTime, rate: float | None) -> None:
        """
        It begins empty: else who comes anew had a burst each time.
        """
        self._clock = clock
        self.rate = rate
        self._bytes = 0.0
        self._filled_at = clock.seconds()
        # A dict for its order.
        self._line: dict[Drawer, None] = {}
        # In what order they have their turns: who had one is the last from then on, not
        # from when he lines up again, or who is quick would have more turns.  With the
        # round of the last one.
        self._places: dict[Drawer, int] = {}
        self._round = 0
        self._is_in_round = False
        # The shares of the last round, as far as they are not drawn.
        self._lent: dict[Drawer, float] = {}
        self._lent_at = 0.0
        self._timer: IDelayedCall | None = None

    def set_rate(self, rate: float | None) -> None:
        """
        Let so many bytes go a second from now on.
        """
        self._take_back()
        self._fill()
        self.rate = rate
        self._cancel_round()
        self._await_round()

    def room(self, drawer: Drawer, wanted_bytes: int) -> int:
        """
        How many of these C{drawer} may take now: 0 if others come first, or if what
        there is is not worth a system call.
        """
        if self.rate is None:
            return wanted_bytes
        self._fill()
        if drawer in self._lent:
            return int(min(wanted_bytes, self._lent[drawer]))
        if self._line:
            return 0
        room = int(min(wanted_bytes, self._bytes))
        return room if room >= min(wanted_bytes, self._round_bytes) else 0

    def take(self, drawer: Drawer, taken_bytes: int) -> None:
        """
        So many of those that there is room for go.
        """
        if self.rate is None:
            return
        if drawer in self._lent:
            # Even if that was all: else who is quick would have what others give back.
            self._lent[drawer] -= taken_bytes
        else:
            self._bytes -= taken_bytes

    def give_back(self, drawer: Drawer, unused_bytes: int) -> None:
        """
        So many of those that were taken did not go.
        """
        if self.rate is None:
            return
        if drawer in self._lent:
            self._lent[drawer] += unused_bytes
        else:
            self._bytes += unused_bytes

    def line_up(self, drawer: Drawer) -> None:
        """
        Give C{drawer} a turn when there is something again.
        """
        self._line.setdefault(drawer)
        self._places.setdefault(drawer, self._round)
        if self._timer is None:
            self._await_round()

    def leave(self, drawer: Drawer) -> None:
        """
        Give C{drawer} no turn, if it waits for one, nor the rest of its share.
        """
        self._line.pop(drawer, None)
        self._places.pop(drawer, None)
        self._bytes += self._lent.pop(drawer, 0.0)
        if not self._line:
            self._cancel_round()

    @property
    def _round_bytes(self) -> float:
        return max(1.0, (self.rate or 0.0) * ROUND_SECONDS)

    def _fill(self) -> None:
        """
        Put in what time has brought.
        """
        now = self._clock.seconds()
        if self._lent and now - self._lent_at > KEPT_SECONDS:
            self._take_back()
        if self.rate is not None:
            # A clock that is set back brings nothing, and takes nothing away.
            grown = self._bytes + self.rate * max(0.0, now - self._filled_at)
            self._bytes = min(grown, max(1.0, self.rate * BURST_SECONDS))
        self._filled_at = now

    def _cancel_round(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_back(self) -> None:
        """
        Take the shares back that were not drawn.
        """
        self._bytes += sum(self._lent.values())
        self._lent.clear()

    def _await_round(self) -> None:
        if not self._line or self._is_in_round:
            return
        seconds = 0.0
        if self.rate is not None:
            self._fill()
            lacking = self._round_bytes - self._bytes
            seconds = max(_SHORTEST_PAUSE_SECONDS, lacking / self.rate)
        self._timer = self._clock.callLater(seconds, self._hold_round)

    def _hold_round(self) -> None:
        self._timer = None
        self._is_in_round = True
        self._take_back()
        self._fill()
        self._lent_at = self._filled_at
        share = max(self._bytes / len(self._line), LEAST_SHARE_BYTES)
        # Who is left with less than others is rather the first of the next round; a
        # byte is for the rounding.
        least = max(1.0, min(share, self._bytes) - 1)
        # Who lines up again meanwhile waits for the next round.
        for drawer in self._in_order():
            if self.rate is not None and self._bytes < least:
                break
            if drawer in self._line:
                del self._line[drawer]
                del self._places[drawer]
                self._places[drawer] = self._round
                self._lend(drawer, share)
                with self._log.failuresHandled("a connection failed in its turn"):
                    drawer.take_turn()
        self._is_in_round = False
        self._await_round()

    def _in_order(self) -> list[Drawer]:
        """
        Those who wait, as their turns are.  Who did not wait for a whole round keeps
        his place no longer.
        """
        self._places = {
            drawer: held
            for drawer, held in self._places.items()
            if drawer in self._line or held == self._round
        }
        self._round += 1
        return [drawer for drawer in self._places if drawer in self._line]

    def _lend(self, drawer: Drawer, share: float) -> None:
        if self.rate is not None:
            lent = min(share, self._bytes)
            self._lent[drawer] = lent
            self._bytes -= lent
