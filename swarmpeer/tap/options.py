"""
What C{twistd swarmpeer} takes.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.python import usage

from swarmpeer.arguments import parse_id
from swarmpeer.assemble_log import (
    USUAL_BYTES,
    USUALLY_KEPT,
    parse_form,
    parse_log_keep,
    parse_log_size,
)
from swarmpeer.config import COMMON_NAME, PEERS_NAME
from swarmpeer.config.rate_text import UNLIMITED, parse_dscp, parse_speed
from swarmpeer.text import printable, quoted

_T = TypeVar("_T")

_NO_OPTION = re.compile("option --(.*) not recognized")


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


#: Those that bound how fast a classic peer is.
RATES = ("up", "down", "up-per-neighbor", "down-per-neighbor")


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
            "Send no faster to any one neighbour; see --up.  [default: unlimited]",
            _naming("up-per-neighbor", _rate),
        ],
        [
            "down-per-neighbor",
            None,
            None,
            "Receive no faster from any one neighbour; see --up.  [default: unlimited]",
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
