"""
Tests for L{swarmpeer.log_output.folding}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent
from twisted.python import threadable
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.log_output.folding import (
    AT_ONCE,
    FOLDED_SECONDS,
    MANY_AT_ONCE,
    MOST_KINDS,
    Folding,
    guessed_kind,
)


@implementer(ILogObserver)
class Timed:
    """
    Keeps each line with the time at which it came.
    """

    def __init__(self, clock: Clock, lines: list[tuple[float, str]]) -> None:
        self._clock = clock
        self._lines = lines

    def __call__(self, event: LogEvent) -> None:
        """
        Keep it.
        """
        self._lines.append((self._clock.seconds(), formatEvent(event)))


class FoldingTests(SynchronousTestCase):
    """
    L{Folding} says once what is said again and again.
    """

    def setUp(self) -> None:
        """
        One whose lines are kept with the times at which they came.
        """
        self.clock = Clock()
        self.lines: list[tuple[float, str]] = []
        self.folding = Folding(Timed(self.clock, self.lines), self.clock)
        verifyObject(ILogObserver, self.folding)
        self.log = Logger("x", observer=self.folding)

    def say(self, kind: object, words: str = "{fold} again") -> None:
        """
        A line of that kind.
        """
        self.log.info(words, fold=kind)

    def test_once(self) -> None:
        """
        What is said once is passed on at once as it is, and no timer is left.
        """
        self.say("a")
        self.say("b")
        self.assertEqual(self.lines, [(0.0, "a again"), (0.0, "b again")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_kind(self) -> None:
        """
        A line that is of no kind is always passed on.
        """
        for _ in range(3):
            self.say(None, "plain")
        self.assertEqual(self.lines, [(0.0, "plain")] * 3)

    def test_again(self) -> None:
        """
        What is said each second is, after a few lines at once, a line a minute, which
        tells how often it was, as long as it goes on; and one more after it ended.
        """
        for _ in range(150):
            self.say("a")
            self.clock.advance(1)
        for _ in range(200):
            self.clock.advance(1)
        self.assertEqual(
            self.lines,
            [
                (0.0, "a again"),
                (1.0, "a again"),
                (2.0, "a again"),
                (60.0, "a again (said 57 times more in the last 60 s)"),
                (120.0, "a again (said 60 times more in the last 60 s)"),
                (180.0, "a again (said 30 times more in the last 60 s)"),
            ],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_quiet(self) -> None:
        """
        What was said long ago is said at once.
        """
        for _ in range(AT_ONCE):
            self.say("a")
        self.clock.advance(FOLDED_SECONDS)
        self.say("a")
        expected = [(0.0, "a again")] * AT_ONCE + [(60.0, "a again")]
        self.assertEqual(self.lines, expected)

    def test_latest(self) -> None:
        """
        The line that tells of many is the latest of them.
        """
        for reason in ("small", "cold", "wet", "dark", "loud"):
            self.say("a", f"it is too {reason}")
        self.clock.advance(FOLDED_SECONDS)
        self.assertEqual(
            [line for _, line in self.lines[AT_ONCE:]],
            ["it is too loud (said 2 times more in the last 60 s)"],
        )

    def test_flush(self) -> None:
        """
        In the end all is said, and nothing is waited for.
        """
        for _ in range(AT_ONCE):
            self.say("a")
        self.clock.advance(5)
        self.say("a")
        self.folding.flush()
        self.folding.flush()
        self.assertEqual(
            self.lines[AT_ONCE:], [(5.0, "a again (said 1 time more in the last 5 s)")]
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failures(self) -> None:
        """
        What says nothing but a failure can be folded.
        """
        for _ in range(AT_ONCE + 2):
            self.folding({"fold": 1, "log_failure": Failure(ValueError("x"))})
        self.folding.flush()
        self.assertEqual(self.lines[-1][1], " (said 2 times more in the last 0 s)")

    def test_many_kinds(self) -> None:
        """
        Whoever makes up kinds makes no more lines and takes no more room than so many.
        """
        for number in range(10 * MOST_KINDS):
            self.say(number)
        self.assertEqual(len(self.lines), MOST_KINDS + AT_ONCE)
        self.clock.advance(FOLDED_SECONDS)
        self.assertEqual(len(self.lines), MOST_KINDS + AT_ONCE + 1)
        self.say("a")
        self.assertEqual(self.lines[-1], (60.0, "a again"))

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=60))
    def test_bound(self, said: list[tuple[str, int]]) -> None:
        """
        Of each kind there are few lines in a minute, and one once it was folded; and
        every line that was said is counted in the end.
        """
        self.setUp()
        counts: dict[str, int] = {}
        for kind, seconds in said:
            self.say(kind)
            counts[kind] = counts.get(kind, 0) + 1
            self.clock.pump([1.0] * seconds)
        self.clock.pump([1.0] * 121)
        told: dict[str, int] = {}
        times: dict[str, list[float]] = {kind: [] for kind in "abc"}
        for at, line in self.lines:
            kind = line[0]
            times[kind].append(at)
            repeats = line.partition("(said ")[2].partition(" ")[0] or "1"
            told[kind] = told.get(kind, 0) + int(repeats)
        for all_at in times.values():
            for first, later in zip(all_at, all_at[2 * AT_ONCE :], strict=False):
                self.assertGreaterEqual(later - first, 60.0)
        self.assertEqual(told, counts)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class GuessedTests(SynchronousTestCase):
    """
    What others say again and again is folded by L{guessed_kind}.
    """

    def setUp(self) -> None:
        """
        A log as the process has it, in the thread of the reactor.
        """
        self.clock = Clock()
        self.lines: list[tuple[float, str]] = []
        self.folding = Folding(
            Timed(self.clock, self.lines),
            self.clock,
            kind_of=guessed_kind,
            at_once=MANY_AT_ONCE,
        )
        self.patch(threadable, "ioThread", threadable.getThreadID())

    def test_flood(self) -> None:
        """
        A process that has no files left says for each connection that it cannot take
        three lines, each with another address: a few are said, then one a minute.
        """
        log = Logger("twisted.internet.tcp.Port", observer=self.folding)
        for number in range(60_000):
            log.info("EMFILE encountered; releasing reserved file descriptor.")
            log.info("Closed socket from {address}", address=number)
            log.info("Re-reserving EMFILE recovery file descriptor.")
            self.clock.advance(0.01)
        self.assertLessEqual(len(self.lines), 3 * (MANY_AT_ONCE + 10))
        self.folding.flush()
        at, line = next(each for each in self.lines if "more in the" in each[1])
        self.assertLess(abs(at - 60.0), 0.1)
        self.assertRegex(line, r"^[^(]* \(said \d+ times more in the")

    def test_few(self) -> None:
        """
        So many a minute are all said as they are.
        """
        log = Logger("x", observer=self.folding)
        for number in range(100):
            log.info("{number}", number=number)
            self.clock.advance(60 / MANY_AT_ONCE)
        self.assertEqual(len(self.lines), 100)
        self.assertNotIn("said", "".join(line for _, line in self.lines))

    def test_apart(self) -> None:
        """
        Told apart are who says it, the level, the format, what was raised, and the
        words of what has no format.
        """
        events: list[LogEvent] = [
            {"log_namespace": namespace, "log_level": level, **more}
            for namespace in "ab"
            for level in (LogLevel.info, LogLevel.warn)
            for more in (
                {"log_format": "x"},
                {"log_format": "y"},
                {"log_format": "{log_text}", "log_text": "z"},
                {"log_format": "{log_text}", "log_text": "w"},
                {"log_format": "{log_io}", "log_io": "v"},
                {"log_format": "x", "log_failure": Failure(ValueError())},
                {"log_format": "x", "log_failure": Failure(KeyError())},
                {},
            )
        ]
        kinds = {guessed_kind(event) for event in events}
        self.assertEqual(len(kinds), len(events))
        self.assertNotIn(None, kinds)

    def test_left(self) -> None:
        """
        A line that knows of folding, though it be of no kind, and one of another thread
        are passed on.
        """
        for kind in ("a", None):
            self.assertIs(guessed_kind({"log_format": "x", "fold": kind}), None)
        self.patch(threadable, "ioThread", threadable.getThreadID() + 1)
        self.assertIs(guessed_kind({"log_format": "x"}), None)
