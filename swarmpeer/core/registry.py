"""
Who belongs to the swarm, who is here now, and who is done.
"""

from collections.abc import Sequence

from swarmpeer.core.connection import PeerConnection
from swarmpeer.errors import ProtocolViolation, ViolationReason


class PeerRegistry:
    """
    The known peers, in the order of the list, and the live conversations, at
    most one a peer.

    A second conversation with the same peer: when the same side called again,
    it has given the old one up, and the new one takes its place.  When both
    called each other, the conversation survives whose caller stands later in
    the list, as the protocol has it; both ends come to the same answer.
    """

    def __init__(self, own_id: int, peer_ids: Sequence[int]) -> None:
        """
        @param peer_ids: all peers in the order of the list, us included.
        """
        self.own_id = own_id
        self._positions = {peer_id: place for place, peer_id in enumerate(peer_ids)}
        self._live: dict[int, PeerConnection] = {}
        self._conversations: tuple[PeerConnection, ...] = ()
        self._complete: set[int] = set()

    @property
    def conversations(self) -> tuple[PeerConnection, ...]:
        """
        The live conversations by ascending id: a snapshot, safe to walk over
        while conversations come and go.
        """
        return self._conversations

    def is_known(self, peer_id: int) -> bool:
        """
        Is the peer in the list?
        """
        return peer_id in self._positions

    def is_complete(self, peer_id: int) -> bool:
        """
        Is the peer known to hold everything?
        """
        return peer_id in self._complete

    @property
    def others_count(self) -> int:
        """
        How many peers are in the list beside us.
        """
        return len(self._positions) - 1

    def is_connected(self, peer_id: int) -> bool:
        """
        Is there a live conversation with the peer?
        """
        return peer_id in self._live

    def find(self, peer_id: int) -> PeerConnection | None:
        """
        The live conversation with the peer.
        """
        return self._live.get(peer_id)

    def check(self, peer_id: int) -> None:
        """
        May somebody with that id take part?

        @raise ProtocolViolation: if not.
        """
        if peer_id == self.own_id:
            raise ProtocolViolation(
                ViolationReason.OWN_ID, f"they say that they are {peer_id}, as we are"
            )
        if not self.is_known(peer_id):
            raise ProtocolViolation(
                ViolationReason.UNKNOWN_PEER, f"peer {peer_id} is not in the list"
            )

    def prefers(self, newcomer: PeerConnection, peer_id: int) -> bool:
        """
        Is the new conversation to be had, rather than the one that there is?
        """
        present = self._live.get(peer_id)
        if present is None:
            return True
        if present.network.is_dialled == newcomer.network.is_dialled:
            return True
        we_are_later = self._positions[self.own_id] > self._positions[peer_id]
        return newcomer.network.is_dialled == we_are_later

    def add(self, conversation: PeerConnection) -> None:
        """
        The conversation is live.

        @raise ValueError: if there is another one with that peer.
        """
        peer_id = conversation.peer_id
        if peer_id in self._live:
            raise ValueError(f"there is a conversation with {peer_id}")
        self._live[peer_id] = conversation
        self._sort()

    def remove(self, conversation: PeerConnection) -> bool:
        """
        The conversation is over.

        @return: was it live?
        """
        if self._live.get(conversation.peer_id) is not conversation:
            return False
        del self._live[conversation.peer_id]
        self._sort()
        return True

    def note_complete(self, peer_id: int, is_complete: bool) -> bool:
        """
        The peer holds everything, or, back from a restart, does not.  One that
        left complete stays complete.

        @return: did it become complete just now?
        """
        if not is_complete:
            self._complete.discard(peer_id)
            return False
        is_news = peer_id not in self._complete
        self._complete.add(peer_id)
        return is_news

    @property
    def incomplete(self) -> tuple[int, ...]:
        """
        The other peers, connected or not, that are not known to hold
        everything, in the order of the list.
        """
        return tuple(
            peer_id
            for peer_id in self._positions
            if peer_id != self.own_id and peer_id not in self._complete
        )

    def _sort(self) -> None:
        self._conversations = tuple(self._live[peer] for peer in sorted(self._live))
