"""
What all commands have in common: their parsers, how they run, and how they fail.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from swarmpeer.console import OutputError, ProgressLine, ReaderGone
from swarmpeer.errors import Interrupted, SwarmPeerError
from swarmpeer.signals import raising_signals

FAILURE = 1
USAGE = 2


class Commands(Protocol):
    """
    What takes the parsers of commands: what C{add_subparsers} gives.
    """

    def add_parser(
        self,
        name: str,
        *,
        help: str,
        description: str,
        epilog: str,
        formatter_class: type[argparse.HelpFormatter],
    ) -> argparse.ArgumentParser:
        """
        Add the parser of one command.
        """


def run_command(name: str, work: Callable[[ProgressLine], int]) -> int:
    """
    Do the work of the command C{name}, and say in one line why it failed.

    @return: the exit status.
    """
    line = ProgressLine(
        sys.stderr, time.monotonic, lambda: shutil.get_terminal_size().columns
    )
    try:
        with raising_signals():
            try:
                return work(line)
            finally:
                line.clear()
    except ReaderGone:
        return FAILURE
    except OutputError as error:
        complain(f"swarmpeer {name}: {error}")
        return FAILURE
    except SwarmPeerError as error:
        complain(f"swarmpeer {name}: {error}")
        return USAGE
    except Interrupted as interruption:
        return 128 + interruption.number


def warn(name: str, what: str) -> None:
    """
    Say in one line what is odd and no error.

    @param name: of the command.
    """
    complain(f"swarmpeer {name}: warning: {what}")


def complain(text: str) -> None:
    """
    Say a line on standard error.
    """
    # Who does not see it does not miss it.
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
