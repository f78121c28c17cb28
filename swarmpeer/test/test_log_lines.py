"""
Tests for single lines of foreign logs: L{swarmpeer.log_reading.times},
L{swarmpeer.log_reading.wording}, L{swarmpeer.log_reading.lines} and
L{swarmpeer.log_reading.curves}.
"""

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.log_reading.curves import MOST_POINTS, MOST_SPANS, Curve, Spans
from swarmpeer.log_reading.lines import LONGEST_LINE_BYTES, Flaw, LogEntry, LogLines
from swarmpeer.log_reading.times import DAY_SECONDS, TimeReader, clock_text
from swarmpeer.log_reading.wording import Variant, understand
from swarmpeer.protocol_log import LogKind

FORMS = (
    "[%Y-%m-%d %H:%M:%S]: ",
    "%Y-%m-%d %H:%M:%S: ",
    "%Y.%m.%d %H:%M:%S: ",
    "%Y/%m/%d %H:%M:%S : ",
    "%a %b %d %H:%M:%S UTC %Y : ",
    "[%m-%d-%Y %H:%M:%S]: ",
    "[%b %d, %Y %I:%M:%S %p]: ",
    "%d %B %Y %H:%M:%S: ",
    "%Y-%m-%dT%H:%M:%S.000Z: ",
)
HEAD = "[2026-11-25 13:43:14]: Peer 1001 "


class TimeTests(SynchronousTestCase):
    """
    Times in every form that was seen.
    """

    @given(st.integers(366 * 86_400, 250_000_000_000))
    def test_forms(self, wanted: int) -> None:
        """
        Each form gives the second that was written, whatever it is.
        """
        at = datetime(1970, 1, 1) + timedelta(seconds=wanted)
        for form in FORMS:
            reader = TimeReader()
            self.assertEqual(reader.read(at.strftime(form)), wanted, form)
            self.assertTrue(reader.has_date)
            self.assertEqual(reader.is_usual, form == FORMS[0])

    def test_without_a_date(self) -> None:
        """
        Midnight is where the clock falls back; a thread that is late around it does
        not make another day.
        """
        reader = TimeReader()
        clocks = ["11:59:59 PM: ", "12:00:01 AM: ", "11:59:59 PM: ", "1:44:11 PM: "]
        times = [reader.read(clock) for clock in clocks]
        self.assertEqual(
            times,
            [
                DAY_SECONDS - 1,
                DAY_SECONDS + 1,
                DAY_SECONDS - 1,
                DAY_SECONDS + 13 * 3600 + 44 * 60 + 11,
            ],
        )
        self.assertFalse(reader.has_date)

    @given(st.text())
    def test_anything(self, text: str) -> None:
        """
        Anything else is no time, and no error.
        """
        TimeReader().read(text)

    def test_no_times(self) -> None:
        """
        Neither are hours, days and forms that do not exist.
        """
        for text in (
            "",
            "25:00:00: ",
            "12:60:00: ",
            "13:00:00 PM: ",
            "2026-02-30 10:00:00: ",
            "2026-13-01 10:00:00: ",
            "1764078194: ",
            "9" * 4000 + ":00:00",
        ):
            self.assertIsNone(TimeReader().read(text), text)

    def test_clock_text(self) -> None:
        """
        A moment is told with its date, if there is one.
        """
        self.assertEqual(clock_text(61.0), "00:01:01")
        self.assertEqual(clock_text(1_795_614_194.0), "2026-11-25 13:43:14")
        self.assertEqual(clock_text(-1.0), "23:59:59")
        self.assertEqual(clock_text(1e15), "1,000,000,000,000,000 s after 1970")


class WordingTests(SynchronousTestCase):
    """
    What lines mean.
    """

    def test_own_words(self) -> None:
        """
        The protocol's own wording differs in nothing.
        """
        for kind in LogKind:
            words = kind.format(other="#", others="#,#", index="#", held="#")
            wording = understand(f"Peer # {words}")
            assert wording is not None
            self.assertEqual((wording.kind, wording.variants), (kind, ()))

    def test_several_at_once(self) -> None:
        """
        A line may differ in several ways, each of which is named.
        """
        for words, kind, variants in (
            (
                "Peer [#] recieved a \u2018not interested\u2019message from Peer [#]",
                LogKind.NOT_INTERESTED,
                {
                    Variant.BRACKETS,
                    Variant.RECIEVED,
                    Variant.ARTICLE,
                    Variant.CURLED,
                    Variant.BLANK_MISSING,
                    Variant.PEER,
                    Variant.NO_STOP,
                },
            ),
            (
                "Peer # has preferred neighbors [#, #].",
                LogKind.PREFERRED,
                {Variant.NO_THE, Variant.BRACKETS, Variant.LIST_BLANKS},
            ),
            (
                "Peer # has the preferred neighbors .",
                LogKind.PREFERRED,
                {Variant.EMPTY},
            ),
            ("Peer #  is choked by #.", LogKind.CHOKED, {Variant.WORDS}),
            (
                "Peer # makes connection from Peer #.",
                LogKind.ACCEPTED,
                {Variant.FROM, Variant.NO_THE},
            ),
        ):
            wording = understand(words)
            assert wording is not None, words
            self.assertEqual(wording.kind, kind)
            self.assertEqual(set(wording.variants), variants, words)

    def test_others(self) -> None:
        """
        Words that are not close to the protocol's say nothing.
        """
        for words in (
            "",
            "Peer #",
            "Peer # is choked by.",
            "Peer # is not choked by #.",
            "Peer # received the 'have' message from #.",
            "Peer # has downloaded the piece # from #.",
        ):
            self.assertIsNone(understand(words), words)

    def test_long_lists(self) -> None:
        """
        A long list that comes to nothing in the end is given up at once.
        """
        for item in ("# ", "#,", "[#] ", "# , ", "Peer # ", "[ ", "#"):
            words = f"Peer # has the preferred neighbors {item * 5000}nobody"
            self.assertIsNone(understand(words))
            self.assertIsNone(understand(f"Peer # is choked by {item * 5000}nobody"))

    @given(st.text(alphabet="#[],. 'Peerhasthpfdniobgmky", max_size=200))
    def test_anything(self, words: str) -> None:
        """
        Anything is understood or not, and no error.
        """
        understand(f"Peer # {words}")


