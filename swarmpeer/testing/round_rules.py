"""
What must hold in each choke round, read from its event.
"""

from collections.abc import Iterator

from swarmpeer.core.choking import ChokingManager
from swarmpeer.events import OptimisticRoundHeld, PreferredRoundHeld, SwarmEvent
from swarmpeer.testing.invariants import Finding


def check_round(
    event: SwarmEvent, choking: ChokingManager, most_preferred: int
) -> Iterator[Finding]:
    """
    @param event: any; only rounds are looked at.
    @param choking: as it is right after the round.
    @param most_preferred: how many neighbours may be preferred.
    """
    match event:
        case PreferredRoundHeld(candidates=candidates, preferred=preferred):
            gave = {each.peer_id: each.received_bytes for each in candidates}
            if not set(preferred) <= set(gave):
                yield "preferred are interested", f"{preferred} of {sorted(gave)}"
            elif len(preferred) > most_preferred:
                yield "k preferred", f"{preferred} with k {most_preferred}"
            elif event.by_rate and preferred:
                least = min(gave[peer] for peer in preferred)
                most = max(
                    (gave[peer] for peer in gave if peer not in preferred), default=0
                )
                if most > least:
                    yield "preferred by rate", f"{preferred} of {gave}"
        case OptimisticRoundHeld(candidates=candidates, optimistic=optimistic):
            if event.is_changed and optimistic is not None:
                if optimistic not in candidates:
                    yield "optimistic among the waiting", f"{optimistic}"
                if optimistic in choking.preferred:
                    yield "optimistic was choked", f"{optimistic} is preferred"
