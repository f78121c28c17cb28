"""
What is wanted of a process: a peer, and pages of it.
"""

from pathlib import Path

from twisted.internet.interfaces import IStreamServerEndpoint

from swarmpeer.assemble import assemble_peer, read_config
from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config import COMMON_NAME, PEERS_NAME, SWARM_NAME, SwarmConfig
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.config.rate_text import UNLIMITED
from swarmpeer.config_files import read_swarm
from swarmpeer.errors import ConfigError
from swarmpeer.joining import JoiningService
from swarmpeer.listening import named_endpoint
from swarmpeer.service import PeerService
from swarmpeer.storage.timing import Stopwatch
from swarmpeer.tap.options import RATES, Options
from swarmpeer.web_place import read_token, web_endpoint

_CLASSIC_OPTIONS = ("common", "peers", "lenient", *RATES, "dscp")


class Wanted:
    """
    What the options ask for, together with the C{swarm.toml} that they may name.

    @ivar swarm: what the C{swarm.toml} says; C{None}: its swarm is a classic one.
    """

    def __init__(self, reactor: object, options: Options) -> None:
        """
        @raise SwarmPeerError: if the C{swarm.toml} cannot be used.
        """
        self._reactor = reactor
        self._options = options
        self._folder = Path(options["dir"])
        self.swarm: SwarmConfig | None = None
        if options["swarm"] is not None:
            self._read_swarm(self._folder / options["swarm"])

    def _read_swarm(self, path: Path) -> None:
        options = self._options
        for option in _CLASSIC_OPTIONS:
            if options[option] != options.defaults[option]:
                raise ConfigError(
                    f"--{option} is for classic swarms, and --swarm for a verified "
                    "one; leave out one of them"
                )
        self.swarm = read_swarm(path)
        # What its paths are relative to.
        self._folder = path.parent

    def peer(self, stopwatch: Stopwatch | None) -> PeerService | JoiningService:
        """
        The peer.

        @param stopwatch: takes the time of hashing and of the disk.
        @raise SwarmPeerError: if the options cannot be used.
        """
        options = self._options
        listen_endpoint = named_endpoint(
            self._reactor,
            "listen",
            options["listen"],
            "give one such as tcp:6008:interface=10.0.0.7",
        )
        if self.swarm is not None:
            return assemble_verified_peer(
                self._reactor,
                self.swarm,
                options["id"],
                self._folder,
                log_folder=options["log-dir"] or options["dir"],
                listen_endpoint=listen_endpoint,
                stopwatch=stopwatch,
            )
        return self._classic_peer(listen_endpoint, stopwatch)

    def _classic_peer(
        self,
        listen_endpoint: IStreamServerEndpoint | None,
        stopwatch: Stopwatch | None,
    ) -> PeerService:
        options, folder = self._options, self._folder
        common = options["common"] or COMMON_NAME
        if not (folder / common).exists() and (folder / SWARM_NAME).exists():
            raise ConfigError(
                f"there is no {folder / common}, but a {folder / SWARM_NAME}; say "
                f"--swarm {SWARM_NAME} if it is that swarm"
            )
        peers = options["peers"] or PEERS_NAME
        rates = (options[name] for name in RATES)
        return assemble_peer(
            self._reactor,
            read_config(options["id"], folder, common, peers),
            folder,
            log_folder=options["log-dir"],
            listen_endpoint=listen_endpoint,
            lenient=bool(options["lenient"]),
            rates=Rates(*(None if rate == UNLIMITED else rate for rate in rates)),
            dscp=options["dscp"] or 0,
            stopwatch=stopwatch,
        )

    def web_endpoint(self) -> IStreamServerEndpoint | None:
        """
        Where the peer has its pages, if it is to have any.

        @raise SwarmPeerError: if the options cannot be used.
        """
        options = self._options
        endpoint = named_endpoint(
            self._reactor,
            "web",
            options["web"],
            "give one such as tcp:8080:interface=127.0.0.1",
        )
        if endpoint is None and self.swarm is not None:
            endpoint = web_endpoint(self._reactor, self.swarm, options["id"])
        return endpoint

    def web_token(self) -> str | None:
        """
        What whoever looks at them has to know.

        @raise SwarmPeerError: if its file is of no use.
        """
        path = self._options["web-token-file"]
        swarm = self.swarm
        if path is None and swarm is not None and swarm.web_token_file is not None:
            path = self._folder / swarm.web_token_file
        return None if path is None else read_token(path)
