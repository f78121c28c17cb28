"""
Tests of L{swarmpeer.lab.view}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.lab.view import SwarmView
from swarmpeer.protocol_log import LogKind, LogLine

TIME = "2026-11-25 13:43:14"


def three_peers() -> SwarmView:
    """
    A seed and two leechers of a file of 25 bytes in pieces of 10.
    """
    return SwarmView(PieceLayout(25, 10), [(1001, True), (1002, False), (1003, False)])


def downloaded(peer_id: int, index: int, giver_id: int, held: int) -> LogLine:
    """
    The line about a piece that came in.
    """
    return LogLine(TIME, peer_id, LogKind.DOWNLOADED, (giver_id,), index, held)


def said(peer_id: int, kind: LogKind, *others: int) -> LogLine:
    """
    A line without a piece.
    """
    return LogLine(TIME, peer_id, kind, others)


class SwarmViewTests(SynchronousTestCase):
    """
    What the logs tell.
    """

    def test_beginning(self) -> None:
        """
        Seeds are complete from the start, the others have nothing.
        """
        view = three_peers()
        self.assertEqual(
            [(p.peer_id, p.pieces, p.is_complete) for p in view.peers.values()],
            [(1001, 3, True), (1002, 0, False), (1003, 0, False)],
        )
        self.assertEqual([view.share(p) for p in view.peers.values()], [1.0, 0.0, 0.0])

    def test_downloaded(self) -> None:
        """
        A piece counts for who got it and for who gave it, by its true size.
        """
        view = three_peers()
        view.apply(downloaded(1002, 2, 1001, 1), 1.0)
        view.apply(downloaded(1002, 0, 1003, 2), 2.0)
        self.assertEqual(
            [(p.pieces, p.received_bytes, p.sent_bytes) for p in view.peers.values()],
            [(3, 0, 5), (2, 15, 0), (0, 0, 10)],
        )
        self.assertEqual(
            [(p.receiving.rate(2.5), p.sending.rate(2.5)) for p in view.peers.values()],
            [(0.0, 5 / 1.5), (15 / 1.5, 0.0), (0.0, 10.0)],
        )

    def test_serves(self) -> None:
        """
        Whom a peer serves stands in the logs of those it serves.
        """
        view = three_peers()
        view.apply(said(1002, LogKind.UNCHOKED, 1001), 1.0)
        view.apply(said(1003, LogKind.UNCHOKED, 1001), 1.0)
        view.apply(said(1003, LogKind.UNCHOKED, 1002), 1.0)
        view.apply(said(1002, LogKind.CHOKED, 1001), 2.0)
        self.assertEqual(
            [p.serves for p in view.peers.values()], [{1003}, {1003}, set()]
        )

    def test_optimistic(self) -> None:
        """
        The latest optimistic neighbour is the one that counts.
        """
        view = three_peers()
        view.apply(said(1001, LogKind.OPTIMISTIC, 1002), 1.0)
        view.apply(said(1001, LogKind.OPTIMISTIC, 1003), 2.0)
        self.assertEqual(
            [p.optimistic for p in view.peers.values()], [1003, None, None]
        )

    def test_completed(self) -> None:
        """
        The first word of being complete sets the time.
        """
        view = three_peers()
        view.apply(said(1002, LogKind.COMPLETED), 3.5)
        view.apply(said(1002, LogKind.COMPLETED), 9.0)
        self.assertEqual(
            [p.complete_seconds for p in view.peers.values()], [0.0, 3.5, None]
        )

    def test_empty_file(self) -> None:
        """
        Without pieces a peer is at nothing until it says that it is complete.
        """
        view = SwarmView(PieceLayout(0, 10), [(1001, True), (1002, False)])
        self.assertEqual([view.share(p) for p in view.peers.values()], [1.0, 0.0])
        view.apply(said(1002, LogKind.COMPLETED), 1.0)
        self.assertEqual([view.share(p) for p in view.peers.values()], [1.0, 1.0])

    def test_strangers(self) -> None:
        """
        Lines of strangers, about strangers and about no piece of ours change
        nothing that they should not.
        """
        view = three_peers()
        for line in (
            downloaded(9, 0, 1001, 1),
            downloaded(1002, 3, 1001, 1),
            said(1002, LogKind.UNCHOKED, 9),
            said(1002, LogKind.OPTIMISTIC, 9),
            said(1002, LogKind.PREFERRED, 1001, 1003),
            said(9, LogKind.COMPLETED),
        ):
            view.apply(line, 1.0)
        self.assertEqual(
            [
                (p.received_bytes, p.sent_bytes, p.serves, p.optimistic)
                for p in view.peers.values()
            ],
            [(0, 0, set(), None)] * 3,
        )
