"""
C{swarmpeer check}: its options, and one check in a process of its own.
"""

import argparse
from contextlib import closing
from pathlib import Path

from swarmpeer.arguments import (
    id_type,
    ids_type,
    path_type,
    port_type,
    seconds_type,
    type_of,
)
from swarmpeer.commands import FAILURE, Commands, run_command
from swarmpeer.config import COMMON_NAME, PEERS_NAME, CommonConfig, PeerInfo
from swarmpeer.config_files import read_text
from swarmpeer.conformance.checking import Report
from swarmpeer.conformance.clauses import CLAUSES
from swarmpeer.conformance.file_source import FileSource, find_file
from swarmpeer.conformance.plan import CheckError, Plan, make_plan
from swarmpeer.conformance.report import clause_lines, report_json, report_lines
from swarmpeer.conformance.running import run_check
from swarmpeer.conformance.subject import Patience, patience_for
from swarmpeer.console import ProgressLine, say
from swarmpeer.core.layout import PieceLayout
from swarmpeer.text import quoted

NAME = "check"

_DESCRIPTION = """\
Check whether a peer, of whatever program, keeps to the classic protocol: talk with it
as other members of its list, and give a verdict on each clause of docs/wire.md, with
the bytes that show it.

The peer must run already, or with --listen be started soon.  A check takes from half a
minute on, by the intervals of Common.cfg, and ends as the peer does: at the end all are
complete.
"""

_EPILOG = """\
examples:
  swarmpeer check localhost:6001                call a peer that runs
  swarmpeer check --id 1003 --listen 6001       be called by 1003, as who has port 6001
  swarmpeer check localhost:6001 --dir project --file tree.jpg
  swarmpeer check localhost:6001 --only W-PC-1,W-PC-2
  swarmpeer check --list                        all clauses

docs/conformance.md goes through a check step by step.

exit status: 0 if no clause failed that a peer must keep, 1 if one did, or if so much
was said that the check was given up, 2 if nothing could be checked: one line says why;
130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{check} one of the C{commands}.
    """
    parser = commands.add_parser(
        NAME,
        help="does a peer of any program keep to the classic protocol?",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("address", metavar="HOST:PORT", nargs="?", help="where the peer listens")
    add("--id", type=id_type, metavar="ID", help="its id (default: by HOST:PORT)")
    add(
        "--dir",
        type=path_type,
        default=".",
        metavar="DIR",
        help=f"the working folder, with {COMMON_NAME} and {PEERS_NAME} (default: .)",
    )
    add(
        "--file",
        type=path_type,
        metavar="FILE",
        help="the file of the swarm (default: that in the folder of a peer in DIR)",
    )
    add(
        "--listen",
        type=port_type,
        metavar="PORT",
        action="append",
        default=[],
        help="wait to be called there, as the member that has that port; may be given "
        "again for more",
    )
    add(
        "--play",
        type=ids_type,
        metavar="ID,...",
        default=(),
        help="as whom to talk (default: all members that do not run)",
    )
    add(
        "--only",
        type=type_of(_clauses),
        metavar="CLAUSE,...",
        default=(),
        help="check these clauses only, and do only what they take",
    )
    add(
        "--patience",
        type=seconds_type(0.1, 600),
        metavar="SECONDS",
        default=Patience().answer,
        help="how long an answer may take (default: 3); a slow network needs more",
    )
    add("--verbose", action="store_true", help="show the bytes of what passed, too")
    add("--json", action="store_true", help="one JSON object instead of lines")
    add("--list", action="store_true", help="tell all clauses, and check nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Check once; this process is there for nothing else.

    @return: the exit status.
    """
    return run_command(NAME, lambda line: _run(arguments, line))


def _run(arguments: argparse.Namespace, line: ProgressLine) -> int:
    if arguments.list:
        say("\n".join(clause_lines()))
        return 0
    folder = Path(arguments.dir)
    common_path, peers_path = folder / COMMON_NAME, folder / PEERS_NAME
    common = CommonConfig.parse(read_text(common_path), str(common_path))
    members = PeerInfo.parse_list(read_text(peers_path), str(peers_path))
    plan = make_plan(
        members, arguments.address, arguments.id, arguments.play, arguments.listen
    )
    layout = PieceLayout(common.file_size_bytes, common.piece_size_bytes)
    with closing(FileSource(_path(arguments, folder, common, plan), layout)) as source:
        report = run_check(
            plan,
            common,
            source,
            patience_for(arguments.patience),
            plays_all=bool(arguments.play),
            only=arguments.only,
            progress=lambda what: line.show(lambda: f"check: {what}"),
        )
    line.clear()
    if not report.was_met:
        raise CheckError(_why_not_met(report))
    if arguments.json:
        say(report_json(report))
    else:
        say("\n".join(report_lines(report, is_verbose=arguments.verbose)))
    return 0 if report.is_good else FAILURE


def _path(
    arguments: argparse.Namespace, folder: Path, common: CommonConfig, plan: Plan
) -> Path:
    if arguments.file is not None:
        return Path(arguments.file)
    seeds = [each.peer_id for each in plan.members if each.has_file]
    return find_file(folder, [plan.tested.peer_id, *seeds], common.file_name)


def _why_not_met(report: Report) -> str:
    """
    Why no connection with the peer ever stood.
    """
    reason = next((each.why for each in report.results if each.why), "no reason")
    return f"peer {report.subject.tested.peer_id} was not met: {reason}; does it run?"


def _clauses(text: str) -> tuple[str, ...]:
    wanted = tuple(each.strip().upper() for each in text.split(","))
    for each in wanted:
        if each not in CLAUSES:
            raise ValueError(f"there is no clause {quoted(each)}; --list tells all")
    return wanted
