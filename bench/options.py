"""
What the options of the benchmarks have in common: groups of them, and their types.
"""

import argparse
import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from swarmpeer.arguments import seconds_type, type_of, whole_type
from swarmpeer.manifest.parsing import MAX_PIECES
from swarmpeer.manifest_commands.make import piece_size_type
from swarmpeer.quantities import format_size, parse_size
from swarmpeer.text import quoted

__all__ = [
    "LONGEST_SECONDS",
    "add_network_option",
    "add_run_options",
    "check_pieces",
    "comma_list",
    "existing_folder",
    "json_object",
    "new_file",
    "one_of",
    "piece_size_type",
    "size_or_none_type",
    "size_type",
    "watched_seconds",
    "whole_number",
]

T = TypeVar("T")

LONGEST_SECONDS = 86_400
"""
Nothing takes longer than a day.
"""

whole_number = whole_type(1)
watched_seconds = seconds_type(0.1, LONGEST_SECONDS)


def add_run_options(parser: argparse.ArgumentParser, runs: int = 5) -> None:
    """
    The options of every benchmark that repeats runs.
    """
    add = parser.add_argument
    add("--runs", type=whole_number, default=runs, metavar="N", help=f"rounds ({runs})")
    add(
        "--timeout",
        type=watched_seconds,
        default=300.0,
        metavar="SECONDS",
        help="of a run (300)",
    )
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
        help="put a profile of the reactor's thread of each peer of ours there, but "
        "for a crowd's, for python -m pstats; those of the last run stay",
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


def check_pieces(
    parser: argparse.ArgumentParser,
    size_bytes: int,
    piece_size_bytes: int,
    *,
    are_whole: bool = False,
) -> None:
    """
    Refuse a size that cannot be had in such pieces.

    @param are_whole: has the file to be of whole pieces, two at least?
    """
    size, piece = format_size(size_bytes), format_size(piece_size_bytes)
    if size_bytes > MAX_PIECES * piece_size_bytes:
        parser.error(f"{size} are more than {MAX_PIECES:,} pieces of {piece}")
    if are_whole and (
        size_bytes % piece_size_bytes or size_bytes < 2 * piece_size_bytes
    ):
        parser.error(f"{size} are not two or more whole pieces of {piece}")


@type_of
def size_or_none_type(text: str) -> int:
    """
    The type of an option that is a size, or 0.
    """
    return parse_size(text)


@type_of
def size_type(text: str) -> int:
    """
    The type of an option that is a size of something.
    """
    size = parse_size(text)
    if not size:
        raise ValueError(f"{quoted(text)} is no size above 0")
    return size


@type_of
def existing_folder(text: str) -> str:
    """
    The type of an option that is a folder which is there.
    """
    if not os.path.isdir(text):
        raise ValueError(f"{quoted(text)} is no folder")
    return text


@type_of
def new_file(text: str) -> Path:
    """
    The type of an option that is a file which can be made, or written anew.
    """
    path = Path(text)
    if not text or path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"{quoted(text)} is no file in a folder that is there")
    return path


@type_of
def json_object(text: str) -> dict[str, object]:
    """
    The type of an option that is an object of JSON.
    """
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{quoted(text)} is no object of JSON")
    return value


def comma_list(item: Callable[[str], T]) -> Callable[[str], list[T]]:
    """
    The type of an option that takes several, with commas between.
    """

    return lambda text: [item(each) for each in text.split(",")]


def one_of(word: str, names: Collection[str]) -> Callable[[str], str]:
    """
    The type of an option that is one of the names.

    @param word: what each of them is.
    """

    def read(text: str) -> str:
        if text in names:
            return text
        raise ValueError(f"no {word} {quoted(text)}; there are {', '.join(names)}")

    return type_of(read)
