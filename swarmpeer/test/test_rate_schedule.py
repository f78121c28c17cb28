"""
Tests for L{swarmpeer.config.rate_schedule}.
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import (
    DAY_MINUTES,
    RATE_NAMES,
    Rates,
    RatesAt,
    RateSchedule,
)
from swarmpeer.config.rate_text import LEAST_RATE

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
WORK_DAYS = frozenset(range(5))

minutes = st.integers(0, DAY_MINUTES - 1)


def at(hours: int, minutes: int = 0) -> int:
    """
    The minute of the day.
    """
    return hours * 60 + minutes


class RatesTests(SynchronousTestCase):
    """
    Rates in a program.
    """

    def test_of_use(self) -> None:
        """
        Any of them may be as low as in a C{swarm.toml}, and each may be left out.
        """
        for name in RATE_NAMES:
            for rate in (None, LEAST_RATE, 2**40):
                self.assertEqual(getattr(Rates(**{name: rate}), name), rate)

    def test_of_no_use(self) -> None:
        """
        What a peer could do nothing with is told at once, with what would be right,
        for a part of the day, too.
        """
        wrong: tuple[Any, ...] = (0, -1, LEAST_RATE - 1, 2**63, 2048.0, True, "2 MiB/s")
        for name in RATE_NAMES:
            for rate in wrong:
                for make in (
                    lambda rates: Rates(**rates),
                    lambda rates: RatesAt(0, 60, rates),
                ):
                    error = self.assertRaises(ValueError, make, {name: rate})
                    self.assertEqual(
                        str(error),
                        f"{name} is {rate!r}; a whole number of bytes a second from "
                        "1024 on, or None for unlimited, would be right",
                    )


class RateScheduleTests(SynchronousTestCase):
    """
    What holds when.
    """

    def test_usual(self) -> None:
        """
        Without parts it is always the same; and if nothing is said, unlimited.
        """
        rates = Rates(up=1024, down_per_neighbor=2048)
        self.assertEqual(RateSchedule(rates).at(SUNDAY, 0), rates)
        self.assertEqual(RateSchedule().at(MONDAY, 7), Rates(None, None, None, None))

    def test_part_of_the_day(self) -> None:
        """
        A part holds from its first minute on, and not at its end, on its days; what
        it does not tell is as usual.
        """
        part = RatesAt(at(8), at(18), {"up": 2000}, WORK_DAYS)
        schedule = RateSchedule(Rates(up=9000, down=8000), (part,))
        for day, minute, up in (
            (MONDAY, at(7, 59), 9000),
            (MONDAY, at(8), 2000),
            (FRIDAY, at(17, 59), 2000),
            (FRIDAY, at(18), 9000),
            (SATURDAY, at(12), 9000),
        ):
            self.assertEqual(schedule.at(day, minute), Rates(up=up, down=8000))

    def test_over_midnight(self) -> None:
        """
        A part that ends on the next day belongs to the day on which it begins, Sunday
        night to Sunday.
        """
        part = RatesAt(at(22), at(6), {"up": None}, frozenset((FRIDAY, SUNDAY)))
        schedule = RateSchedule(Rates(up=9000), (part,))
        for day, minute, up in (
            (FRIDAY, at(5), 9000),
            (FRIDAY, at(22), None),
            (SATURDAY, at(5, 59), None),
            (SATURDAY, at(6), 9000),
            (SATURDAY, at(23), 9000),
            (SUNDAY, at(23), None),
            (MONDAY, at(0), None),
            (MONDAY, at(22), 9000),
        ):
            self.assertEqual(schedule.at(day, minute), Rates(up=up), (day, minute))

    def test_until_midnight(self) -> None:
        """
        A part may last until the end of the day.
        """
        part = RatesAt(0, DAY_MINUTES, {"up": 1024}, frozenset((MONDAY,)))
        schedule = RateSchedule(parts=(part,))
        self.assertEqual(schedule.at(MONDAY, DAY_MINUTES - 1), Rates(up=1024))
        self.assertEqual(schedule.at(MONDAY + 1, 0), Rates())

    def test_the_last_counts(self) -> None:
        """
        Where two parts tell of one rate, the later one counts, for that rate.
        """
        schedule = RateSchedule(
            parts=(
                RatesAt(0, DAY_MINUTES, {"up": 1024, "down": 2048}),
                RatesAt(at(8), at(9), {"up": 3072}),
            )
        )
        self.assertEqual(schedule.at(SUNDAY, at(8)), Rates(up=3072, down=2048))
        self.assertEqual(schedule.at(SUNDAY, at(9)), Rates(up=1024, down=2048))

    @given(minutes, minutes, st.frozensets(st.integers(0, 6)))
    def test_length(self, begin: int, end: int, days: frozenset[int]) -> None:
        """
        In a week a part holds for its length on each of its days, and for one whole
        stretch.
        """
        if begin == end:
            return
        part = RatesAt(begin, end, {"up": 1024}, days)
        week = [part.has(day, minute) for day in range(7) for minute in range(1440)]
        self.assertEqual(sum(week), (end - begin) % DAY_MINUTES * len(days))
        begins = sum(now and not week[place - 1] for place, now in enumerate(week))
        self.assertEqual(begins, len(days))
