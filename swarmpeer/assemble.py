"""
The usual peer: files in a working folder, TCP, the protocol log.

L{swarmpeer.service.PeerService} is handed all that it needs; here is what most
programs want to hand in.
"""

import errno
import io
import os
import random
import time
from collections.abc import Iterable
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.logger import Logger, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.config import COMMON_NAME, PEERS_NAME, Config, PeerInfo
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.config.rules import loopback_address
from swarmpeer.config_files import read_text
from swarmpeer.core.layout import PieceLayout
from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.joining import JoiningService
from swarmpeer.log_output.folding import Folding
from swarmpeer.net.dialing import hostname_endpoint
from swarmpeer.protocol_log import ProtocolLogger, log_name, open_log
from swarmpeer.scheduled_rates import say_rates
from swarmpeer.service import PeerService
from swarmpeer.status.watch import StatusWatch
from swarmpeer.storage import FileStorage, ReactorThreads, find_folder
from swarmpeer.storage.timing import Stopwatch, TimedCalls

_log = Logger()

BACKLOG = 511
"""
How many callers may wait to be taken.  When a fleet starts at once, each that
finds no place waits a second or more before it knocks again.
"""


def read_config(
    peer_id: int,
    folder: str | os.PathLike[str],
    common: str | os.PathLike[str] = COMMON_NAME,
    peers: str | os.PathLike[str] = PEERS_NAME,
) -> Config:
    """
    Read the two files, relative to C{folder}, for the peer C{peer_id}.

    @raise ConfigError: if one cannot be read, or for the first thing wrong.
    """
    common_path, peers_path = Path(folder, common), Path(folder, peers)
    return Config.parse(
        peer_id,
        read_text(common_path),
        read_text(peers_path),
        str(common_path),
        str(peers_path),
    )


def assemble_peer(
    reactor: object,
    config: Config,
    folder: str | os.PathLike[str],
    *,
    log_folder: str | os.PathLike[str] | None = None,
    listen_endpoint: IStreamServerEndpoint | None = None,
    observers: Iterable[ISwarmObserver] = (),
    rng: random.Random | None = None,
    lenient: bool = False,
    rates: Rates = Rates(),  # noqa: B008 (a frozen value)
    dscp: int = 0,
    stopwatch: Stopwatch | None = None,
) -> PeerService:
    """
    Put the usual peer together, not started yet.

    @param reactor: provides TCP, time and threads; its clock should not jump
        (that of C{twistd swarmpeer} does not).
    @param folder: the working folder, in which C{peer_<id>/} is.
    @param log_folder: where C{log_peer_<id>.log} goes; the working folder if
        not given.
    @param listen_endpoint: where others call us; if not given, the port of our
        own line, on loopback if its host is, else on every address.
    @param rng: where every draw comes from; seeded by the system if not given.
    @param lenient: take handshakes that write their numbers as text.
    @param rates: see L{PeerService}, as for C{dscp}.
    @param stopwatch: measures what the disk takes; C{None}: nobody does.
    @raise StorageError: if the file's name cannot be used.
    """
    own, common = config.own, config.common
    layout = PieceLayout(common.file_size_bytes, common.piece_size_bytes)
    own_folder = find_folder(folder, own.peer_id, common.file_name, own.has_file)
    if not own.has_file and os.path.lexists(own_folder / common.file_name):
        _log.warn(
            "peer {peer}: {path} is there already, but the list says 0: it is fetched "
            "anew and then replaced; write 1 into the list to serve it as it is",
            peer=own.peer_id,
            path=own_folder / common.file_name,
        )
    storage = FileStorage(
        layout,
        own_folder,
        common.file_name,
        whole=own.has_file,
        run_in_thread=ReactorThreads(IReactorThreads(reactor)),
        calls=None if stopwatch is None else TimedCalls(stopwatch),
    )
    peer = PeerService(
        config,
        storage,
        clock=IReactorTime(reactor),
        listen_endpoint=listen_endpoint or own_endpoint(reactor, own),
        dial_endpoint=lambda peer: hostname_endpoint(reactor, peer),
        rng=rng or random.Random(),
        lenient=lenient,
        rates=rates,
        dscp=dscp,
    )
    if rates != Rates():
        say_rates(own.peer_id, rates)
    log = LogFile(Path(log_folder or folder, log_name(own.peer_id)))
    log.setServiceParent(peer)
    logger = ProtocolLogger(own.peer_id, log.write, time.time)
    peer.add_observer(logger, *ProtocolLogger.event_classes)
    folded = FoldedLog(IReactorTime(reactor))
    folded.setServiceParent(peer)
    diagnostics = DiagnosticLog(own.peer_id, layout.piece_count, folded.logger)
    peer.add_observer(diagnostics, *diagnostics.event_classes)
    for observer in observers:
        peer.add_observer(observer)
    return peer


