"""
A loopback of our own: one that nobody else uses, with a known
congestion control.
"""

import contextlib
import ctypes
import fcntl
import os
import random
import socket
import struct
from pathlib import Path

from bench.peers import Host

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_IFF_UP = 0x1

CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")

# bbr, where it is the default, holds a loopback back by pacing it.
_CONTROLS = ("cubic", "reno")

_LOOPBACK = "127.0.0.1"

# All of 10/8 is at home on a loopback that has one address of it.  Some programs
# call nobody in 127/8.
_NET = "10.77.0"

_PORTS = range(20000, 24000)
CONTROL_PORTS_ABOVE = 4000
TRACKER_PORTS_ABOVE = 8000
"""
Beside its own port a host has one for orders, and one for a tracker, so much above.
"""


def enter_private_network() -> None:
    """
    Move this process, and all it starts, into a network namespace that has
    nothing but its own loopback, with a congestion control that does not pace.
    Without root a user namespace is made around it.

    Call it before any thread is started.

    @raise OSError: if the system does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET if user == 0 else _CLONE_NEWUSER | _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
        address = socket.inet_aton(f"{_NET}.254")
        request = struct.pack("16sHH4s8x", b"lo:0", socket.AF_INET, 0, address)
        fcntl.ioctl(control, _SIOCSIFADDR, request)
    for name in _CONTROLS:
        # A control that the host keeps for itself is refused in a namespace.
        with contextlib.suppress(OSError):
            CONGESTION.write_text(name)
            return


def congestion_control() -> str:
    """
    The congestion control that new connections get here.
    """
    return CONGESTION.read_text().strip()


def private_hosts(count: int) -> tuple[Host, ...]:
    """
    Hosts with addresses of their own, after L{enter_private_network}.
    """
    return tuple(
        Host(f"{_NET}.{number + 1}", port)
        for number, port in enumerate(free_ports(count))
    )


def loopback_hosts(count: int) -> tuple[Host, ...]:
    """
    Hosts on the loopback that everybody has.
    """
    return tuple(Host(_LOOPBACK, port) for port in free_ports(count))


def free_ports(count: int) -> list[int]:
    """
    C{count} ports where nobody listens just now, below those that the system gives
    to the calling ends of connections.
    """
    ports: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(ports) == count:
            break
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            ports.append(port)
    return ports
