"""
Tests for L{swarmpeer.log_reading.round_grid}.
"""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.log_reading.round_grid import Fit, RoundGrid


def fits(interval: float, times: Iterable[float]) -> list[Fit]:
    """
    What each line tells.
    """
    grid = RoundGrid(interval)
    return [grid.take(seconds) for seconds in times]


class RoundGridTests(SynchronousTestCase):
    """
    Rounds at an interval, and rounds at others.
    """

    @given(
        interval=st.sampled_from([0.1, 1.0, 1.5, 2.0, 3.0, 5.0, 15.0, 60.0]),
        phase=st.floats(0.0, 1.0),
        rate=st.floats(0.985, 1.015),
        rounds=st.lists(
            st.tuples(st.integers(1, 40), st.floats(0.0, 0.7)), max_size=60
        ),
    )
    def test_steady(
        self,
        interval: float,
        phase: float,
        rate: float,
        rounds: list[tuple[int, float]],
    ) -> None:
        """
        Rounds at the interval fit, whichever of them are told, if each line is a
        little late and the timer is a little wrong.
        """
        number, times = 0, []
        for more, late in rounds:
            number += more
            times.append(float(int(1000.0 + phase + number * interval * rate + late)))
        self.assertNotIn(Fit.BROKEN, fits(interval, sorted(times)))

    @given(
        interval=st.sampled_from([2.0, 3.0, 5.0, 15.0]),
        phase=st.floats(0.0, 1.0),
        rate=st.sampled_from([0.5, 0.8, 0.9, 1.1, 1.2]),
    )
    def test_steady_error_adds_up(
        self, interval: float, phase: float, rate: float
    ) -> None:
        """
        Rounds at another interval do not fit for long, though each is not far from
        where it should be, if the interval is long enough for whole seconds.
        """
        times = [float(int(phase + n * interval * rate)) for n in range(60)]
        if rate < 1 or interval > 4:
            self.assertIn(Fit.BROKEN, fits(interval, times))

    def test_twice_as_fast(self) -> None:
        """
        A round each second where there should be one each two seconds is told within
        four lines.
        """
        self.assertIn(Fit.BROKEN, fits(2.0, [0.0, 1.0, 2.0, 3.0]))

    def test_same_second(self) -> None:
        """
        Two rounds within one second are told at once, unless the interval is so short.
        """
        self.assertEqual(fits(2.0, [7.0, 7.0]), [Fit.UNTOLD, Fit.BROKEN])
        self.assertEqual(fits(1.0, [7.0, 7.0]), [Fit.UNTOLD, Fit.UNTOLD])

    def test_nothing_told(self) -> None:
        """
        Lines that would fit at any second tell nothing, nor does the first one after
        a long silence or a leap of the clock.
        """
        untold = [Fit.UNTOLD] * 4
        self.assertEqual(fits(2.0, [0.0, 9.0, 18.0, 27.0]), untold)
        self.assertEqual(fits(2.0, [0.0, 4.0, 8.0, 12.0]), untold)
        self.assertEqual(fits(5.0, [0.0, 202.0, 100.0, 333.0]), untold)

    def test_begins_anew(self) -> None:
        """
        A line that does not fit is told once; those after it are held against it.
        """
        found = fits(5.0, [0.0, 5.0, 8.0, 13.0, 18.0])
        self.assertEqual(found, [Fit.UNTOLD, Fit.KEPT, Fit.BROKEN, Fit.KEPT, Fit.KEPT])
