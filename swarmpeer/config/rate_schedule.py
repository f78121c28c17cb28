"""
How fast a peer may be, and when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from swarmpeer.config.rate_text import LEAST_RATE, MOST_RATE

DAY_MINUTES = 24 * 60
WEEK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EVERY_DAY = frozenset(range(len(WEEK_DAYS)))


@dataclass(frozen=True, slots=True)
class Rates:
    """
    Bytes a second, 1024 or more; C{None}: as many as there are.  Every byte of a
    connection counts, but not what TCP and IP put around it.

    @ivar up: that leave this peer.
    @ivar down: that come.
    @ivar up_per_neighbor: that leave for any one neighbour.
    @ivar down_per_neighbor: that come from any one.
    """

    up: int | None = None
    down: int | None = None
    up_per_neighbor: int | None = None
    down_per_neighbor: int | None = None

    def __post_init__(self) -> None:
        """
        @raise ValueError: if a peer could do nothing with one of them.
        """
        for name in RATE_NAMES:
            rate: object = getattr(self, name)
            # Not a bool either.
            is_right = type(rate) is int and LEAST_RATE <= rate <= MOST_RATE
            if rate is not None and not is_right:
                raise ValueError(
                    f"{name} is {rate!r}; a whole number of bytes a second from "
                    f"{LEAST_RATE} on, or None for unlimited, would be right"
                )


RATE_NAMES = tuple(rate.name for rate in fields(Rates))


@dataclass(frozen=True, slots=True)
class RatesAt:
    """
    Other rates for a part of the day.

    @ivar begin: its first minute, counted from midnight.
    @ivar end: the first one behind it; if that is before C{begin}, of the next day.
    @ivar rates: by the names of L{Rates}; what is not told stays as it is.
    @ivar days: on which it begins; 0 is Monday.
    """

    begin: int
    end: int
    rates: Mapping[str, int | None] = field(hash=False)
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        """
        @raise ValueError: if a peer could do nothing with one of the rates.
        """
        Rates(**self.rates)

    def has(self, day: int, minute: int) -> bool:
        """
        Is that minute of that day in it?
        """
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        if minute >= self.begin:
            return day in self.days
        return minute < self.end and (day - 1) % len(WEEK_DAYS) in self.days


@dataclass(frozen=True, slots=True)
class RateSchedule:
    """
    The rates by the time of the week.

    @ivar usual: when nothing else is told.
    @ivar parts: where several tell of one rate, the last of them counts.
    """

    usual: Rates = Rates()
    parts: tuple[RatesAt, ...] = ()

    def at(self, day: int, minute: int) -> Rates:
        """
        The rates of that minute of that day, which is 0 on Mondays.
        """
        rates = self.usual
        for part in self.parts:
            if part.has(day, minute):
                rates = replace(rates, **part.rates)
        return rates
