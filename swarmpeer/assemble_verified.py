"""
The usual peer of a verified swarm: what C{swarm.toml} says, files in a folder, TCP,
the protocol log.
"""

import os
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from twisted.internet.interfaces import (
    IReactorThreads,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.threads import deferToThreadPool

from swarmpeer.assemble import FoldedLog, LogFile, own_endpoint
from swarmpeer.config import Member, SwarmConfig
from swarmpeer.config_files import read_swarm_manifest
from swarmpeer.core.layout import layout_of
from swarmpeer.core.progress import Progress
from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.errors import ConfigError, ManifestError, StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.file_name import state_folder_name
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.joining import JoiningService
from swarmpeer.manifest import Manifest
from swarmpeer.manifest.paths import shown
from swarmpeer.manifest_files import read_manifest
from swarmpeer.net.dialing import hostname_endpoint
from swarmpeer.net.limits import Limits
from swarmpeer.net.manifest_fetch import ManifestFetcher
from swarmpeer.policies import choking_policy, piece_picker
from swarmpeer.protocol_log import ProtocolLogger, log_name
from swarmpeer.scheduled_rates import LocalTime, ScheduledRates
from swarmpeer.service import PeerService
from swarmpeer.storage import (
    CoreWatch,
    ReactorThreads,
    SecondThread,
    VerifiedStorage,
    scheduled_here,
)
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.storage.timing import Stopwatch
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.extras import place_of
from swarmpeer.storage.verified.state_folder import MANIFEST_NAME
from swarmpeer.text import printable
from swarmpeer.verified_service import Verification, VerifiedPeerService


def system_time() -> tuple[int, float]:
    """
    The time where we are, as the system has it.
    """
    now = time.localtime()
    return now.tm_wday, now.tm_hour * 3600.0 + now.tm_min * 60 + now.tm_sec


def assemble_verified_peer(
    reactor: object,
    swarm: SwarmConfig,
    peer_id: int,
    folder: str | os.PathLike[str],
    *,
    log_folder: str | os.PathLike[str] | None = None,
    listen_endpoint: IStreamServerEndpoint | None = None,
    observers: Iterable[ISwarmObserver] = (),
    rng: random.Random | None = None,
    local_time: LocalTime = system_time,
    stopwatch: Stopwatch | None = None,
) -> PeerService | JoiningService:
    """
    Put the usual peer of a verified swarm together, not started yet.

    @param reactor: see L{swarmpeer.assemble.assemble_peer}.
    @param peer_id: which of the members it is.
    @param folder: what the paths of C{swarm} are relative to: where its file is.
    @param log_folder: where C{log_peer_<id>.log} goes; C{folder} if not given.
    @param listen_endpoint: where others call us; see
        L{swarmpeer.assemble.assemble_peer}.
    @param rng: where every draw comes from; seeded by the system if not given.
    @param local_time: the time of day, for the rates that depend on it.
    @param stopwatch: measures what hashing and the disk take; C{None}: nobody does.
    @return: one that asks the others for the manifest first, if there is none yet.
    @raise SwarmPeerError: if something is wrong that can be told already.
    """
    own = swarm.own(peer_id)
    if own.classic:
        raise ConfigError(
            f"peer {peer_id} is a classic one in {swarm.where}, one that is run with "
            f"the two files of the course would be right"
        )
    parts = _Parts(
        reactor,
        swarm,
        own,
        Path(folder),
        Path(log_folder or folder),
        listen_endpoint,
        rng or random.Random(),
        stopwatch,
    )
    manifest = parts.find_manifest()
    peer = parts.joining() if manifest is None else parts.peer(manifest)
    rates = ScheduledRates(
        peer.set_rates, peer_id, swarm.rates, IReactorTime(reactor), local_time
    )
    rates.setServiceParent(peer)
    parts.folded_log.setServiceParent(peer)
    diagnostics = parts.diagnostics
    peer.add_observer(diagnostics, *diagnostics.event_classes)
    for observer in observers:
        peer.add_observer(observer)
    return peer


class _Parts:
    """
    What one peer is put together from.
    """

    def __init__(
        self,
        reactor: object,
        swarm: SwarmConfig,
        own: Member,
        base: Path,
        log_folder: Path,
        listen_endpoint: IStreamServerEndpoint | None,
        rng: random.Random,
        stopwatch: Stopwatch | None,
    ) -> None:
        self._stopwatch = stopwatch
        self._reactor = reactor
        self._swarm = swarm
        self._own = own
        self._base = base
        self._folder = base / swarm.folder_for(own.peer_id)
        self._log_path = log_folder / log_name(own.peer_id)
        self._listen_endpoint = listen_endpoint
        self._rng = rng
        self._threads = ReactorThreads(IReactorThreads(reactor))
        self._limits = Limits(**swarm.limits)
        self._choking_policy = choking_policy(
            swarm.choking, swarm.where_policy("choking")
        )
        self._piece_picker = piece_picker(swarm.picking, swarm.where_policy("picking"))
        self.folded_log = FoldedLog(IReactorTime(reactor))
        self.diagnostics = DiagnosticLog(own.peer_id, log=self.folded_log.logger)

    def find_manifest(self) -> Manifest | None:
        """
        The manifest, if it is on this machine.

        @raise ManifestError: if it should be, and is not, or is none.
        """
        if self._swarm.manifest is not None:
            return read_swarm_manifest(self._swarm, self._base)
        # One that was fetched is as good as any, if it is the right one.
        saved = self._saved_manifest()
        with suppress(ManifestError):
            # A pipe there must not keep us waiting.
            manifest = read_manifest(saved) if saved.is_file() else None
            if manifest is not None and manifest.infohash == self._swarm.infohash:
                return manifest
        return None

    def peer(self, manifest: Manifest) -> VerifiedPeerService:
        """
        The peer, once the manifest is known.

        @raise SwarmPeerError: if something is wrong that can be told already.
        """
        swarm, own = self._swarm, self._own
        config = swarm.to_config(
            own.peer_id, manifest.name, manifest.size_bytes, manifest.piece_size_bytes
        )
        clock = IReactorTime(self._reactor)
        threads = IReactorThreads(self._reactor)
        peer = VerifiedPeerService(
            config,
            manifest,
            VerifiedStorage(
                manifest,
                self._folder,
                clock=clock,
                run_in_thread=self._threads,
                seed=own.seed,
                paranoid=swarm.paranoid,
                preallocate=swarm.preallocates,
                commit_seconds=swarm.commit_interval_seconds,
                second_thread=SecondThread(
                    ReactorThreads(threads, max_workers=1),
                    CoreWatch(clock.seconds, scheduled_here).is_free,
                ),
                stopwatch=self._stopwatch,
            ),
            clock=clock,
            listen_endpoint=self._listen_endpoint
            or own_endpoint(self._reactor, config.own),
            dial_endpoint=lambda peer: hostname_endpoint(self._reactor, peer),
            rng=self._rng,
            verification=Verification(
                swarm.allow_classic,
                frozenset(peer.peer_id for peer in swarm.members if peer.classic),
                swarm.heals,
                swarm.scrub_bytes_per_second,
            ),
            limits=self._limits,
            choking_policy=self._choking_policy,
            piece_picker=self._piece_picker,
            request_window=swarm.request_window,
            budget_bytes=swarm.memory_bytes,
            rates=swarm.rates.usual,
            dscp=swarm.dscp,
        )
        layout = layout_of(manifest)
        self.diagnostics.path_of = lambda index: shown(
            place_of(manifest, manifest.files[layout.place(index)[0]])
        )
        if swarm.writes_protocol_log:
            log = LogFile(self._log_path)
            log.setServiceParent(peer)
            logger = ProtocolLogger(own.peer_id, log.write, time.time)
            peer.add_observer(logger, *ProtocolLogger.event_classes)
        return peer

    def joining(self) -> JoiningService:
        """
        The peer, as long as only the infohash is known.
        """
        infohash = self._swarm.infohash or b""
        own = self._own
        config = self._swarm.to_config(own.peer_id, infohash.hex(), 0, 1)

        def make_fetcher(publish: Callable[[SwarmEvent], None]) -> ManifestFetcher:
            return ManifestFetcher(
                infohash,
                own.peer_id,
                config.others,
                lambda peer: hostname_endpoint(self._reactor, peer),
                IReactorTime(self._reactor),
                self._rng,
                publish,
                self._limits,
                run_in_thread=self._threads,
            )

        async def keep(manifest: Manifest) -> None:
            # It may be long.
            threads = IReactorThreads(self._reactor)
            await deferToThreadPool(
                threads, threads.getThreadPool(), self._save, manifest
            )

        nothing = Progress(
            peer_id=own.peer_id,
            held=0,
            piece_count=0,
            is_placed=False,
            optimistic=None,
            neighbors=(),
            incomplete=tuple(peer.peer_id for peer in config.others),
        )
        return JoiningService(
            make_fetcher, self.peer, before=nothing, infohash=infohash, keep=keep
        )

    def _save(self, manifest: Manifest) -> None:
        """
        Keep it for the next start.

        @raise StorageError: if that cannot be.
        """
        path = self._saved_manifest()
        folder = DataFolder(self._folder, manifest.infohash, SystemCalls())
        folder.open(only_read=False)
        try:
            folder.state.save(MANIFEST_NAME, manifest.encode())
        except OSError as error:
            raise StorageError(
                f"{printable(path)}: cannot keep the manifest there: "
                f"{error.strerror or error}; let us write there"
            ) from error
        finally:
            folder.close()

    def _saved_manifest(self) -> Path:
        infohash = self._swarm.infohash or b""
        return self._folder / state_folder_name(infohash) / MANIFEST_NAME
