"""
The command lines of the benchmarks.
"""

import argparse
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


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


def add_run_options(parser: argparse.ArgumentParser, runs: int = 5) -> None:
    """
    The options of every benchmark that repeats runs.
    """
    add = parser.add_argument
    add("--runs", type=whole_number, default=runs, metavar="N", help=f"rounds ({runs})")
    add("--timeout", type=float, default=300.0, metavar="SECONDS", help="of a run")
    add(
        "--data",
        type=existing_folder,
        default="/dev/shm" if os.path.isdir("/dev/shm") else None,
        metavar="DIR",
        help="where the files are; /dev/shm keeps the disk out of it",
    )
    add(
        "--profile",
        type=Path,
        metavar="FOLDER",
        help="put a profile of the reactor's thread of each peer of ours there, for "
        "python -m pstats; those of the last run stay",
    )


def add_network_option(parser: argparse.ArgumentParser) -> None:
    """
    The choice between the loopbacks.
    """
    parser.add_argument(
        "--network",
        choices=("auto", "private", "host"),
        default="auto",
        help="a private namespace, or the host's own loopback",
    )


def whole_number(text: str) -> int:
    """
    The type of an option that is a whole number, 1 or more.
    """
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")


def existing_folder(text: str) -> str:
    """
    The type of an option that is a folder which is there.
    """
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return text


def comma_list(item: Callable[[str], T]) -> Callable[[str], list[T]]:
    """
    The type of an option that takes several, with commas between.
    """

    def read(text: str) -> list[T]:
        return [item(each) for each in text.split(",")]

    return read


def one_of(word: str, names: Collection[str]) -> Callable[[str], str]:
    """
    The type of an option that is one of the names.

    @param word: what each of them is.
    """

    def read(text: str) -> str:
        if text in names:
            return text
        raise argparse.ArgumentTypeError(
            f"no {word} {text!r}; there are {', '.join(names)}"
        )

    return read
