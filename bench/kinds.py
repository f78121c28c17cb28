"""
The kinds of peer by their names.
"""

import argparse
from collections.abc import Callable

from bench.bare_copy import BareCopy
from bench.command import CannotRun, tell
from bench.libtorrent_kind import Libtorrent
from bench.options import comma_list, json_object, one_of
from bench.ours import ClassicPeer, Tables, VerifiedPeer
from bench.peers import PeerKind
from bench.programs.kind import OtherProgram
from swarmpeer.arguments import seconds_type, type_of
from swarmpeer.config.swarm_keys import TOP
from swarmpeer.policies import find_choking, find_picker

CLASSIC = "classic"
KINDS = (
    "swarmpeer",
    "swarmpeer-classic",
    "libtorrent",
    "libtorrent-v2",
    "libtorrent-waits",
    "rtorrent",
    "aria2",
    "transmission",
    "bare-copy",
)

# Keeps the rounds from being what is measured.
_SHORT_SECONDS = 0.02


def add_kind_options(parser: argparse.ArgumentParser, kinds: str) -> None:
    """
    The options that choose kinds and set them up.

    @param kinds: the usual ones, with commas.
    """
    add = parser.add_argument
    add(
        "--peers",
        type=comma_list(one_of("kind", KINDS)),
        default=kinds,
        metavar="KINDS",
        help="kinds with commas between; the first is compared with the others "
        f"(default: {kinds})",
    )
    for policy, find in (("--choking", find_choking), ("--picking", find_picker)):
        add(
            policy,
            type=_name_for(find),
            metavar="NAME",
            help="of swarmpeer, instead of the usual",
        )
    add(
        "--no-protocol-log",
        dest="writes_log",
        action="store_false",
        help="swarmpeer writes no log of what is said, which shows what the log costs",
    )
    add(
        "--interval",
        type=seconds_type(0.001, 3600),
        metavar="SECONDS",
        help="between two choke rounds of ours; by default the usual ones of a "
        f"swarm.toml, and {_SHORT_SECONDS} where choking is {CLASSIC}, which serves "
        "nobody before the first round; 1 is the shortest of a Common.cfg",
    )
    add(
        "--settings",
        type=json_object,
        default={},
        metavar="JSON",
        help="session settings of libtorrent, over the best found",
    )


def chosen_kinds(
    options: argparse.Namespace, *, is_watched: bool = True
) -> list[PeerKind]:
    """
    Those of C{--peers} that can run here; says which cannot.

    @param is_watched: see L{VerifiedPeer}.
    @raise CannotRun: if none can.
    """
    short = options.interval or _SHORT_SECONDS
    every: list[PeerKind] = [
        VerifiedPeer(
            "swarmpeer",
            _tables(options),
            serves_all=options.choking == CLASSIC,
            is_watched=is_watched,
        ),
        ClassicPeer("swarmpeer-classic", short, short),
        Libtorrent("libtorrent", options.settings),
        Libtorrent("libtorrent-v2", options.settings, version=2),
        Libtorrent("libtorrent-waits", options.settings, waits=True),
        OtherProgram("rtorrent", "rtorrent", "rtorrent"),
        OtherProgram("aria2", "aria2c", "aria2"),
        OtherProgram("transmission", "transmission-daemon", "transmission-daemon"),
        BareCopy("bare-copy"),
    ]
    kinds = {kind.name: kind for kind in every}
    present = []
    for name in options.peers:
        kind = kinds[name]
        if missing := kind.missing():
            tell(f"{name} is left out: {missing}")
        else:
            present.append(kind)
    if not present:
        raise CannotRun("none of --peers is left to be run")
    return present


def _name_for(find: Callable[[str], object]) -> Callable[[str], str]:
    """
    The type of an option that is a name which C{find} finds.
    """

    def read(text: str) -> str:
        find(text)
        return text

    return type_of(read)


def _tables(options: argparse.Namespace) -> Tables:
    tables: dict[str, dict[str, object]] = {}
    if not options.writes_log:
        tables[TOP] = {"protocol_log": False}
    for key in ("choking", "picking"):
        if (name := getattr(options, key)) is not None:
            tables.setdefault("policy", {})[key] = name
    interval = options.interval
    if interval is None and options.choking == CLASSIC:
        interval = _SHORT_SECONDS
    if interval is not None:
        keys = ("unchoking_interval", "optimistic_interval")
        tables["timing"] = dict.fromkeys(keys, interval)
    return tables
