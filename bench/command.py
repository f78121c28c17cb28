"""
A benchmark as a command: its parser, and how it ends.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

NOTHING_WAS_RUN = 2
"""
The exit status where nothing could be run as it was asked for, as C{argparse} has it.
"""

INTERRUPTED = 130
"""
That after Ctrl-C.
"""


class CannotRun(Exception):
    """
    What is asked for cannot be run here; the text says why.
    """


def parser_of(module: str, description: str | None) -> argparse.ArgumentParser:
    """
    A parser without any options yet.

    @param module: what is run with C{python -m}.
    @param description: what C{--help} tells, line by line.
    """
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def end_with(main: Callable[[], int]) -> NoReturn:
    """
    Run C{main} and end with its status.  What cannot be run, and Ctrl-C, are told in a
    line and have a status of their own.
    """
    try:
        status = main()
    except CannotRun as why:
        tell(str(why))
        status = NOTHING_WAS_RUN
    except KeyboardInterrupt:
        tell("interrupted")
        status = INTERRUPTED
    sys.exit(status)


def tell(*lines: str) -> None:
    """
    Print what is for people, on the standard error.
    """
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def tell_table(title: str, lines: Iterable[str]) -> None:
    """
    Print a table with a line above it.
    """
    tell(title, *lines)
