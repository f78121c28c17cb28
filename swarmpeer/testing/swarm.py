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

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import globalLogPublisher

from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.piece_pickers import PIECE_PICKERS, PickerFactory
from swarmpeer.core.slots import MOST_SLOTS
from swarmpeer.events import FilePlaced, SwarmEvent
from swarmpeer.policies import find_choking, find_picker
from swarmpeer.testing.bounds import liveness_seconds, slowest_rate, usual_seconds
from swarmpeer.testing.checks import SwarmChecks
from swarmpeer.testing.faults import Fault, Injector, plan
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.outcome import Breach, Outcome, PeerOutcome
from swarmpeer.testing.policies import POLICIES, OpenHands
from swarmpeer.testing.records import COUNTED, RECORDED, History, PeerRecord
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.world import World

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
_COLLECTS_RARELY = (1_000_000, 20, 50)
_PROGRESS_STEPS = 1000
_POISONERS = frozenset(["poisoner"])

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
    policies: Mapping[str, ChokingFactory] = POLICIES,
    pickers: Mapping[str, PickerFactory] = PIECE_PICKERS,
    checks: bool = True,
    trace: Trace | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """
    Run a swarm until everybody is done, or for too long.

    @param policies: what the policy of the scenario may be called, beside plugins and
        C{package.module:Name}.
    @param pickers: the same of its picking.
    @param checks: look after every event whether all rules hold, and take the
        digest of the trace.
    @raise ValueError: if the scenario is none.
    """
    swarm = SimulatedSwarm(
        scenario, policies=policies, pickers=pickers, checks=checks, trace=trace
    )
    return swarm.run(progress)


