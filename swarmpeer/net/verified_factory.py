"""
Where the connections of one peer of a verified swarm come from.
"""

from twisted.internet.interfaces import IReactorTime

from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.net.beat import Beat
from swarmpeer.net.factory import Allowances, Mark, PeerFactory
from swarmpeer.net.further_sending import LATER_HAVE_SECONDS
from swarmpeer.net.limits import Limits
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.seam import SwarmLogic
from swarmpeer.wire.extended_codec import ExtendedCodec

_USUAL_LIMITS = Limits()


class VerifiedFactory(PeerFactory):
    """
    A L{PeerFactory} whose connections are L{VerifiedProtocol}s.
    """

    def __init__(
        self,
        node: SwarmLogic,
        store: PieceStore,
        registry: PeerRegistry,
        *,
        clock: IReactorTime,
        limits: Limits = _USUAL_LIMITS,
        lenient: bool = False,
        terms: VerifiedTerms,
        allowances: Allowances | None = None,
        mark: Mark | None = None,
    ) -> None:
        """
        See L{PeerFactory}.

        @param terms: on what terms we talk to others.
        """
        super().__init__(
            node,
            store,
            registry,
            clock=clock,
            limits=limits,
            lenient=lenient,
            allowances=allowances,
            mark=mark,
        )
        self._terms = terms
        self._extended_codec = ExtendedCodec(store.layout)
        self._later_beat = Beat(clock, LATER_HAVE_SECONDS)

    def _make(self, expected_peer_id: int | None) -> VerifiedProtocol:
        up, down = self._ask_allowances()
        return VerifiedProtocol(
            self._node,
            self._codec,
            self._clock,
            self._limits,
            terms=self._terms,
            extended_codec=self._extended_codec,
            lenient=self._lenient,
            expected_peer_id=expected_peer_id,
            beat=self._beat,
            later_beat=self._later_beat,
            late=self._late,
            up=up,
            down=down,
        )
