"""
A choking policy of others.
"""

from collections.abc import Mapping, Sequence
from random import Random

from zope.interface import implementer

from swarmpeer.core.choking_policies import CHOKING_POLICIES, ChokingFactory
from swarmpeer.core.guarding.faults import (
    bool_fault,
    candidates_fault,
    choice_fault,
    flags_fault,
    ids_fault,
    no_fault,
)
from swarmpeer.core.guarding.guard import Guard, Report
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.interfaces import IChokingPolicy
from swarmpeer.text import in_few_words


def make_choking(
    factory: ChokingFactory,
    preferred_count: int,
    rng: Random,
    report: Report,
    instead: ChokingFactory,
) -> IChokingPolicy:
    """
    What C{factory} makes, guarded unless it is one of our own.

    @param instead: makes the one that takes its place if it fails.
    """
    if factory in CHOKING_POLICIES.values():
        return factory(preferred_count, rng)
    return GuardedChoking(factory, preferred_count, rng, report, instead)


@implementer(IChokingPolicy)
class GuardedChoking(Guard[IChokingPolicy]):
    """
    A choking policy of others.
    """

    def __init__(
        self,
        factory: ChokingFactory,
        preferred_count: int,
        rng: Random,
        report: Report,
        instead: ChokingFactory,
    ) -> None:
        super().__init__(
            factory,
            lambda: factory(preferred_count, rng),
            lambda: instead(preferred_count, rng),
            IChokingPolicy.providedBy,
            report,
        )

    @property
    def ranks_by_rate(self) -> bool:
        """
        Do those come first who gave most, before the file is complete?
        """
        return bool(
            self._ask("ranks_by_rate", lambda policy: policy.ranks_by_rate, bool_fault)
        )

    @property
    def shows_pieces(self) -> bool:
        """
        Is each piece to be handed out once before any is twice?
        """
        return bool(
            self._ask("shows_pieces", lambda policy: policy.shows_pieces, bool_fault)
        )

    @property
    def preferred(self) -> tuple[int, ...]:
        """
        Whom the rounds chose.
        """
        return self._ask("preferred", lambda policy: policy.preferred, ids_fault)

    @property
    def optimistic(self) -> int | None:
        """
        Who is served beside those.
        """
        optimistic: int | None = self._ask(
            "optimistic",
            lambda policy: policy.optimistic,
            lambda one: None if one is None else ids_fault((one,)),
        )
        return optimistic

    def is_unchoked(self, peer_id: int) -> bool:
        """
        Is the neighbour to be served?
        """
        return self._ask(
            "is_unchoked", lambda policy: policy.is_unchoked(peer_id), bool_fault
        )

    def note_uplink(self, busy: int, sent_pieces: Mapping[int, int]) -> None:
        """
        How the uplink did since the last preferred round.
        """
        self._ask(
            "note_uplink",
            lambda policy: policy.note_uplink(busy, dict(sent_pieces)),
            no_fault,
        )

    def hold_preferred_round(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Choose, as is due once an unchoking interval.
        """

        def fault_of(plan: object) -> str | None:
            if not isinstance(plan, PreferredRoundHeld):
                return f"answered {in_few_words(plan)}, which is no PreferredRoundHeld"
            return (
                choice_fault(plan.preferred, plan.optimistic, candidates)
                or candidates_fault(plan.candidates, candidates)
                or flags_fault(by_rate=plan.by_rate, is_changed=plan.is_changed)
            )

        return self._ask(
            "hold_preferred_round",
            lambda policy: policy.hold_preferred_round(
                tuple(candidates), by_rate=by_rate
            ),
            fault_of,
        )

    def hold_optimistic_round(
        self, candidates: Sequence[Candidate]
    ) -> OptimisticRoundHeld:
        """
        The same once an optimistic interval.
        """

        def fault_of(plan: object) -> str | None:
            if not isinstance(plan, OptimisticRoundHeld):
                return f"answered {in_few_words(plan)}, which is no OptimisticRoundHeld"
            fault = choice_fault(plan.candidates, plan.optimistic, candidates)
            return fault or flags_fault(is_changed=plan.is_changed)

        return self._ask(
            "hold_optimistic_round",
            lambda policy: policy.hold_optimistic_round(tuple(candidates)),
            fault_of,
        )

    def wants_review(self, peer_id: int, *, is_interested: bool) -> bool:
        """
        The interest of a neighbour changed, or it left.
        """
        return self._ask(
            "wants_review",
            lambda policy: policy.wants_review(peer_id, is_interested=is_interested),
            bool_fault,
        )

    def review(self, candidates: Sequence[Candidate]) -> bool:
        """
        Choose between the rounds.
        """
        return self._ask(
            "review", lambda policy: policy.review(tuple(candidates)), bool_fault
        )

    def forget(self, peer_id: int) -> None:
        """
        They left.
        """
        self._ask("forget", lambda policy: policy.forget(peer_id), no_fault)
