"""
C{twistd swarmpeer}: the options, and the service for them.
"""

import difflib
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import (
    IReactorCore,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from swarmpeer.arguments import parse_id
from swarmpeer.assemble import assemble_peer, read_config, watch_peer
from swarmpeer.assemble_log import (
    USUAL_BYTES,
    USUALLY_KEPT,
    assemble_log,
    fold_all,
    parse_form,
    parse_log_keep,
    parse_log_size,
)
from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config import COMMON_NAME, PEERS_NAME, SWARM_NAME, SwarmConfig
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.config.rate_text import UNLIMITED, parse_dscp, parse_speed
from swarmpeer.config_files import read_swarm
from swarmpeer.errors import ConfigError, ListenError, SwarmPeerError
from swarmpeer.joining import JoiningService
from swarmpeer.listening import with_socket_mode
from swarmpeer.log_output.folding import Folding
from swarmpeer.own_process import fail_at_exit, keep_freed_memory, monotonic_reactor
from swarmpeer.rates_again import RatesAgain
from swarmpeer.scheduled_rates import ScheduledRates
from swarmpeer.service import PeerService
from swarmpeer.service_manager import Notifying, ServiceManager
from swarmpeer.signals import ignore_hangup
from swarmpeer.status.watch import StatusWatch
from swarmpeer.storage.timing import Stopwatch
from swarmpeer.text import printable, quoted
from swarmpeer.web_place import read_token, web_endpoint

_T = TypeVar("_T")

_RATES = ("up", "down", "up-per-neighbor", "down-per-neighbor")
_NO_OPTION = re.compile("option --(.*) not recognized")
_CLASSIC_OPTIONS = ("common", "peers", "lenient", *_RATES, "dscp")


def _naming(option: str, parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """
    What names the option in its errors, which twistd's would not.
    """

    def named(text: str) -> _T:
        try:
            return parse(text)
        except ValueError as error:
            raise usage.UsageError(f"--{option}: {error}") from None

    return named


def _rate(text: str) -> int | str:
    """
    A rate, or C{unlimited}; C{None} is what nobody said.
    """
    return parse_speed(text) or UNLIMITED


class Options(usage.Options):
    """
    What C{twistd swarmpeer} takes.
    """

    synopsis = "--id=ID [options]"

    longdesc = (
        "Runs one peer of a swarm until every peer of the list holds the whole "
        "file or folder, then ends with status 0; a peer that cannot start says why "
        "in one line and ends with status 1.  A verified swarm, of a file or a folder "
        "of which every piece is checked, is told in one swarm.toml (--swarm).  For a "
        "classic one, of a file, the working folder holds Common.cfg, PeerInfo.cfg "
        "and peer_<id>/, where the file is, or will be.  Several "
        "peers can share a folder if each has a process id file of its own, or "
        "none: twistd -n --pidfile= swarmpeer --id 1001"
    )

    optParameters = [  # noqa: RUF012 (the form that usage.Options has)
        [
            "id",
            "i",
            None,
            "Which peer of PeerInfo.cfg or swarm.toml this is.",
            _naming("id", parse_id),
        ],
        ["swarm", "w", None, "The swarm.toml of a verified swarm."],
        ["dir", "d", ".", "The working folder."],
        [
            "common",
            "c",
            None,
            f"The common configuration, relative to --dir.  [default: {COMMON_NAME}]",
        ],
        [
            "peers",
            "p",
            None,
            f"The list of peers, relative to --dir.  [default: {PEERS_NAME}]",
        ],
        ["log-dir", "l", None, "Where log_peer_<id>.log goes.  [default: --dir]"],
        [
            "listen",
            None,
            None,
            "Listen at this Twisted endpoint, such as tcp:6008:interface=10.0.0.7, "
            "rather than at the port of the list.",
        ],
        [
            "web",
            None,
            None,
            "Have pages about this peer at this Twisted endpoint, such as "
            "tcp:8080:interface=127.0.0.1 or unix:/run/peer.sock; with --swarm, [web] "
            "of the file can tell.  [default: none]",
        ],
        [
            "web-token-file",
            None,
            None,
            "The file with the token that whoever looks at the pages has to know; "
            "without one they are for this machine alone.",
        ],
        [
            "log-file",
            None,
            None,
            "What an operator wants to read goes to this file and not where twistd's "
            "--logfile says.",
        ],
        [
            "log-format",
            None,
            None,
            "Its lines are text, or json: one object on each; without --log-file on "
            "standard output.  [default: text]",
            _naming("log-format", parse_form),
        ],
        [
            "log-size",
            None,
            USUAL_BYTES,
            "The log file is never larger than so many bytes, or 10MiB; a full one is "
            "renamed FILE.1.",
            _naming("log-size", parse_log_size),
        ],
        [
            "log-keep",
            None,
            USUALLY_KEPT,
            "So many full ones are kept.",
            _naming("log-keep", parse_log_keep),
        ],
        [
            "up",
            None,
            None,
            "Send no faster than that, such as 2MiB/s or 20Mbit; with --swarm, [rates] "
            "of the file tells.  [default: unlimited]",
            _naming("up", _rate),
        ],
        [
            "down",
            None,
            None,
            "Receive no faster than that; see --up.  [default: unlimited]",
            _naming("down", _rate),
        ],
        [
            "up-per-neighbor",
            None,
            None,
            "Send no faster to any one neighbor; see --up.  [default: unlimited]",
            _naming("up-per-neighbor", _rate),
        ],
        [
            "down-per-neighbor",
            None,
            None,
            "Receive no faster from any one neighbor; see --up.  [default: unlimited]",
            _naming("down-per-neighbor", _rate),
        ],
        [
            "dscp",
            None,
            None,
            "How packets are marked for the network, such as cs1, le or 8.  "
            "[default: 0]",
            _naming("dscp", parse_dscp),
        ],
    ]

    optFlags = [  # noqa: RUF012
        ["stay", "s", "Go on serving when every peer of the list is complete."],
        ["lenient", None, "Take handshakes that write their numbers as text."],
    ]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        @raise SystemExit: with one line, if they are wrong; twistd would put all its
            help before it.
        """
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            meant = self._meant(str(error))
            raise SystemExit(f"swarmpeer: {printable(error)}{meant}") from None

    def _meant(self, error: str) -> str:
        """
        The option that is meant where there is none, if one is like it.
        """
        unknown = _NO_OPTION.fullmatch(error)
        names = [name.rstrip("=") for name in self.longOpt]
        alike = difflib.get_close_matches(unknown[1], names, 1) if unknown else []
        return "".join(f"; --{name} would be right" for name in alike)

    def parseArgs(self, *words: str) -> None:
        """
        @raise usage.UsageError: if there are any: all is told by options.
        """
        if words:
            raise usage.UsageError(f"{quoted(words[0])} belongs to no option")

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: if it is not said which peer this is.
        """
        if self["id"] is None:
            raise usage.UsageError("say which peer this is, such as --id 1001")


class StartFailed(SystemExit, Exception):
    """
    The peer could not start; ends the process with status 1 and no traceback.

    It is a C{SystemExit} for Python and an C{Exception} for twistd, which
    cleans up after itself, and tells the waiting parent of a daemon, only when
    it sees one.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = 1


class _Peer(MultiService):
    """
    One peer as a process of its own: failures to start are one line.
    """

    _log = Logger()

    def __init__(self, log: Folding | None) -> None:
        """
        @param log: takes all that is logged; C{None}: twistd decides.
        """
        super().__init__()
        self._observer = log

    def setServiceParent(self, parent: object) -> None:
        """
        Where twistd looks for a log that is not its own.
        """
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    async def _stop(self) -> None:
        await super().stopService()
        if self._observer is not None:
            self._observer.flush()

    def stopService(self) -> Deferred[None]:
        """
        Say what is folded last.
        """
        return Deferred.fromCoroutine(self._stop())

    def startService(self) -> None:
        """
        @raise StartFailed: if the peer could not start.
        """
        try:
            super().startService()
        except SwarmPeerError as error:
            # By now twistd has turned sys.stderr into its log; and a daemon has no
            # other place than that.
            self._log.critical("{error}", error=error)
            print(f"swarmpeer: {error}", file=sys.__stderr__, flush=True)
            raise StartFailed(str(error)) from None


def makeService(options: Options) -> IService:
    """
    One peer for these options.

    @raise SystemExit: with one line, if they cannot be used.
    """
    if options["swarm"] is not None:
        # To a verified peer the signal means other rates while it runs, and nothing
        # before and after that.
        ignore_hangup()
    reactor = monotonic_reactor()
    keep_freed_memory()
    try:
        of_twistd: Mapping[str, object] = options.parent or {}
        log = assemble_log(
            options["id"],
            options["log-file"],
            options["log-format"],
            options["log-size"],
            options["log-keep"],
            of_twistd=of_twistd,
        )
        swarm, folder = _read_swarm(options)
        web_at = _web_endpoint(reactor, options, swarm)
        web: IService | None = None
        watch: StatusWatch | None = None
        if web_at is None:
            peer = _make_peer(reactor, options, swarm, folder, None)
        else:
            peer, watch, web = _make_shown_peer(reactor, options, swarm, folder, web_at)
    except SwarmPeerError as error:
        raise SystemExit(f"swarmpeer: {error}") from None
    outcome = peer.when_complete() if options["stay"] else peer.when_swarm_complete()
    outcome.addBoth(_leave_soon, reactor, stay=bool(options["stay"]))
    process = _Peer(fold_all(log, IReactorTime(reactor), of_twistd=of_twistd))
    if web is not None:
        web.setServiceParent(process)
    peer.setServiceParent(process)
    if swarm is not None:
        rates = ScheduledRates.below(peer)
        path = Path(options["dir"], options["swarm"])
        RatesAgain(reactor, path, rates, swarm).setServiceParent(process)
    manager = ServiceManager.take(os.environ, os.getpid())
    if manager is not None:
        # The last to start and the first to stop.
        watch = watch or watch_peer(reactor, peer)
        Notifying(manager, IReactorTime(reactor), watch.status).setServiceParent(
            process
        )
    return process


def _read_swarm(options: Options) -> tuple[SwarmConfig | None, Path]:
    """
    What the C{swarm.toml} says, if there is one, and what its paths are relative to.

    @raise SwarmPeerError: if it cannot be used.
    """
    folder = Path(options["dir"])
    if options["swarm"] is None:
        return None, folder
    for option in _CLASSIC_OPTIONS:
        if options[option] != options.defaults[option]:
            raise ConfigError(
                f"--{option} is for classic swarms, and --swarm for a verified one; "
                "leave out one of them"
            )
    path = folder / options["swarm"]
    return read_swarm(path), path.parent


def _make_peer(
    reactor: object,
    options: Options,
    swarm: SwarmConfig | None,
    folder: Path,
    stopwatch: Stopwatch | None,
) -> PeerService | JoiningService:
    """
    @raise SwarmPeerError: if the options cannot be used.
    """
    listen_endpoint = _endpoint(reactor, "listen", options["listen"])
    if swarm is not None:
        return assemble_verified_peer(
            reactor,
            swarm,
            options["id"],
            folder,
            log_folder=options["log-dir"] or options["dir"],
            listen_endpoint=listen_endpoint,
            stopwatch=stopwatch,
        )
    common = options["common"] or COMMON_NAME
    if not (folder / common).exists() and (folder / SWARM_NAME).exists():
        raise ConfigError(
            f"there is no {folder / common}, but a {folder / SWARM_NAME}; say "
            f"--swarm {SWARM_NAME} if it is that swarm"
        )
    peers = options["peers"] or PEERS_NAME
    rates = (options[name] for name in _RATES)
    return assemble_peer(
        reactor,
        read_config(options["id"], folder, common, peers),
        folder,
        log_folder=options["log-dir"],
        listen_endpoint=listen_endpoint,
        lenient=bool(options["lenient"]),
        rates=Rates(*(None if rate == UNLIMITED else rate for rate in rates)),
        dscp=options["dscp"] or 0,
        stopwatch=stopwatch,
    )


def _make_shown_peer(
    reactor: object,
    options: Options,
    swarm: SwarmConfig | None,
    folder: Path,
    web_at: IStreamServerEndpoint,
) -> tuple[PeerService | JoiningService, StatusWatch, IService]:
    """
    A peer, what watches it, and its pages.

    @raise SwarmPeerError: if the options cannot be used.
    """
    # Most peers have none, and would wait for the import.
    from swarmpeer.assemble_web import assemble_web, peer_metrics

    metrics = peer_metrics(reactor)
    stopwatch = None if metrics is None else metrics.stopwatch
    peer = _make_peer(reactor, options, swarm, folder, stopwatch)
    watch = watch_peer(reactor, peer)
    web = assemble_web(
        reactor,
        peer,
        web_at,
        token=_web_token(options, swarm, folder),
        watch=watch,
        metrics=metrics,
    )
    return peer, watch, web


def _web_endpoint(
    reactor: object, options: Options, swarm: SwarmConfig | None
) -> IStreamServerEndpoint | None:
    """
    Where the peer has its pages, if it is to have any.

    @raise SwarmPeerError: if the options cannot be used.
    """
    endpoint = _endpoint(reactor, "web", options["web"])
    if endpoint is None and swarm is not None:
        endpoint = web_endpoint(reactor, swarm, options["id"])
    return endpoint


def _web_token(options: Options, swarm: SwarmConfig | None, folder: Path) -> str | None:
    """
    What whoever looks at them has to know.

    @raise SwarmPeerError: if its file is of no use.
    """
    path = options["web-token-file"]
    if path is None and swarm is not None and swarm.web_token_file is not None:
        path = folder / swarm.web_token_file
    return None if path is None else read_token(path)


def _leave_soon(outcome: Failure | None, reactor: IReactorCore, *, stay: bool) -> None:
    if outcome is not None:
        if outcome.check(CancelledError):
            # We are leaving already.
            return
        # The log was told when it happened.
        print(f"swarmpeer: {outcome.value}", file=sys.__stderr__, flush=True)
        fail_at_exit()
    elif stay:
        return
    # The swarm is complete, and the conversation that brought the news is still
    # on the stack; or nobody can call us, which was said.
    IReactorTime(reactor).callLater(0, _leave, reactor)


def _leave(reactor: IReactorCore) -> None:
    # A signal may have come first.
    if reactor.running:
        reactor.stop()


def _endpoint(
    reactor: object, option: str, description: str | None
) -> IStreamServerEndpoint | None:
    if description is None:
        return None
    try:
        endpoint: IStreamServerEndpoint = serverFromString(
            reactor, with_socket_mode(description)
        )
    except (LookupError, AttributeError) as error:
        if not description.startswith("systemd:"):
            raise
        raise ListenError(
            f"--{option} {description!r}: no such socket was handed over ({error!r}); "
            "its unit has to be active and to name it, as in FileDescriptorName=peer "
            "and systemd:domain=INET6:name=peer"
        ) from error
    except (ValueError, TypeError, ImportError) as error:
        raise ListenError(
            f"--{option} {description!r} is no endpoint ({error}); give one such as "
            f"tcp:6008:interface=10.0.0.7"
        ) from error
    return endpoint
