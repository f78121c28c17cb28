"""
One process of a simulated machine: a peer and the time that it has.
"""

from collections.abc import Callable
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint

from swarmpeer.config import Config, PeerInfo
from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.interfaces import IPieceStorage, IVerifiedStorage
from swarmpeer.manifest import Manifest
from swarmpeer.net.limits import Limits
from swarmpeer.service import PeerService
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network_host import NetworkHost
from swarmpeer.verified_service import Verification, VerifiedPeerService

_EAGER = Verification(scrub_bytes_per_second=64 * 1024)
"""
Simulated time is short, so what is held is read again as often as may be.
"""
_SURE = Verification(scrub_bytes_per_second=0)


class PeerProcess:
    """
    A peer from its start until it is stopped, or until its process ends some
    other way.

    @ivar clock: its time.
    @ivar service: the peer.
    @ivar is_stopping: was it asked to stop?
    """

    def __init__(
        self,
        config: Config,
        network: NetworkHost,
        clock: HostClock,
        storage: IPieceStorage,
        rng: Random,
        *,
        manifest: Manifest | None,
        choking_policy: ChokingFactory,
        piece_picker: PickerFactory,
        limits: Limits,
        is_on_disk: bool,
    ) -> None:
        """
        It does not run yet.

        @param storage: an L{IVerifiedStorage} if there is a manifest.
        @param manifest: what a verified peer knows of the file.
        @param is_on_disk: is there anything that could rot?
        """
        self.clock = clock
        self._network = network
        listen_endpoint = network.listen_endpoint(clock, config.own.port)
        if manifest is None:
            self.service = PeerService(
                config,
                storage,
                clock=clock,
                listen_endpoint=listen_endpoint,
                dial_endpoint=self._dial_endpoint,
                rng=rng,
                limits=limits,
                choking_policy=choking_policy,
            )
        else:
            self.service = VerifiedPeerService(
                config,
                manifest,
                IVerifiedStorage(storage),
                clock=clock,
                listen_endpoint=listen_endpoint,
                dial_endpoint=self._dial_endpoint,
                rng=rng,
                verification=_EAGER if is_on_disk else _SURE,
                limits=limits,
                choking_policy=choking_policy,
                piece_picker=piece_picker,
            )
        self.is_stopping = False
        self._extra_calls: list[Deferred[IProtocol]] = []

    def start(self) -> None:
        """
        Start the peer.

        @raise swarmpeer.errors.SwarmPeerError: if that cannot be.
        """
        self.service.startService()

    def stop(self, down: Callable[[], None]) -> None:
        """
        Stop the peer in an orderly way.

        @param down: called when it is down, unless the process ends before.
        """
        self.is_stopping = True
        for call in self._extra_calls:
            call.cancel()
        self.service.stopService().addBoth(lambda _: down())

    def dial_out_of_turn(self, peer: PeerInfo) -> bool:
        """
        Call a peer, whichever of the two would have to; so both may call at once.

        @return: was it done?  A peer that stops calls nobody, and none calls whom
            it was not told of.
        """
        factory = self.service.factory
        if factory is None or self.is_stopping:
            return False
        if peer not in self.service.config.others:
            return False
        made = self._dial_endpoint(peer).connect(factory.dialling(peer.peer_id))
        # Where it fails there is nothing to do: it was for the conversation only.
        made.addErrback(lambda _: None)
        self._extra_calls.append(made)
        return True

    def freeze(self) -> None:
        """
        Stand still.
        """
        self.clock.freeze()
        self._network.freeze()

    def thaw(self) -> None:
        """
        Go on.
        """
        self._network.thaw()
        self.clock.thaw()

    def end(self, *, silent: bool) -> None:
        """
        Be gone, without a word to the peer.

        @param silent: without a word to its neighbours too.
        """
        self.clock.power_off()
        self._network.crash(silent=silent)

    def _dial_endpoint(self, peer: PeerInfo) -> IStreamClientEndpoint:
        return self._network.dial_endpoint(self.clock, peer.host, peer.port)
