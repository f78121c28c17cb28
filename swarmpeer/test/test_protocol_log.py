"""
Tests for L{swarmpeer.protocol_log}.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer import events
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    ChokedBy,
    FileCompleted,
    HaveReceived,
    HaveRun,
    InterestedReceived,
    NeighborConnected,
    NotInterestedReceived,
    OptimisticRoundHeld,
    PieceStored,
    PreferredRoundHeld,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.interfaces import IRunObserver, ISwarmObserver
from swarmpeer.protocol_log import (
    LogKind,
    LogLine,
    ProtocolLogger,
    log_name,
    open_log,
    parse_line,
)

NOON = 1_764_072_000.0
"""
12:00:00 UTC on the 25th of November 2025.
"""

ids = st.integers(1, 2**32 - 1)
indices = st.integers(0, 2**32 - 2)


def preferred(*ids: int, is_changed: bool = True) -> PreferredRoundHeld:
    """
    A round that chose C{ids}.
    """
    return PreferredRoundHeld((), ids, None, True, is_changed)


told_events: st.SearchStrategy[tuple[SwarmEvent, LogLine]] = st.one_of(
    st.builds(
        lambda a, b: (
            NeighborConnected(a, b),
            line(LogKind.DIALLED if b else LogKind.ACCEPTED, a),
        ),
        ids,
        st.booleans(),
    ),
    st.builds(
        lambda a: (preferred(*a), line(LogKind.PREFERRED, *a)),
        st.lists(ids, min_size=1, max_size=20),
    ),
    st.builds(
        lambda a: (OptimisticRoundHeld((), a, True), line(LogKind.OPTIMISTIC, a)), ids
    ),
    st.builds(lambda a: (UnchokedBy(a), line(LogKind.UNCHOKED, a)), ids),
    st.builds(lambda a: (ChokedBy(a), line(LogKind.CHOKED, a)), ids),
    st.builds(
        lambda a, i: (HaveReceived(a, i), line(LogKind.HAVE, a, index=i)), ids, indices
    ),
    st.builds(lambda a: (InterestedReceived(a), line(LogKind.INTERESTED, a)), ids),
    st.builds(
        lambda a: (NotInterestedReceived(a), line(LogKind.NOT_INTERESTED, a)), ids
    ),
    st.builds(
        lambda a, i, n: (
            PieceStored(a, i, 5, n),
            line(LogKind.DOWNLOADED, a, index=i, held=n),
        ),
        ids,
        indices,
        ids,
    ),
    st.just((FileCompleted(), LogLine("", 0, LogKind.COMPLETED))),
)
"""
Events that have a line, each with what is to be read back from it.
"""


def line(
    kind: LogKind, *others: int, index: int | None = None, held: int | None = None
) -> LogLine:
    """
    A line whose time and writer are still open.
    """
    return LogLine("", 0, kind, others, index, held)


class ClockedTestCase(SynchronousTestCase):
    """
    A test case whose local time is UTC.
    """

    def setUp(self) -> None:
        """
        Make UTC the local time.
        """
        self.use_zone("UTC0")

    def use_zone(self, zone: str) -> None:
        """
        Make C{zone} the local time until the test ends.
        """
        before = os.environ.get("TZ")

        def set_zone(zone: str | None) -> None:
            if zone is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = zone
            time.tzset()

        self.addCleanup(set_zone, before)
        set_zone(zone)


class ProtocolLoggerTests(ClockedTestCase):
    """
    Tests for L{ProtocolLogger}.
    """

    def told(
        self, *told: SwarmEvent, now: Callable[[], float] = lambda: NOON
    ) -> list[bytes]:
        """
        What was written, write by write, when peer 1001 saw these events.
        """
        written: list[bytes] = []
        logger = ProtocolLogger(1001, written.append, now)
        for event in told:
            logger.observe(event)
        return written

    def test_interface(self) -> None:
        """
        It is an observer.
        """
        verifyObject(ISwarmObserver, ProtocolLogger(1001, print, lambda: NOON))

    def test_wording(self) -> None:
        """
        Each event that the protocol wants told gives its exact line in one
        write.
        """
        written = self.told(
            NeighborConnected(1002, True),
            NeighborConnected(1003, False),
            preferred(1002, 1003),
            preferred(1004),
            OptimisticRoundHeld((1002,), 1002, True),
            UnchokedBy(1002),
            ChokedBy(1002),
            HaveReceived(1002, 0),
            InterestedReceived(1002),
            NotInterestedReceived(1002),
            PieceStored(1002, 305, 5992, 306),
            FileCompleted(),
        )
        self.assertEqual(
            written,
            [
                b"[2025-11-25 12:00:00]: Peer 1001 " + words + b"\n"
                for words in (
                    b"makes a connection to Peer 1002.",
                    b"is connected from Peer 1003.",
                    b"has the preferred neighbors 1002,1003.",
                    b"has the preferred neighbors 1004.",
                    b"has the optimistically unchoked neighbor 1002.",
                    b"is unchoked by 1002.",
                    b"is choked by 1002.",
                    b"received the 'have' message from 1002 for the piece 0.",
                    b"received the 'interested' message from 1002.",
                    b"received the 'not interested' message from 1002.",
                    b"has downloaded the piece 305 from 1002. "
                    b"Now the number of pieces it has is 306.",
                    b"has downloaded the complete file.",
                )
            ],
        )

    def test_no_change(self) -> None:
        """
        A round that changed nothing, or that chose nobody, has no line.
        """
        self.assertEqual(
            self.told(
                preferred(1002, is_changed=False),
                preferred(),
                OptimisticRoundHeld((), 1002, False),
                OptimisticRoundHeld((), None, True),
            ),
            [],
        )

    def test_silent_events(self) -> None:
        """
        Everything else that happens has no line.
        """
        self.assertEqual(
            self.told(
                events.ListeningStarted("0.0.0.0:6008"),
                events.DialFailed(1002, "refused", 1.0),
                events.NeighborDisconnected(1002, "gone"),
                events.ConnectionRefused(None, "full"),
                events.ViolationSeen(1002, "bad-length", "0"),
                events.UnknownMessageSkipped(1002, 9),
                events.BitfieldReceived(1002, 0),
                events.NeighborUnchoked(1002),
                events.NeighborChoked(1002),
                events.InterestChanged(1002, True),
                events.PieceRequested(1002, 1),
                events.RequestGivenBack(1002, 1, events.GivenBackReason.CHOKE),
                events.RequestIgnored(1002, 1, events.IgnoredReason.CHOKED),
                events.PieceSent(1002, 1, 5),
                events.DuplicatePieceReceived(1002, 1, 5),
                events.PieceStoreFailed(1002, 1, "full"),
                events.FilePlaced(),
                events.FilePlacingFailed("full"),
                events.PeerCompleted(1002),
                events.SwarmCompleted(),
            ),
            [],
        )

    def test_time(self) -> None:
        """
        Each line bears the second in which it was written.
        """
        times = iter([NOON, NOON + 0.999, NOON + 1, NOON + 3600, NOON])
        written = self.told(*[FileCompleted()] * 5, now=lambda: next(times))
        self.assertEqual(
            [text[:21] for text in written],
            [
                b"[2025-11-25 12:00:00]",
                b"[2025-11-25 12:00:00]",
                b"[2025-11-25 12:00:01]",
                b"[2025-11-25 13:00:00]",
                b"[2025-11-25 12:00:00]",
            ],
        )

    def test_local_time(self) -> None:
        """
        The time is that of the place.
        """
        self.use_zone("XYZ-5:30")
        self.assertEqual(self.told(FileCompleted())[0][:21], b"[2025-11-25 17:30:00]")

    @settings(deadline=None)
    @given(ids, st.lists(told_events))
    def test_read_back(
        self, peer_id: int, told: list[tuple[SwarmEvent, LogLine]]
    ) -> None:
        """
        Every line that is written reads back as what it told.
        """
        written: list[bytes] = []
        logger = ProtocolLogger(peer_id, written.append, lambda: NOON)
        for event, _ in told:
            logger.observe(event)
        self.assertEqual(
            [parse_line(text.decode("ascii")) for text in written],
            [
                LogLine(
                    "2025-11-25 12:00:00",
                    peer_id,
                    expected.kind,
                    expected.others,
                    expected.index,
                    expected.held,
                )
                for _, expected in told
            ],
        )

    def test_haves(self) -> None:
        """
        Haves that come together are one write, of the lines that they are one by one.
        """
        together: list[bytes] = []
        apart: list[bytes] = []
        for index in (7, 0, 4):
            ProtocolLogger(1001, apart.append, lambda: NOON).observe(
                HaveReceived(1002, index)
            )
        logger = ProtocolLogger(1001, together.append, lambda: NOON)
        logger.observe_run(HaveRun(1002, [7, 0, 4]))
        self.assertEqual(together, [b"".join(apart)])

    def test_run(self) -> None:
        """
        Pieces that were stored together have a line each, as if each had come alone,
        all in one write; of events without a line nothing is written.
        """
        stored = [PieceStored(1002, index, 4, held) for held, index in ((1, 7), (2, 0))]
        together: list[bytes] = []
        apart: list[bytes] = []
        for event in stored:
            ProtocolLogger(1001, apart.append, lambda: NOON).observe(event)
        logger = ProtocolLogger(1001, together.append, lambda: NOON)
        verifyObject(IRunObserver, logger)
        logger.observe_run(stored)
        logger.observe_run([PreferredRoundHeld((), (), None, True, False)] * 2)
        self.assertEqual(together, [b"".join(apart)])


class FailingLogTests(ClockedTestCase):
    """
    Tests for a L{ProtocolLogger} that cannot write.
    """

    def play(self, answers: list[int | OSError | None]) -> tuple[list[object], int]:
        """
        Let peer 1001 be unchoked once for each answer of the disk: all was
        taken (C{None}), so many bytes were, or an error.

        @return: in one list what the disk took and what was reported; and how
            many lines were lost.
        """
        told: list[object] = []
        disk = iter(answers)

        def write(text: bytes) -> int:
            answer = next(disk)
            if isinstance(answer, OSError):
                raise answer
            taken = text if answer is None else text[:answer]
            told.append(taken.decode())
            return len(taken)

        logger = ProtocolLogger(1001, write, lambda: NOON)
        with capturedLogs() as captured:
            for number in range(len(answers)):
                seen = len(captured)
                logger.observe(UnchokedBy(number))
                told.extend(
                    (event["log_level"], formatEvent(event))
                    for event in captured[seen:]
                )
        return told, logger.lost_lines

    def unchoked(self, peer_id: int) -> str:
        """
        The line of being unchoked by C{peer_id}.
        """
        return f"[2025-11-25 12:00:00]: Peer 1001 is unchoked by {peer_id}.\n"

    def test_full_disk(self) -> None:
        """
        While the disk is full lines are lost, which is reported once; when
        there is room the log goes on, and how many were lost is reported.
        """
        full = OSError(28, "No space left on device")
        said = (
            LogLevel.error,
            "The protocol log of peer 1001 cannot be written (No space left on "
            "device); lines are lost until it can",
        )
        self.assertEqual(
            self.play([None, full, full, None, None, full, None]),
            (
                [
                    self.unchoked(0),
                    said,
                    self.unchoked(3),
                    (
                        LogLevel.info,
                        "The protocol log of peer 1001 works again; 2 lines were lost",
                    ),
                    self.unchoked(4),
                    said,
                    self.unchoked(6),
                    (
                        LogLevel.info,
                        "The protocol log of peer 1001 works again; 1 lines were lost",
                    ),
                ],
                3,
            ),
        )

    def test_torn_line(self) -> None:
        """
        A line of which the disk took a part is lost, and the next one that fits
        starts on a line of its own.
        """
        told, lost = self.play([5, 0, OSError(28, "full"), None, None])
        self.assertEqual(
            [entry for entry in told if isinstance(entry, str)],
            ["[2025", "", "\n" + self.unchoked(3), self.unchoked(4)],
        )
        self.assertEqual(lost, 3)

    def test_nothing_taken(self) -> None:
        """
        A disk that takes nothing leaves no torn line behind.
        """
        told, lost = self.play([0, None])
        self.assertEqual(
            [entry for entry in told if isinstance(entry, str)],
            ["", self.unchoked(1)],
        )
        self.assertEqual(lost, 1)

    def test_other_errors(self) -> None:
        """
        An error that is no disk's is not hidden.
        """

        def write(_: bytes) -> None:
            raise ZeroDivisionError

        logger = ProtocolLogger(1001, write, lambda: NOON)
        self.assertRaises(ZeroDivisionError, logger.observe, FileCompleted())

    def test_some_of_many(self) -> None:
        """
        Of lines that are written together those count as lost that the disk did not
        take whole, wherever it stopped.
        """
        whole: list[bytes] = []
        haves = HaveRun(1002, [5, 6, 7])
        ProtocolLogger(1001, whole.append, lambda: NOON).observe_run(haves)
        (block,) = whole
        ends = [at + 1 for at, byte in enumerate(block) if byte == ord("\n")]
        # A line that lacks its end alone is ended by the next one.
        for taken in sorted(set(range(len(block) + 1)) - {end - 1 for end in ends}):
            disk: list[bytes] = []
            answers = iter([taken, len(block) + 1])

            def write(
                lines: bytes, answers: Iterator[int] = answers, disk: list[bytes] = disk
            ) -> int:
                disk.append(lines[: next(answers)])
                return len(disk[-1])

            logger = ProtocolLogger(1001, write, lambda: NOON)
            with capturedLogs():
                logger.observe_run(haves)
                logger.observe_run(HaveRun(1002, [8]))
            kept = sum(end <= taken for end in ends)
            self.assertEqual(logger.lost_lines, 3 - kept, taken)
            lines = b"".join(disk).splitlines(keepends=True)
            read = [parse_line(each.decode()) for each in lines]
            is_torn = taken not in (0, *ends)
            self.assertEqual(
                [each.index for each in read if each is not None],
                [*(5, 6, 7)[:kept], 8],
                taken,
            )
            self.assertEqual(len(read), kept + 1 + is_torn, taken)


class ParseLineTests(SynchronousTestCase):
    """
    Tests for L{parse_line}.
    """

    def test_line(self) -> None:
        """
        A line is read with and without its line end.
        """
        text = (
            "[2025-11-25 12:00:00]: Peer 1001 has downloaded the piece 305 from 1002. "
            "Now the number of pieces it has is 306."
        )
        expected = LogLine(
            "2025-11-25 12:00:00", 1001, LogKind.DOWNLOADED, (1002,), 305, 306
        )
        self.assertEqual(parse_line(text), expected)
        self.assertEqual(parse_line(text + "\n"), expected)

    def test_other_wordings(self) -> None:
        """
        A line in any other wording is none of ours.
        """
        good = "[2025-11-25 12:00:00]: Peer 1001 has the preferred neighbors 1,2."
        self.assertIsNotNone(parse_line(good))
        for bad in (
            "",
            "\n",
            good + "\n\n",
            " " + good,
            good[:-1],
            good.replace("1,2", "1, 2"),
            good.replace("1,2", ""),
            good.replace("1,2", "1,02"),
            good.replace("1,2", "1,\u0662"),
            good.replace("1,2", "9" * 5000),
            good.replace("1001", "[1001]"),
            good.replace("has the", "has"),
            good.replace("2025-", "25-"),
            good.replace("]: ", "] "),
        ):
            self.assertIsNone(parse_line(bad), bad)

    @settings(deadline=None)
    @given(st.data(), st.sampled_from(LogKind))
    def test_any_change(self, data: st.DataObject, kind: LogKind) -> None:
        """
        A line with one character put as any other is refused, unless the
        character belongs to the time or a number.
        """
        words = re.sub("{others}", "8,9", kind)
        text = f"[2025-11-25 12:00:00]: Peer 7 {re.sub('{[a-z]+}', '8', words)}"
        self.assertIsNotNone(parse_line(text))
        place = data.draw(st.integers(0, len(text) - 1))
        other = data.draw(st.characters().filter(lambda c: c != text[place]))
        changed = text[:place] + other + text[place + 1 :]
        if not text[place].isdigit() and text[place] != ",":
            self.assertIsNone(parse_line(changed))


class OpenLogTests(SynchronousTestCase):
    """
    Tests for L{open_log}.
    """

    def path(self) -> Path:
        """
        A path in a fresh folder.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        return folder / log_name(1001)

    def refused(self, path: Path) -> str:
        """
        What is said instead of opening C{path}.
        """
        return str(self.assertRaises(StorageError, open_log, str(path)))

    def test_name(self) -> None:
        """
        A log is called what the protocol calls it.
        """
        self.assertEqual(log_name(1001), "log_peer_1001.log")

    def test_new(self) -> None:
        """
        A log that is not there is made, and each write is on the disk at once.
        """
        path = self.path()
        with open_log(str(path)) as log:
            log.write(b"a line\n")
            self.assertEqual(path.read_bytes(), b"a line\n")
        self.assertFalse(path.stat().st_mode & 0o111)

    def test_again(self) -> None:
        """
        A peer that is started again goes on behind its earlier lines.
        """
        path = self.path()
        for text in (b"first\n", b"second\n"):
            with open_log(str(path)) as log:
                log.write(text)
        self.assertEqual(path.read_bytes(), b"first\nsecond\n")

    def test_two_writers(self) -> None:
        """
        Two that write one log do not overwrite each other.
        """
        path = self.path()
        with open_log(str(path)) as one, open_log(str(path)) as two:
            one.write(b"first\n")
            two.write(b"second\n")
            one.write(b"third\n")
        self.assertEqual(path.read_bytes(), b"first\nsecond\nthird\n")

    def test_torn_end(self) -> None:
        """
        A last line that was cut off is ended first.
        """
        path = self.path()
        path.write_bytes(b"[2025")
        with open_log(str(path)) as log:
            log.write(b"next\n")
        self.assertEqual(path.read_bytes(), b"[2025\nnext\n")

    def test_symbolic_link(self) -> None:
        """
        A symbolic link is refused, whether its goal is there or not, and its
        goal is left alone.
        """
        path = self.path()
        goal = path.with_name("goal")
        path.symlink_to(goal.name)
        expected = f"the log {str(path)!r} is a symbolic link; remove it"
        self.assertEqual(self.refused(path), expected)
        self.assertFalse(goal.exists())
        goal.write_bytes(b"dear")
        self.assertEqual(self.refused(path), expected)
        self.assertEqual(goal.read_bytes(), b"dear")

    def test_symbolic_link_at_the_last_moment(self) -> None:
        """
        A symbolic link that was put there after we looked is not followed.
        """
        path = self.path()
        path.symlink_to("goal")
        self.patch(os.path, "islink", lambda _: False)
        self.assertEqual(
            self.refused(path),
            f"the log {str(path)!r} cannot be opened: "
            "Too many levels of symbolic links",
        )
        self.assertFalse(path.with_name("goal").exists())

    def test_no_file(self) -> None:
        """
        A folder or a named pipe is refused at once.
        """
        path = self.path()
        os.mkfifo(path)
        self.assertEqual(
            self.refused(path), f"the log {str(path)!r} is not a file; remove it"
        )
        path.unlink()
        path.mkdir()
        self.assertEqual(
            self.refused(path),
            f"the log {str(path)!r} cannot be opened: Is a directory",
        )

    def test_no_folder(self) -> None:
        """
        A folder that is not there is told with the path.
        """
        path = self.path() / "log"
        self.assertEqual(
            self.refused(path),
            f"the log {str(path)!r} cannot be opened: No such file or directory",
        )
