"""
One honest machine of a simulated swarm, with the peer that runs on it.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol

from twisted.internet.defer import CancelledError
from zope.interface import implementer

from swarmpeer.config import Config, PeerInfo
from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.node import PeerNode
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.errors import SwarmPeerError
from swarmpeer.events import FilePlacingFailed, SwarmEvent
from swarmpeer.interfaces import IPieceStorage, ISwarmObserver
from swarmpeer.net.limits import Limits
from swarmpeer.protocol_log import ProtocolLogger
from swarmpeer.storage.file import FileStorage
from swarmpeer.storage.limits import INLINE_LIMIT_BYTES
from swarmpeer.storage.verified import VerifiedStorage
from swarmpeer.testing.contents import FILE_NAME, Contents
from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.ghost_storage import GhostStorage
from swarmpeer.testing.ghost_verified_storage import GhostVerifiedStorage
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network_host import NetworkHost
from swarmpeer.testing.peer_process import PeerProcess
from swarmpeer.testing.threads import SimulatedThreads
from swarmpeer.testing.virtual_time import VirtualTime

RESTART_SECONDS = 5.0
"""
How long the operator of a simulated machine takes to start a peer again that
could not start, or that asks for it.
"""

_SHARE_OF_PARANOID = 0.2
_SHARE_OF_PREALLOCATING = 0.3

_EPOCH_SECONDS = 1_700_000_000.0
"""
What the wall clocks of all machines show at the beginning.
"""


class HostWatcher(Protocol):
    """
    Hears what becomes of the hosts.

    @ivar event_classes: the events to be told of; none means all.
    """

    event_classes: tuple[type[SwarmEvent], ...]

    def began(self, host: "SimulatedHost") -> None:
        """
        A process was started and its peer runs.
        """

    def happened(self, host: "SimulatedHost", event: SwarmEvent) -> None:
        """
        Its peer published an event.
        """

    def ended(self, host: "SimulatedHost") -> None:
        """
        The process is gone.
        """


class SimulatedHost:
    """
    A machine that outlives its processes: its disk, its wall clock and the
    lines of its protocol log stay.

    @ivar peer_id: the id of the peer that runs here.
    @ivar process: the one that runs, or the last one; C{None} before the first.
    @ivar is_running: does it run?
    @ivar starts: how many processes there were.
    @ivar log: the bytes of the protocol log, one entry a line.
    @ivar ghosts: the storages so far, if they are not on a disk.
    @ivar timers_left: the timers that an orderly stop left behind.
    @ivar crashes_in_placing: how often the power failed in placing the file.
    @ivar is_on_disk: is the file on the simulated disk?
    @ivar wall_offset_seconds: how far the wall clock has jumped.
    """

    def __init__(
        self,
        config: Config,
        *,
        time: VirtualTime,
        network: NetworkHost,
        contents: Contents,
        seed: str,
        watcher: HostWatcher,
        choking_policy: ChokingFactory,
        piece_picker: PickerFactory,
        is_on_disk: bool,
        limits: Limits,
        keeps_log: bool,
    ) -> None:
        """
        @param seed: where all chance of this machine comes from.
        @param keeps_log: write the protocol log, which grows with every have.
        """
        self.config = config
        self.peer_id = config.peer_id
        self.network = network
        self.disk = SimulatedDisk(Random(f"{seed}/disk"))
        self.is_on_disk = is_on_disk
        self.process: PeerProcess | None = None
        self.is_running = False
        self.starts = 0
        self.log: list[bytes] = []
        self.ghosts: list[GhostStorage] = []
        self.timers_left = 0
        self.crashes_in_placing = 0
        self.wall_offset_seconds = 0.0
        self._time = time
        self.contents = contents
        self._seed = seed
        self._watcher = watcher
        self._choking_policy = choking_policy
        self._piece_picker = piece_picker
        self._limits = limits
        self._keeps_log = keeps_log
        self._is_wanted = False
        # What a ghost of a verified storage keeps from process to process.
        self._ghost_held = bytearray(contents.layout.piece_count)
        if config.own.has_file and is_on_disk:
            for number in range(len(contents.places)):
                self.disk.put(*self.place(number), contents.file(number))

    @property
    def folder(self) -> str:
        """
        Where the peer's file is on the disk.
        """
        return f"/peer_{self.peer_id}"

    def place(self, number: int) -> tuple[str, str]:
        """
        Where a file is in the end: its folder and its name.
        """
        folder, name = self.contents.places[number]
        return f"{self.folder}/{folder}" if folder else self.folder, name

    @property
    def is_seed(self) -> bool:
        """
        Does it begin with the whole file?
        """
        return self.config.own.has_file

    @property
    def node(self) -> PeerNode | None:
        """
        The mind of the process that runs, or of the last one.
        """
        return None if self.process is None else self.process.service.node

    @property
    def held(self) -> int:
        """
        How many pieces that process holds.
        """
        return 0 if self.process is None else self.process.service.progress().held

    @property
    def is_placed(self) -> bool:
        """
        Does that process have the whole file in place?
        """
        process = self.process
        return process is not None and process.service.progress().is_placed

    # What an operator does.

    def start(self) -> None:
        """
        Start the peer; again and again if that fails.
        """
        self._is_wanted = True
        self._start_process()

    def stop(self) -> None:
        """
        Stop the peer in an orderly way, which takes some seconds.
        """
        self._is_wanted = False
        process = self._running()
        if process is not None and not process.is_stopping:
            process.stop(partial(self._stopped, process))

    def dial_out_of_turn(self, peer: PeerInfo) -> bool:
        """
        See L{PeerProcess.dial_out_of_turn}.

        @return: was it done?
        """
        process = self._running()
        return process is not None and process.dial_out_of_turn(peer)

    # What befalls it.

    def kill(self) -> bool:
        """
        End the process at once; the machine stays.

        @return: was there one?
        """
        self._is_wanted = False
        was_running = self.is_running
        self._process_ended(silent=False)
        return was_running

    def lose_power(self) -> bool:
        """
        End everything at once, and what was not synced may be lost.

        @return: was the peer running?
        """
        self._is_wanted = False
        was_running = self.is_running
        self._process_ended(silent=True)
        self.disk.lose_power()
        return was_running

    def crash_in_placing(self, step: tuple[str, int]) -> None:
        """
        Let the power fail at the next such call of the disk, if the process that
        runs comes to it.

        @param step: the name of the call, and how many of that name go before.
        """
        if self.is_running and self.is_on_disk and not self.is_seed:
            call, skipping = step
            self.disk.interrupt(call, self._power_fails, skipping=skipping)

    def forget_crash(self) -> None:
        """
        If it did not come to that, it will not.
        """
        self.disk.spare()

    def freeze(self) -> bool:
        """
        Let the process stand still.

        @return: was there one?
        """
        process = self._running()
        if process is not None:
            process.freeze()
        return process is not None

    def thaw(self) -> None:
        """
        Let it go on.
        """
        process = self._running()
        if process is not None:
            process.thaw()

    # Inside.

    def _running(self) -> PeerProcess | None:
        return self.process if self.is_running else None

    def _start_process(self) -> None:
        if self.is_running or not self._is_wanted:
            return
        self.starts += 1
        rng = Random(f"{self._seed}/{self.starts}")
        clock = HostClock(self._time)
        self.network.boot()
        self.is_running = True
        self.process = process = PeerProcess(
            self.config,
            self.network,
            clock,
            self._storage(rng, clock),
            rng,
            manifest=self.contents.manifest,
            choking_policy=self._choking_policy,
            piece_picker=self._piece_picker,
            limits=self._limits,
            is_on_disk=self.is_on_disk,
        )
        service = process.service
        if self._keeps_log:
            service.add_observer(
                ProtocolLogger(self.peer_id, self._write_log, self._wall_seconds),
                *ProtocolLogger.event_classes,
            )
        service.add_observer(
            _Observer(self, self._watcher), *self._watcher.event_classes
        )
        service.add_observer(
            _Operator(partial(self._restart_later, process)), FilePlacingFailed
        )
        # Where it turns out later that it cannot go on.
        service.when_complete().addErrback(
            lambda failure: (
                None if failure.check(CancelledError) else self._restart_later(process)
            )
        )
        try:
            process.start()
        except SwarmPeerError:
            self._process_ended(silent=False)
            self._time.callLater(RESTART_SECONDS, self._start_process)
        else:
            self._watcher.began(self)

    def _stopped(self, process: PeerProcess) -> None:
        if self._running() is process:
            self.timers_left += process.clock.pending
            self._process_ended(silent=False)
            self._start_process()

    def _restart_later(self, process: PeerProcess) -> None:
        def restart() -> None:
            if self._running() is process and self._is_wanted:
                self.kill()
                self.start()

        self._time.callLater(RESTART_SECONDS, restart)

    def _power_fails(self) -> None:
        self.crashes_in_placing += 1
        self.lose_power()
        self._is_wanted = True
        self._time.callLater(RESTART_SECONDS, self._start_process)

    def _process_ended(self, *, silent: bool) -> None:
        process = self._running()
        if process is not None:
            self.is_running = False
            self._watcher.ended(self)
            process.end(silent=silent)
            self.disk.process_died()

    def _storage(self, rng: Random, clock: HostClock) -> IPieceStorage:
        whole = self.is_seed
        manifest = self.contents.manifest
        if manifest is not None and not self.is_on_disk:
            return GhostVerifiedStorage(
                self.contents.layout,
                self.contents.source.piece,
                whole=whole,
                held=self._ghost_held,
            )
        if manifest is not None:
            return VerifiedStorage(
                manifest,
                self.folder,
                clock=clock,
                run_in_thread=SimulatedThreads(clock, self.disk),
                calls=self.disk,
                seed=whole,
                paranoid=rng.random() < _SHARE_OF_PARANOID,
                preallocate=rng.random() < _SHARE_OF_PREALLOCATING,
                inline_limit_bytes=rng.choice((0, INLINE_LIMIT_BYTES)),
            )
        if not self.is_on_disk:
            ghost = GhostStorage(
                self.contents.layout, self.contents.source.piece, whole=whole
            )
            self.ghosts.append(ghost)
            return ghost
        return FileStorage(
            self.contents.layout,
            self.folder,
            FILE_NAME,
            whole=whole,
            run_in_thread=SimulatedThreads(clock, self.disk),
            calls=self.disk,
            # Pieces are small here; so each way of the storage is taken.
            inline_limit_bytes=rng.choice((0, INLINE_LIMIT_BYTES)),
        )

    def _wall_seconds(self) -> float:
        return _EPOCH_SECONDS + self._time.seconds() + self.wall_offset_seconds

    def _write_log(self, lines: bytes) -> int:
        self.log += lines.splitlines(keepends=True)
        return len(lines)


@implementer(ISwarmObserver)
class _Observer:
    """
    The ear of one process.
    """

    def __init__(self, host: SimulatedHost, watcher: HostWatcher) -> None:
        self._host = host
        self._watcher = watcher

    def observe(self, event: SwarmEvent) -> None:
        """
        Pass it on.
        """
        self._watcher.happened(self._host, event)


@implementer(ISwarmObserver)
class _Operator:
    """
    Does what the peer asks people for.
    """

    def __init__(self, restart: Callable[[], None]) -> None:
        self._restart = restart

    def observe(self, event: SwarmEvent) -> None:
        """
        The disk refused bytes for good: only a new process can go on.
        """
        if isinstance(event, FilePlacingFailed) and event.is_final:
            self._restart()
