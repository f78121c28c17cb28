"""
What must hold in the choke rounds of a peer, read from their events.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from swarmpeer.events import OptimisticRoundHeld, PreferredRoundHeld, SwarmEvent
from swarmpeer.interfaces import IChokingPolicy
from swarmpeer.testing.invariants import Finding, gathered


class RoundRules:
    """
    Hears the rounds of one peer, from its start to its end.
    """

    def __init__(
        self,
        choking: IChokingPolicy,
        most_preferred: int,
        given_bytes: Callable[[int], int | None],
    ) -> None:
        """
        @param most_preferred: how many neighbours may be preferred.
        @param given_bytes: what a neighbour sent of pieces so far, be it here or
            on its way; C{None} if that is not known.
        """
        self._choking = choking
        self._most_preferred = most_preferred
        self._given_bytes = given_bytes
        self._preferred: tuple[int, ...] = ()
        self._counted_bytes: Counter[int] = Counter()

    @gathered
    def hear(self, event: SwarmEvent) -> Iterator[Finding]:
        """
        @param event: of a round that was held right now.
        @return: what does not hold.
        """
        match event:
            case PreferredRoundHeld():
                yield from self._judge_preferred(event)
            case OptimisticRoundHeld(candidates=candidates, optimistic=optimistic):
                if event.is_changed and optimistic is not None:
                    if optimistic not in candidates:
                        yield "optimistic among the waiting", f"{optimistic}"
                    if optimistic in self._choking.preferred:
                        yield "optimistic was choked", f"{optimistic} is preferred"

    def _judge_preferred(self, event: PreferredRoundHeld) -> Iterator[Finding]:
        preferred = event.preferred
        gave = {each.peer_id: each.received_bytes for each in event.candidates}
        if not set(preferred) <= set(gave):
            yield "preferred are interested", f"{preferred} of {sorted(gave)}"
        elif len(preferred) > self._most_preferred:
            yield "k preferred", f"{preferred} with k {self._most_preferred}"
        elif event.by_rate and preferred:
            least = min(gave[peer] for peer in preferred)
            most = max(
                (gave[peer] for peer in gave if peer not in preferred), default=0
            )
            if most > least:
                yield "preferred by rate", f"{preferred} of {gave}"
        if event.is_changed is not (preferred != self._preferred):
            yield "change is told", f"{self._preferred}, then {preferred}"
        self._preferred = preferred
        self._counted_bytes.update(gave)
        for peer in gave:
            counted, given = self._counted_bytes[peer], self._given_bytes(peer)
            if given is not None and counted > given:
                yield "bytes count once", f"{peer} gave {given}, {counted} counted"
