"""
C{swarmpeer simulate}: its options, and what it says and writes.
"""

import argparse
import shutil
import sys
import textwrap
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, TypeVar

from swarmpeer.arguments import path_type, whole_type
from swarmpeer.console import OutputError, ProgressLine, ReaderGone
from swarmpeer.errors import Interrupted, SwarmPeerError
from swarmpeer.signals import raising_signals
from swarmpeer.simulate.replay import add_options
from swarmpeer.testing.names import ROLE_NAMES

if TYPE_CHECKING:
    from swarmpeer.simulate.runs import Simulate

USAGE = 2

MOST_RUNS = 10**9
MOST_JOBS = 256

_NAME = "swarmpeer simulate"

_ROLES = textwrap.fill(
    ", ".join(sorted(ROLE_NAMES)),
    82,
    initial_indent="  ",
    subsequent_indent="  ",
    break_on_hyphens=False,
)

_DESCRIPTION = """\
Run a whole swarm in virtual time, in this one process: the same code that runs on
a host, on a simulated clock, network and disk.  All chance comes from one seed, so
a run that failed can be run again, event for event.
"""

_EPILOG = f"""\
examples:
  swarmpeer simulate                               six peers, nothing goes wrong
  swarmpeer simulate --peers 100 --free-riders 10 --file-size 6M \\
      --piece-size 64K --up 50kB --seed-up 400kB --neighbors 20 --no-disk \\
      --no-checks --plot hundred.svg
                                                   a hundred, ten of which never
                                                   give, and a picture of it
  swarmpeer simulate --faults wild --hostile 0.3 --seed 7
                                                   crashes, cuts, full disks, liars
  swarmpeer simulate --faults wild --runs 1000 --jobs 2
                                                   seeds 0 to 999, on two cores
  swarmpeer simulate --runs 50 --json > runs.jsonl one object a line

sizes are in powers of 1024 (16K, 64M), rates in powers of 1000 (50Mbit, 1MB; a
plain number is bytes per second).

hostile roles:
{_ROLES}

all know each other unless --neighbors says less.  The cost grows with the haves:
peers times neighbours times pieces.  Fewer neighbours, larger pieces and --no-checks
make large swarms quick.

exit status: 0 if every rule held, 1 if not (each breach gets a line, and the last
line is the command that replays the smallest failing run that was found), 2 if it
cannot be done as asked, 130 after Ctrl-C, 143 after SIGTERM,
129 after SIGHUP.
"""

_Parser = TypeVar("_Parser", bound=argparse.ArgumentParser)


def add_parser(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """
    Make C{simulate} one of the C{commands}.
    """
    parser = commands.add_parser(
        "simulate",
        help="run a whole swarm in virtual time, with all that can go wrong",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    group = parser.add_argument_group("running it")
    group.add_argument(
        "--runs",
        type=whole_type(1, MOST_RUNS),
        metavar="N",
        default=1,
        help="so many runs, each with the next seed (default: 1)",
    )
    group.add_argument(
        "--jobs",
        type=whole_type(1, MOST_JOBS),
        metavar="N",
        default=1,
        help="processes that share the runs (default: 1)",
    )
    group.add_argument(
        "--no-checks",
        dest="checks",
        action="store_false",
        help="do not look after every event whether all rules hold",
    )
    group.add_argument(
        "--no-shrink",
        dest="shrinks",
        action="store_false",
        help="do not look for a smaller run that fails as well",
    )
    group = parser.add_argument_group("what comes out")
    group.add_argument(
        "--json", action="store_true", help="one JSON object per run and line"
    )
    group.add_argument(
        "--trace",
        metavar="FILE",
        type=path_type,
        help="write one line per event to FILE",
    )
    group.add_argument(
        "--plot", metavar="FILE.svg", type=path_type, help="draw the run into FILE.svg"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, simulate: "Simulate | None" = None) -> int:
    """
    Simulate what was asked for.

    @param simulate: what runs a scenario; with several jobs, a function that
        other processes can import; by default
        L{swarmpeer.testing.swarm.simulate}.
    @return: the exit status.
    """
    # Only now: no other command needs the simulator, which takes a while to load.
    from swarmpeer.simulate.session import FAILURE, Session
    from swarmpeer.testing import swarm

    simulate = simulate or swarm.simulate
    line = ProgressLine(
        sys.stderr, time.monotonic, lambda: shutil.get_terminal_size().columns
    )
    try:
        with raising_signals() as interruption, ExitStack() as at_the_end:
            at_the_end.callback(line.clear)
            session = Session(arguments, simulate, line, at_the_end, interruption.look)
            return session.run()
    except ReaderGone:
        return FAILURE
    except OutputError as error:
        return _complain(error, FAILURE)
    except SwarmPeerError as error:
        return _complain(error, USAGE)
    except Interrupted as interruption:
        return 128 + interruption.number


def _complain(error: SwarmPeerError, status: int) -> int:
    with suppress(OSError):
        print(f"{_NAME}: {error}", file=sys.stderr)
    return status
