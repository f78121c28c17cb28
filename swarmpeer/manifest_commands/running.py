"""
What the commands about manifests have in common: how they run, fail and tell how
far they are.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from swarmpeer.console import OutputError, ProgressLine, ReaderGone
from swarmpeer.errors import SwarmPeerError
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files.hashing import Progress
from swarmpeer.signals import Interrupted, raising_signals
from swarmpeer.text import size_text

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
        return _complain(name, error, FAILURE)
    except SwarmPeerError as error:
        return _complain(name, error, USAGE)
    except Interrupted as interruption:
        return 128 + interruption.number


def showing(line: ProgressLine, what: str) -> Progress:
    """
    What shows on C{line} how much is hashed.

    @param what: is hashed.
    """
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        def describe() -> str:
            rate = done / max(time.monotonic() - began, 0.001)
            return (
                f"{what}: {100 * done // max(total, 1)}% of {size_text(total)}, "
                f"{size_text(rate)}/s"
            )

        line.show(describe)

    return progress


def count(number: int, thing: str) -> str:
    """
    So many things, in words.
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def contents(manifest: Manifest) -> str:
    """
    How many files and links a manifest has.
    """
    links = sum(file.link_target is not None for file in manifest.files)
    files = count(len(manifest.files) - links, "file")
    return f"{files}, {count(links, 'link')}" if links else files


def warn(name: str, what: str) -> None:
    """
    Say in one line what is odd and no error.

    @param name: of the command.
    """
    _print_error(f"swarmpeer {name}: warning: {what}")


def _complain(name: str, error: SwarmPeerError, status: int) -> int:
    _print_error(f"swarmpeer {name}: {error}")
    return status


def _print_error(text: str) -> None:
    # Who does not see it does not miss it.
    with suppress(OSError):
        print(text, file=sys.stderr)
