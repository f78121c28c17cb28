"""
Small scenarios drawn by chance, for those who try many.
"""

from dataclasses import replace
from random import Random

from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.names import PICKING_NAMES
from swarmpeer.testing.scenario import FaultLevel, Scenario

_MOST_PIECES = (3, 10, 40)
_LEAST_RATE = 4000.0
"""
Bytes per second; with less the messages themselves would take minutes.
"""
_LEAST_RATE_AMONG_FOES = 200_000.0
"""
The same where somebody may fill a line with rubbish, which no peer can prevent.
"""


_SHARE_OF_LARGE = 0.1
_LARGE_PIECE_BYTES = 300_000
"""
A piece that is written portion by portion, and in a thread.
"""


_VERIFIED_PIECE_BYTES = 16 * 1024
_MOST_VERIFIED_PIECES = 24
_MOST_FILES = 6


def draw_verified(seed: int, faults: FaultLevel = FaultLevel.WILD) -> Scenario:
    """
    The same as a verified swarm, which has a folder of some files.

    @param seed: of the draw, and of the scenario too.
    """
    rng = Random(f"{seed}/verified")
    classic = draw_scenario(seed, faults)
    pieces = rng.randint(1, _MOST_VERIFIED_PIECES)
    rates = (None, None, _LEAST_RATE_AMONG_FOES, 5 * _LEAST_RATE_AMONG_FOES)
    return replace(
        classic,
        files=rng.randint(1, _MOST_FILES),
        piece_size_bytes=_VERIFIED_PIECE_BYTES,
        file_size_bytes=max(1, pieces * _VERIFIED_PIECE_BYTES - rng.randrange(9000)),
        on_disk=True,
        up_rate=rng.choice(rates),
        down_rate=rng.choice(rates),
        policy=rng.choice(("fleet", "fleet", classic.policy_name)),
        picking=rng.choice(PICKING_NAMES),
    )


def draw_scenario(seed: int, faults: FaultLevel = FaultLevel.WILD) -> Scenario:
    """
    A swarm of three to eight honest peers, and sometimes others.

    @param seed: of the draw, and of the scenario too.
    """
    rng = Random(f"{seed}/scenario")
    # Mostly the smallest that may go wrong; sometimes more.
    peers = rng.choice((3, 3, 3, 4, 4, 5, 6, 8))
    piece_size = rng.choice((1, 100, 1024, 16 * 1024))
    pieces = rng.randint(1, rng.choice(_MOST_PIECES))
    file_size = max(1, pieces * piece_size - rng.randrange(piece_size))
    unchoking, optimistic = rng.choice(((1, 1), (1, 2), (2, 3), (3, 2), (5, 10)))
    hostile: tuple[str, ...] = ()
    if faults is not FaultLevel.NONE and rng.random() < 0.4:
        hostile = tuple(rng.choice(sorted(ROLES)) for _ in range(rng.randint(1, 2)))
    least_rate = _LEAST_RATE_AMONG_FOES if hostile else _LEAST_RATE
    # A copy takes up to some twenty seconds, or next to no time.
    rates = (
        None,
        None,
        *(max(file_size / seconds, least_rate) for seconds in (1.0, 5.0, 20.0)),
    )
    scenario = Scenario(
        seed=seed,
        peers=peers,
        seeds=rng.randint(1, 2),
        file_size_bytes=file_size,
        piece_size_bytes=piece_size,
        preferred=rng.randint(1, 4),
        unchoking_interval_seconds=unchoking,
        optimistic_interval_seconds=optimistic,
        policy=rng.choice(("classic", "classic", "classic", "lottery", "open")),
        free_riders=rng.choice((0, 0, 0, 1)),
        hostile=hostile,
        up_rate=rng.choice(rates),
        down_rate=rng.choice(rates),
        latency_seconds=rng.choice((0.0005, 0.01, 0.1)),
        faults=faults,
        on_disk=rng.random() < 0.9,
        neighbors=rng.choice((None, None, None, 2, 3)),
        jitter_seconds=rng.choice((0.0, 0.0, 0.05)),
    )
    if rng.random() < _SHARE_OF_LARGE:
        scenario = replace(
            scenario,
            piece_size_bytes=_LARGE_PIECE_BYTES,
            file_size_bytes=rng.randint(1, 5 * _LARGE_PIECE_BYTES),
            up_rate=rng.choice((None, _LEAST_RATE_AMONG_FOES)),
            down_rate=None,
        )
    return scenario
