"""
Tests for L{swarmpeer.config.rate_schedule}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import (
    DAY_MINUTES,
    Rates,
    RatesAt,
    RateSchedule,
)

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
WORK_DAYS = frozenset(range(5))

minutes = st.integers(0, DAY_MINUTES - 1)


def at(hours: int, minutes: int = 0) -> int:
    """
    The minute of the day.
    """
    return hours * 60 + minutes


class RateScheduleTests(SynchronousTestCase):
    """
    What holds when.
    """

    def test_usual(self) -> None:
        """
        Without parts it is always the same; and if nothing is said, unlimited.
        """
        rates = Rates(up=1, down_per_neighbor=2)
        self.assertEqual(RateSchedule(rates).at(SUNDAY, 0), rates)
        self.assertEqual(RateSchedule().at(MONDAY, 7), Rates(None, None, None, None))

    def test_part_of_the_day(self) -> None:
        """
        A part holds from its first minute on, and not at its end, on its days; what
        it does not tell is as usual.
        """
        part = RatesAt(at(8), at(18), {"up": 10}, WORK_DAYS)
        schedule = RateSchedule(Rates(up=100, down=200), (part,))
        for day, minute, up in (
            (MONDAY, at(7, 59), 100),
            (MONDAY, at(8), 10),
            (FRIDAY, at(17, 59), 10),
            (FRIDAY, at(18), 100),
            (SATURDAY, at(12), 100),
        ):
            self.assertEqual(schedule.at(day, minute), Rates(up=up, down=200))

    def test_over_midnight(self) -> None:
        """
        A part that ends on the next day belongs to the day on which it begins, Sunday
        night to Sunday.
        """
        part = RatesAt(at(22), at(6), {"up": None}, frozenset((FRIDAY, SUNDAY)))
        schedule = RateSchedule(Rates(up=100), (part,))
        for day, minute, up in (
            (FRIDAY, at(5), 100),
            (FRIDAY, at(22), None),
            (SATURDAY, at(5, 59), None),
            (SATURDAY, at(6), 100),
            (SATURDAY, at(23), 100),
            (SUNDAY, at(23), None),
            (MONDAY, at(0), None),
            (MONDAY, at(22), 100),
        ):
            self.assertEqual(schedule.at(day, minute), Rates(up=up), (day, minute))

    def test_until_midnight(self) -> None:
        """
        A part may last until the end of the day.
        """
        part = RatesAt(0, DAY_MINUTES, {"up": 1}, frozenset((MONDAY,)))
        schedule = RateSchedule(parts=(part,))
        self.assertEqual(schedule.at(MONDAY, DAY_MINUTES - 1), Rates(up=1))
        self.assertEqual(schedule.at(MONDAY + 1, 0), Rates())

    def test_the_last_counts(self) -> None:
        """
        Where two parts tell of one rate, the later one counts, for that rate.
        """
        schedule = RateSchedule(
            parts=(
                RatesAt(0, DAY_MINUTES, {"up": 1, "down": 2}),
                RatesAt(at(8), at(9), {"up": 3}),
            )
        )
        self.assertEqual(schedule.at(SUNDAY, at(8)), Rates(up=3, down=2))
        self.assertEqual(schedule.at(SUNDAY, at(9)), Rates(up=1, down=2))

    @given(minutes, minutes, st.frozensets(st.integers(0, 6)))
    def test_length(self, begin: int, end: int, days: frozenset[int]) -> None:
        """
        In a week a part holds for its length on each of its days, and for one whole
        stretch.
        """
        if begin == end:
            return
        part = RatesAt(begin, end, {"up": 1}, days)
        week = [part.has(day, minute) for day in range(7) for minute in range(1440)]
        self.assertEqual(sum(week), (end - begin) % DAY_MINUTES * len(days))
        begins = sum(now and not week[place - 1] for place, now in enumerate(week))
        self.assertEqual(begins, len(days))
