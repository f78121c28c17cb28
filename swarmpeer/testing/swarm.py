"""
A whole swarm in one process: the production code on a simulated world.
"""

import gc
import time as real_time
import traceback
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from math import inf
from random import Random

from twisted.logger import globalLogPublisher

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import FilePlaced, SwarmEvent
from swarmpeer.net.limits import Limits
from swarmpeer.service import ChokingPolicy
from swarmpeer.testing.checks import SwarmChecks
from swarmpeer.testing.faults import Fault, Injector, plan
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.hostile import ROLES, HostileContext, HostilePeer
from swarmpeer.testing.members import draw_members
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.outcome import Breach, Outcome, PeerOutcome
from swarmpeer.testing.policies import POLICIES, FreeRiding
from swarmpeer.testing.records import RECORDED, History, PeerRecord
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.source import Source
from swarmpeer.testing.virtual_time import HostClock, VirtualTime

SETTLE_SECONDS = 90.0
"""
How long a swarm whose faults are over has to find together again: a machine
that vanished is noticed after 60 s, and called again some seconds later.
"""

_LEAST_SHARE = 1000.0
"""
Bytes per second.  A neighbour that has less of a line may be closed for taking
too little, be it as honest as it can.
"""
_STOP_SECONDS = 30.0
_COLLECTS_RARELY = (200_000, 20, 50)
_PROGRESS_STEPS = 1000
_DISK_FAULTS = {
    FaultKind.CRASH_IN_PLACING: ("crash in placing",),
    FaultKind.DISK_FULL: ("ENOSPC",),
    FaultKind.READ_ERROR: ("EIO read",),
    FaultKind.WRITE_ERROR: ("EIO write", "EIO sync"),
    FaultKind.BIT_ROT: ("rotted",),
}
"""
What a disk calls them; it knows whether anybody met them.
"""
_LIARS = frozenset(["poisoner"])

Trace = Callable[[str], None]
"""
Told one line for each event.
"""

Witness = Callable[[float, int, SwarmEvent], None]
"""
Told each event of an honest peer: the virtual time in seconds, its id, and what
happened.
"""

Progress = Callable[[float, int, int], None]
"""
Told now and then the virtual time in seconds, how many honest peers are done,
and how many there are.
"""


