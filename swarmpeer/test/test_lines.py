"""
Tests for L{swarmpeer.testing.lines}.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.lines import CLOGGED_RATE, TURN_BYTES, Lane, Line
from swarmpeer.testing.virtual_time import VirtualTime


class LineTests(SynchronousTestCase):
    """
    How fast, and whose turn it is.
    """

    def setUp(self) -> None:
        """
        A line of one segment a second, and two lanes.
        """
        self.time = VirtualTime()
        self.line = Line(self.time, Random(0), TURN_BYTES, turn_seconds=1.0)
        self.passed: list[tuple[str, int, float]] = []
        self.a, self.b = self.lane("a"), self.lane("b")

    def lane(self, name: str) -> Lane:
        """
        One that remembers how much passed, and when.
        """
        return Lane(
            lambda chunk: self.passed.append((name, len(chunk), self.time.seconds()))
        )

    def run_all(self) -> None:
        """
        Let everything pass.
        """
        while self.time.step():
            pass

    def test_rate(self) -> None:
        """
        A segment has passed when its last byte has.
        """
        self.line.put(self.a, bytes(2 * TURN_BYTES + TURN_BYTES // 2))
        self.run_all()
        size = TURN_BYTES
        self.assertEqual(
            self.passed, [("a", size, 1.0), ("a", size, 2.0), ("a", size // 2, 2.5)]
        )

    def test_ahead(self) -> None:
        """
        Small packets may be let through a little early; the rate is kept.
        """
        ahead = Line(self.time, Random(0), 1000.0, turn_seconds=1.0, ahead_bytes=500)
        for _ in range(10):
            ahead.put(self.a, bytes(200))
        self.run_all()
        times = [at for _, _, at in self.passed]
        for place, at in enumerate(times):
            due = 0.2 * place
            self.assertTrue(due - 0.5 - 1e-9 <= at <= due, (place, at))
        self.assertEqual(times[:3], [0.0] * 3)

    def test_fair(self) -> None:
        """
        Lanes take turns, whoever has more.
        """
        self.line.put(self.a, bytes(3 * TURN_BYTES))
        self.line.put(self.b, bytes(2 * TURN_BYTES))
        self.run_all()
        self.assertEqual(
            [(name, when) for name, _, when in self.passed],
            [("a", 1.0), ("b", 2.0), ("a", 3.0), ("b", 4.0), ("a", 5.0)],
        )

    def test_small_on_idle(self) -> None:
        """
        Something small passes an idle line at once, and the next waits for it.
        """
        self.line.put(self.a, bytes(1024))
        self.line.put(self.b, bytes(1024))
        self.assertEqual(self.passed, [("a", 1024, 0.0)])
        self.run_all()
        self.assertEqual(self.passed[1:], [("b", 1024, 1 / 16)])

    def test_joined(self) -> None:
        """
        What waits of one lane travels together, but for the end.
        """
        for chunk in (bytes(TURN_BYTES), b"one", b"two", b""):
            self.line.put(self.a, chunk)
        self.run_all()
        self.assertEqual([size for _, size, _ in self.passed], [TURN_BYTES, 6, 0])

    def test_unlimited(self) -> None:
        """
        A line without a rate is free.
        """
        self.assertTrue(Line(self.time, Random(0), None).is_free)
        self.assertFalse(self.line.is_free)

    def test_clog(self) -> None:
        """
        A clogged line is that much slower, until it is not any more.
        """
        self.line.clog(4)
        self.line.put(self.a, bytes(2 * TURN_BYTES))
        self.time.step()
        self.assertEqual(self.passed, [("a", TURN_BYTES, 4.0)])
        self.line.clog(1)
        self.run_all()
        self.assertEqual(self.passed[1:], [("a", TURN_BYTES, 5.0)])

    def test_clog_unlimited(self) -> None:
        """
        An unlimited line that was clogged is free once all has passed.
        """
        line = Line(self.time, Random(0), None)
        line.clog(CLOGGED_RATE / TURN_BYTES)
        line.put(self.a, bytes(3 * TURN_BYTES))
        self.assertFalse(line.is_free)
        self.time.step()
        line.clog(1)
        self.run_all()
        self.assertEqual([when for _, _, when in self.passed], [1.0, 1.0, 1.0])
        self.assertTrue(line.is_free)

    def test_segments(self) -> None:
        """
        Segments can be as small as one byte, and are never larger than told.
        """
        self.line.segment(3)
        self.line.put(self.a, bytes(100))
        self.run_all()
        sizes = [size for _, size, _ in self.passed]
        self.assertEqual((sum(sizes), set(sizes[:-1])), (100, {1, 2, 3}))

    def test_dropped(self) -> None:
        """
        A lane whose connection was reset loses its turn.
        """
        self.line.put(self.a, bytes(2 * TURN_BYTES))
        self.line.put(self.b, bytes(TURN_BYTES))
        self.a.waiting.clear()
        self.run_all()
        self.assertEqual([name for name, _, _ in self.passed], ["a", "b"])

    @settings(deadline=None, max_examples=50)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 1),
                st.sampled_from([0, 1, 9, 1500, 1501, 16384, 70000]),
                st.sampled_from([0.0, 0.5, 3.0]),
                st.sampled_from([None, "clog", "unclog", "segment", "whole"]),
            ),
            max_size=12,
        ),
        st.sampled_from([None, 40000.0]),
        st.randoms(use_true_random=False),
    )
    def test_any_history(
        self,
        history: list[tuple[int, int, float, str | None]],
        rate: float | None,
        rng: Random,
    ) -> None:
        """
        Whatever happens to a line, each lane gets its bytes, in their order.
        """
        time = VirtualTime()
        line = Line(time, rng, rate)
        got = [bytearray(), bytearray()]
        lanes = [Lane(got[0].extend), Lane(got[1].extend)]
        sent = [b"", b""]

        def act(which: int, chunk: bytes, change: str | None) -> None:
            match change:
                case "clog":
                    line.clog(100)
                case "unclog":
                    line.clog(1)
                case "segment":
                    line.segment(5000)
                case "whole":
                    line.segment(None)
            sent[which] += chunk
            if line.is_free:
                lanes[which].leave(chunk)
            else:
                line.put(lanes[which], chunk)

        when = 0.0
        for number, (which, size, pause, change) in enumerate(history):
            when += pause
            chunk = bytes([number]) * size
            time.callLater(when, act, which, chunk, change)
        while time.step():
            pass
        self.assertTrue([bytes(data) for data in got] == sent)
