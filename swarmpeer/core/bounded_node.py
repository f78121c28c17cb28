"""
The mind of one peer of a verified swarm that is too large to know everybody.

Everybody keeps some neighbours only.  That all are complete has to be found out
beside that: two that hold everything tell each other so, remember it and part, and
whoever holds everything looks for the members that it does not know to.
"""

from swarmpeer.config import Config
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.verified_connection import as_verified
from swarmpeer.core.verified_node import Equipment, VerifiedNode
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.interfaces import IChokingPolicy
from swarmpeer.wire.extension import GoodbyeCode

FULL = "as many neighbours as we may have"
"""
Why a caller is turned away.
"""
BOTH_COMPLETE = "both of us hold everything"
"""
Why two part that have nothing to give to each other.
"""

#: With fewer neighbours than that a swarm may fall apart.
_LEAST_GOAL = 4


class BoundedNode(VerifiedNode):
    """
    A L{VerifiedNode} with at most so many neighbours, beside those that it called.

    It calls others as long as it has fewer than a third of the most, or than four.  So
    of all places at least half are there for callers, and whoever comes late, or comes
    again, finds one.  More neighbours would share each uplink, and what one passes on
    would come later to each.

    @ivar most_neighbors: with so many others a caller is turned away; at least 1.
    """

    def __init__(
        self,
        config: Config,
        store: VerifiedStore,
        requests: VerifiedRequests,
        choking: IChokingPolicy,
        equipment: Equipment,
        most_neighbors: int,
    ) -> None:
        super().__init__(config, store, requests, choking, equipment)
        self.most_neighbors = most_neighbors
        # To whom it was said, or is being said, that we hold everything.
        self._told: set[int] = set()

    # What the dialer asks.

    @property
    def wanted_calls(self) -> int:
        """
        How many neighbours more are to be called.
        """
        half, third = (-(-self.most_neighbors // parts) for parts in (2, 3))
        goal = max(third, min(half, _LEAST_GOAL))
        return max(0, goal - len(self.registry.conversations))

    def is_sought(self, peer_id: int) -> bool:
        """
        Is a member to be called, as far as it depends on who it is?
        """
        if self.registry.is_connected(peer_id) or self.is_shut_out(peer_id):
            return False
        if not self.store.is_complete:
            return True
        return peer_id not in self._told or not self.registry.is_complete(peer_id)

    # What changes of that which every peer does.

    def admit(self, conversation: PeerConnection, peer_id: int) -> bool:
        """
        They said who they are; who calls while there is no place is turned away.
        """
        if (
            len(self.registry.conversations) >= self.most_neighbors
            and not conversation.network.is_dialled
            and not self.registry.is_connected(peer_id)
        ):
            self.registry.check(peer_id)
            # There is nothing in it that an observer would want to know.
            as_verified(conversation).network.close(FULL, GoodbyeCode.FULL)
            return False
        return super().admit(conversation, peer_id)

    def joined(self, conversation: PeerConnection) -> None:
        """
        The conversation began: they were told what we hold.
        """
        if self.store.is_complete and not self.is_showing:
            self._told.add(conversation.peer_id)
        super().joined(conversation)

    def holdings_learned(self, conversation: PeerConnection) -> None:
        """
        They told what they hold, or that they hold everything now.
        """
        super().holdings_learned(conversation)
        if self.store.is_complete:
            self._review_swarm()
            self._part(conversation)

    def _told_everything(self) -> None:
        conversations = self.conversations
        self._told.update(each.peer_id for each in conversations)
        self._review_swarm()
        for conversation in conversations:
            self._part(conversation)

    def _complete(self) -> None:
        # All that are here were told of the last piece.  Who was told before, and
        # left before a piece was lost, may not know that we have it back.
        conversations = self.conversations
        self._told = {conversation.peer_id for conversation in conversations}
        super()._complete()
        for conversation in conversations:
            self._part(conversation)

    def _part(self, conversation: PeerConnection) -> None:
        """
        End a conversation in which nobody has anything to give.
        """
        is_live = self.registry.find(conversation.peer_id) is conversation
        knows_all = not as_verified(conversation).is_told_part
        if is_live and knows_all and conversation.neighbor.bits.is_full:
            as_verified(conversation).close(BOTH_COMPLETE, GoodbyeCode.COMPLETE)

    def _review_swarm(self) -> None:
        # Whoever does not know that we hold everything would look for us in vain once
        # we are gone.
        if len(self._told) >= self.registry.others_count:
            super()._review_swarm()
