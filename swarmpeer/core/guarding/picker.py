"""
A picker of others.
"""

from collections.abc import Sequence
from random import Random

from zope.interface import implementer

from swarmpeer.core.guarding.faults import bool_fault, no_fault
from swarmpeer.core.guarding.guard import Guard, Report
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.piece_pickers import PIECE_PICKERS, PickerFactory
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.text import in_few_words
from swarmpeer.wire.bitfield import Bitfield


def make_picker(
    factory: PickerFactory, held: Bitfield, rng: Random, report: Report
) -> IPiecePicker:
    """
    What C{factory} makes, guarded unless it is one of our own.

    @param held: the pieces that need no fetching.
    """
    if factory in PIECE_PICKERS.values():
        return factory(held, rng)
    return GuardedPicker(factory, held, rng, report)


@implementer(IPiecePicker)
class GuardedPicker(Guard[IPiecePicker]):
    """
    A picker of others.  It knows which pieces are open, to see whether an answer can
    be, and for the one that may have to go on from there.
    """

    def __init__(
        self, factory: PickerFactory, held: Bitfield, rng: Random, report: Report
    ) -> None:
        self._shut = held.copy()
        super().__init__(
            factory,
            lambda: factory(held.copy(), rng),
            lambda: RandomPicker(self._shut, rng),
            IPiecePicker.providedBy,
            report,
        )
        self.counts_holders = self._ask(
            "counts_holders", lambda policy: policy.counts_holders, bool_fault
        )

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        self._shut.discard(index)
        self._ask("reopen", lambda policy: policy.reopen(index), no_fault)

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        self._shut.add(index)
        self._ask("shut", lambda policy: policy.shut(index), no_fault)

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

    def note_haves(self, indexes: Sequence[int]) -> None:
        """
        A neighbour holds more pieces.
        """
        self._ask(
            "note_haves", lambda policy: policy.note_haves(tuple(indexes)), no_fault
        )

    def note_lacking(self, index: int) -> None:
        """
        A neighbour holds a piece no more.
        """
        self._ask("note_lacking", lambda policy: policy.note_lacking(index), no_fault)

    def note_bits(self, theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds.
        """
        self._ask("note_bits", lambda policy: policy.note_bits(theirs.copy()), no_fault)

    def note_left(self, theirs: Bitfield) -> None:
        """
        A neighbour that told is gone.
        """
        self._ask("note_left", lambda policy: policy.note_left(theirs.copy()), no_fault)

    def _fault(self, answer: object, among: Bitfield | list[int]) -> str | None:
        """
        Why that is no piece to ask for, if it is none.
        """
        if answer is None:
            return (
                "answered None, but there is an open one" if self._any(among) else None
            )
        if not isinstance(answer, int) or isinstance(answer, bool):
            return f"answered {in_few_words(answer)}, which is no whole number"
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
