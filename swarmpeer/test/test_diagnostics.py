"""
Tests for L{swarmpeer.diagnostics}.
"""

from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.events import (
    DialFailed,
    FilePlaced,
    GivenBackReason,
    HaveReceived,
    NeighborConnected,
    PieceStored,
    RequestGivenBack,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.interfaces import ISwarmObserver


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


def lines_of(*events: SwarmEvent, piece_count: int = 100) -> list[str]:
    """
    What is said of these events.
    """
    lines = Lines()
    log = DiagnosticLog(1001, piece_count, Logger(observer=lines))
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
