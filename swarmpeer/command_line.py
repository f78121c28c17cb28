"""
All commands of C{swarmpeer}, and how one of them is run.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from swarmpeer import __version__
from swarmpeer.config_commands import command as config
from swarmpeer.conformance import command as check
from swarmpeer.lab import command as lab
from swarmpeer.log_reading import command as logs
from swarmpeer.manifest_commands import make, show, verify
from swarmpeer.simulate import command as simulate
from swarmpeer.status_commands import status, wait
from swarmpeer.text import printable

_DESCRIPTION = """\
swarmpeer gets a large file or a folder onto every machine that needs it: each peer
serves the pieces that it already holds while it fetches the rest.
"""

_EPILOG = """\
see it at work on this machine, with any file:
  swarmpeer lab FILE

see ten of a hundred peers that never give fall behind, on simulated machines:
  swarmpeer simulate --peers 100 --free-riders 10 --file-size 6M \\
      --piece-size 64K --up 50kB --seed-up 400kB --neighbors 20 --no-disk \\
      --no-checks --plot hundred.svg

run a verified swarm of a file or a folder, of which every piece is checked: name
the manifest and the members in a swarm.toml, and start one peer on each host:
  swarmpeer make FOLDER
  swarmpeer config check
  twistd -n swarmpeer --swarm swarm.toml --id 1001

see how far everybody is, and wait until all are done:
  swarmpeer status --watch
  swarmpeer wait --timeout 3600

compare any copy with the manifest, piece by piece:
  swarmpeer verify FOLDER.torrent FOLDER

run one peer of a classic swarm, on each host, in any order, or make it a verified one:
  twistd -n swarmpeer --id 1001
  swarmpeer config convert

what a command does and takes:
  swarmpeer COMMAND --help
"""


class OneLineParser(argparse.ArgumentParser):
    """
    Says what is wrong in one line, where argparse would print its usage first.
    """

    def parse_known_args(
        self, args: Any = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """
        Whose words they are that nobody knows is told by the command itself, not by
        the program that it is a command of; and before it is told what is missing.
        """
        needed = [action for action in self._actions if action.required]
        for action in needed:
            action.required = False
        try:
            _, unknown = super().parse_known_args(args)
        finally:
            for action in needed:
                action.required = True
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """
        End with status 2.
        """
        self.exit(2, f"{self.prog}: {printable(message)} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """
    The commands and their options.  Each command is a module that adds a parser
    of its own, with a C{run} that takes the arguments and gives the exit status.
    """
    parser = OneLineParser(
        prog="swarmpeer",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"swarmpeer {__version__}"
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    config.add_parser(commands)
    lab.add_parser(commands)
    make.add_parser(commands)
    show.add_parser(commands)
    verify.add_parser(commands)
    logs.add_parser(commands)
    simulate.add_parser(commands)
    check.add_parser(commands)
    status.add_parser(commands)
    wait.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    @param arguments: those behind the program's name; by default this process's.
    @return: the exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        # A file name need not be text that the terminal can show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parsed = build_parser().parse_args(arguments)
    return flushed(parsed.run(parsed))


def flushed(status: int) -> int:
    """
    Write out what was said.

    @param status: the exit status so far.
    @return: the same, or 1 instead of 0 if not all of it could be written.
    """
    if all([_is_flushed(stream) for stream in (sys.stdout, sys.stderr)]):
        return status
    return status or 1


def _is_flushed(stream: TextIO | None) -> bool:
    """
    Let nothing wait for the end of the interpreter, which answers a reader that
    is gone with a status of its own.

    @return: was all of it written?
    """
    if stream is None:
        # It was closed before we began.
        return False
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return False
    return True