class SimulatedSwarm:
    """
    The swarm of one scenario, to be run once.  Beyond what L{simulate} does,
    what goes wrong can be told one by one, and each event be heard.

    @ivar scenario: what it follows from.
    @ivar world: all that it consists of.
    @ivar time: its time.
    @ivar hosts: the honest machines by id.
    @ivar hostile: the others.
    @ivar injector: what lets faults happen.
    @ivar events_until_done: how many events there were until everybody was done.
    @ivar checks: what looks whether all rules hold; C{None}: nobody does.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        faults: Sequence[Fault] | None = None,
        policies: Mapping[str, ChokingFactory] = POLICIES,
        pickers: Mapping[str, PickerFactory] = PIECE_PICKERS,
        checks: bool = True,
        trace: Trace | None = None,
        witness: Witness | None = None,
        is_coarse: bool = False,
    ) -> None:
        """
        See L{simulate}.

        @param faults: what goes wrong, instead of what the seed would draw.
        @param is_coarse: for swarms of a thousand: save events where some milliseconds
            do not matter, and keep no history of who held and served what when.
        @raise ValueError: if the scenario is none, or a fault is somewhere else
            than at an honest peer.
        """
        self.scenario = scenario
        self.events_until_done = 0
        self._trace = trace
        self._progress: Progress | None = None
        self._digest = blake2b(digest_size=16) if checks or trace else None
        self._witness = witness
        hears_all = self._digest is not None or witness is not None
        self.event_classes = () if hears_all else COUNTED if is_coarse else RECORDED
        self._keeps_history = not is_coarse
        self.world = world = World(
            scenario,
            find_choking(scenario.policy_name, policies),
            find_picker(scenario.picking, pickers),
            self,
            keeps_log=self._digest is not None,
            is_coarse=is_coarse,
        )
        self.time, self.hosts, self.hostile = world.time, world.hosts, world.hostile
        self._records = {
            peer: PeerRecord(host, world.role(peer))
            for peer, host in self.hosts.items()
        }
        self._history = History()
        self._late_starts: list[IDelayedCall] = []
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
            world.network,
            self.time,
            self._tell,
        )
        self.checks = None
        if checks:
            self.checks = SwarmChecks(
                world,
                most_preferred=self._most_preferred(),
                are_bytes_true=scenario.files is not None
                or _POISONERS.isdisjoint(scenario.hostile),
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
        self._progress = progress
        collects = gc.get_threshold()
        # There is next to no garbage in cycles, and much to look through for it.
        gc.set_threshold(*_COLLECTS_RARELY)
        breaches = self._breaches = self.checks.breaches if self.checks else []
        if self.checks is not None:
            self.world.network.tap = self.checks.spoken
            globalLogPublisher.addObserver(self.checks)
        try:
            self._start()
            self._run_until_done()
            self.events_until_done = self.time.steps
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
        self._tell(f"{peer_id} starts")
        self._history.began(peer_id, host.held, self.time.seconds())
        # One without a disk knows at once what it kept from before.
        if not host.is_seed and not host.is_placed:
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
            if self._keeps_history:
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
        window = max(30.0, min(120.0, 2.0 * usual_seconds(self.scenario)))
        rng = Random(f"{self.scenario.seed}/faults")
        return plan(self.scenario, self.world.members.honest, rng, window)

    def _most_preferred(self) -> int:
        policy = self.world.policy
        kind = policy if isinstance(policy, type) else object
        if issubclass(kind, OpenHands):
            # It prefers everybody, so no k binds it.
            return len(self.world.members.configs)
        if issubclass(kind, FleetChoking):
            return max(MOST_SLOTS, self.scenario.preferred + 1)
        return self.scenario.preferred

    def _calm_from(self, faults: Sequence[Fault]) -> float:
        """
        When the honest peers lose each other no more.
        """
        if slowest_rate(self.scenario) < _LEAST_SHARE * len(self.world.members.configs):
            return inf
        return self.injector.last_at + SETTLE_SECONDS if faults else 0.0

    # Running it.

    def _start(self) -> None:
        rng = Random(f"{self.scenario.seed}/starts")
        for peer_id in self.world.members.configs:
            # Mostly together, as by one command; some come late.
            late = 10.0 * rng.random() ** 4
            if peer_id in self.hostile:
                self.hostile[peer_id].start()
            elif self.scenario.faults is FaultLevel.NONE:
                self.hosts[peer_id].start()
            else:
                start = self.hosts[peer_id].start
                self._late_starts.append(self.time.callLater(late, start))

    def _run_until_done(self) -> None:
        deadline = self.injector.last_at + liveness_seconds(self.scenario)
        time, waiting, last_at = self.time, self._waiting, self.injector.last_at
        while waiting or time.seconds() < last_at:
            next_at = time.next_at
            if next_at is None or next_at > deadline:
                self._note_unfinished()
                return
            self._step()
            if self.checks is not None and self.checks.is_enough:
                return

    def _step(self) -> None:
        # Each event comes through here: some swarms count them to act between two.
        self.time.step()
        if self.checks is not None:
            self.checks.after_step()
        if self._progress is not None and self.time.steps % _PROGRESS_STEPS == 0:
            done = len(self.hosts) - len(self._waiting)
            self._progress(self.time.seconds(), done, len(self.hosts))

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
        for call in self._late_starts:
            if call.active():
                call.cancel()
        for hostile in self.hostile.values():
            hostile.stop()
        if self.checks is not None:
            self.checks.stopping()
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
            self._breaches.append(
                Breach(self.time.seconds(), peer_id, "liveness", self._state(peer_id))
            )

    def _state(self, peer_id: int) -> str:
        host = self.hosts[peer_id]
        if host.process is None or not host.is_running:
            return "it is down"
        progress = host.process.service.progress()
        neighbors = [f"{each.peer_id} with {each.held}" for each in progress.neighbors]
        return (
            f"it holds {progress.held} of {progress.piece_count}, "
            f"neighbours: {', '.join(neighbors) or 'none'}"
        )

    def _outcomes(self) -> list[PeerOutcome]:
        outcomes = [record.outcome() for record in self._records.values()]
        outcomes += [
            PeerOutcome(
                peer_id=peer_id,
                role=self.world.role(peer_id),
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
        self.injector.finish()
        fired = self.injector.fired
        return Outcome(
            scenario=self.scenario,
            breaches=tuple(self._breaches),
            virtual_seconds=self.time.seconds(),
            real_seconds=real_seconds,
            events=self.time.steps,
            faults={kind: fired[kind] for kind in FaultKind if fired[kind]},
            last_fault_at=self.injector.last_at,
            faults_planned=self._planned,
            peers=tuple(self._outcomes()),
            holdings=tuple(holdings),
            unchokes=tuple(unchokes),
            digest=None if self._digest is None else self._digest.hexdigest(),
        )
