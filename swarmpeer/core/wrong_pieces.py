"""
Pieces that are not what they should be, and who sent them.
"""

from collections.abc import Callable

from swarmpeer.core.blame import LIMIT, Blame
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.swarm_side import VerifiedSwarm
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.events import BadPieceReceived, PeerShutOut
from swarmpeer.wire.extension import GoodbyeCode

SHUT_OUT = "sent wrong pieces"
"""
Why there is no conversation with a peer for a while.
"""


class WrongPieces:
    """
    Blames who sends wrong pieces, and ends the conversation with who is shut out.
    """

    def __init__(
        self,
        layout: PieceLayout,
        requests: VerifiedRequests,
        swarm: VerifiedSwarm,
        seconds: Callable[[], float],
    ) -> None:
        """
        @param seconds: the time now.
        """
        self._layout = layout
        self._requests = requests
        self._swarm = swarm
        self._blame = Blame(seconds)

    def is_shut_out(self, peer_id: int) -> bool:
        """
        Is there to be no conversation with the peer now?
        """
        return self._blame.is_shut_out(peer_id)

    def came(self, peer_id: int, index: int) -> None:
        """
        A peer sent a wrong piece.  It alone is blamed; others are asked, and it for
        another.
        """
        conversation = self._swarm.find(peer_id)
        sender = None if conversation is None else conversation.neighbor
        self._requests.wrong(index, sender)
        seconds = self._blame.note(peer_id)
        if conversation is not None:
            conversation.refuse_piece(index)
        # The cause is told before what follows from it.
        self._swarm.publish(BadPieceReceived(peer_id, index, self._layout.size(index)))
        if seconds is not None:
            self._swarm.publish(PeerShutOut(peer_id, LIMIT, seconds))
            if conversation is not None:
                conversation.close(SHUT_OUT, GoodbyeCode.BAD_PIECES)
        self._swarm.request_everywhere()
