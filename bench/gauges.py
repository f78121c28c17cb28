"""
What a process costs, read from outside it, so that every kind of peer is
measured by the same hand.
"""

import mmap
import time
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20


def cpu_seconds(pid: int) -> float:
    """
    User and system time that all threads of the process have taken so far.

    @raise OSError: if there is no such process.
    """
    # The number of another process's CPU clock, as clock_getcpuclockid makes it.
    return time.clock_gettime((~pid << 3) | 2)


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Resident memory of one process.

    @ivar private_mib: anonymous pages: heap, stacks, buffers.
    @ivar mapped_mib: pages of mapped files, shared with the page cache.
    """

    private_mib: float = 0.0
    mapped_mib: float = 0.0

    def peak(self, other: "Memory") -> "Memory":
        """
        The larger of each figure.
        """
        return Memory(
            max(self.private_mib, other.private_mib),
            max(self.mapped_mib, other.mapped_mib),
        )

    def rounded(self) -> "Memory":
        """
        As it is told.
        """
        return Memory(round(self.private_mib, 1), round(self.mapped_mib, 1))


def memory(pid: int) -> Memory:
    """
    What the process holds now; nothing if it is gone.
    """
    sizes = {"RssAnon": 0, "RssFile": 0, "RssShmem": 0}
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name in sizes:
            sizes[name] = int(value.split()[0])
    mapped = sizes["RssFile"] + sizes["RssShmem"]
    return Memory(sizes["RssAnon"] / 1024, mapped / 1024)


def available_bytes() -> int:
    """
    The memory of the machine that is free, or can be had at once.
    """
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def warm_pages(size_bytes: int) -> None:
    """
    Touch as much memory as a run will need, or half of what there is, and give it
    back.

    A virtual machine's host takes unused pages away, and the first touch then
    costs seconds per GiB, which would hit whoever runs first.
    """
    block = b"\1" * _MIB
    size_bytes = min(size_bytes, available_bytes() // 2)
    with mmap.mmap(-1, -(-size_bytes // _MIB) * _MIB) as pages:
        for start in range(0, len(pages), _MIB):
            pages[start : start + _MIB] = block
