"""
Verified swarms in virtual time: small ones with everything going wrong, moments that
peers of this kind are known to fail in, and losses of power at any moment.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.outstanding import LEAST_SECONDS
from swarmpeer.core.scrubbing import Scrubbing
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    FetchingResumed,
    FileChanged,
    FileCompleted,
    GoodbyeReceived,
    NeighborConnected,
    PeerShutOut,
    PieceHealed,
    PieceRequested,
    PieceSent,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordFailed,
    RecordSaved,
    RequestCancelled,
    SecondRequested,
    SwarmEvent,
    ViolationSeen,
    WithdrawalReceived,
)
from swarmpeer.simulate.replay import replay_command
from swarmpeer.simulate.runs import run_all
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.contents import FOLDER_NAME, Contents
from swarmpeer.testing.drawn import draw_verified
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.power_cuts import PowerCutSwarm
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm, simulate
from swarmpeer.verified_service import REVIEW_SECONDS
from tests.failed_once import VERIFIED_FAILED_ONCE
from tests.processes import ROOT
from tests.swarm_runs import told

Told = TypeVar("Told", bound=SwarmEvent)
Act = Callable[[SimulatedSwarm], object]

SEEDS = {
    FaultLevel.WILD: range(tries(16, 40)),
    FaultLevel.MILD: range(1000, 1000 + tries(4, 10)),
}
"""
Which swarms are drawn every day.
"""

SMALL = Scenario(
    peers=3,
    files=3,
    file_size_bytes=150_000,
    preferred=2,
    unchoking_interval_seconds=1,
    optimistic_interval_seconds=2,
    policy="classic",
)
SLOW = replace(SMALL, file_size_bytes=400_000, up_rate=40_000.0)
TINY = replace(SMALL, peers=2, files=2, file_size_bytes=60_000)

_SEED_OF_A_WRONG_PIECE = 2
"""
There the piece that rots is one that somebody asks for before it was read.
"""
_PATIENCE_SECONDS = 120.0
_ROOM_SECONDS = 5.0
"""
In which time a peer notices that there is room again.
"""


class EverydayTests(SynchronousTestCase):
    """
    The same swarms at every run of the tests; C{tools.soak --verified} tries others.
    """

    def test_rules_hold(self) -> None:
        """
        In no swarm is a rule broken, and every kind of fault takes effect in some.
        """
        drawn = [
            draw_verified(seed, level)
            for level, seeds in SEEDS.items()
            for seed in seeds
        ]
        scenarios = [*VERIFIED_FAILED_ONCE.values(), *drawn]
        failures: list[str] = []
        faults: Counter[FaultKind] = Counter()
        outcomes = run_all(simulate, scenarios, checks=True, jobs=os.cpu_count() or 1)
        with closing(outcomes):
            for outcome in outcomes:
                failures += told(outcome)
                faults.update(outcome.faults)
        self.assertEqual(failures, [], "\n".join(["", *failures]))
        self.assertEqual([kind for kind in FaultKind if not faults[kind]], [])

    def test_digests(self) -> None:
        """
        A scenario is all that a run depends on: its trace is the same again, and when
        somebody gives the command that replays it, whatever Python makes of hashes.
        """
        scenario = draw_verified(0)
        digest = simulate(scenario).digest
        self.assertIsNotNone(digest)
        self.assertNotEqual(simulate(draw_verified(1)).digest, digest)
        self.assertEqual(simulate(scenario).digest, digest)
        for hash_seed in ("0", "1"):
            finished = subprocess.run(
                [
                    *(sys.executable, "-m"),
                    *shlex.split(replay_command(scenario)),
                    "--json",
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                stdout=subprocess.PIPE,
                check=True,
                timeout=_PATIENCE_SECONDS,
            )
            self.assertEqual(json.loads(finished.stdout)["digest"], digest)


class ScenarioTests(SynchronousTestCase):
    """
    Each runs with all rules looked at, and must break none.
    """

    def setUp(self) -> None:
        """
        Nothing was heard yet.
        """
        self.heard: list[tuple[float, int, SwarmEvent]] = []

    def witness(self, at_seconds: float, peer_id: int, event: SwarmEvent) -> None:
        """
        Something happened.
        """
        self.heard.append((at_seconds, peer_id, event))

    def run_swarm(
        self,
        scenario: Scenario,
        faults: Sequence[Fault] = (),
        acts: Sequence[tuple[float, Act]] = (),
    ) -> Outcome:
        """
        Run it; what happens is in C{heard}.

        @param acts: what else happens, and when.
        """
        self.heard.clear()
        self.swarm = swarm = SimulatedSwarm(
            scenario, faults=faults, witness=self.witness
        )
        for at_seconds, act in acts:
            swarm.time.callLater(at_seconds, act, swarm)
        outcome = swarm.run()
        self.assertEqual(told(outcome), ())
        return outcome

    def all_of(self, kind: type[Told]) -> list[tuple[float, int, Told]]:
        """
        The events of one kind, in their order: when, at whom, what.
        """
        return [
            (at, peer, event)
            for at, peer, event in self.heard
            if isinstance(event, kind)
        ]

    def test_slow_neighbour_took_the_last_piece(self) -> None:
        """
        A seed that sends 1 KB/s was asked for a piece: the fast one is asked for it
        too once it takes twice as long as usual, the slow one is told that it need
        not come, hardly anything comes twice, and all is there in a moment.
        """
        scenario = replace(
            SMALL, seeds=2, file_size_bytes=2**21, up_rate=300e3, latency_seconds=0.0005
        )
        slow = Fault(0.0, FaultKind.CLOG, 1002, seconds=60.0, amount=300.0)
        outcome = self.run_swarm(scenario, [slow])
        requested = {
            (event.peer_id, event.index): at
            for at, _, event in reversed(self.all_of(PieceRequested))
        }
        stored_at = [at for at, _, event in self.all_of(PieceStored)]
        ((second_at, _, second),) = self.all_of(SecondRequested)
        self.assertEqual(second.peer_id, 1001)
        # The fast one has nothing else to do by then.
        self.assertGreaterEqual(len([at for at in stored_at if at < second_at]), 100)
        due_at = max(stored_at[-2], requested[1002, second.index] + LEAST_SECONDS)
        self.assertLess(second_at, due_at + 2 * REVIEW_SECONDS)
        ((_, _, cancelled),) = self.all_of(RequestCancelled)
        self.assertEqual(cancelled, RequestCancelled(1002, second.index))
        leecher = outcome.peers[2]
        piece = scenario.piece_size_bytes
        self.assertLessEqual(
            leecher.duplicate_bytes, max(piece, scenario.file_size_bytes // 100)
        )
        assert leecher.completed_at is not None
        self.assertLess(leecher.completed_at, 10.0)

    def test_bit_rot(self) -> None:
        """
        A bit flips on a seed's disk: while others fetch, and when all are done.
        Nobody keeps the piece, it is withdrawn everywhere and healed from others, and
        nobody is blamed.
        """
        for scenario, at_seconds in ((replace(SLOW, seeds=2), 1.5), (SMALL, 20.0)):
            self.run_swarm(scenario, acts=[(at_seconds, rot_data)])
            ((_, by, lost),) = self.all_of(PieceWithdrawn)
            self.assertEqual(by, 1001)
            self.assertEqual(
                {peer for _, peer, _ in self.all_of(WithdrawalReceived)}, {1002, 1003}
            )
            ((healed_at, _, healed),) = self.all_of(PieceHealed)
            self.assertEqual(healed.index, lost.index)
            self.assertLess(healed_at - at_seconds, 30.0)
            self.assertEqual(self.all_of(PeerShutOut), [])
            self.assert_right_everywhere()

    def test_file_of_a_seed_changes(self) -> None:
        """
        Somebody writes into a file of a seed: that is noticed, what is wrong is
        withdrawn and put right from another seed, and no mixed file is anywhere.
        """
        self.run_swarm(replace(SLOW, seeds=2), acts=[(1.5, overwrite)])
        ((_, by, changed),) = self.all_of(FileChanged)
        self.assertEqual((by, changed.is_replaced), (1001, False))
        lost = [event.index for _, _, event in self.all_of(PieceWithdrawn)]
        healed = [event.index for _, _, event in self.all_of(PieceHealed)]
        self.assertGreater(len(lost), 0)
        self.assertEqual(sorted(healed), sorted(lost))
        self.assertEqual(self.all_of(BadPieceReceived), [])
        self.assert_right_everywhere()

    def test_file_of_a_seed_is_replaced(self) -> None:
        """
        Somebody puts another file in the place of one: all that is wrong is withdrawn
        and nothing is written there, until somebody puts the right file back, which
        is found by itself.
        """
        acts = [(1.5, put_another), (20.0, put_back)]
        self.run_swarm(replace(SLOW, seeds=2), acts=acts)
        self.assertIn(
            True, [event.is_replaced for _, _, event in self.all_of(FileChanged)]
        )
        self.assertGreater(len(self.all_of(PieceWithdrawn)), 0)
        self.assertEqual(self.all_of(BadPieceReceived), [])
        self.assertNotIn(1001, [by for _, by, _ in self.all_of(PieceStored)])
        healed = [at for at, by, _ in self.all_of(PieceHealed) if by == 1001]
        self.assertGreater(min(healed), 20.0)
        self.assert_right_everywhere()

    def test_poisoner(self) -> None:
        """
        One whose pieces are all wrong is shut out by each after the second, and by
        nobody else's fault; all the others have the right bytes in the end.
        """
        for seed in range(3):
            scenario = replace(SMALL, peers=4, hostile=("poisoner",), seed=seed)
            self.run_swarm(scenario)
            (poisoner,) = self.swarm.hostile
            shut = {by: at for at, by, _ in self.all_of(PeerShutOut)}
            self.assertGreater(len(shut), 1)
            self.assertEqual(len(self.all_of(PeerShutOut)), len(shut))
            wrong: dict[int, list[float]] = {by: [] for by in shut}
            for at, by, _ in self.all_of(BadPieceReceived):
                wrong[by].append(at)
            for by, times in wrong.items():
                # What had come already is looked at still.
                self.assertEqual(times[1], shut[by])
                self.assertLess(times[-1] - shut[by], 0.01)
            blamed = {event.peer_id for _, _, event in self.all_of(PeerShutOut)}
            self.assertEqual(blamed, {poisoner})
            self.assert_right_everywhere()

    def test_poisoner_comes_back(self) -> None:
        """
        While nobody else is there, one who is shut out is let in a minute later, and
        the next time after two.
        """
        scenario = replace(SMALL, peers=2, hostile=("poisoner",), seed=1)
        away = SimulatedSwarm(scenario)
        seed = min(away.hosts)
        leecher = max(away.hosts)
        (poisoner,) = away.hostile
        loss = Fault(0.2, FaultKind.POWER_LOSS, seed, seconds=250.0)
        self.run_swarm(scenario, [loss])
        out = self.all_of(PeerShutOut)
        self.assertEqual(
            [event.seconds for _, _, event in out[:3]], [60.0, 120.0, 240.0]
        )
        ins = [
            at
            for at, by, event in self.all_of(NeighborConnected)
            if (by, event.peer_id) == (leecher, poisoner)
        ]
        for at, _, event in out:
            again = [each for each in ins if each > at]
            self.assertGreaterEqual(min(again, default=1e9), at + event.seconds)
        self.assert_right_everywhere()

    def test_honest_peer_with_a_rotten_disk(self) -> None:
        """
        One that unknowingly sent a wrong piece is told, looks and withdraws it, and
        is not shut out.
        """
        # That it looks by itself would save it from all this.
        self.patch(Scrubbing, "step", lambda _: 0)
        scenario = replace(SLOW, peers=4, seeds=2, seed=_SEED_OF_A_WRONG_PIECE)
        self.run_swarm(scenario, acts=[(0.3, rot_data)])
        self.assertEqual(
            {event.peer_id for _, _, event in self.all_of(BadPieceReceived)}, {1001}
        )
        self.assertGreater(len(self.all_of(BadPieceTold)), 0)
        self.assertEqual({by for _, by, _ in self.all_of(PieceWithdrawn)}, {1001})
        self.assertEqual(self.all_of(PeerShutOut), [])
        self.assert_right_everywhere()

    def test_disk_is_full(self) -> None:
        """
        There is no room for a while: fetching pauses, serving goes on, and within some
        seconds of there being room again fetching goes on too.
        """
        full_at, seconds = 4.0, 9.0
        full = Fault(full_at, FaultKind.DISK_FULL, 1002, seconds=seconds)
        scenario = replace(SLOW, file_size_bytes=800_000)
        late = Fault(0.0, FaultKind.CRASH, 1003, seconds=full_at)
        self.run_swarm(scenario, [full, late])
        refused = [at for at, by, _ in self.all_of(PieceStoreFailed) if by == 1002]
        self.assertGreater(len(refused), 0)
        # A few are tried in vain.
        self.assertLess(len(refused), 40)
        sent = [at for at, by, _ in self.all_of(PieceSent) if by == 1002]
        self.assertGreater(len([at for at in sent if full_at + 1 < at < 13.0]), 0)
        ((resumed_at, by, _),) = self.all_of(FetchingResumed)
        self.assertEqual(by, 1002)
        self.assertLess(resumed_at, full_at + seconds + _ROOM_SECONDS)
        self.assert_right_everywhere()

    def test_no_room_for_the_record(self) -> None:
        """
        There is no room for the record alone: that is told once, holds nothing up,
        and within some seconds of there being room it is saved.
        """
        freed_at: list[float] = []

        def fill(swarm: SimulatedSwarm) -> None:
            swarm.hosts[1002].disk.fill()

        def free(swarm: SimulatedSwarm) -> None:
            swarm.hosts[1002].disk.free()
            freed_at.append(swarm.time.seconds())

        def witness(at_seconds: float, peer_id: int, event: SwarmEvent) -> None:
            self.witness(at_seconds, peer_id, event)
            if peer_id == 1002 and isinstance(event, FileCompleted):
                fill(swarm)
                swarm.time.callLater(7.0, free, swarm)

        swarm = SimulatedSwarm(SMALL, witness=witness)
        self.swarm = swarm
        self.assertEqual(told(swarm.run()), ())
        self.assertEqual([by for _, by, _ in self.all_of(RecordFailed)], [1002])
        self.assertEqual(self.all_of(PieceStoreFailed), [])
        saved_at = next(at for at, by, _ in self.all_of(RecordSaved) if by == 1002)
        self.assertLess(freed_at[0], saved_at)
        self.assertLess(saved_at, freed_at[0] + _ROOM_SECONDS)
        self.assert_right_everywhere()

    def test_two_swarms_in_one_network(self) -> None:
        """
        A peer of another swarm under the address of a member is not talked to, and
        both say why.
        """
        scenario = replace(SMALL, seeds=2)
        self.swarm = swarm = SimulatedSwarm(
            scenario, checks=False, witness=self.witness
        )
        stranger = swarm.hosts[1002]
        stranger.contents = other = Contents(replace(scenario, seed=99))
        for number in range(len(other.places)):
            stranger.disk.put(*stranger.place(number), other.file(number))
        outcome = swarm.run()
        assert outcome.peers[2].completed_at is not None
        self.assertLess(outcome.peers[2].completed_at, 10.0)
        self.assertEqual(
            {event.peer_id for _, _, event in self.all_of(PieceStored)}, {1001}
        )
        met = {(by, event.peer_id) for _, by, event in self.all_of(NeighborConnected)}
        self.assertEqual([pair for pair in met if 1002 in pair], [])
        reasons = {event.reason for _, _, event in self.all_of(ViolationSeen)}
        self.assertEqual(reasons, {"other-swarm"})
        self.assertEqual(self.all_of(GoodbyeReceived), [])
        for number in range(len(swarm.world.contents.places)):
            host = swarm.hosts[1003]
            content = host.disk.content(*host.place(number))
            self.assertEqual(content, swarm.world.contents.file(number))

    def assert_right_everywhere(self) -> None:
        """
        Fail unless every honest peer has all files as they should be.
        """
        for peer_id, host in self.swarm.hosts.items():
            for number in range(len(host.contents.places)):
                content = host.disk.content(*host.place(number))
                is_right = content == host.contents.file(number)
                self.assertTrue(is_right, f"file {number} of {peer_id}")


class PowerCutTests(SynchronousTestCase):
    """
    The power fails at some of all moments; C{tools.power_cuts} tries every one.
    """

    def test_between_events(self) -> None:
        """
        Between two events.
        """
        failures: list[str] = []
        for seed in range(3):
            scenario = replace(TINY, seed=seed)
            whole = SimulatedSwarm(scenario)
            whole.run()
            for event in range(1 + seed, whole.events_until_done + 7, tries(21, 7)):
                swarm = PowerCutSwarm(scenario, 1002, after_event=event)
                failures += told(swarm.run())
                self.assertTrue(swarm.was_cut)
        self.assertEqual(failures, [])

    def test_in_the_midst_of_works(self) -> None:
        """
        Between two calls of a work in a thread, be it a commit or the placing of
        the files.
        """
        failures: list[str] = []
        cuts = 0
        for seed in range(3):
            for call in range(seed, 1000, tries(7, 3)):
                scenario = replace(TINY, seed=seed)
                swarm = PowerCutSwarm(scenario, 1002, after_call=call)
                failures += told(swarm.run())
                cuts += swarm.was_cut
                if not swarm.was_cut:
                    break
        self.assertEqual(failures, [])
        self.assertGreater(cuts, tries(6, 15))


def rot_data(swarm: SimulatedSwarm) -> None:
    """
    A bit flips in what the first seed is to have.
    """
    swarm.hosts[1001].disk.rot(lambda folder, _: FOLDER_NAME in folder)


def overwrite(swarm: SimulatedSwarm) -> None:
    """
    Somebody writes into the largest file of the first seed.
    """
    host = swarm.hosts[1001]
    host.disk.edit(*host.place(_largest(swarm)), b"changed by somebody", 20_000)


def put_back(swarm: SimulatedSwarm) -> None:
    """
    Somebody has the right file in that place again.
    """
    host = swarm.hosts[1001]
    for number in range(len(host.contents.places)):
        host.disk.put(*host.place(number), host.contents.file(number))


def put_another(swarm: SimulatedSwarm) -> None:
    """
    Somebody replaces that file by one of which only the beginning is right.
    """
    host = swarm.hosts[1001]
    number = _largest(swarm)
    right = host.contents.file(number)
    half = len(right) // 2
    host.disk.put(*host.place(number), right[:half] + bytes(len(right) - half))
    host.disk.edit(*host.place(number), b"\1", half)


def _largest(swarm: SimulatedSwarm) -> int:
    sizes = swarm.world.contents.layout.file_sizes_bytes
    return sizes.index(max(sizes))
