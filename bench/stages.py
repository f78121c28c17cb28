"""
Where runs take place: a folder for the files, and a network.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.command import CannotRun
from bench.network import (
    congestion_control,
    enter_private_network,
    loopback_hosts,
    private_hosts,
)
from bench.peers import Host
from bench.rounds import Stage


@contextlib.contextmanager
def loopback_stage(options: argparse.Namespace) -> Iterator[Stage]:
    """
    What the options ask for; the files are removed after it.
    """
    network, hosts = _network(options.network)
    profiles = profiles_of(options)
    with data_folder(options.data) as place:
        yield Stage(place, network, hosts, options.timeout, profiles=profiles)


@contextlib.contextmanager
def data_folder(parent: str | None) -> Iterator[Path]:
    """
    A folder in C{parent} that is removed again.

    @raise CannotRun: if none can be made there.
    """
    # Clean up behind a polite end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        folder = tempfile.TemporaryDirectory(prefix="bench-", dir=parent)
    except OSError as error:
        raise CannotRun(f"--data: {error}") from None
    with folder as name:
        yield Path(name)


def profiles_of(options: argparse.Namespace) -> Path | None:
    """
    The folder for the profiles, made.

    @raise CannotRun: if it cannot be made.
    """
    profiles: Path | None = options.profile
    if profiles is not None:
        try:
            profiles.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotRun(f"--profile: {error}") from None
        profiles = profiles.absolute()
    return profiles


def _network(wish: str) -> tuple[str, Callable[[int], tuple[Host, ...]]]:
    if wish != "host":
        try:
            enter_private_network()
        except OSError as error:
            if wish == "private":
                raise CannotRun(f"no private network here: {error}") from None
        else:
            return f"private loopback, {congestion_control()}", private_hosts
    return f"host loopback, {congestion_control()}", loopback_hosts
