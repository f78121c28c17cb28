"""
Whoever draws from allowances in the tests, and what is looked at: how much goes in
any ten seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from twisted.internet.task import Clock

from swarmpeer.net.allowance import Allowance

WINDOW_SECONDS = 10.0

Taken = tuple[float, int]
"""
When, and how many bytes.
"""


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
    taken: list[Taken] = field(default_factory=list)
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


def most_and_least(
    streams: Iterable[Stream], begin: float, end: float
) -> tuple[int, int]:
    """
    The same of all that these took.
    """
    return most_and_least_of(
        sorted(taken for stream in streams for taken in stream.taken), begin, end
    )


def most_and_least_of(
    every: Iterable[Taken], begin: float, end: float
) -> tuple[int, int]:
    """
    How many bytes went at most, and at least, in any ten seconds between these
    times.

    @param every: in their order.
    """
    taken = [each for each in every if begin <= each[0] <= end]
    most, least = 0, 2**62
    first = within = 0
    for at, size_bytes in taken:
        within += size_bytes
        while taken[first][0] <= at - WINDOW_SECONDS:
            # The window slides beyond the first: just behind it, it is least.
            if at - taken[first][0] >= WINDOW_SECONDS:
                least = min(least, within - size_bytes - taken[first][1])
            within -= taken[first][1]
            first += 1
        most = max(most, within)
    return most, least
