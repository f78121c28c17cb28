"""
Hosts of their own on one machine: network namespaces on a bridge, with a bounded
rate to and from each.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.bound import Link
from bench.network import CONGESTION, congestion_control, free_ports
from bench.peers import Host

_NET = "10.78.0"
_BRIDGE = "bench"

# What may wait before a link: 50 ms of its rate, and a burst of 4 ms, 16 KiB at
# least.
_LATENCY = "50ms"
_BURST_SECONDS = 0.004
_LEAST_BURST_BYTES = 16384

# Names of namespaces are the whole machine's, and last longer than its processes.
_HOME = Path("/run/netns")


class Namespaces:
    """
    One namespace for each of L{links}; a context manager that takes them away.

    Call it in a private network, see L{bench.network.enter_private_network}; it needs
    root, and C{ip} and C{tc} of iproute2.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = links
        self._names = [f"bench{os.getpid()}-{number}" for number in range(len(links))]

    def __enter__(self) -> Self:
        try:
            _run("ip", "link", "add", _BRIDGE, "type", "bridge")
            # A bridge without an address may pass on nothing but ARP.
            _run("ip", "addr", "add", f"{_NET}.254/24", "dev", _BRIDGE)
            _run("ip", "link", "set", _BRIDGE, "up")
            for number, link in enumerate(self._links):
                self._add(number, link)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def hosts(self, count: int) -> tuple[Host, ...]:
        """
        The first C{count} of them, with ports that are free everywhere.
        """
        return tuple(
            Host(_address(number), port, ("ip", "netns", "exec", self._names[number]))
            for number, port in enumerate(free_ports(count))
        )

    def sent_bytes(self) -> list[int]:
        """
        What each host has sent so far, in whole frames.
        """
        return [self._sent_bytes(name) for name in self._names]

    def _sent_bytes(self, name: str) -> int:
        # An interface counts a long segment as one frame, though the line bears the
        # headers of all that are made of it.
        (bucket,) = json.loads(
            _run("tc", "-n", name, "-s", "-j", "qdisc", "show", "dev", "eth0")
        )
        sent_bytes: int = bucket["bytes"]
        return sent_bytes

    def _add(self, number: int, link: Link) -> None:
        name, port = self._names[number], _port(number)
        inside = ("ip", "-n", name)
        _run("ip", "netns", "add", name)
        _run(
            *("ip", "link", "add", port, "type", "veth"),
            *("peer", "name", "eth0", "netns", name),
        )
        _run("ip", "link", "set", port, "master", _BRIDGE, "up")
        _run(*inside, "link", "set", "lo", "up")
        _run(*inside, "addr", "add", f"{_address(number)}/24", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        # A namespace begins with the machine's own, whatever ours has.
        set_control = f"echo {congestion_control()} > {CONGESTION}"
        _run("ip", "netns", "exec", name, "sh", "-c", set_control)
        _shape(("tc", "-n", name), "eth0", link.up)
        _shape(("tc",), port, link.down)

    def _remove(self) -> None:
        for name in self._names:
            if (_HOME / name).exists():
                _run("ip", "netns", "del", name)
        _run("ip", "link", "del", _BRIDGE)


def why_not() -> str | None:
    """
    What keeps namespaces from being made here, if anything.
    """
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    for command in (("ip", "-V"), ("tc", "-V")):
        try:
            _run(*command)
        except (OSError, subprocess.CalledProcessError):
            return "apt-get install iproute2"
    return None


def _shape(tc: tuple[str, ...], device: str, rate: float) -> None:
    burst = max(_LEAST_BURST_BYTES, round(rate * 1e6 / 8 * _BURST_SECONDS))
    _run(
        *tc,
        *("qdisc", "add", "dev", device, "root", "tbf"),
        *("rate", f"{rate:g}mbit", "burst", str(burst), "latency", _LATENCY),
    )


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _address(number: int) -> str:
    return f"{_NET}.{number + 1}"


def _port(number: int) -> str:
    return f"host{number}"
