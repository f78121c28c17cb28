"""
C{swarmpeer lab}: its options, and one run of it in a process of its own.
"""

import argparse
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar

from swarmpeer.arguments import path_type, whole_type
from swarmpeer.commands import complain, run_command
from swarmpeer.config import CommonConfig
from swarmpeer.console import is_terminal
from swarmpeer.lab.folder import LabError, LabFolder, SourceFile, free_ports
from swarmpeer.lab.plan import (
    LabPlan,
    carried_name,
    choose_piece_size,
    peer_argv,
    plan_peers,
)
from swarmpeer.lab.running import LabRun, digest, spawn
from swarmpeer.lab.screen import PlainScreen, Screen, TerminalScreen
from swarmpeer.lab.sockets import Sockets
from swarmpeer.lab.swarm import BuildArgv, Lab
from swarmpeer.lab.web import ANY_PORT, LabPage, with_page
from swarmpeer.listening import named_endpoint
from swarmpeer.own_process import monotonic_reactor
from swarmpeer.running import run_in_reactor
from swarmpeer.signals import ignore_signals
from swarmpeer.text import printable, size_text
from swarmpeer.web_place import read_token
from swarmpeer.wire.codec import MAX_PIECE_SIZE_BYTES

LEAST_PEERS = 2
MOST_PEERS = 64

_DESCRIPTION = """\
Make a whole swarm on this machine and watch it spread FILE.

Each peer is a process of its own, as it would be on a host of its own: it reads
Common.cfg and PeerInfo.cfg, listens on a free port of 127.0.0.1 and keeps its
copy in a folder of its own.  On a terminal a table shows how far each one is and
whom it serves; at the end every copy is compared with FILE.
"""

_EPILOG = """\
examples:
  swarmpeer lab big.iso                         six peers, one has the file
  swarmpeer lab big.iso --peers 12 --seeds 2    more of both
  swarmpeer lab big.iso --preferred 2 --unchoking 5 --optimistic 15
                                                a slower, closer swarm
  swarmpeer lab big.iso --keep /tmp/swarm       keep configuration, logs and files
  swarmpeer lab big.iso > lab.txt               plain lines instead of the table
  swarmpeer lab big.iso --web --stay            also a page in the browser, whose
                                                address is told; it stays at the end
  swarmpeer lab big.iso --web tcp:8080:interface=127.0.0.1
                                                the page at a port of your choice

exit status: 0 if every copy is identical and every peer ended by itself, 1 if
not, 2 if the lab cannot be made as asked, 130 after Ctrl-C, 143 after SIGTERM,
129 after SIGHUP.  However the lab ends, no peer is left running.
"""

_ENDPOINT_ADVICE = """\
give one such as tcp:8080:interface=127.0.0.1, or FILE before --web"""


_Parser = TypeVar("_Parser", bound=argparse.ArgumentParser)


