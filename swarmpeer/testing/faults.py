"""
What goes wrong: drawn from the seed as a list, then let happen one by one.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from swarmpeer.testing.disk_faults import DiskEvent
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.virtual_time import VirtualTime

_MILD: tuple[FaultKind, ...] = (
    FaultKind.CRASH,
    FaultKind.STOP,
    FaultKind.RESET,
    FaultKind.CUT,
    FaultKind.CLOG,
    FaultKind.SEGMENT,
    FaultKind.SLOW_DISK,
    FaultKind.CLOCK_JUMP,
)
_WILD = tuple(kind for kind in FaultKind if kind is not FaultKind.BIT_ROT)

_PAIRS = frozenset(
    [
        FaultKind.RESET,
        FaultKind.CUT,
        FaultKind.ONE_WAY_CUT,
        FaultKind.CROSSED_DIAL,
    ]
)
"""
Those that are between two hosts.
"""
_MEASURED = frozenset(
    [
        FaultKind.CLOG,
        FaultKind.SEGMENT,
        FaultKind.SLOW_DISK,
        FaultKind.READ_ERROR,
        FaultKind.WRITE_ERROR,
        FaultKind.CLOCK_JUMP,
    ]
)
"""
Those that are nothing without an amount.
"""

_LONGEST_SECONDS = 20.0
_CLOCK_JUMPS_SECONDS = (-7200.0, -3600.0, -1.0, 1.0, 3600.0, 86400.0)
_CLOGS = (4.0, 50.0, 1000.0)
_SEGMENTS = (1, 3, 17, 1000)
_MOST_SEGMENTS = 2000
_PLACING = (("sync", 0), ("rename", 0), ("sync", 1))
"""
The steps that put a file in place: which call, and how many of that name before.
"""
_SLOWNESS = (10.0, 100.0)
_MET_AS = {
    FaultKind.DISK_FULL: DiskEvent.FULL,
    FaultKind.READ_ERROR: DiskEvent.READ_FAILED,
    FaultKind.WRITE_ERROR: DiskEvent.WRITE_FAILED,
}
"""
Faults that wait until somebody meets them, and what the disk counts then.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One thing that goes wrong.

    @ivar at_seconds: when.
    @ivar peer_id: where.
    @ivar other_id: between there and where, for those that are between two.
    @ivar seconds: until it is healed: the peer is started again, the way is open,
        the disk works.
    @ivar amount: how strong it is.  A clog and a slow disk: so many times slower.
        A segment: its most bytes.  A read or write error: how many calls fail.  A
        clock's jump: the seconds.  A crash in placing: 0 before the file's sync, 1
        before it is renamed, 2 before the folder's sync.
    """

    at_seconds: float
    kind: FaultKind
    peer_id: int
    other_id: int | None = None
    seconds: float = 0.0
    amount: float = 0.0

    def __post_init__(self) -> None:
        """
        @raise ValueError: if a part is missing.
        """
        if self.at_seconds < 0 or self.seconds < 0:
            raise ValueError(f"a {self.kind} before the beginning, or shorter than 0")
        if self.kind in _PAIRS and self.other_id in (None, self.peer_id):
            raise ValueError(f"a {self.kind} is between two peers")
        if self.kind in _MEASURED and not self.amount:
            raise ValueError(f"a {self.kind} has an amount")


def plan(
    scenario: Scenario, peer_ids: Sequence[int], rng: Random, window_seconds: float
) -> tuple[Fault, ...]:
    """
    Draw what goes wrong.

    @param peer_ids: the honest peers.
    @param window_seconds: when the last fault begins at the latest.
    @return: in order of time, skipped ones included.
    """
    if scenario.faults is FaultLevel.NONE or len(peer_ids) < 2:
        return ()
    if scenario.faults is FaultLevel.MILD:
        kinds, count = _MILD, rng.randint(1, 2 + len(peer_ids))
    else:
        kinds = _WILD if scenario.files is None else tuple(FaultKind)
        count = rng.randint(5, 10 + 3 * len(peer_ids))
    times = sorted(rng.uniform(0.0, window_seconds) for _ in range(count))
    faults = []
    for at_seconds in times:
        kind = rng.choice(kinds)
        peer_id, other_id = rng.sample(peer_ids, 2)
        if kind is FaultKind.BIT_ROT:
            # Seeds are spared: what rots everywhere nobody can heal.
            peer_id = rng.choice(peer_ids[scenario.seeds :] or peer_ids)
        faults.append(
            Fault(
                at_seconds,
                kind,
                peer_id,
                other_id if kind in _PAIRS else None,
                # Mostly short, sometimes long.
                _LONGEST_SECONDS * rng.random() ** 3,
                _amount(kind, rng, scenario.file_size_bytes),
            )
        )
    return tuple(faults)


def _amount(kind: FaultKind, rng: Random, file_size_bytes: int) -> float:
    match kind:
        case FaultKind.CLOCK_JUMP:
            return rng.choice(_CLOCK_JUMPS_SECONDS)
        case FaultKind.CLOG:
            return rng.choice(_CLOGS)
        case FaultKind.SEGMENT:
            # Byte by byte a large file would be nothing else to do.
            return max(rng.choice(_SEGMENTS), file_size_bytes // _MOST_SEGMENTS)
        case FaultKind.SLOW_DISK:
            return rng.choice(_SLOWNESS)
        case FaultKind.CRASH_IN_PLACING:
            return rng.randrange(len(_PLACING))
        case FaultKind.READ_ERROR | FaultKind.WRITE_ERROR:
            return rng.randint(1, 3)
        case _:
            return 0.0


class Injector:
    """
    Lets the faults of a plan happen, and heals them.

    @ivar fired: how many of each kind took effect.  A crash of what does not run
        has none, nor has an error of a disk that nobody met.
    @ivar last_at: when the last fault is healed.
    """

    def __init__(
        self,
        faults: Mapping[int, Fault],
        hosts: Mapping[int, SimulatedHost],
        network: SimulatedNetwork,
        time: VirtualTime,
        tell: Callable[[str], None],
    ) -> None:
        """
        @param faults: by the number of each in the plan.
        @param tell: told each fault and each healing.
        @raise ValueError: if a fault is somewhere else than at these hosts.
        """
        self.fired: Counter[FaultKind] = Counter()
        self.last_at = max(
            (fault.at_seconds + fault.seconds for fault in faults.values()),
            default=0.0,
        )
        # Those that happened and are not healed: how often such a one had been met.
        self._met: dict[int, int] = {}
        self._faults = faults
        self._hosts = hosts
        self._network = network
        self._tell = tell
        for number, fault in faults.items():
            if not {fault.peer_id, fault.other_id} <= {None, *hosts}:
                raise ValueError(f"fault {number} is at none of the honest peers")
            time.callLater(fault.at_seconds, self._inject, number, fault)
            time.callLater(fault.at_seconds + fault.seconds, self._heal, number, fault)

    def _inject(self, number: int, fault: Fault) -> None:
        self._tell(f"fault {number}: {fault!r}")
        self._met[number] = self._times_met(fault)
        if self._take_effect(fault):
            self.fired[fault.kind] += 1

    def _take_effect(self, fault: Fault) -> bool:
        host, other = self._places(fault)
        here, there = host.network.name, other.network.name
        network, disk = self._network, host.disk
        match fault.kind:
            case FaultKind.CRASH:
                return host.kill()
            case FaultKind.POWER_LOSS:
                return host.lose_power()
            case FaultKind.CRASH_IN_PLACING:
                host.crash_in_placing(_PLACING[int(fault.amount)])
                return False
            case FaultKind.STOP:
                was_running = host.is_running
                host.stop()
                return was_running
            case FaultKind.FREEZE:
                return host.freeze()
            case FaultKind.RESET:
                return network.reset(here, there)
            case FaultKind.CUT:
                network.cut(here, there)
            case FaultKind.ONE_WAY_CUT:
                network.cut(here, there, one_way=True)
            case FaultKind.CLOG:
                network.clog(here, fault.amount)
            case FaultKind.REFUSE:
                network.refuse(here)
            case FaultKind.SEGMENT:
                network.segment(here, int(fault.amount))
            case FaultKind.MOVE:
                network.move(here)
            case FaultKind.CROSSED_DIAL:
                return host.dial_out_of_turn(other.config.own)
            case FaultKind.DISK_FULL:
                disk.fill()
                return False
            case FaultKind.READ_ERROR:
                disk.fail_reads(int(fault.amount))
                return False
            case FaultKind.WRITE_ERROR:
                disk.fail_writes(int(fault.amount))
                return False
            case FaultKind.SLOW_DISK:
                disk.slow(fault.amount)
                return host.is_on_disk
            case FaultKind.CLOCK_JUMP:
                host.wall_offset_seconds += fault.amount
            case FaultKind.BIT_ROT:
                return disk.rot()
        return True

    def finish(self) -> None:
        """
        Nothing more will happen: count what was not healed yet.
        """
        for number in list(self._met):
            self._settle(number)

    def _settle(self, number: int) -> None:
        """
        A fault that waits for somebody to meet it took effect if somebody did.
        """
        fault, before = self._faults[number], self._met.pop(number)
        if self._times_met(fault) > before:
            self.fired[fault.kind] += 1

    def _times_met(self, fault: Fault) -> int:
        """
        How often such a fault was met there, if it is one that waits for that.
        """
        host = self._hosts[fault.peer_id]
        if fault.kind is FaultKind.CRASH_IN_PLACING:
            return host.crashes_in_placing
        met_as = _MET_AS.get(fault.kind)
        return 0 if met_as is None else host.disk.fired[met_as]

    def _heal(self, number: int, fault: Fault) -> None:
        self._tell(f"fault {number} is healed")
        self._settle(number)
        host, other = self._places(fault)
        here, there = host.network.name, other.network.name
        network, disk = self._network, host.disk
        match fault.kind:
            case FaultKind.CRASH | FaultKind.POWER_LOSS | FaultKind.STOP:
                host.start()
            case FaultKind.CRASH_IN_PLACING:
                host.forget_crash()
            case FaultKind.FREEZE:
                host.thaw()
            case FaultKind.CUT | FaultKind.ONE_WAY_CUT:
                network.heal(here, there)
            case FaultKind.CLOG:
                network.unclog(here)
            case FaultKind.REFUSE:
                network.accept(here)
            case FaultKind.SEGMENT:
                network.segment(here, None)
            case FaultKind.DISK_FULL:
                disk.free()
            case FaultKind.READ_ERROR | FaultKind.WRITE_ERROR:
                disk.heal()
            case FaultKind.SLOW_DISK:
                disk.slow(1.0)

    def _places(self, fault: Fault) -> tuple[SimulatedHost, SimulatedHost]:
        """
        Where it is; twice the same place if it is not between two.
        """
        host = self._hosts[fault.peer_id]
        return host, host if fault.other_id is None else self._hosts[fault.other_id]
