"""
How long a simulated swarm should take, and how long it may take.
"""

from math import inf

from swarmpeer.testing.scenario import Scenario


def usual_seconds(scenario: Scenario) -> float:
    """
    About how long a swarm takes in which nothing goes wrong.
    """
    return (
        2.0 * scenario.unchoking_interval_seconds
        + 2.0 * scenario.file_size_bytes / (scenario.up_rate or inf)
        + 4.0 * scenario.piece_count * scenario.latency_seconds
    )


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
    copy = scenario.file_size_bytes / slowest_rate(scenario) + scenario.piece_count * (
        4 * scenario.latency_seconds + 0.5
    )
    return 240.0 + 10 * interval * members + 4 * members * copy


def slowest_rate(scenario: Scenario) -> float:
    """
    The rate of the slowest line, in bytes per second.
    """
    rates = (scenario.up_rate, scenario.seed_up_rate, scenario.down_rate)
    return min((rate for rate in rates if rate), default=inf)
