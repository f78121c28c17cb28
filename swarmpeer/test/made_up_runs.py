"""
Runs that never were, for tests of what tells about runs.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from swarmpeer.testing.outcome import (
    Breach,
    HoldingPoint,
    Outcome,
    PeerOutcome,
    UnchokeSpan,
)
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario

FIRST_ID = 1001
PLANNED_FAULTS = 12


def made_up_outcome(scenario: Scenario, *breaches: Breach) -> Outcome:
    """
    A plausible outcome of C{scenario}: pieces come faster and faster from the
    first unchoking interval on, and places are given by lot.
    """
    rng = Random(scenario.seed)
    peers = [
        _peer(scenario, FIRST_ID + place, place, rng) for place in range(scenario.peers)
    ]
    peers += [
        replace(
            _peer(scenario, FIRST_ID + scenario.peers + place, scenario.peers, rng),
            role=role,
            completed_at=None,
            held=0,
        )
        for place, role in enumerate(scenario.hostile)
    ]
    end = max((peer.completed_at or 0.0 for peer in peers), default=0.0) + 1.0
    has_faults = scenario.faults is not FaultLevel.NONE
    planned = PLANNED_FAULTS if has_faults else 0
    return Outcome(
        scenario=scenario,
        breaches=breaches,
        virtual_seconds=end + 90.0,
        real_seconds=0.25,
        events=1000 * scenario.peers,
        faults={FaultKind.CUT: 3, FaultKind.CRASH: 1} if has_faults else {},
        last_fault_at=0.7 * end if has_faults else 0.0,
        faults_planned=planned,
        peers=tuple(peers),
        holdings=tuple(_holdings(scenario, peers, rng)),
        unchokes=tuple(_unchokes(scenario, peers, end, rng)),
        digest="0123456789abcdef",
    )


def scripted(
    is_failing: Callable[[Scenario], bool],
) -> Callable[[Scenario], Outcome]:
    """
    What runs a scenario and finds a breach where C{is_failing} says so.
    """

    def run(scenario: Scenario) -> Outcome:
        if is_failing(scenario):
            breach = Breach(7.5, 1002, "liveness", "1002 holds 3 of 40")
            return made_up_outcome(scenario, breach)
        return made_up_outcome(scenario)

    return run


def _peer(scenario: Scenario, peer_id: int, place: int, rng: Random) -> PeerOutcome:
    first = scenario.unchoking_interval_seconds + rng.random()
    size = scenario.file_size_bytes
    role = "leecher"
    if place < scenario.seeds:
        role = "seed"
    elif place >= scenario.peers - scenario.free_riders:
        role = "free rider"
    is_seed = role == "seed"
    return PeerOutcome(
        peer_id=peer_id,
        role=role,
        up_rate=scenario.up_rate,
        down_rate=scenario.down_rate,
        completed_at=0.0 if is_seed else first + rng.uniform(10.0, 20.0),
        first_piece_at=0.0 if is_seed else first,
        received_bytes=0 if is_seed else size,
        sent_bytes=0 if role == "free rider" else int(size * rng.uniform(0.5, 1.5)),
        duplicate_bytes=0,
        held=scenario.piece_count,
        starts=1,
    )


def _holdings(
    scenario: Scenario, peers: list[PeerOutcome], rng: Random
) -> list[HoldingPoint]:
    points = []
    count = scenario.piece_count
    for peer in peers:
        start, end = peer.first_piece_at, peer.completed_at
        if peer.role == "seed" or start is None or end is None:
            continue
        bend = rng.uniform(1.3, 2.5)
        points += [
            HoldingPoint(
                start + (end - start) * (held / count) ** (1 / bend), peer.peer_id, held
            )
            for held in range(1, count + 1)
        ]
    return sorted(points, key=lambda point: point.at_seconds)


def _unchokes(
    scenario: Scenario, peers: list[PeerOutcome], end: float, rng: Random
) -> list[UnchokeSpan]:
    """
    In each interval some neighbours by lot, those that stay in one span.
    """
    spans = []
    ids = [peer.peer_id for peer in peers]
    for peer in peers:
        if peer.role == "free rider":
            continue
        others = [other for other in ids if other != peer.peer_id]
        for is_optimistic, interval, count in (
            (False, scenario.unchoking_interval_seconds, scenario.preferred),
            (True, scenario.optimistic_interval_seconds, 1),
        ):
            open_since: dict[int, float] = {}
            at = float(interval)
            while at < end + interval:
                chosen = rng.sample(others, min(count, len(others)))
                for whom in list(open_since):
                    if whom not in chosen or at >= end:
                        span = (open_since.pop(whom), min(at, end))
                        spans.append(
                            UnchokeSpan(peer.peer_id, whom, *span, is_optimistic)
                        )
                if at < end:
                    for whom in chosen:
                        open_since.setdefault(whom, at)
                at += interval
    return sorted(spans, key=lambda span: (span.start_seconds, span.by, span.whom))