class LineTests(SynchronousTestCase):
    """
    Whole logs.
    """

    def read(self, content: bytes) -> tuple[list[LogEntry | Flaw], LogLines]:
        """
        What a log says.
        """
        path = Path(self.mktemp())
        path.write_bytes(content)
        lines = LogLines(str(path))
        return list(lines), lines

    def test_entry(self) -> None:
        """
        A line has its place, its time and its numbers.
        """
        kind = LogKind.DOWNLOADED
        words = HEAD + kind.format(other=1002, index=7, held=3)
        found, _ = self.read(f"\n{words}\n".encode())
        at = 1_795_614_194.0
        self.assertEqual(found, [LogEntry(2, at, kind, 1001, (1002,), 7, 3)])

    def test_flaws(self) -> None:
        """
        A line that is meant as one of the protocol and cannot be read is a flaw,
        and so is what is no text.
        """
        for line, start in (
            (f"{HEAD}is choked by 1002 and 3 more.", "not understood"),
            (f"{HEAD}is choked by 99999999999.", "a number is too large"),
            ("Peer 1001 is choked by 1002.", "no time can be read"),
            ("[99:00:00]: Peer 1001 is choked by 1002.", "no time can be read"),
            ("\x00\x01\x02", "no text"),
            (f"{HEAD}is choked by #.", "not understood"),
            ("x" * LONGEST_LINE_BYTES, "longer than 65,536 bytes"),
        ):
            found, _ = self.read(f"{line}\n".encode())
            (flaw,) = found
            assert isinstance(flaw, Flaw)
            self.assertTrue(flaw.words.startswith(start), flaw.words)
            self.assertTrue(flaw.words.isprintable())
            self.assertLess(len(flaw.words), 200)

    def test_endless_line(self) -> None:
        """
        Of a line without an end one flaw remains, and the next line is read.
        """
        line = f"{HEAD}is choked by 1002.\n".encode()
        found, lines = self.read(b"Peer " * 200_000 + b"\n" + line)
        self.assertEqual([type(each) for each in found], [Flaw, LogEntry])
        self.assertEqual(lines.count, 2)

    def test_encodings(self) -> None:
        """
        Typographic quotes are understood in UTF-8, as Windows writes them and in
        UTF-16, and a mark at the beginning does not matter.
        """
        line = (
            f"{HEAD}received the \u2018have\u2019 message from 1002 for the piece 3.\n"
        )
        for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
            found, lines = self.read((line * 2000).encode(encoding))
            self.assertEqual(
                [type(each) for each in found], [LogEntry] * 2000, encoding
            )
            self.assertEqual(lines.usages[Variant.CURLED].count, 2000)
            self.assertEqual(Variant.UTF16 in lines.usages, encoding == "utf-16")

    @given(st.binary(max_size=400))
    def test_junk(self, junk: bytes) -> None:
        """
        Any bytes are lines or flaws, and the line behind them is read.
        """
        line = f"\n{HEAD}is choked by 1002.\n".encode()
        if not junk.startswith((b"\xff\xfe", b"\xfe\xff")):
            found, _ = self.read(junk + line)
            self.assertIsInstance(found[-1], LogEntry)

    def test_many_wordings(self) -> None:
        """
        A log in which no line is like another is read all the same.
        """
        text = "".join(f"{'x' * n} Peer {'y' * n}\n" for n in range(1500))
        found, lines = self.read(text.encode())
        self.assertEqual(found, [])
        self.assertEqual(lines.usages[Variant.EXTRA].count, 1500)


class CurveTests(SynchronousTestCase):
    """
    Pictures take bounded space.
    """

    @given(st.integers(1, 5 * MOST_POINTS))
    def test_curve(self, count: int) -> None:
        """
        A curve ends at its last value, however many there are.
        """
        curve = Curve()
        for number in range(count):
            curve.add(number / 7, number)
        curve.end(count)
        self.assertLessEqual(len(curve.points), MOST_POINTS + 2)
        self.assertEqual(curve.points[0], (0.0, 0))
        self.assertEqual(curve.points[-1], (count, count - 1))
        self.assertEqual(curve.points, sorted(curve.points))

    @given(st.integers(0, 5 * MOST_SPANS))
    def test_spans(self, count: int) -> None:
        """
        So do stretches: no more than there may be, in order, from the first to the
        last.
        """
        spans = Spans()
        for number in range(count):
            spans.begin(3.0 * number)
            spans.begin(3.0 * number + 1)
            spans.end(3.0 * number + 2)
            spans.end(3.0 * number + 2)
        self.assertLessEqual(len(spans.spans), MOST_SPANS + 1)
        if count:
            self.assertEqual(spans.spans[0][0], 0.0)
            self.assertEqual(spans.spans[-1][1], 3.0 * count - 1)
        self.assertEqual(spans.spans, sorted(spans.spans))
        if count <= MOST_SPANS:
            self.assertEqual(len(spans.spans), count)
