"""
Policies of others: one that raises, or answers what cannot be, is told once by its
name, and one of our own takes its place, so that the peer goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Generic, TypeVar

from zope.interface import implementer

from swarmpeer.core.choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.picking import PIECE_PICKERS, PickerFactory
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.events import (
    Candidate,
    OptimisticRoundHeld,
    PolicyReplaced,
    PreferredRoundHeld,
)
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker
from swarmpeer.text import printable
from swarmpeer.wire.bitfield import Bitfield

Report = Callable[[PolicyReplaced], None]
"""
Hears of a policy that is not asked any more.
"""
ChokingFactory = Callable[[int, Random], IChokingPolicy]
"""
Makes who chooses whom to serve: from how many neighbours are to be preferred, and
from where every draw comes.
"""

_OWN = (*PIECE_PICKERS.values(), ChokingManager, FleetChoking)

_Policy = TypeVar("_Policy")
_Answer = TypeVar("_Answer")


def make_picker(
    factory: PickerFactory, held: Bitfield, rng: Random, report: Report
) -> IPiecePicker:
    """
    What C{factory} makes, guarded unless it is one of our own.

    @param held: the pieces that need no fetching.
    """
    if factory in _OWN:
        return factory(held, rng)
    return _GuardedPicker(factory, held, rng, report)


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
    if factory in _OWN:
        return factory(preferred_count, rng)
    return _GuardedChoking(factory, preferred_count, rng, report, instead)


class _Guard(Generic[_Policy]):
    """
    Asks somebody else's policy as long as it does what its interface says, and then
    one of our own.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], _Policy],
        make_own: Callable[[], _Policy],
        is_one: Callable[[object], bool],
        flags: Sequence[str],
        report: Report,
    ) -> None:
        """
        @param is_one: does an object provide the interface?
        @param flags: the attributes that are C{bool}.
        """
        self._name = name
        self._make_own = make_own
        self._report = report
        self._is_theirs = True
        method = "__init__"
        try:
            self._policy = make()
            fault = None
            if not is_one(self._policy):
                fault = (
                    f"made {_shown(self._policy)}, which does not provide what it must"
                )
            for flag in flags:
                if fault is None:
                    method = flag
                    fault = _not_bool(getattr(self._policy, flag))
        except (Exception, SystemExit) as error:
            fault = _raised(error)
        if fault is not None:
            self._replace(method, fault)

    def _ask(
        self,
        method: str,
        ask: Callable[[_Policy], _Answer],
        fault_of: Callable[[_Answer], str | None],
    ) -> _Answer:
        """
        The answer to a question, which is asked again of the other if it is wrong.
        """
        if not self._is_theirs:
            return ask(self._policy)
        try:
            answer = ask(self._policy)
            fault = fault_of(answer)
        except (Exception, SystemExit) as error:
            fault = _raised(error)
        else:
            if fault is None:
                return answer
        self._replace(method, fault)
        return ask(self._policy)

    def _replace(self, method: str, fault: str) -> None:
        self._policy, self._is_theirs = self._make_own(), False
        own = type(self._policy).__name__
        self._report(PolicyReplaced(self._name, method, fault, own))