def simulate(
    scenario: Scenario,
    *,
    policies: Mapping[str, ChokingPolicy] = POLICIES,
    checks: bool = True,
    trace: Trace | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """
    Run a swarm until everybody is done, or for too long.

    @param policies: what the policy of the scenario may be called.
    @param checks: look after every event whether all rules hold, and take the
        digest of the trace.
    @raise ValueError: if the scenario is none.
    """
    swarm = SimulatedSwarm(scenario, policies=policies, checks=checks, trace=trace)
    return swarm.run(progress)


def liveness_seconds(scenario: Scenario) -> float:
    """
    How long after the last fault everybody is done at the latest.

    The slowest waits are for a machine that vanished (60 s of keep-alive), for
    the last of them to be called again, and for a place: optimistic places go
    round by lot.  Then the file may have to come from one copy, one piece after
    the other, to each in turn.
    """
    interval = max(
        scenario.unchoking_interval_seconds, scenario.optimistic_interval_seconds
    )
    members = scenario.peers + len(scenario.hostile)
    copy = scenario.file_size_bytes / _slowest(scenario) + scenario.piece_count * (
        4 * scenario.latency_seconds + 0.5
    )
    return 240.0 + 10 * interval * members + 4 * members * copy


def _slowest(scenario: Scenario) -> float:
    """
    The rate of the slowest line, in bytes per second.
    """
    rates = (scenario.up_rate, scenario.seed_up_rate, scenario.down_rate)
    return min((rate for rate in rates if rate), default=inf)


class SimulatedSwarm:
    """
    The swarm of one scenario, to be run once.  Beyond what L{simulate} does,
    what goes wrong can be told one by one, and each event be heard.

    @ivar time: its time.
    @ivar network: its network.
    @ivar hosts: the honest machines by id.
    @ivar hostile: the others.
    @ivar injector: what lets faults happen.
    @ivar checks: what looks whether all rules hold; C{None}: nobody does.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        faults: Sequence[Fault] | None = None,
        policies: Mapping[str, ChokingPolicy] = POLICIES,
        checks: bool = True,
        trace: Trace | None = None,
        witness: Witness | None = None,
    ) -> None:
        """
        See L{simulate}.

        @param faults: what goes wrong, instead of what the seed would draw.
        @raise ValueError: if the scenario is none, or a fault is somewhere else
            than at an honest peer.
        """
        if scenario.policy not in policies:
            raise ValueError(f"{scenario.policy!r} is none of {', '.join(policies)}")
        seed = scenario.seed
        layout = PieceLayout(scenario.file_size_bytes, scenario.piece_size_bytes)
        self.scenario = scenario
        self.time = VirtualTime()
        self.network = SimulatedNetwork(
            self.time,
            Random(f"{seed}/network"),
            latency_seconds=scenario.latency_seconds,
        )
        self._trace = trace
        self._digest = blake2b(digest_size=16) if checks or trace else None
        self._witness = witness
        hears_all = self._digest is not None or witness is not None
        self.event_classes = () if hears_all else RECORDED
        self._policy = policies[scenario.policy]
        self._source = Source(seed, layout)
        self._members = draw_members(scenario, Random(f"{seed}/members"))
        self.hosts = {peer: self._host(peer) for peer in self._members.honest}
        self.hostile = {
            peer: self._hostile(peer, role)
            for peer, role in self._members.hostile.items()
        }
        self._records = {
            peer: PeerRecord(host, self._role(host))
            for peer, host in self.hosts.items()
        }
        self._history = History()
        self._waiting = {
            peer: None for peer, host in self.hosts.items() if not host.is_seed
        }
        if faults is None:
            faults = self._plan()
        self._planned = len(faults)
        self.injector = Injector(
            {
                number: fault
                for number, fault in enumerate(faults)
                if number not in scenario.skipped_faults
            },
            self.hosts,
            self.network,
            self.time,
            self._tell,
        )
        self.checks = None
        if checks:
            self.checks = SwarmChecks(
                self._members,
                self.hosts,
                self.network,
                self._source,
                layout,
                self.time,
                most_preferred=self._most_preferred(),
                is_honest_bytes=not _LIARS.intersection(scenario.hostile),
                crossed={
                    frozenset((fault.peer_id, fault.other_id))
                    for fault in faults
                    if fault.kind is FaultKind.CROSSED_DIAL
                },
                calm_from=self._calm_from(faults),
            )

    def run(self, progress: Progress | None = None) -> Outcome:
        """
        Let it happen.
        """
        began = real_time.perf_counter()
        collects = gc.get_threshold()
        # There is next to no garbage in cycles, and much to look through for it.
        gc.set_threshold(*_COLLECTS_RARELY)
        breaches = self._breaches = self.checks.breaches if self.checks else []
        if self.checks is not None:
            self.network.tap = self.checks.spoken
            globalLogPublisher.addObserver(self.checks)
        try:
            self._start()
            self._run_until_done(progress)
            if self.checks is not None and not breaches:
                self._rest()
            self._end()
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._note("no exception", f"{error!r} at {where.filename}:{where.lineno}")
        finally:
            gc.set_threshold(*collects)
            if self.checks is not None:
                globalLogPublisher.removeObserver(self.checks)
        return self._outcome(real_time.perf_counter() - began)

    # What the hosts tell: HostWatcher.

    def began(self, host: SimulatedHost) -> None:
        """
        A peer runs.
        """
        peer_id = host.peer_id
        held = host.service.progress().held
        self._tell(f"{peer_id} starts")
        self._history.began(peer_id, held, self.time.seconds())
        if not host.is_seed:
            self._waiting[peer_id] = None
        if self.checks is not None:
            self.checks.began(host)

    def happened(self, host: SimulatedHost, event: SwarmEvent) -> None:
        """
        A peer published an event.
        """
        if isinstance(event, RECORDED):
            now = self.time.seconds()
            self._records[host.peer_id].note(event, now)
            self._history.note(host, event, now)
            if isinstance(event, FilePlaced):
                self._waiting.pop(host.peer_id, None)
        if self._digest is not None:
            self._tell(f"{host.peer_id} {event!r}")
        if self._witness is not None:
            self._witness(self.time.seconds(), host.peer_id, event)
        if self.checks is not None:
            self.checks.happened(host, event)

    def ended(self, host: SimulatedHost) -> None:
        """
        A process is gone.
        """
        self._tell(f"{host.peer_id} ends")
        self._history.ended(host.peer_id, self.time.seconds())
        if self.checks is not None:
            self.checks.ended(host)

    # Making it.

    def _plan(self) -> Sequence[Fault]:
        window = max(30.0, min(120.0, 2.0 * self._usual_seconds()))
        rng = Random(f"{self.scenario.seed}/faults")
        return plan(self.scenario, self._members.honest, rng, window)

    def _host(self, peer_id: int) -> SimulatedHost:
        scenario = self.scenario
        config = self._members.configs[peer_id]
        up_rate = scenario.up_rate
        if config.own.has_file and scenario.seed_up_rate is not None:
            up_rate = scenario.seed_up_rate
        is_free = peer_id in self._members.free_riders
        return SimulatedHost(
            config,
            time=self.time,
            network=self.network.host(
                config.own.host, up_rate=up_rate, down_rate=scenario.down_rate
            ),
            source=self._source,
            seed=f"{scenario.seed}/{peer_id}",
            watcher=self,
            choking_policy=FreeRiding if is_free else self._policy,
            is_on_disk=scenario.on_disk,
            limits=Limits(),
            keeps_log=self._digest is not None,
        )

    def _hostile(self, peer_id: int, role: str) -> HostilePeer:
        scenario = self.scenario
        config = self._members.configs[peer_id]
        network = self.network.host(
            config.own.host, up_rate=scenario.up_rate, down_rate=scenario.down_rate
        )
        clock = HostClock(self.time)
        return ROLES[role](
            HostileContext(
                peer_id=peer_id,
                config=config,
                clock=clock,
                rng=Random(f"{scenario.seed}/{peer_id}"),
                dial=lambda peer: network.dial_endpoint(clock, peer.host, peer.port),
                listen=network.listen_endpoint(clock, config.own.port),
                source=self._source,
            )
        )

    def _role(self, host: SimulatedHost) -> str:
        if host.is_seed:
            return "seed"
        is_free = host.peer_id in self._members.free_riders
        return "free rider" if is_free else "leecher"

    def _most_preferred(self) -> int:
        if self.scenario.policy == "open":
            return len(self._members.configs)
        return self.scenario.preferred

    def _calm_from(self, faults: Sequence[Fault]) -> float:
        """
        When the honest peers lose each other no more.
        """
        if _slowest(self.scenario) < _LEAST_SHARE * len(self._members.configs):
            return inf
        return self.injector.last_at + SETTLE_SECONDS if faults else 0.0

    def _usual_seconds(self) -> float:
        scenario = self.scenario
        return (
            2.0 * scenario.unchoking_interval_seconds
            + 2.0 * scenario.file_size_bytes / (scenario.up_rate or inf)
            + 4.0 * scenario.piece_count * scenario.latency_seconds
        )

    # Running it.

    def _start(self) -> None:
        rng = Random(f"{self.scenario.seed}/starts")
        for peer_id in self._members.configs:
            # Mostly together, as by one command; some come late.
            late = 10.0 * rng.random() ** 4
            if peer_id in self.hostile:
                self.hostile[peer_id].start()
            elif self.scenario.faults is FaultLevel.NONE:
                self.hosts[peer_id].start()
            else:
                self.time.callLater(late, self.hosts[peer_id].start)

    def _run_until_done(self, progress: Progress | None) -> None:
        deadline = self.injector.last_at + liveness_seconds(self.scenario)
        while self._waiting or self.time.seconds() < self.injector.last_at:
            next_at = self.time.next_at
            if next_at is None or next_at > deadline:
                self._note_unfinished()
                return
            self._step()
            if self.checks is not None and self.checks.is_enough:
                return
            if progress is not None and self.time.steps % _PROGRESS_STEPS == 0:
                done = len(self.hosts) - len(self._waiting)
                progress(self.time.seconds(), done, len(self.hosts))

    def _step(self) -> None:
        self.time.step()
        if self.checks is not None:
            self.checks.after_step()

    def _run_for(self, seconds: float) -> None:
        end = self.time.seconds() + seconds
        while (next_at := self.time.next_at) is not None and next_at <= end:
            self._step()

    def _rest(self) -> None:
        for hostile in self.hostile.values():
            hostile.stop()
        self._run_for(SETTLE_SECONDS)
        if self.checks is not None:
            self.checks.at_rest()

    def _end(self) -> None:
        for hostile in self.hostile.values():
            hostile.stop()
        if self.checks is not None:
            self.checks.calm_from = inf
            for host in self.hosts.values():
                host.stop()
            self._run_for(_STOP_SECONDS)
            self.checks.at_end(self.hostile)

    # Telling it.

    def _tell(self, line: str) -> None:
        if self._digest is not None:
            line = f"{self.time.seconds():.6f} {line}"
            self._digest.update(line.encode())
            if self._trace is not None:
                self._trace(line)

    def _note(self, rule: str, detail: str) -> None:
        self._breaches.append(Breach(self.time.seconds(), None, rule, detail))

    def _note_unfinished(self) -> None:
        for peer_id in self._waiting:
            host = self.hosts[peer_id]
            state = "is down"
            if host.is_running:
                progress = host.service.progress()
                state = (
                    f"holds {progress.held} of {progress.piece_count}, neighbours: "
                    + (
                        ", ".join(
                            f"{each.peer_id} with {each.held}"
                            for each in progress.neighbors
                        )
                    )
                )
            self._breaches.append(
                Breach(self.time.seconds(), peer_id, "liveness", f"{peer_id} {state}")
            )

    def _outcomes(self) -> list[PeerOutcome]:
        outcomes = [record.outcome() for record in self._records.values()]
        outcomes += [
            PeerOutcome(
                peer_id=peer_id,
                role=self._members.hostile[peer_id],
                up_rate=self.scenario.up_rate,
                down_rate=self.scenario.down_rate,
                completed_at=None,
                first_piece_at=None,
                received_bytes=0,
                sent_bytes=0,
                duplicate_bytes=0,
                held=0,
                starts=1,
                did=hostile.did,
            )
            for peer_id, hostile in self.hostile.items()
        ]
        return sorted(outcomes, key=lambda outcome: outcome.peer_id)

    def _outcome(self, real_seconds: float) -> Outcome:
        holdings, unchokes = self._history.end(self.time.seconds())
        self._tell(f"{self.time.steps} steps")
        return Outcome(
            scenario=self.scenario,
            breaches=tuple(self._breaches),
            virtual_seconds=self.time.seconds(),
            real_seconds=real_seconds,
            events=self.time.steps,
            faults=self._faults(),
            last_fault_at=self.injector.last_at,
            faults_planned=self._planned,
            peers=tuple(self._outcomes()),
            holdings=tuple(holdings),
            unchokes=tuple(unchokes),
            digest=None if self._digest is None else self._digest.hexdigest(),
        )

    def _faults(self) -> dict[FaultKind, int]:
        """
        How often each kind took effect; those of disks know it themselves.
        """
        fired = dict(self.injector.fired)
        for kind, names in _DISK_FAULTS.items():
            if kind in fired:
                fired[kind] = sum(
                    host.disk.fired[name]
                    for host in self.hosts.values()
                    for name in names
                )
        return {kind: fired[kind] for kind in FaultKind if fired.get(kind)}
