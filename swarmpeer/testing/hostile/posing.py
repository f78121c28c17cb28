"""
Those who say that they are somebody else.
"""

from itertools import count

from swarmpeer.config import PeerInfo
from swarmpeer.errors import ViolationReason
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.testing.hostile.peer import HostilePeer

HOLD_SECONDS = 2.0
"""
The shortest time that a stolen conversation is kept; up to twice as long by
chance.  Nothing in the protocol proves an id, so a thief that never let go
could keep two honest peers apart for good.
"""


class IdThief(HostilePeer):
    """
    Handshakes with the ids of others: calls everybody in the name of somebody
    else, and answers calls so.  Whoever takes it for that peer drops the
    conversation with the right one.
    """

    @property
    def targets(self) -> tuple[PeerInfo, ...]:
        """
        Everybody.
        """
        return self._context.others

    def met(self, talk: HostileConversation) -> None:
        """
        Greet with the id of anybody but them and us; where there is nobody,
        with one that is not in the list.
        """
        ids = [peer.peer_id for peer in self.targets if peer != talk.target]
        if not ids:
            known = [peer.peer_id for peer in self._context.config.peers]
            ids = [next(peer_id for peer_id in count(1) if peer_id not in known)]
            self.offend(ViolationReason.UNKNOWN_PEER)
        elif talk.target is None:
            # They called us by our name.
            self.offend(ViolationReason.WRONG_PEER)
        else:
            self.did += 1
        self.greet(talk, self._rng.choice(ids))

    def opened(self, talk: HostileConversation) -> None:
        """
        Try to be served in that name, for a while.
        """
        super().opened(talk)
        hold = self._rng.uniform(HOLD_SECONDS, 2 * HOLD_SECONDS)
        talk.timers.after(hold, talk.leave)


class SelfDialler(HostilePeer):
    """
    Greets everybody with their own id, as if they had called themselves; and
    whoever calls, with theirs.
    """

    @property
    def targets(self) -> tuple[PeerInfo, ...]:
        """
        Everybody.
        """
        return self._context.others

    def met(self, talk: HostileConversation) -> None:
        """
        Whom we called we know.
        """
        if talk.target is not None:
            self.offend(ViolationReason.OWN_ID)
            self.greet(talk, talk.target.peer_id)

    def opened(self, talk: HostileConversation) -> None:
        """
        Whoever called has told now.
        """
        if not talk.has_greeted and talk.their_id:
            self.offend(ViolationReason.WRONG_PEER)
            self.greet(talk, talk.their_id)