@implementer(IPiecePicker)
class _GuardedPicker(_Guard[IPiecePicker]):
    """
    A picker of others.  It knows which pieces are open, to see whether an answer can
    be, and for the one that may have to go on from there.
    """

    def __init__(
        self, factory: PickerFactory, held: Bitfield, rng: Random, report: Report
    ) -> None:
        self._shut = held.copy()
        super().__init__(
            _name_of(factory),
            lambda: factory(held.copy(), rng),
            lambda: RandomPicker(self._shut, rng),
            IPiecePicker.providedBy,
            ["counts_holders"],
            report,
        )
        self.counts_holders = bool(self._policy.counts_holders)

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        self._shut.discard(index)
        self._ask("reopen", lambda policy: policy.reopen(index), _anything)

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        self._shut.add(index)
        self._ask("shut", lambda policy: policy.shut(index), _anything)

    def pick(self, theirs: Bitfield, useful: int) -> int | None:
        """
        Choose for one neighbour.
        """
        return self._ask(
            "pick",
            lambda policy: policy.pick(theirs.copy(), useful),
            lambda answer: self._fault(answer, theirs),
        )

    def pick_among(self, few: list[int]) -> int | None:
        """
        The same where only a few come into question.
        """
        few[:] = self._shut.missing_among(few)
        return self._ask(
            "pick_among",
            lambda policy: policy.pick_among(list(few)),
            lambda answer: self._fault(answer, few),
        )

    def note_have(self, index: int) -> None:
        """
        A neighbour holds one more piece.
        """
        self._ask("note_have", lambda policy: policy.note_have(index), _anything)

    def note_lacking(self, index: int) -> None:
        """
        A neighbour holds a piece no more.
        """
        self._ask("note_lacking", lambda policy: policy.note_lacking(index), _anything)

    def note_bits(self, theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds.
        """
        self._ask(
            "note_bits", lambda policy: policy.note_bits(theirs.copy()), _anything
        )

    def note_left(self, theirs: Bitfield) -> None:
        """
        A neighbour that told is gone.
        """
        self._ask(
            "note_left", lambda policy: policy.note_left(theirs.copy()), _anything
        )

    def _fault(self, answer: object, among: Bitfield | list[int]) -> str | None:
        """
        Why that is no piece to ask for, if it is none.
        """
        if answer is None:
            return (
                "answered None, but there is an open one" if self._any(among) else None
            )
        if not isinstance(answer, int) or isinstance(answer, bool):
            return f"answered {_shown(answer)}, which is no whole number"
        if not 0 <= answer < self._shut.size:
            return f"answered {answer}, but there are {self._shut.size} pieces"
        if answer in self._shut:
            return f"answered piece {answer}, which is not open"
        if answer not in among:
            return f"answered piece {answer}, which is none of those to choose from"
        return None

    def _any(self, among: Bitfield | list[int]) -> bool:
        """
        Is any of them open?
        """
        if isinstance(among, list):
            return bool(among)
        return self._shut.lacks_any_of(among)


@implementer(IChokingPolicy)
class _GuardedChoking(_Guard[IChokingPolicy]):
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
            _name_of(factory),
            lambda: factory(preferred_count, rng),
            lambda: instead(preferred_count, rng),
            IChokingPolicy.providedBy,
            ["ranks_by_rate", "shows_pieces"],
            report,
        )

    @property
    def ranks_by_rate(self) -> bool:
        """
        Do those come first who gave most, before the file is complete?
        """
        return bool(
            self._ask("ranks_by_rate", lambda policy: policy.ranks_by_rate, _not_bool)
        )

    @property
    def shows_pieces(self) -> bool:
        """
        Is each piece to be handed out once before any is twice?
        """
        return bool(
            self._ask("shows_pieces", lambda policy: policy.shows_pieces, _not_bool)
        )

    @property
    def preferred(self) -> tuple[int, ...]:
        """
        Whom the rounds chose.
        """
        return self._ask("preferred", lambda policy: policy.preferred, _no_ids)

    @property
    def optimistic(self) -> int | None:
        """
        Who is served beside those.
        """
        optimistic: int | None = self._ask(
            "optimistic",
            lambda policy: policy.optimistic,
            lambda one: None if one is None else _no_ids((one,)),
        )
        return optimistic

    def is_unchoked(self, peer_id: int) -> bool:
        """
        Is the neighbour to be served?
        """
        return self._ask(
            "is_unchoked", lambda policy: policy.is_unchoked(peer_id), _not_bool
        )

    def note_uplink(self, busy: int, sent_pieces: Mapping[int, int]) -> None:
        """
        How the uplink did since the last preferred round.
        """
        self._ask(
            "note_uplink",
            lambda policy: policy.note_uplink(busy, dict(sent_pieces)),
            _anything,
        )

    def hold_preferred_round(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Choose, as is due once an unchoking interval.
        """

        def fault_of(plan: object) -> str | None:
            if not isinstance(plan, PreferredRoundHeld):
                return f"answered {_shown(plan)}, which is no PreferredRoundHeld"
            return _not_among(plan.preferred, plan.optimistic, candidates)

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
                return f"answered {_shown(plan)}, which is no OptimisticRoundHeld"
            return _not_among(plan.candidates, plan.optimistic, candidates)

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
            _not_bool,
        )

    def review(self, candidates: Sequence[Candidate]) -> bool:
        """
        Choose between the rounds.
        """
        return self._ask(
            "review", lambda policy: policy.review(tuple(candidates)), _not_bool
        )

    def forget(self, peer_id: int) -> None:
        """
        They left.
        """
        self._ask("forget", lambda policy: policy.forget(peer_id), _anything)


def _anything(_answer: object) -> None:
    """
    What is answered does not matter.
    """


def _not_bool(answer: object) -> str | None:
    if isinstance(answer, bool):
        return None
    return f"answered {_shown(answer)}, which is neither True nor False"


def _no_ids(answer: object) -> str | None:
    """
    Why these are no ids of peers, each once and ascending, if they are none.
    """
    if not isinstance(answer, tuple):
        return f"answered {_shown(answer)}, which is no tuple"
    for one in answer:
        if not isinstance(one, int) or isinstance(one, bool):
            return f"chose {_shown(one)}, which is no id"
    if list(answer) != sorted(set(answer)):
        return f"chose {_shown(answer)}, where each should be once, by ascending id"
    return None


def _not_among(
    chosen: tuple[int, ...], optimistic: int | None, candidates: Sequence[Candidate]
) -> str | None:
    """
    Why these cannot be chosen, if they cannot.
    """
    one_more = () if optimistic is None else (optimistic,)
    if fault := _no_ids(chosen) or _no_ids(one_more):
        return fault
    known = {candidate.peer_id for candidate in candidates}
    for one in (*chosen, *one_more):
        if one not in known:
            return f"chose {one}, which is none of the {len(known)} candidates"
    return None


def _name_of(factory: object) -> str:
    """
    Where it is to be found, as C{swarm.toml} would name it.
    """
    module = getattr(factory, "__module__", None)
    name = getattr(factory, "__qualname__", None)
    return f"{module}:{name}" if name else _shown(factory)


def _raised(error: BaseException) -> str:
    """
    What it raised, and where in its own code.
    """
    words = f"raised {type(error).__name__}"
    if said := _shown(error, str):
        words += f": {said}"
    # The first frame is that of the guard, and the next one that of the question.
    trace = error.__traceback__
    place = trace
    while place is not None and place.tb_frame.f_globals is globals():
        place = place.tb_next
    if place is not None:
        code = place.tb_frame.f_code
        words += f" ({code.co_filename}:{place.tb_lineno})"
    return printable(words)


_LONGEST_SHOWN = 100


def _shown(value: object, write: Callable[[object], str] = repr) -> str:
    """
    Something of others in few words, whatever it does when it is asked for them.
    """
    try:
        words = " ".join(write(value).split())
    except (Exception, SystemExit):
        return f"a {type(value).__name__}"
    if len(words) > _LONGEST_SHOWN:
        words = words[: _LONGEST_SHOWN - 3] + "..."
    return printable(words)
