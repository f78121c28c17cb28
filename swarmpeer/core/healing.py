"""
Pieces that we held and that are not right any more: found, given up, had back.
"""

from collections.abc import Callable, Sequence
from functools import partial

from swarmpeer.core.pieces import PieceState
from swarmpeer.core.scrubbing import Scrubbing
from swarmpeer.core.swarm_side import VerifiedSwarm
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import StorageError
from swarmpeer.events import PieceHealed, PieceWithdrawn

#: How much of what was lost is read and looked at again at one go, at most.
_LOOK_BYTES = 4 * 1024 * 1024
_MOST_LOOKS = 64


class Healing:
    """
    Knows which pieces were lost and are not back yet.

    One may come back in two ways: it is fetched and stored again, or it is right on
    the disk again, as when the disk failed for a while only.
    """

    def __init__(
        self,
        store: VerifiedStore,
        requests: VerifiedRequests,
        swarm: VerifiedSwarm,
        complete: Callable[[], None],
        *,
        heals: bool,
    ) -> None:
        """
        @param complete: told when we hold every piece again, and none was stored.
        @param heals: are pieces that were lost wanted?
        """
        self._store = store
        self._requests = requests
        self._swarm = swarm
        self._complete = complete
        self._heals = heals
        self._scrubbing = Scrubbing(store, self.lose)
        self._withdrawn: set[int] = set()
        self._looked_at = -1
        store.lost = self._read_in_vain

    def scrub(self, size_bytes: int) -> None:
        """
        Check so much more of what we hold, in turn.
        """
        self._scrubbing.allow(size_bytes)

    def check(self, index: int, doubt: str) -> None:
        """
        Look whether a piece that we hold is right.

        @param doubt: why it may be wrong, for people.
        """
        self._scrubbing.check(index, doubt)

    def lose(self, index: int, reason: str) -> None:
        """
        A piece is not right any more: say so, and fetch it again.  Nothing if we do
        not hold it.

        @param reason: how that was found, for people.
        """
        if self._store.state(index) is not PieceState.HAVE:
            return
        self._store.lose(index)
        self._scrubbing.note_lost(index)
        self._withdrawn.add(index)
        conversations = self._swarm.conversations
        if self._heals:
            self._requests.lost(index)
            for conversation in conversations:
                conversation.neighbor.note_wanted(index)
        else:
            self._store.give_up(index)
        for conversation in conversations:
            conversation.withdraw(index)
        self._swarm.request_everywhere()
        self._swarm.publish(PieceWithdrawn(index, reason))

    def stored(self, indexes: Sequence[int]) -> list[int]:
        """
        Pieces were stored.

        @return: those of them that were lost.
        """
        if not self._withdrawn:
            return []
        healed = [index for index in indexes if index in self._withdrawn]
        self._withdrawn.difference_update(healed)
        return healed

    def look_again(self) -> None:
        """
        Some of the pieces that were lost may be right on the disk by now.
        """
        size_bytes = self._store.layout.piece_size_bytes
        self._look_at(max(1, min(_MOST_LOOKS, _LOOK_BYTES // size_bytes)))

    def _look_at(self, count: int) -> None:
        missing = [
            index
            for index in sorted(self._withdrawn)
            if self._store.state(index) is PieceState.MISSING
        ]
        # Each in turn, since some may stay wrong for ever.
        later = [index for index in missing if index > self._looked_at]
        for index in [*later, *missing[: len(missing) - len(later)]][:count]:
            self._looked_at = index
            self._scrubbing.look_again(index, partial(self._regain, index))

    def _regain(self, index: int) -> None:
        if self._store.state(index) is not PieceState.MISSING:
            return
        was_wanted = index not in self._store.needless
        self._store.regain(index)
        self._withdrawn.discard(index)
        self._requests.regained(index)
        conversations = self._swarm.conversations
        if was_wanted:
            for conversation in conversations:
                conversation.neighbor.note_needless([index])
        for conversation in conversations:
            conversation.announce([index])
        self._swarm.publish(PieceHealed(index))
        if self._store.is_complete:
            self._complete()
        self._look_at(1)

    def _read_in_vain(self, index: int, error: StorageError) -> None:
        self.lose(index, str(error))
