"""
Tests for L{swarmpeer.diagnostics}.
"""

from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    CheckProgressed,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileChanged,
    FilePlaced,
    FilesChecked,
    GivenBackReason,
    GoodbyeReceived,
    HaveReceived,
    ManifestFetched,
    NeighborConnected,
    PeerShutOut,
    PieceHealed,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordFailed,
    RecordSaved,
    RecordSetAside,
    RequestCancelled,
    RequestGivenBack,
    SecondRequested,
    SwarmEvent,
    ViolationSeen,
    WithdrawalReceived,
)
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.wire.extension import GoodbyeCode


@implementer(ILogObserver)
class Lines(list[str]):
    """
    Keeps each log event as the line that it makes.
    """

    def __call__(self, event: LogEvent) -> None:
        """
        Keep it.
        """
        self.append(formatEvent(event))


def lines_of(*events: SwarmEvent, piece_count: int = 100, path: str = "") -> list[str]:
    """
    What is said of these events.

    @param path: the file of every piece.
    """
    lines = Lines()
    log = DiagnosticLog(1001, piece_count, Logger(observer=lines))
    log.path_of = lambda _: path
    verifyObject(ISwarmObserver, log)
    for event in events:
        log.observe(event)
    return lines


class DiagnosticLogTests(SynchronousTestCase):
    """
    L{DiagnosticLog} says what an operator wants to know, and no more.
    """

    def test_unusual(self) -> None:
        """
        What is not usual is a line that names the neighbour and the reason.
        """
        self.assertEqual(
            lines_of(
                ViolationSeen(1002, "bad-length", "a choke of 9 bytes"),
                RequestGivenBack(1003, 7, GivenBackReason.STALL),
                FilePlaced(),
            ),
            [
                "peer 1001: closed 1002, which broke the protocol: bad-length: "
                "a choke of 9 bytes; said once",
                "peer 1001: 1003 does not answer the request for piece 7; it is "
                "offered to others",
                "peer 1001: the whole file is in place",
            ],
        )

    def test_violations(self) -> None:
        """
        The same violation of the same neighbour is said once.
        """
        one = ViolationSeen(1002, "bad-length", "x")
        other = ViolationSeen(1003, "bad-length", "x")
        self.assertEqual(len(lines_of(one, one, other, one)), 2)

    def test_usual(self) -> None:
        """
        What happens all the time is not said.
        """
        self.assertEqual(
            lines_of(
                HaveReceived(1002, 1),
                RequestGivenBack(1002, 1, GivenBackReason.CHOKE),
            ),
            [],
        )

    def test_progress(self) -> None:
        """
        A download of any length is told ten times.
        """
        for count in (10, 1000):
            stored = [PieceStored(1002, i, 1, i + 1) for i in range(count)]
            lines = lines_of(*stored, piece_count=count)
            self.assertEqual(len(lines), 10)
            self.assertEqual(lines[-1], f"peer 1001: holds {count} of {count} pieces")

    def test_unreachable(self) -> None:
        """
        A neighbour that cannot be reached is told once, and again only after it
        was there.
        """
        failed = DialFailed(1002, "refused", 0.25)
        self.assertEqual(
            lines_of(failed, failed, NeighborConnected(1002, True), failed),
            [
                "peer 1001: cannot reach 1002 yet, keeps trying: refused",
                "peer 1001: connected with 1002",
                "peer 1001: cannot reach 1002 yet, keeps trying: refused",
            ],
        )

    def test_file_of_a_piece(self) -> None:
        """
        Where it is known, the file is named that a piece is of.
        """
        lost, healed = lines_of(
            PieceWithdrawn(7, "rotten"), PieceHealed(7), path="data/{odd}"
        )
        self.assertIn("piece 7 of data/{odd} is not right any more", lost)
        self.assertIn("piece 7 of data/{odd} is right again", healed)

    def test_verified(self) -> None:
        """
        Each thing that an operator of a verified swarm wants to know has its line.
        """
        for event, line in (
            (ManifestFetched(1002, 335), "got the manifest from 1002"),
            (
                CheckProgressed(3 * 10**9, 4 * 10**9),
                "looks at what is here: 75% of 4.00 GB",
            ),
            (CheckProgressed(0, 0), "looks at what is here: 0% of 0 B"),
            (
                FilesChecked(3, 2, 8),
                "holds 3 of 8 pieces from the start; 2 were hashed to know",
            ),
            (
                RecordSetAside("it is empty"),
                "the record of an earlier run is set aside, all that is there is "
                "checked: it is empty",
            ),
            (
                RecordFailed("No space left on device"),
                "what is here cannot be recorded for a later run, will try again: "
                "No space left on device",
            ),
            (
                DiskShort(3_000_000, 1234),
                "what is missing takes 3.00 MB, but the disk has 1.23 kB free; make "
                "room, or fetching will pause",
            ),
            (
                PieceStoreFailed(1002, 7, "No space left on device"),
                "piece 7 cannot be kept, fetching pauses: No space left on device",
            ),
            (FetchingResumed(), "the disk takes pieces again"),
            (
                FileChanged("/data/a", False),
                "/data/a was changed by somebody; its pieces are checked again",
            ),
            (
                FileChanged("/data/a", True),
                "/data/a was cut, removed or replaced by somebody; what of it "
                "is wrong is not served, and it is not touched until this peer is "
                "started anew",
            ),
            (
                PieceWithdrawn(7, "the scrub found it wrong"),
                "piece 7 is not right any more and is not served: the scrub found it "
                "wrong",
            ),
            (PieceHealed(7), "piece 7 is right again"),
            (
                BadPieceReceived(1002, 7, 16384),
                "1002 sent wrong bytes for piece 7; dropped",
            ),
            (
                BadPieceTold(1002, 7),
                "1002 says that it got piece 7 wrong; we look whether it is right on "
                "our disk",
            ),
            (
                PeerShutOut(1002, 2, 60.0),
                "1002 sent 2 wrong pieces and is shut out for 60 seconds",
            ),
            (
                GoodbyeReceived(1002, GoodbyeCode.BAD_PIECES, "sent wrong pieces"),
                "1002 closes: sent wrong pieces",
            ),
            (GoodbyeReceived(1002, 99, "who knows"), "1002 closes: who knows"),
        ):
            self.assertEqual(lines_of(event), [f"peer 1001: {line}"])

    def test_disk_refuses(self) -> None:
        """
        A disk that takes no piece is told once, and again only after it took one.
        """
        failed = PieceStoreFailed(1002, 7, "full")
        line = "peer 1001: piece 7 cannot be kept, fetching pauses: full"
        stored = PieceStored(1002, 6, 1, 1)
        self.assertEqual(lines_of(failed, failed, stored, failed), [line, line])

    def test_usual_when_verified(self) -> None:
        """
        What happens all the time in a verified swarm is not said.
        """
        self.assertEqual(
            lines_of(
                RecordSaved(3),
                SecondRequested(1002, 1),
                RequestCancelled(1002, 1),
                WithdrawalReceived(1002, 1),
                RequestGivenBack(1002, 1, GivenBackReason.REJECT),
                GoodbyeReceived(1002, GoodbyeCode.OTHER, "done"),
                GoodbyeReceived(1002, GoodbyeCode.STOPPING, "stopping"),
                GoodbyeReceived(1002, GoodbyeCode.REPLACED, "called anew"),
            ),
            [],
        )

    def test_progress_of_the_rest(self) -> None:
        """
        A peer that holds some of it from the start counts from there, and need not
        know before how much there is.
        """
        stored = [PieceStored(1002, i, 1, 55 + i) for i in range(46)]
        lines = lines_of(FilesChecked(54, 0, 100), *stored, piece_count=0)
        self.assertEqual(len(lines), 1 + 5)
        self.assertEqual(lines[1], "peer 1001: holds 60 of 100 pieces")
        self.assertEqual(lines[-1], "peer 1001: holds 100 of 100 pieces")
        whole = lines_of(FilesChecked(0, 0, 0), piece_count=0)
        self.assertEqual(len(whole), 1)
