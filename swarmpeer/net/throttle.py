"""
The rates of one peer, kept by all of its connections together.
"""

from collections.abc import Callable, Iterator
from itertools import count
from weakref import WeakValueDictionary

from twisted.internet.interfaces import IReactorTime

from swarmpeer.config.rate_schedule import Rates
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.bucket import Bucket

#: More than any bucket has.
_MUCH_BYTES = 2**62


class Throttle:
    """
    Gives each connection its allowances.
    """

    def __init__(self, clock: IReactorTime, rates: Rates) -> None:
        self._up = _Direction(clock, rates.up, rates.up_per_neighbor)
        self._down = _Direction(clock, rates.down, rates.down_per_neighbor)

    def set_rates(self, rates: Rates) -> None:
        """
        From now on these hold, for the connections that are open, too.
        """
        self._up.set_rates(rates.up, rates.up_per_neighbor)
        self._down.set_rates(rates.down, rates.down_per_neighbor)

    def allowances(self) -> tuple[Allowance, Allowance]:
        """
        @return: those of a new connection: what it may send, and what it may
            receive.
        """
        return self._up.allowance(), self._down.allowance()


class _Direction:
    """
    One bucket of the peer, and one of each connection: there is one connection for
    each neighbour.
    """

    def __init__(
        self, clock: IReactorTime, rate: int | None, rate_per_neighbor: int | None
    ) -> None:
        self._clock = clock
        self._rate_per_neighbor = rate_per_neighbor
        self._shared = Bucket(clock, rate)
        self._numbers: Iterator[int] = count()
        # By number, for their order.
        self._own: WeakValueDictionary[int, Bucket] = WeakValueDictionary()

    def set_rates(self, rate: int | None, rate_per_neighbor: int | None) -> None:
        """
        See L{Throttle.set_rates}.
        """
        self._rate_per_neighbor = rate_per_neighbor
        self._shared.set_rate(rate)
        for _, own in sorted(self._own.items()):
            own.set_rate(rate_per_neighbor)

    def allowance(self) -> Allowance:
        """
        That of a new connection.
        """
        own = Bucket(self._clock, self._rate_per_neighbor)
        self._own[next(self._numbers)] = own
        return _BothBuckets(self._shared, own)


class _BothBuckets:
    """
    As much as both buckets have: it draws from both or from none.
    """

    __slots__ = ("_own", "_shared", "_waiting")

    def __init__(self, shared: Bucket, own: Bucket) -> None:
        self._shared = shared
        self._own = own
        # A dict for its order.
        self._waiting: dict[Callable[[], None], None] = {}

    @property
    def is_limited(self) -> bool:
        """
        See L{Allowance}.
        """
        return self._shared.rate is not None or self._own.rate is not None

    def grant(self, wanted_bytes: int) -> int:
        """
        See L{Allowance}.
        """
        shared, own = self._shared, self._own
        if shared.rate is None and own.rate is None:
            return wanted_bytes
        granted = shared.room(self, own.room(self, wanted_bytes))
        shared.take(self, granted)
        own.take(self, granted)
        return granted

    def refund(self, unused_bytes: int) -> None:
        """
        See L{Allowance}.
        """
        if unused_bytes:
            self._shared.give_back(self, unused_bytes)
            self._own.give_back(self, unused_bytes)

    def wait(self, go_on: Callable[[], None]) -> None:
        """
        See L{Allowance}.
        """
        self._waiting[go_on] = None
        # Asked for a single byte, a bucket may say yes before a share worth a call is
        # there; so it is asked for very much.
        narrow = self._own if not self._own.room(self, _MUCH_BYTES) else self._shared
        narrow.line_up(self)

    def forget(self, go_on: Callable[[], None]) -> None:
        """
        See L{Allowance}.
        """
        self._waiting.pop(go_on, None)
        if not self._waiting:
            self._shared.leave(self)
            self._own.leave(self)

    def take_turn(self) -> None:
        """
        Let those go on that wait.
        """
        waiting, self._waiting = self._waiting, {}
        for go_on in waiting:
            go_on()
