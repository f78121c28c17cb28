"""
What the tests of simulated swarms say of one that failed.
"""

from swarmpeer.simulate.replay import replay_command
from swarmpeer.simulate.summary import breach_line
from swarmpeer.testing.outcome import Outcome


def told(outcome: Outcome) -> tuple[str, ...]:
    """
    What did not hold, line by line, and how to see it again; nothing if all did.
    """
    if outcome.is_good:
        return ()
    return (*map(breach_line, outcome.breaches), replay_command(outcome.scenario))
