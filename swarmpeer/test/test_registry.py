"""
Tests of L{swarmpeer.core.registry}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.test.recording_swarm import RecordingSwarm, memory_store
from swarmpeer.testing.recorders import RecordingNetwork

PEER_IDS = (1003, 1001, 1004, 1002)


def conversation(
    peer_id: int, *, is_dialled: bool = False, name: str = ""
) -> PeerConnection:
    """
    A conversation with C{peer_id}, over a connection C{name}, after the
    handshake.
    """
    swarm = RecordingSwarm([], memory_store(PieceLayout(1, 1)))
    network = RecordingNetwork(name, [], is_dialled=is_dialled)
    made = PeerConnection(swarm, network, None)
    made.on_handshake(peer_id)
    return made


class KnownPeersTests(SynchronousTestCase):
    """
    Who belongs to the swarm.
    """

    def setUp(self) -> None:
        """
        We are 1001, in the second line of four.
        """
        self.registry = PeerRegistry(1001, PEER_IDS)

    def test_known(self) -> None:
        """
        The peers of the list are known, we among them, and nobody else.
        """
        self.assertEqual(
            [peer for peer in range(999, 1010) if self.registry.is_known(peer)],
            sorted(PEER_IDS),
        )

    def test_check(self) -> None:
        """
        The others of the list may take part; one who says that it is us, or
        somebody who is not in the list, breaks the protocol.
        """
        for peer_id in 1003, 1004, 1002:
            self.registry.check(peer_id)
        reasons = [
            self.assertRaises(ProtocolViolation, self.registry.check, peer_id).reason
            for peer_id in (1001, 1005, 0, 2**32 - 1)
        ]
        self.assertEqual(
            reasons, [ViolationReason.OWN_ID] + [ViolationReason.UNKNOWN_PEER] * 3
        )


class LiveConversationsTests(SynchronousTestCase):
    """
    Who is here now.
    """

    def setUp(self) -> None:
        """
        We are 1001, and nobody else is here.
        """
        self.registry = PeerRegistry(1001, PEER_IDS)

    def test_nobody(self) -> None:
        """
        At first there is no conversation.
        """
        self.assertEqual(
            (self.registry.conversations, self.registry.find(1002)), ((), None)
        )
        self.assertFalse(self.registry.is_connected(1002))

    def test_by_id(self) -> None:
        """
        The conversations stand by ascending id, whoever came first and
        whatever the order of the list.
        """
        third, second, fourth = (conversation(n) for n in (1003, 1002, 1004))
        for each in third, second, fourth:
            self.registry.add(each)
        self.assertEqual(self.registry.conversations, (second, third, fourth))
        self.assertIs(self.registry.find(1003), third)
        self.assertTrue(self.registry.is_connected(1003))

    def test_snapshot(self) -> None:
        """
        Whoever walks over the conversations may add and remove some meanwhile.
        """
        second, third = conversation(1002), conversation(1003)
        self.registry.add(second)
        self.registry.add(third)
        seen = []
        for each in self.registry.conversations:
            seen.append(each)
            self.registry.remove(each)
            if each is second:
                self.registry.add(conversation(1004))
        self.assertEqual(seen, [second, third])
        self.assertEqual([each.peer_id for each in self.registry.conversations], [1004])

    def test_only_one(self) -> None:
        """
        Two live conversations with one peer are refused.
        """
        first = conversation(1002)
        self.registry.add(first)
        self.assertRaises(ValueError, self.registry.add, conversation(1002))
        self.assertEqual(self.registry.conversations, (first,))

    def test_remove(self) -> None:
        """
        Removing tells whether that very conversation was live, so one that was
        replaced takes nothing from its successor.
        """
        first, second = conversation(1002), conversation(1002)
        self.registry.add(first)
        removed = [self.registry.remove(second), self.registry.remove(first)]
        removed.append(self.registry.remove(first))
        self.assertEqual(removed, [False, True, False])
        self.registry.add(second)
        self.assertFalse(self.registry.remove(first))
        self.assertEqual(self.registry.conversations, (second,))


class End:
    """
    One end of two connections that crossed each other.

    @ivar closed: the connections that this end closed, in order.
    """

    def __init__(self, own_id: int, other_id: int, peer_ids: list[int]) -> None:
        self.registry = PeerRegistry(own_id, peer_ids)
        self.closed: list[str] = []
        self._own_id = own_id
        self._other_id = other_id
        self._opened: dict[str, PeerConnection] = {}

    def hear_handshake(self, name: str, dialler: int) -> None:
        """
        Their handshake came over the connection C{name}.
        """
        newcomer = conversation(
            self._other_id, is_dialled=dialler == self._own_id, name=name
        )
        self._opened[name] = newcomer
        if not self.registry.prefers(newcomer, self._other_id):
            self.closed.append(name)
            return
        present = self.registry.find(self._other_id)
        if present is not None:
            self.registry.remove(present)
            self.closed += [
                each for each, opened in self._opened.items() if opened is present
            ]
        self.registry.add(newcomer)

    def hear_close(self, name: str) -> None:
        """
        They closed the connection C{name}.
        """
        self.registry.remove(self._opened[name])

    @property
    def kept(self) -> list[str]:
        """
        The connections over which there is a live conversation.
        """
        return [
            name
            for name, opened in self._opened.items()
            if opened in self.registry.conversations
        ]


class SecondConversationTests(SynchronousTestCase):
    """
    What becomes of a second conversation with the same peer.
    """

    def test_first(self) -> None:
        """
        The first conversation is always to be had, in either direction.
        """
        registry = PeerRegistry(1001, PEER_IDS)
        self.assertEqual(
            [
                registry.prefers(conversation(peer_id, is_dialled=is_dialled), peer_id)
                for peer_id in (1002, 1003)
                for is_dialled in (True, False)
            ],
            [True] * 4,
        )

    def test_same_direction(self) -> None:
        """
        When the same side calls again, the new conversation is to be had: the
        caller has given up the old one.  Where the two stand does not matter.
        """
        for peer_id in 1002, 1003:
            for is_dialled in True, False:
                registry = PeerRegistry(1001, PEER_IDS)
                registry.add(conversation(peer_id, is_dialled=is_dialled))
                newcomer = conversation(peer_id, is_dialled=is_dialled)
                self.assertTrue(registry.prefers(newcomer, peer_id))

    def test_crossed(self) -> None:
        """
        When both called each other, the conversation is to be had whose caller
        stands later in the list; the ids do not matter.
        """
        seen = {}
        for peer_id in 1002, 1003:
            for is_dialled in True, False:
                registry = PeerRegistry(1001, PEER_IDS)
                registry.add(conversation(peer_id, is_dialled=not is_dialled))
                newcomer = conversation(peer_id, is_dialled=is_dialled)
                seen[peer_id, is_dialled] = registry.prefers(newcomer, peer_id)
        self.assertEqual(
            seen,
            {
                # 1002 stands after us, 1003 before.
                (1002, True): False,
                (1002, False): True,
                (1003, True): True,
                (1003, False): False,
            },
        )

    @settings(deadline=None)
    @given(st.permutations(range(1, 6)), st.data())
    def test_both_ends_agree(self, peer_ids: list[int], data: st.DataObject) -> None:
        """
        Wherever two peers stand, and in whatever order the handshakes and the
        closes of two crossed connections come in at either end: in the end both
        keep the one that the later of the two dialled, and no other.
        """
        ends = {1: End(1, 2, peer_ids), 2: End(2, 1, peer_ids)}
        later = max(ends, key=peer_ids.index)
        # On each connection the handshake comes first.
        coming = {
            (own_id, dialler): ["handshake"] for own_id in ends for dialler in ends
        }
        while any(coming.values()):
            ready = sorted(key for key, notices in coming.items() if notices)
            own_id, dialler = data.draw(st.sampled_from(ready))
            name, end = f"dialled by {dialler}", ends[own_id]
            if coming[own_id, dialler].pop(0) == "handshake":
                end.hear_handshake(name, dialler)
            else:
                end.hear_close(name)
            other_id = 3 - own_id
            while end.closed:
                closed_dialler = int(end.closed.pop().split()[-1])
                coming[other_id, closed_dialler].append("close")
        self.assertEqual(
            [end.kept for end in ends.values()], [[f"dialled by {later}"]] * 2
        )


class CompletePeersTests(SynchronousTestCase):
    """
    Who is done.
    """

    def setUp(self) -> None:
        """
        We are 1001.
        """
        self.registry = PeerRegistry(1001, PEER_IDS)

    def test_nobody(self) -> None:
        """
        At first nobody is known to be done; the others are told in the order of
        the list, connected or not, and we are not among them.
        """
        self.assertEqual(self.registry.incomplete, (1003, 1004, 1002))
        self.assertIn(1003, self.registry.incomplete)

    def test_news(self) -> None:
        """
        That a peer is done is news once.
        """
        self.assertEqual(
            [
                self.registry.note_complete(1004, is_complete)
                for is_complete in (False, True, True)
            ],
            [False, True, False],
        )
        self.assertNotIn(1004, self.registry.incomplete)
        self.assertEqual(self.registry.incomplete, (1003, 1002))

    def test_remembered(self) -> None:
        """
        One that left when it was done stays done, also when it comes back as it
        left.
        """
        present = conversation(1004)
        self.registry.add(present)
        self.registry.note_complete(1004, True)
        self.registry.remove(present)
        self.assertNotIn(1004, self.registry.incomplete)
        self.registry.add(conversation(1004))
        self.assertFalse(self.registry.note_complete(1004, True))

    def test_back_with_less(self) -> None:
        """
        One that comes back with less is not done any more, and its completion
        is news again.
        """
        self.registry.note_complete(1004, True)
        self.assertTrue(self.registry.is_complete(1004))
        self.assertFalse(self.registry.note_complete(1004, False))
        self.assertFalse(self.registry.is_complete(1004))
        self.assertEqual(self.registry.incomplete, (1003, 1004, 1002))
        self.assertTrue(self.registry.note_complete(1004, True))

    def test_everybody(self) -> None:
        """
        When all others are done nobody is left, and a swarm of one has nobody
        to wait for.
        """
        for peer_id in 1002, 1003, 1004:
            self.registry.note_complete(peer_id, True)
        self.assertEqual(self.registry.incomplete, ())
        self.assertEqual(self.registry.others_count, 3)
        self.assertEqual(PeerRegistry(1001, [1001]).incomplete, ())
        self.assertEqual(PeerRegistry(1001, [1001]).others_count, 0)