def add_parser(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """
    Make C{lab} one of the C{commands}.
    """
    parser = commands.add_parser(
        "lab",
        help="make a swarm on this machine and watch it spread a file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", type=path_type, help="the file to spread"
    )
    add = partial(_add_number, parser)
    add("--peers", "N", 6, "how many peers", LEAST_PEERS, MOST_PEERS)
    add("--seeds", "N", 1, "how many of them have the file from the start")
    add(
        "--piece-size",
        "BYTES",
        None,
        "bytes per piece (default: by the file's size)",
        most=MAX_PIECE_SIZE_BYTES,
    )
    add("--preferred", "N", 3, "neighbours that a peer serves for what they give")
    add("--unchoking", "SECONDS", 1, "between two choices of those")
    add("--optimistic", "SECONDS", 3, "between two draws of one more, served by lot")
    add("--timeout", "SECONDS", 300, "after which the lab is given up")
    parser.add_argument(
        "--keep",
        metavar="DIR",
        type=path_type,
        help="keep configuration, logs and files in DIR, which is new or empty "
        "(default: a temporary folder that is removed)",
    )
    parser.add_argument(
        "--web",
        metavar="ENDPOINT",
        nargs="?",
        const=ANY_PORT,
        help="show the swarm in a page at this Twisted endpoint "
        f"(without one: {ANY_PORT}, a free port of this machine)",
    )
    parser.add_argument(
        "--web-token-file",
        metavar="PATH",
        type=path_type,
        help="the file with the token that whoever looks at the page has to know; "
        "without one it is for this machine alone",
    )
    parser.add_argument(
        "--stay",
        action="store_true",
        help="with --web: leave the page up when the swarm is done, until Ctrl-C",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, build_argv: BuildArgv = peer_argv) -> int:
    """
    Run one lab from beginning to end; this process is there for nothing else.

    @param build_argv: the command of each peer.
    @return: the exit status.
    """

    def work(_: object) -> int:
        with ExitStack() as at_the_end:
            return _run(arguments, build_argv, at_the_end)

    return run_command("lab", work)


def _run(
    arguments: argparse.Namespace, build_argv: BuildArgv, at_the_end: ExitStack
) -> int:
    source = SourceFile.examine(arguments.file)
    plan = _plan(arguments, source)
    reactor = monotonic_reactor()
    endpoint = named_endpoint(reactor, "web", arguments.web, _ENDPOINT_ADVICE)
    token_file = arguments.web_token_file
    token = None if token_file is None else read_token(token_file)
    folder = LabFolder.make(arguments.keep)
    at_the_end.callback(folder.close)
    at_the_end.callback(ignore_signals)
    page, where = None, ""
    if endpoint is not None:
        peer_ids = [peer.peer_id for peer in plan.peers]
        sockets = Sockets(folder.path, peer_ids)
        at_the_end.callback(sockets.close)
        build_argv = with_page(build_argv, sockets)
        page = LabPage(reactor, endpoint, sockets, peer_ids, token)
        where = page.start()
    try:
        folder.fill(plan, source)
    except BaseException:
        folder.discard()
        raise
    screen = _screen()
    screen.tell(_introduction(plan, source, folder))
    if page is not None:
        screen.tell(f"page: {where}")
    lab = Lab(
        plan,
        folder,
        source,
        screen,
        partial(spawn, reactor),
        reactor,
        partial(digest, reactor),
        build_argv,
        arguments.timeout,
        None if page is None else page.end_peer,
    )
    lab_run = LabRun(lab, page, screen, stays=arguments.stay)
    try:
        return run_in_reactor(lambda _: lab_run.run(), lab_run.interrupt)
    finally:
        screen.close()
        if screen.is_gone:
            complain("swarmpeer lab: the output cannot be written")


def _plan(arguments: argparse.Namespace, source: SourceFile) -> LabPlan:
    """
    @raise LabError: if the options do not go together.
    @raise swarmpeer.errors.ConfigError: if the configuration cannot say them.
    """
    if arguments.web is None and (arguments.stay or arguments.web_token_file):
        raise LabError("--stay and --web-token-file are about a page; add --web")
    if arguments.seeds > arguments.peers:
        raise LabError(
            f"--seeds {arguments.seeds} is more than --peers {arguments.peers}"
        )
    common = CommonConfig(
        arguments.preferred,
        arguments.unchoking,
        arguments.optimistic,
        source.path.name,
        source.size_bytes,
        arguments.piece_size or choose_piece_size(source.size_bytes),
    )
    common = replace(common, file_name=carried_name(common))
    common.format()
    return LabPlan(common, plan_peers(free_ports(arguments.peers), arguments.seeds))


def _introduction(plan: LabPlan, source: SourceFile, folder: LabFolder) -> str:
    """
    What is going to happen, in a few lines.
    """
    name = printable(source.path.name)
    common = plan.common
    seeds = sum(peer.has_file for peer in plan.peers)
    lines = [
        f"{name}: {size_text(common.file_size_bytes)}, "
        f"pieces of {common.piece_size_bytes} bytes: {plan.layout.piece_count}; "
        f"peers: {len(plan.peers)}, with the file: {seeds}"
    ]
    if common.file_name != source.path.name:
        lines.append(
            f"in the swarm it is called {common.file_name}, "
            "since Common.cfg cannot carry its own name"
        )
    if folder.is_kept:
        lines.append(f"everything is kept in {printable(folder.path)}")
    return "\n".join(lines)


def _screen() -> Screen:
    """
    A table if somebody looks at it, else lines.
    """
    if is_terminal(sys.stdout):
        return TerminalScreen(sys.stdout, lambda: shutil.get_terminal_size((100, 24)))
    return PlainScreen(sys.stdout)


def _add_number(
    parser: argparse.ArgumentParser,
    flag: str,
    metavar: str,
    default: int | None,
    meaning: str,
    least: int = 1,
    most: int | None = None,
) -> None:
    """
    Add an option that takes a whole number from C{least} to C{most}.
    """
    if default is not None:
        meaning += f" (default: {default})"
    parser.add_argument(
        flag,
        type=whole_type(least, most),
        metavar=metavar,
        default=default,
        help=meaning,
    )
