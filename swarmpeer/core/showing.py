"""
What a seed says to hold: at first to each neighbour only what nobody else was shown.
BitTorrent calls that super-seeding (BEP 16).
"""

from collections.abc import Callable, Container, Sequence
from random import Random
from typing import TYPE_CHECKING

from swarmpeer.core.showing_pace import ShowingPace
from swarmpeer.core.showing_plan import ShowingPlan
from swarmpeer.core.swarm_side import VerifiedSwarm
from swarmpeer.core.verified_store import VerifiedStore

if TYPE_CHECKING:
    from swarmpeer.core.verified_connection import VerifiedConnection

#: So many pieces are shown to a neighbour ahead of what it was sent, however large or
#: small they are.
_LEAST_AHEAD = 2
_MOST_AHEAD = 64

#: All that is shown at a time is at most such a part of the whole, or what is shown
#: first waits for those that come last.
_SHARE_AHEAD = 2

#: Who keeps so many times what it is shown ahead passes on less than it gets.
_KEEPS_MUCH = 2

#: So many reviews without progress are enough, at four a second 2 seconds: perhaps all
#: that are here hold everything and show it, as after all machines were started anew.
#: While somebody receives something, a large piece may be on a slow line: a minute.
_MOST_IDLE = 8
_MOST_RECEIVING = 240

#: Haves at one time, to all neighbours together.  They take some 20 ms.
_HAVES_AT_ONCE = 16384