def watch_peer(reactor: object, peer: PeerService | JoiningService) -> StatusWatch:
    """
    What knows the status of a peer that has not started yet.
    """
    watch = StatusWatch(peer, IReactorTime(reactor).seconds)
    peer.add_observer(watch, *StatusWatch.event_classes)
    return watch


def own_endpoint(reactor: object, own: PeerInfo) -> IStreamServerEndpoint:
    """
    Where a peer listens by default: on loopback only if its host is loopback,
    else on every address of either family.
    """
    tcp = IReactorTCP(reactor)
    address = loopback_address(own.host)
    if address is None:
        return _EveryAddress(tcp, own.port)
    endpoint = TCP6ServerEndpoint if ":" in address else TCP4ServerEndpoint
    return endpoint(tcp, own.port, BACKLOG, interface=address)


class LogFile(Service):
    """
    The protocol log of a peer, open while the peer runs.
    """

    def __init__(self, path: Path) -> None:
        """
        It is opened at the start.
        """
        self._path = path
        self._file: io.FileIO | None = None

    def startService(self) -> None:
        """
        Open it.

        @raise StorageError: if that cannot be.
        """
        self._file = open_log(str(self._path))
        super().startService()

    def stopService(self) -> None:
        """
        Close it.
        """
        super().stopService()
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, line: bytes) -> int | None:
        """
        @return: how many bytes were written.
        @raise OSError: if they could not be.
        """
        if self._file is None:
            raise OSError(errno.EBADF, "it is not open")
        return self._file.write(line)


class FoldedLog(Service):
    """
    The log of what an operator wants to read, in which what is said again and again is
    folded; with the end of the peer all is said.

    @ivar logger: for L{DiagnosticLog}.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._folding = Folding(globalLogPublisher, clock)
        self.logger = Logger(DiagnosticLog.__module__, observer=self._folding)

    def stopService(self) -> None:
        """
        Say what is folded.
        """
        super().stopService()
        self._folding.flush()


@implementer(IStreamServerEndpoint)
class _EveryAddress:
    """
    Listens on every address: through one IPv6 socket, which takes IPv4 callers
    too, or through an IPv4 one where there is no IPv6.
    """

    def __init__(self, reactor: IReactorTCP, port: int) -> None:
        self._reactor = reactor
        self._port = port

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        Listen for the factory.
        """

        def fall_back(failure: Failure) -> Deferred[IListeningPort]:
            error = failure.value
            if (
                not isinstance(error, CannotListenError)
                or error.socketError.errno not in _NO_IPV6
            ):
                return fail(failure)
            every_ipv4 = TCP4ServerEndpoint(self._reactor, self._port, BACKLOG)
            again: Deferred[IListeningPort] = every_ipv4.listen(protocolFactory)
            return again

        every = TCP6ServerEndpoint(self._reactor, self._port, BACKLOG)
        listening: Deferred[IListeningPort] = every.listen(protocolFactory)
        listening.addErrback(fall_back)
        return listening


_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
