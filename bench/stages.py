"""
Where runs take place: a folder for the files, and a network.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from bench.network import (
    congestion_control,
    enter_private_network,
    loopback_hosts,
    private_hosts,
)
from bench.peers import Host
from bench.rounds import Stage

T = TypeVar("T")


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


@contextlib.contextmanager
def loopback_stage(options: argparse.Namespace) -> Iterator[Stage]:
    """
    What the options ask for; the files are removed after it.
    """
    network, hosts = _network(options.network)
    with data_folder(options.data) as place:
        yield Stage(
            place, network, hosts, options.timeout, profiles=profiles_of(options)
        )


@contextlib.contextmanager
def data_folder(parent: str | None) -> Iterator[Path]:
    """
    A folder in C{parent} that is removed again.
    """
    # Clean up behind a polite end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name:
        yield Path(name)


def profiles_of(options: argparse.Namespace) -> Path | None:
    """
    The folder for the profiles, made.
    """
    profiles: Path | None = options.profile
    if profiles is not None:
        profiles.mkdir(parents=True, exist_ok=True)
        profiles = profiles.absolute()
    return profiles


def _network(wish: str) -> tuple[str, Callable[[int], tuple[Host, ...]]]:
    if wish != "host":
        try:
            enter_private_network()
        except OSError as error:
            if wish == "private":
                sys.exit(f"no private network here: {error}")
        else:
            return f"private loopback, {congestion_control()}", private_hosts
    return f"host loopback, {congestion_control()}", loopback_hosts
