"""
Tests of L{swarmpeer.core.window}.
"""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.window import LEAST_PIECES, RequestWindow

KIB = 1024
MIB = 1024 * KIB
MOST = 64


class Line:
    """
    A neighbour that sends one piece after the other, each for as long as the line
    takes, and hears of a request after half the delay.
    """

    def __init__(self, piece_bytes: int, rate: float, delay: float) -> None:
        """
        @param rate: bytes a second.
        @param delay: seconds there and back.
        """
        self.piece_bytes, self.rate, self.delay = piece_bytes, rate, delay
        self.window = RequestWindow(piece_bytes, MOST)
        self.now = 0.0
        self.free_at = 0.0
        self.arrivals: deque[float] = deque()
        self.windows: list[int] = []

    def run(self, pieces: int) -> float:
        """
        Fetch so many, the window always full.

        @return: how many bytes came in a second, in the last half of them.
        """
        half = 0.0
        for place in range(pieces):
            if not self.arrivals:
                self.window.begin(self.now)
            while len(self.arrivals) < self.window.pieces:
                begins = max(self.free_at, self.now + self.delay / 2)
                self.free_at = begins + self.piece_bytes / self.rate
                self.arrivals.append(self.free_at + self.delay / 2)
            self.now = self.arrivals.popleft()
            self.window.came(self.piece_bytes, self.now, LEAST_PIECES)
            self.windows.append(self.window.pieces)
            if place == pieces // 2:
                half = self.now
        return (pieces - pieces // 2 - 1) * self.piece_bytes / (self.now - half)


class RequestWindowTests(SynchronousTestCase):
    """
    As much is asked for as the line takes, and not much more.
    """

    def test_begins_small(self) -> None:
        """
        Before anything came one piece is asked for; then one is while another is on
        its way.
        """
        line = Line(16 * KIB, 1000.0, 0.001)
        seen = [line.window.pieces]
        line.run(3)
        self.assertEqual([*seen, line.window.pieces], [1, LEAST_PIECES])

    def test_slow_uplink(self) -> None:
        """
        Where a piece takes a tenth of a second, two or three are asked for: others
        may have them sooner.
        """
        line = Line(64 * KIB, 640_000.0, 0.001)
        line.run(100)
        self.assertIn(line.window.pieces, (2, 3))

    def test_far_away(self) -> None:
        """
        A line that is long and fast is filled.
        """
        rate = 2_000_000.0
        line = Line(64 * KIB, rate, 0.2)
        self.assertGreater(line.run(200), 0.95 * rate)
        self.assertLess(line.window.pieces, 14)

    def test_small_pieces(self) -> None:
        """
        On a fast line small pieces are asked for by the dozen.
        """
        line = Line(16 * KIB, 500e6, 0.0002)
        line.run(200)
        self.assertEqual(line.window.pieces, MOST)

    def test_opens_soon(self) -> None:
        """
        It takes some turns, not seconds, until it is open.
        """
        line = Line(16 * KIB, 500e6, 0.001)
        line.run(200)
        self.assertLess(line.now, 0.02)

    def test_gets_slower(self) -> None:
        """
        When less comes, less is asked for.
        """
        line = Line(16 * KIB, 10_000_000.0, 0.01)
        line.run(300)
        self.assertGreater(line.window.pieces, 40)
        line.rate /= 50
        line.run(300)
        self.assertLess(line.window.pieces, 6)

    def test_idle(self) -> None:
        """
        The time in which nothing was asked of them does not count.
        """
        line = Line(16 * KIB, 10_000_000.0, 0.01)
        line.run(300)
        before = line.window.pieces
        line.arrivals.clear()
        line.now += 3600.0
        line.free_at = line.now
        line.run(3)
        self.assertGreater(line.window.pieces, before // 2)

    @settings(deadline=None)
    @given(
        st.sampled_from([16 * KIB, 256 * KIB, 4096 * KIB]),
        st.floats(1e4, 1e9),
        st.floats(0.0, 0.5),
    )
    def test_any_line(self, piece_bytes: int, rate: float, delay: float) -> None:
        """
        Any line is used, as far as the most pieces that may be outstanding allow,
        and what waits there beside what is on its way is at most two pieces and two
        tenths of a second.  Only when it is tried whether the line takes more, which
        may be in one turn of five, half as much again is asked for.
        """
        line = Line(piece_bytes, rate, delay)
        reached = line.run(1000)
        one_turn = delay + piece_bytes / rate
        line_takes = min(rate, MOST * piece_bytes / one_turn)
        # Ten pieces of eleven are enough, and seconds are rounded.
        self.assertGreaterEqual(1.1 * reached, line_takes * (1 - 1e-6))
        settled = [pieces * piece_bytes for pieces in line.windows[-6 * MOST :]]
        least_bytes = LEAST_PIECES * piece_bytes
        self.assertLessEqual(min(settled), rate * (delay + 0.2) + least_bytes)
        self.assertLessEqual(max(settled), 1.5 * (rate * (delay + 0.1) + least_bytes))

    def test_tries_more(self) -> None:
        """
        Where a piece less than its goal already looks like too little, a window tries
        more again and again, and comes back.
        """
        line = Line(MIB, 19 * MIB, 0.4765)
        line.run(1000)
        self.assertEqual(set(line.windows[-6 * MOST :]), {11, 12, 14, 17})