class Showing:
    """
    Carries out a L{ShowingPlan}: of what a seed holds, each verified neighbour is told
    a few pieces, and the next with each that it is sent.  When every piece is spread,
    or one is lost here, everybody is told the rest, and from then on the seed is like
    any other.

    @ivar _paces: how much each should have before it that is served.
    """

    def __init__(
        self,
        store: VerifiedStore,
        swarm: VerifiedSwarm,
        rng: Random,
        seconds: Callable[[], float],
    ) -> None:
        """
        @param store: a complete one, with one piece at least.
        @param seconds: the time now.
        """
        layout = store.layout
        self._store = store
        self._swarm = swarm
        self._plan = ShowingPlan(layout.piece_count, rng.randrange(layout.piece_count))
        self._seconds = seconds
        self._paces: dict[int, ShowingPace] = {}
        self._is_over = False
        self._is_told = False
        self._idle_reviews = 0
        self._spread_before = 0

    @property
    def is_over(self) -> bool:
        """
        Is everybody to be told everything from now on?
        """
        return self._is_over or not self._store.is_complete

    @property
    def is_told(self) -> bool:
        """
        Was everybody told everything?
        """
        return self._is_told

    def joined(self, conversation: "VerifiedConnection") -> None:
        """
        A neighbour came: show it something, so that it is interested.
        """
        self._lure(conversation)

    def left(self, peer_id: int) -> None:
        """
        A neighbour is gone.
        """
        others = [
            each.neighbor.bits
            for each in self._swarm.conversations
            if each.peer_id != peer_id
        ]
        self._plan.left(peer_id, others)
        self._paces.pop(peer_id, None)

    def sent(self, conversation: "VerifiedConnection", indexes: Sequence[int]) -> None:
        """
        A neighbour was sent pieces: show it the next.
        """
        if self.is_over:
            return
        peer_id = conversation.peer_id
        for index in indexes:
            self._plan.sent(peer_id, index)
        pace = self._paces.get(peer_id)
        if pace is not None:
            pace.sent(self._store.layout.total_size(indexes), self._seconds())
        self._fill(conversation)
        if self._plan.is_over:
            self.finish()

    def choking_changed(self) -> None:
        """
        Others may be served than before.
        """
        if self.is_over:
            return
        conversations = self._swarm.conversations
        served = {
            each.peer_id for each in conversations if not each.neighbor.am_choking
        }
        # Who was never served keeps what it was lured with: it is what it will ask for.
        for peer_id in sorted(self._paces.keys() - served):
            self._plan.put_back(peer_id)
            del self._paces[peer_id]
        now = self._seconds()
        for peer_id in served - self._paces.keys():
            self._paces[peer_id] = ShowingPace(now)
        for conversation in conversations:
            self._fill(conversation)

    def review(self) -> None:
        """
        Now and then: what neighbours have from elsewhere need not be shown, and what
        is to be told may be too much for one time.
        """
        if not self.is_over:
            holdings = [each.neighbor.bits for each in self._swarm.conversations]
            self._plan.note_holdings(holdings)
            if not self._plan.is_over and not self._is_stuck():
                for conversation in self._swarm.conversations:
                    if not conversation.neighbor.peer_interested:
                        self._lure(conversation)
                    self._fill(conversation)
                return
        self.finish()

    def finish(self) -> None:
        """
        Tell everybody the rest, or some of it, and what is left at the next reviews.
        """
        self._is_over = True
        untold = [each for each in self._swarm.conversations if each.is_told_part]
        for conversation in untold:
            conversation.tell_rest(_HAVES_AT_ONCE // len(untold))
        self._is_told = not any(each.is_told_part for each in untold)

    def _is_stuck(self) -> bool:
        """
        Did nothing come of it for too long?
        """
        before, self._spread_before = self._spread_before, self._plan.spread_count
        conversations = self._swarm.conversations
        if self._plan.spread_count != before or not conversations:
            self._idle_reviews = 0
            return False
        self._idle_reviews += 1
        is_receiving = any(
            self._plan.is_receiving(each.peer_id, each.neighbor.bits)
            for each in conversations
        )
        return self._idle_reviews >= (_MOST_RECEIVING if is_receiving else _MOST_IDLE)

    def _lure(self, conversation: "VerifiedConnection") -> None:
        peer_id = conversation.peer_id
        if conversation.is_told_part and not self._plan.pending_count(peer_id):
            index = self._plan.take(peer_id)
            if index is not None:
                conversation.show((index,))

    def _fill(self, conversation: "VerifiedConnection") -> None:
        """
        Show a neighbour as much as it should have before it.
        """
        peer_id, plan = conversation.peer_id, self._plan
        if conversation.neighbor.am_choking or not conversation.is_told_part:
            return
        if self._keeps_much(peer_id) and self._is_busy_elsewhere():
            return
        shown: list[int] = []
        ahead = self._ahead(peer_id)
        while plan.pending_count(peer_id) < ahead:
            index = plan.take(peer_id)
            if index is None:
                break
            shown.append(index)
        if not plan.pending_count(peer_id):
            index = plan.take_over(peer_id, self._asked)
            if index is not None:
                shown.append(index)
        conversation.show(shown)

    def _ahead(self, peer_id: int) -> int:
        """
        How many pieces a neighbour should have before it; fewer that are served may
        each have more.
        """
        layout, pace = self._store.layout, self._paces.get(peer_id)
        if pace is None:
            return _LEAST_AHEAD
        share = layout.piece_count // (_SHARE_AHEAD * len(self._paces))
        ahead = min(pace.ahead_bytes // layout.piece_size_bytes, share)
        return min(max(ahead, _LEAST_AHEAD), _MOST_AHEAD)

    def _keeps_much(self, peer_id: int) -> bool:
        return self._plan.kept_count(peer_id) >= _KEEPS_MUCH * self._ahead(peer_id)

    def _is_busy_elsewhere(self) -> bool:
        """
        Is the uplink busy with neighbours that pass on what they get?
        """
        return any(
            not self._keeps_much(each.peer_id)
            and self._plan.is_receiving(each.peer_id, each.neighbor.bits)
            for each in self._swarm.conversations
        )

    def _asked(self, peer_id: int) -> Container[int]:
        conversation = self._swarm.find(peer_id)
        return () if conversation is None else conversation.neighbor.wanted_from_us
