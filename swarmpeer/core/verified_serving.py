"""
Serving one neighbour of a verified swarm: whoever asks gets an answer.
"""

from collections.abc import Callable, Sequence

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.serving import Audience, Serving
from swarmpeer.events import IgnoredReason
from swarmpeer.verified_seam import VerifiedNetworkSide
from swarmpeer.wire.bitfield import Bitfield


class VerifiedServing(Serving):
    """
    Reads and sends what a neighbour asks for, and rejects what it does not get.  Only
    a request that is waiting already is dropped: its answer is still to come.

    @ivar sent: the pieces that they were sent and did not complain about.
    @ivar told: the pieces that they were told of and may ask for; C{None}: all that we
        hold.
    """

    __slots__ = ("_note_sent", "sent", "told")

    _network: VerifiedNetworkSide

    def __init__(
        self,
        store: PieceStore,
        neighbor: NeighborState,
        network: VerifiedNetworkSide,
        audience: Audience,
        note_sent: Callable[[Sequence[int]], None],
    ) -> None:
        """
        @param note_sent: told of pieces right before they are sent.
        """
        super().__init__(store, neighbor, network, audience)
        self._note_sent = note_sent
        self.told: Bitfield | None = None
        self.sent = Bitfield(store.layout.piece_count)

    def choke(self) -> None:
        """
        We choke them.  The rejects come behind, so that they do not say that we lack
        the pieces.
        """
        dropped = tuple(self._neighbor.wanted_from_us)
        super().choke()
        for index in dropped:
            self._network.send_reject(index)

    def take_back(self, index: int) -> None:
        """
        They want a piece no more.  One that is not waiting, or is on its way to them,
        is none of this.
        """
        if index in self._neighbor.wanted_from_us:
            self._neighbor.wanted_from_us.remove(index)
            self._network.send_reject(index)

    def lose(self, index: int) -> None:
        """
        We hold a piece no more: it does not wait any longer.
        """
        if index in self._neighbor.wanted_from_us:
            self._neighbor.wanted_from_us.remove(index)
            self._ignore(index, IgnoredReason.NOT_HELD)

    def _refusal(self, index: int) -> IgnoredReason | None:
        refusal = super()._refusal(index)
        if refusal is None and self.told is not None and index not in self.told:
            return IgnoredReason.NOT_HELD
        return refusal

    def _about_to_send(self, indexes: Sequence[int]) -> None:
        self.sent.add_each(indexes)
        self._note_sent(indexes)

    def _ignore(self, index: int, reason: IgnoredReason) -> None:
        if reason is not IgnoredReason.REPEATED:
            self._network.send_reject(index)
        super()._ignore(index, reason)
