"""
Tests of L{swarmpeer.testing.invariants}: one wrong fact each.
"""

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.pieces import PieceState
from swarmpeer.seam import Piece
from swarmpeer.test.one_piece import put_one
from swarmpeer.test.test_node import PIECE, World
from swarmpeer.testing.invariants import NodeChecker

PREFERRED = 2


class NodeCheckerTests(SynchronousTestCase):
    """
    L{NodeChecker}.
    """

    def setUp(self) -> None:
        """
        A peer that asked neighbour 1 for piece 0, the only one that it holds, and
        is told by 3 of pieces 1 and 2, but not served.
        """
        self.world = World(preferred=PREFERRED)
        self.node = self.world.node
        self.one = self.world.join(1, {0})
        self.three = self.world.join(3, {1, 2})
        self.one.on_unchoke()
        self.checker = NodeChecker(self.node, PREFERRED)
        self.assertEqual(list(self.checker.check()), [])
        self.assertEqual(self.node.store.states(), bytes([1, 0, 0, 0]))

    def set_state(self, index: int, state: PieceState) -> None:
        """
        Write over the state of a piece.
        """
        self.node.store._states[index] = state

    def serve(self, conversation: PeerConnection) -> None:
        """
        A neighbour serves us, and nobody heard of it.
        """
        conversation.neighbor.peer_choking = False

    def test_bad(self) -> None:
        """
        Whatever is wrong is found, and nothing else.
        """
        cases: list[tuple[Callable[[], object], list[tuple[str, str]]]] = [
            (
                lambda: self.set_state(3, PieceState.HAVE),
                [("one state", "piece 3 is 3 against its bit")],
            ),
            (
                lambda: self.set_state(0, PieceState.MISSING),
                [
                    ("one owner", "1 owners, states 00000000"),
                    ("one owner", "piece 0 is 0, not in flight"),
                    ("bytes under way", "0, counted as 4"),
                ],
            ),
            (
                lambda: self.one.neighbor.requested.clear(),
                [
                    ("one owner", "piece 0 is not asked of 1"),
                ],
            ),
            (
                lambda: self.node.registry.remove(self.one),
                [("live owner", "piece 0 is 1's, who left")],
            ),
            (
                lambda: self.one.neighbor.requested.add(3),
                [("one request", "[0, 3] of 1")],
            ),
            (
                lambda: setattr(self.one.neighbor, "peer_choking", True),
                [("no request while choked", "[0]")],
            ),
            (
                lambda: self.serve(self.three),
                [
                    (
                        "nothing waits",
                        "3 would serve piece 1, which nobody is asked for who answers",
                    )
                ],
            ),
            (
                lambda: setattr(self.three.neighbor, "useful", 3),
                [("useful pieces", "3 has 2, counted as 3")],
            ),
            (
                lambda: setattr(self.three.neighbor, "am_interested", False),
                [("interest", "3 has 2 useful pieces, interested: False")],
            ),
            (
                lambda: setattr(self.three.neighbor, "am_choking", False),
                [("unchoked by plan", "3 has no place")],
            ),
            (
                lambda: setattr(self.node.choking, "preferred", (1, 3, 4)),
                [("k preferred", "(1, 3, 4) with k 2")],
            ),
        ]
        for break_it, expected in cases:
            self.setUp()
            break_it()
            self.assertEqual(list(self.checker.check()), expected)

    def test_bytes_under_way(self) -> None:
        """
        The bytes are counted whenever a piece changes its state.
        """
        self.three.on_haves([3])
        self.serve(self.three)
        self.node.request_next(self.three)
        self.assertEqual(list(self.checker.check()), [])
        self.node.requests._unsettled_bytes += 1
        self.three.on_choke()
        self.assertEqual(
            list(self.checker.check()),
            [("bytes under way", f"{PIECE}, counted as {PIECE + 1}")],
        )

    def test_lost_piece(self) -> None:
        """
        What was had once is had for ever.
        """
        world = World()
        store = world.node.store
        checker = NodeChecker(world.node, PREFERRED)
        store.begin_storing(2)
        put_one(store, Piece(2, bytes(PIECE)), lambda: None, self.fail)
        self.assertEqual(list(checker.check()), [])
        store.bits.discard(2)
        store._states[2] = PieceState.MISSING
        self.assertEqual(
            list(checker.check()), [("bits only grow", "1 pieces, then 0")]
        )

    def test_one_that_does_not_answer(self) -> None:
        """
        What is asked of a neighbour that does not answer waits, if another one
        would serve it.
        """
        third = self.world.join(4, {0})
        self.serve(third)
        self.assertEqual(list(self.checker.check()), [])
        self.one.neighbor.is_snubbed = True
        self.assertEqual(
            list(self.checker.check()),
            [
                (
                    "nothing waits",
                    "4 would serve piece 0, which nobody is asked for who answers",
                )
            ],
        )
        third.neighbor.is_snubbed = True
        self.assertEqual(list(self.checker.check()), [])
