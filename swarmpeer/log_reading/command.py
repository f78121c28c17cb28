"""
C{swarmpeer logs}: the protocol logs of a swarm, held against the protocol.
"""

import argparse
import os
from collections.abc import Sequence

from swarmpeer.arguments import path_type
from swarmpeer.commands import FAILURE, Commands, run_command
from swarmpeer.console import ProgressLine, say
from swarmpeer.errors import SwarmPeerError
from swarmpeer.log_reading.as_json import json_text
from swarmpeer.log_reading.as_text import text_lines
from swarmpeer.log_reading.checking import check_logs
from swarmpeer.log_reading.report import plot_file, report
from swarmpeer.log_reading.sources import (
    Source,
    config_beside,
    find_logs,
    find_terms,
    is_same_file,
)
from swarmpeer.text import printable

_DESCRIPTION = """\
Read the protocol logs of a whole swarm, of peers of ours or of any other program, and
tell for each rule of the protocol whether it was kept, with the first lines that show
it.  FILE is a log, log_peer_1001.log say, or a folder of them.

Give the logs of one run: a rule that concerns two peers is held against the logs of
both.  Wordings that other programs use are understood and told.
"""

_EPILOG = """\
examples:
  swarmpeer logs .                        the logs here, Common.cfg and PeerInfo.cfg
  swarmpeer logs log_peer_*.log --dir config      the configuration is elsewhere
  swarmpeer logs . --report swarm.html    and a page with pictures, in one file
  swarmpeer logs submission --exact --json > verdicts.json

Common.cfg and PeerInfo.cfg beside the logs are used, unless others are named.  Without
them what they would tell is concluded from the logs, or the rule is NOT SEEN.  They say
how many may be preferred and how often, how many pieces there are, who is a member, who
calls whom and who began with the file.

verdicts: PASS, FAIL, or NOT SEEN if nothing in the logs can tell.

exit status: 0 if no rule is broken, 1 if one is, 2 if something cannot be read or
written or the command is wrong, 130 after Ctrl-C, 143 after SIGTERM,
129 after SIGHUP.
"""


class ReportError(SwarmPeerError):
    """
    A report or a plot cannot be written.
    """


def add_parser(commands: Commands) -> None:
    """
    Make C{logs} one of the C{commands}.
    """
    parser = commands.add_parser(
        "logs",
        help="hold the protocol logs of a swarm against the rules, and draw them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        type=path_type,
        nargs="+",
        help="a log, or a folder of logs",
    )
    parser.add_argument(
        "--dir",
        metavar="DIR",
        type=path_type,
        help="where both Common.cfg and PeerInfo.cfg are",
    )
    parser.add_argument(
        "--common", metavar="FILE", type=path_type, help="the Common.cfg"
    )
    parser.add_argument(
        "--peers", metavar="FILE", type=path_type, help="the PeerInfo.cfg"
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="a wording that differs from the protocol's breaks a rule",
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        type=path_type,
        help="write a page with everything to FILE",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE.svg",
        type=path_type,
        help="draw its pictures alone to FILE",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, for programs"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Read them once.

    @return: the exit status.
    """
    return run_command("logs", lambda line: _logs(arguments, line))


def _logs(arguments: argparse.Namespace, line: ProgressLine) -> int:
    sources = find_logs(arguments.files)
    common, peers = config_beside(arguments.files, arguments.dir)
    terms = find_terms(arguments.common or common, arguments.peers or peers)
    targets = {arguments.report: report, arguments.plot: plot_file}
    targets.pop(None, None)
    for path in targets:
        _check_target(path, sources)
    checked = check_logs(
        sources,
        terms,
        is_exact=arguments.exact,
        telling=lambda path: line.show(lambda: f"reading {printable(path)}"),
    )
    line.clear()
    for path, draw in targets.items():
        _write(path, draw(checked))
    say(json_text(checked) if arguments.json else "\n".join(text_lines(checked)))
    return 0 if checked.ledger.is_good else FAILURE


def _check_target(path: str, sources: Sequence[Source]) -> None:
    """
    @raise ReportError: if a log stands where the report is to go.
    @raise LogError: if there is a report, and no log where one is to be.
    """
    for source in sources:
        if os.path.exists(path) and is_same_file(path, source.path):
            raise ReportError(
                f"{printable(path)} is one of the logs; give what is drawn another name"
            )


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ReportError(
            f"{printable(os.fspath(path))} cannot be written: {reason}"
        ) from error
