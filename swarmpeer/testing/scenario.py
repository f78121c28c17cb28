"""
What is simulated: one value, from which everything follows.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from swarmpeer.config import SwarmConfig
from swarmpeer.manifest.merkle import BLOCK_BYTES

MOST_FILES = 10_000


class FaultLevel(StrEnum):
    """
    How much goes wrong by chance.
    """

    NONE = "none"
    MILD = "mild"
    """
    A few faults, of the kinds that any fleet knows.
    """
    WILD = "wild"
    """
    Many, of all kinds, but bit rot only where it can be noticed.
    """


class FaultKind(StrEnum):
    """
    What may go wrong.  Network faults that last are healed after a while.
    """

    CRASH = "crash"
    """
    A process is killed; its machine's page cache survives.
    """
    POWER_LOSS = "power loss"
    """
    A machine loses what it did not sync, and its neighbours hear nothing.
    """
    CRASH_IN_PLACING = "crash in placing"
    """
    A machine loses its power while a peer puts its finished file in place.
    """
    STOP = "stop"
    """
    A peer is stopped in an orderly way, and started again.
    """
    FREEZE = "freeze"
    """
    A process stands still for a while, as under SIGSTOP; its machine answers.
    """
    RESET = "reset"
    """
    The connections between two hosts are reset.
    """
    CUT = "cut"
    """
    Nothing passes between two hosts.
    """
    ONE_WAY_CUT = "one-way cut"
    """
    Nothing passes from one host to another; the other way is open.
    """
    CLOG = "clog"
    """
    A host's lines crawl.
    """
    REFUSE = "refuse"
    """
    A host refuses all new connections.
    """
    SEGMENT = "segment"
    """
    What reaches a host arrives in pieces as small as one byte.
    """
    MOVE = "move"
    """
    A host comes back under another address.
    """
    CROSSED_DIAL = "crossed dial"
    """
    A peer calls one that is listed later, which calls it too.
    """
    DISK_FULL = "disk full"
    """
    There is no room for anything new.
    """
    READ_ERROR = "read error"
    """
    Some reads fail.
    """
    WRITE_ERROR = "write error"
    """
    Some writes or syncs fail.
    """
    SLOW_DISK = "slow disk"
    """
    A disk takes many times as long.
    """
    CLOCK_JUMP = "clock jump"
    """
    The wall clock steps by up to hours, forth or back.
    """
    BIT_ROT = "bit rot"
    """
    A bit flips on a disk.  The course protocol cannot notice.
    """


MOST_LATENCY_SECONDS = 2.0
"""
With more of it, and jitter, a connection would not stand within its time limit.
"""

_AT_LEAST_ONE = (
    "peers",
    "seeds",
    "file_size_bytes",
    "piece_size_bytes",
    "preferred",
    "unchoking_interval_seconds",
    "optimistic_interval_seconds",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    One simulated swarm.  Two runs of the same scenario are the same to the byte.

    @ivar seed: where all chance comes from.
    @ivar peers: how many honest peers there are, seeds included.
    @ivar free_riders: how many of the leechers never serve.
    @ivar hostile: the roles of the peers that break the rules; they are listed
        as members.  See L{swarmpeer.testing.hostile}.
    @ivar preferred: how many neighbours are preferred.
    @ivar policy: who is preferred: one of L{swarmpeer.testing.policies}, the name of a
        plugin, or a C{package.module:Name}; C{None}: as the peers of such a swarm
        choose by themselves.
    @ivar picking: how a verified peer chooses the next piece: one of
        L{swarmpeer.core.piece_pickers}, or as C{policy}.  A classic one draws it.
    @ivar up_rate: bytes per second that a host can send; C{None}: no limit.
    @ivar seed_up_rate: the same for the seeds; C{None}: as the others.
    @ivar down_rate: bytes per second that a host can receive.
    @ivar latency_seconds: how long a byte is under way.
    @ivar jitter_seconds: how much longer than that it may take.
    @ivar neighbors: how many others a peer is told of; C{None}: all.
    @ivar faults: how much goes wrong.
    @ivar skipped_faults: the numbers of faults that would happen but shall not;
        how a failing run is made smaller.
    @ivar files: the swarm is a verified one, and its file is a folder of so many;
        C{None}: the classic one with one file.
    @ivar most_neighbors: with so many neighbours a verified peer turns callers away,
        see L{swarmpeer.net.limits.Limits}; C{None}: the usual number.
    @ivar up_factors: those that begin without the file can send so many times
        C{up_rate}, each in its turn; none: all the same.
    @ivar on_disk: keep every peer's file on a simulated disk; else only which
        pieces it has, and their bytes are compared as they come.
    """

    seed: int = 0
    peers: int = 6
    seeds: int = 1
    file_size_bytes: int = 640 * 1024
    piece_size_bytes: int = 16 * 1024
    preferred: int = 3
    unchoking_interval_seconds: int = 5
    optimistic_interval_seconds: int = 10
    policy: str | None = None
    picking: str = "rarest"
    free_riders: int = 0
    hostile: tuple[str, ...] = ()
    up_rate: float | None = None
    seed_up_rate: float | None = None
    down_rate: float | None = None
    latency_seconds: float = 0.01
    jitter_seconds: float = 0.0
    neighbors: int | None = None
    faults: FaultLevel = FaultLevel.NONE
    skipped_faults: frozenset[int] = frozenset()
    files: int | None = None
    most_neighbors: int | None = None
    up_factors: tuple[float, ...] = ()
    on_disk: bool = True

    def __post_init__(self) -> None:
        """
        @raise ValueError: if there is no such swarm, in one line.
        """
        if self.faults not in list(FaultLevel):
            raise ValueError(f"{self.faults!r} is none of {', '.join(FaultLevel)}")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not 1 or more")
        if self.seeds > self.peers:
            raise ValueError(f"{self.seeds} seeds among {self.peers} peers")
        if not 0 <= self.free_riders <= self.peers - self.seeds:
            leechers = self.peers - self.seeds
            raise ValueError(f"{self.free_riders} free riders of {leechers} leechers")
        if self.neighbors is not None and self.neighbors < 1:
            raise ValueError(f"{self.neighbors} neighbours, not 1 or more")
        if self.files is not None:
            self._check_verified()
        elif self.picking != "rarest":
            raise ValueError("a classic peer picks by lot")
        elif self.most_neighbors is not None:
            raise ValueError("a classic peer has all others as neighbours")
        if self.most_neighbors is not None and self.neighbors is not None:
            raise ValueError("who is told of a few has those as neighbours")
        if self.most_neighbors is not None and self.most_neighbors < 1:
            raise ValueError(f"{self.most_neighbors} neighbours at most, not 1 or more")
        for factor in self.up_factors:
            if not 0 < factor < inf:
                raise ValueError(f"{factor} times the rate of a line")
        for rate in (self.up_rate, self.seed_up_rate, self.down_rate):
            if rate is not None and not 0 < rate < inf:
                raise ValueError(f"a rate of {rate} bytes per second")
        for seconds in (self.latency_seconds, self.jitter_seconds):
            if not 0 <= seconds <= MOST_LATENCY_SECONDS:
                raise ValueError(
                    f"a latency or jitter of {seconds} seconds, "
                    f"not {MOST_LATENCY_SECONDS:g} or less"
                )

    @property
    def policy_name(self) -> str:
        """
        Who is preferred, told or not.
        """
        if self.policy is not None:
            return self.policy
        return "classic" if self.files is None else SwarmConfig(()).choking

    @property
    def piece_count(self) -> int:
        """
        How many pieces the file has; of a folder, at most.
        """
        count = -(-self.file_size_bytes // self.piece_size_bytes)
        return count if self.files is None else count + self.files - 1

    def _check_verified(self) -> None:
        if not 1 <= (self.files or 0) <= MOST_FILES:
            raise ValueError(f"{self.files} files, not 1 to {MOST_FILES}")
        size = self.piece_size_bytes
        if size < BLOCK_BYTES or size & (size - 1):
            raise ValueError(
                f"pieces of {size} bytes, not a power of two from {BLOCK_BYTES} on"
            )
