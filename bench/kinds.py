"""
The kinds of peer by their names.
"""

import argparse
import json
import sys
from collections.abc import Callable

from bench.bare_copy import BareCopy
from bench.libtorrent_kind import Libtorrent
from bench.options import comma_list, one_of
from bench.ours import ClassicPeer, Tables, VerifiedPeer
from bench.peers import PeerKind
from bench.programs.kind import OtherProgram
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
            type=_found_by(find),
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
        type=float,
        metavar="SECONDS",
        help="between two choke rounds of ours; by default the usual ones of a "
        f"swarm.toml, and {_SHORT_SECONDS} where choking is {CLASSIC}, which serves "
        "nobody before the first round; 1 is the shortest of a Common.cfg",
    )
    add(
        "--settings",
        type=json.loads,
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
            print(f"{name} is left out: {missing}", file=sys.stderr)
        else:
            present.append(kind)
    return present


def _found_by(find: Callable[[str], object]) -> Callable[[str], str]:
    """
    The type of an option that is a name which C{find} finds.
    """

    def read(text: str) -> str:
        try:
            find(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return read


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
