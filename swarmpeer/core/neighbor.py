"""
The facts about one neighbour, and no decisions.
"""

from collections import deque
from collections.abc import Collection, Iterable

from swarmpeer.wire.bitfield import Bitfield

LATE_LIMIT = 256
"""
How many withdrawn requests may still be answered.  A neighbour answers at most what
was on its way when it choked us, a few times if answers cross; more is not honest.
"""

#: More take too much memory.
_MOST_MAYBE_OPEN = 1024


class NeighborState:
    """
    The page of our notebook about one neighbour.  The methods that change a
    fact say whether it was a change.

    @ivar peer_id: who they are.
    @ivar bits: the pieces they hold, as far as they told.
    @ivar useful: how many of those we want.
    @ivar refused: in a verified swarm, the pieces they hold and are not to be asked for
        now, and until when that is so at least.
    @ivar am_choking: do we refuse to serve them?
    @ivar am_interested: did we tell them that they have something we lack?
    @ivar peer_choking: do they refuse to serve us?
    @ivar peer_interested: do they want something from us?
    @ivar is_snubbed: did they leave a request without a byte of answer?
    @ivar window: how many pieces may be asked of them at once; the course protocol
        knows one.
    @ivar requested: the pieces we asked of them and wait for.
    @ivar wanted_from_us: the pieces they asked of us, in order, not served yet.
    """

    __slots__ = (
        "_late",
        "_maybe_open",
        "_openings",
        "am_choking",
        "am_interested",
        "bits",
        "is_snubbed",
        "peer_choking",
        "peer_id",
        "peer_interested",
        "refused",
        "requested",
        "useful",
        "wanted_from_us",
        "window",
    )

    def __init__(self, peer_id: int, piece_count: int) -> None:
        self.peer_id = peer_id
        self.bits = Bitfield(piece_count)
        self.useful = 0
        self.am_choking = True
        self.am_interested = False
        self.peer_choking = True
        self.peer_interested = False
        self.is_snubbed = False
        self.refused: dict[int, float] = {}
        self.window = 1
        self.requested: set[int] = set()
        self.wanted_from_us: deque[int] = deque()
        # How often each was asked in vain; the order tells which is the oldest.
        self._late: dict[int, int] = {}
        # What they told of since nothing of theirs was open, and how often a piece had
        # been opened again by then.
        self._maybe_open: list[int] | None = None
        self._openings = 0

    def learn_bits(self, theirs: Bitfield, needless: Bitfield) -> None:
        """
        They told all they hold.

        @param needless: the pieces that we do not want; so everywhere here.
        """
        self.bits = theirs
        self.note_any_open()
        self.useful = needless.count_missing_from(theirs)

    def learn_haves(self, indexes: Collection[int], needless: Bitfield) -> list[int]:
        """
        They told of more pieces.

        @return: those of which that is news.
        """
        news = self.bits.add_each(indexes)
        if news:
            wanted = needless.missing_among(news)
            self.useful += len(wanted)
            if self._maybe_open is not None:
                self._maybe_open.extend(wanted)
                if len(self._maybe_open) > _MOST_MAYBE_OPEN:
                    self.note_any_open()
        return news

    # A neighbour in mid-download mostly holds nothing open, and each of its haves is a
    # reason to look again: those few pieces are looked at, and not all that it holds.

    def note_none_open(self, openings: int) -> None:
        """
        Nothing that they hold is open.

        @param openings: how often a piece was opened again so far.
        """
        self._maybe_open, self._openings = [], openings

    def maybe_open(self, openings: int) -> list[int] | None:
        """
        @param openings: how often a piece was opened again so far.
        @return: of the pieces that they hold all that may be open; those that are not
            may be taken out of it.  C{None}: any may be.
        """
        return self._maybe_open if self._openings == openings else None

    def note_any_open(self) -> None:
        """
        Any piece that they hold may be open.
        """
        self._maybe_open = None

    def note_needless(self, indexes: Collection[int]) -> None:
        """
        We hold the pieces, or want them no more, so theirs are of no use.
        """
        self.useful -= self.bits.count_among(indexes)

    def note_wanted(self, index: int) -> None:
        """
        We hold the piece no more, and want it, so theirs is of use again.
        """
        if index in self.bits:
            self.useful += 1

    def note_lacking(self, index: int, needless: Bitfield) -> bool:
        """
        They do not hold the piece until they tell of it anew.

        @return: did they, as far as they told?
        """
        self.refused.pop(index, None)
        if not self.bits.discard(index):
            return False
        self.note_any_open()
        if index not in needless:
            self.useful -= 1
        return True

    def note_refused(self, index: int, until: float) -> None:
        """
        They hold the piece, but are not to be asked for it for a while.
        """
        if index in self.bits:
            self.refused[index] = until

    def change_am_choking(self, value: bool) -> bool:
        """
        @return: was it a change?
        """
        changed = self.am_choking != value
        self.am_choking = value
        return changed

    def change_am_interested(self, value: bool) -> bool:
        """
        @return: was it a change?
        """
        changed = self.am_interested != value
        self.am_interested = value
        return changed

    def change_peer_choking(self, value: bool) -> bool:
        """
        @return: was it a change?
        """
        changed = self.peer_choking != value
        self.peer_choking = value
        return changed

    def withdraw_requests(self) -> list[int]:
        """
        What we asked of them is not waited for any more; it may still come.

        @return: the pieces, lowest first.
        """
        withdrawn = sorted(self.requested)
        self.requested.clear()
        for index in withdrawn:
            self.expect_late(index)
        return withdrawn

    def expect_late(self, index: int) -> None:
        """
        The piece is asked of somebody else now, but theirs may still come.
        """
        self.requested.discard(index)
        self._late[index] = self._late.pop(index, 0) + 1
        if len(self._late) > LATE_LIMIT:
            del self._late[next(iter(self._late))]

    @property
    def is_owing(self) -> bool:
        """
        May something come that was asked of them in vain?
        """
        return bool(self._late)

    def may_send(self, index: int) -> bool:
        """
        Did we ever ask it of them, without an answer so far?
        """
        return index in self.requested or index in self._late

    def settle(self, indexes: Iterable[int]) -> list[bool]:
        """
        They sent the pieces, of each one answer of as many as were asked for.

        @return: of each, was it waited for?  It ends before the first that was not
            asked of them, or not so often: nothing from there on is settled.
        """
        requested, late = self.requested, self._late
        awaited: list[bool] = []
        for index in indexes:
            is_awaited = index in requested
            if is_awaited:
                requested.remove(index)
            elif index not in late:
                break
            elif late[index] > 1:
                late[index] -= 1
            else:
                del late[index]
            awaited.append(is_awaited)
        if awaited:
            self.is_snubbed = False
        return awaited
