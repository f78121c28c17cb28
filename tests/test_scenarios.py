"""
Moments that peers of this kind are known to fail in, each as a simulated swarm
with faults of its own, told one by one.

That of two requests for one piece at the end of a download is not among them: the
course protocol asks nobody for what somebody else is asked for.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import (
    FilePlaced,
    GivenBackReason,
    NeighborChoked,
    NeighborDisconnected,
    NeighborUnchoked,
    OptimisticRoundHeld,
    PieceRequested,
    PreferredRoundHeld,
    RequestGivenBack,
    SwarmEvent,
)
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from tests.swarm_runs import told

Heard = tuple[float, int, SwarmEvent]
"""
When, at whom, what.
"""

Told = TypeVar("Told", bound=SwarmEvent)

MIB = 1024 * 1024


class ScenarioTests(SynchronousTestCase):
    """
    Each runs with all rules looked at, and must break none.
    """

    heard: list[Heard]
    logs: dict[int, list[bytes]]

    def run_swarm(
        self,
        scenario: Scenario,
        faults: Sequence[Fault] = (),
    ) -> Outcome:
        """
        Run it; what happens is in C{heard} and C{logs}.
        """
        self.heard = []

        def witness(at_seconds: float, peer_id: int, event: SwarmEvent) -> None:
            self.heard.append((at_seconds, peer_id, event))

        swarm = SimulatedSwarm(scenario, faults=faults, witness=witness)
        self.logs = {peer: host.log for peer, host in swarm.hosts.items()}
        outcome = swarm.run()
        self.assertEqual(told(outcome), ())
        return outcome

    def all_of(self, kind: type[Told]) -> list[Told]:
        """
        The events of one kind, in their order.
        """
        return [event for _, _, event in self.heard if isinstance(event, kind)]

    def test_neighbour_stands_still(self) -> None:
        """
        A neighbour is stopped in the middle of a piece: another holder is asked
        for it within ten seconds, and an event tells why.
        """
        outcome = self.run_swarm(
            Scenario(
                peers=3,
                seeds=2,
                file_size_bytes=4 * MIB,
                piece_size_bytes=2 * MIB,
                up_rate=200e3,
            ),
            [Fault(7.0, FaultKind.FREEZE, 1001, seconds=60.0)],
        )
        self.assertEqual(outcome.faults, {FaultKind.FREEZE: 1})
        requests = [
            (at, event)
            for at, _, event in self.heard
            if isinstance(event, PieceRequested | RequestGivenBack)
        ]
        # What is sent is told before why.
        (_, first), (_, second), (taken_at, taken), (_, lost) = requests
        index = {first.peer_id: first.index, second.peer_id: second.index}[1001]
        self.assertEqual(taken, PieceRequested(1002, index))
        self.assertEqual(lost, RequestGivenBack(1001, index, GivenBackReason.STALL))
        self.assertLess(taken_at, 17.0)
        leecher = outcome.peers[2]
        assert leecher.completed_at is not None
        self.assertLess(leecher.completed_at, 30.0)

    def test_slow_neighbours(self) -> None:
        """
        One that sends or takes 50 KB/s, in pieces of 4 MiB, is neither cut off nor
        given up, and all is there when it can be.
        """
        large = Scenario(file_size_bytes=16 * MIB, piece_size_bytes=4 * MIB)
        for slow, copies in (
            (replace(large, peers=2, up_rate=50e3), 1),
            (replace(large, peers=2, down_rate=50e3), 1),
            (replace(large, peers=4, seed_up_rate=50e3), 3),
        ):
            outcome = self.run_swarm(slow)
            self.assertEqual(self.all_of(RequestGivenBack), [])
            reasons = {event.reason for event in self.all_of(NeighborDisconnected)}
            self.assertEqual(reasons, {"this peer stops"})
            best = copies * large.file_size_bytes / 50e3
            for peer in outcome.peers:
                assert peer.completed_at is not None
                self.assertLess(peer.completed_at, 1.1 * best)
                self.assertEqual(peer.duplicate_bytes, 0)

    def test_wall_clock_steps(self) -> None:
        """
        The wall clocks step by an hour, forth or back: the logs tell other times,
        and nothing else is any different, neither rounds nor time limits.
        """
        scenario = Scenario(up_rate=200e3)
        stall = Fault(5.5, FaultKind.FREEZE, 1001, seconds=12.0)
        self.run_swarm(scenario, [stall])
        calm, calm_logs = self.heard, self.logs
        reasons = {event.reason for event in self.all_of(RequestGivenBack)}
        self.assertIn(GivenBackReason.STALL, reasons)
        steps = [
            Fault(at, FaultKind.CLOCK_JUMP, peer, amount=amount)
            for peer, amount in zip(
                range(1001, 1007), (3600.0, -3600.0) * 3, strict=True
            )
            for at in (6.0, 8.0)
        ]
        outcome = self.run_swarm(scenario, [stall, *steps])
        self.assertEqual(outcome.faults[FaultKind.CLOCK_JUMP], 12)
        self.assertEqual(self.heard, calm)
        for peer, log in self.logs.items():
            self.assertNotEqual(log, calm_logs[peer])
            self.assertEqual(len(log), len(calm_logs[peer]))

    def test_connections_are_lost(self) -> None:
        """
        All connections are reset again and again: whatever was asked for over them
        is asked of others, or waits for nobody.
        """
        scenario = Scenario(peers=5, seeds=2, file_size_bytes=2 * MIB, up_rate=100e3)
        resets = [
            Fault(5.0 + turn * 3.1 + number * 0.07, FaultKind.RESET, one, other)
            for turn in range(12)
            for number, (one, other) in enumerate(combinations(range(1001, 1006), 2))
        ]
        self.run_swarm(scenario, resets)
        lost = [
            event
            for event in self.all_of(RequestGivenBack)
            if event.reason is GivenBackReason.CLOSE
        ]
        self.assertGreater(len(lost), 20)
        self.assertEqual(len(self.all_of(FilePlaced)), 3)

    def test_equal_rates_that_jitter(self) -> None:
        """
        Neighbours give about the same, now one a little more, now another: each of
        the two timers changes at most once in its interval who is served, and
        nothing else does.
        """
        scenario = Scenario(
            peers=10,
            file_size_bytes=4 * MIB,
            up_rate=60e3,
            latency_seconds=0.05,
            jitter_seconds=0.05,
        )
        self.run_swarm(scenario)
        interval = {PreferredRoundHeld: 5.0, OptimisticRoundHeld: 10.0}
        changed: dict[int, list[int]] = defaultdict(list)
        held_at: dict[tuple[int, type[SwarmEvent]], float] = {}
        changes = 0
        for at, by, event in self.heard:
            if isinstance(event, NeighborChoked | NeighborUnchoked):
                changed[by].append(event.peer_id)
                changes += 1
            elif isinstance(event, PreferredRoundHeld | OptimisticRoundHeld):
                # Changes are told before the round that they are from.
                whom = changed.pop(by, [])
                self.assertEqual(len(whom), len({*whom}))
                kind = type(event)
                passed = at - held_at.get((by, kind), 0.0)
                self.assertAlmostEqual(passed, interval[kind])
                held_at[by, kind] = at
        self.assertGreater(changes, 200)
        self.assertEqual(changed, {})

    def test_bit_rot(self) -> None:
        """
        A bit that flips on a disk under the course protocol is a wrong file, which
        nobody there can notice; the rules here do.
        """
        rot = Fault(at_seconds=60, kind=FaultKind.BIT_ROT, peer_id=1002)
        swarm = SimulatedSwarm(Scenario(peers=3), faults=[rot])
        outcome = swarm.run()
        self.assertEqual(
            [(breach.peer_id, breach.rule) for breach in outcome.breaches],
            [(1002, "right bytes")],
        )
        self.assertEqual(dict(outcome.faults), {FaultKind.BIT_ROT: 1})
