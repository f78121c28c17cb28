"""
Whoever draws from allowances in the tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from twisted.internet.task import Clock

from swarmpeer.net.allowance import Allowance
from swarmpeer.testing.figures import Passed


def run(clock: Clock, until: float) -> None:
    """
    Let time pass, from one thing that is due to the next.
    """
    while due := [call.getTime() for call in clock.getDelayedCalls()]:
        if min(due) > until:
            break
        clock.advance(max(0.0, min(due) - clock.seconds()))
    clock.advance(until - clock.seconds())


@dataclass(eq=False)
class Stream:
    """
    Sends, or reads, without a pause.

    @ivar portion_bytes: as many as it asks for at a time.
    @ivar returned: a part of what it is granted that does not go at once: the socket
        is full for C{full_seconds}.
    @ivar reactor_seconds: how long after its turn it hears that the socket is ready.
    @ivar taken: what went.
    """

    clock: Clock
    allowance: Allowance
    portion_bytes: int = 2**17
    returned: float = 0.0
    full_seconds: float = 0.002
    reactor_seconds: float = 0.0
    taken: list[Passed] = field(default_factory=list)
    is_over: bool = False

    def go(self) -> None:
        """
        As far as it may.
        """
        while not self.is_over:
            granted = self.allowance.grant(self.portion_bytes)
            if not granted:
                self.allowance.wait(self._take_turn)
                return
            refused = int(granted * self.returned)
            if granted > refused:
                self.taken.append((self.clock.seconds(), granted - refused))
            if refused:
                self.allowance.refund(refused)
                self.clock.callLater(self.full_seconds, self.go)
                return

    def _take_turn(self) -> None:
        if self.reactor_seconds:
            self.clock.callLater(self.reactor_seconds, self.go)
        else:
            self.go()

    def end(self) -> None:
        """
        The connection is closed.
        """
        self.is_over = True
        self.allowance.forget(self._take_turn)

    @property
    def total_bytes(self) -> int:
        """
        All that went.
        """
        return sum(size_bytes for _, size_bytes in self.taken)


def passed_of(streams: Iterable[Stream]) -> list[Passed]:
    """
    All that these took.
    """
    return [taken for stream in streams for taken in stream.taken]
