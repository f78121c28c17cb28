"""
Who gave us wrong pieces, and what follows from it.
"""

from collections.abc import Callable
from math import inf

LIMIT = 2
"""
The wrong pieces after which a peer is shut out.  One may come from an honest peer
whose disk rots: it is told, and does not send the next.
"""

FIRST_SECONDS = 60.0
"""
How long the first time.
"""
MOST_SECONDS = 3600.0
"""
How long at most.
"""


class Blame:
    """
    Counts wrong pieces by peer, over all conversations, and shuts peers out.  A piece
    is evidence against its sender alone, since each comes whole from one neighbour;
    right pieces do not wash it off.  A peer that was shut out begins anew, but the
    next time it is for twice as long.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """
        @param seconds: the time now.
        """
        self._seconds = seconds
        self._bad_pieces: dict[int, int] = {}
        self._next_seconds: dict[int, float] = {}
        self._shut_out_until: dict[int, float] = {}

    def note(self, peer_id: int) -> float | None:
        """
        They gave us a wrong piece.  While they are shut out, what they sent before is
        answered for.

        @return: for how many seconds they are shut out from now on; C{None}: they have
            another chance, or are shut out already.
        """
        if self.is_shut_out(peer_id):
            return None
        count = self._bad_pieces.pop(peer_id, 0) + 1
        if count < LIMIT:
            self._bad_pieces[peer_id] = count
            return None
        seconds = self._next_seconds.get(peer_id, FIRST_SECONDS)
        self._next_seconds[peer_id] = min(2 * seconds, MOST_SECONDS)
        self._shut_out_until[peer_id] = self._seconds() + seconds
        return seconds

    def is_shut_out(self, peer_id: int) -> bool:
        """
        Is there to be no conversation with the peer now?
        """
        return self._seconds() < self._shut_out_until.get(peer_id, -inf)
