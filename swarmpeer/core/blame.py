"""
Who gave us wrong pieces, and what follows from it.
"""

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
    Counts wrong pieces by peer, over all conversations.  A piece is evidence against
    its sender alone, since each comes whole from one neighbour; right pieces do not
    wash it off.  A peer that was shut out begins anew, but the next time it is for
    twice as long.
    """

    def __init__(self) -> None:
        self._bad_pieces: dict[int, int] = {}
        self._next_seconds: dict[int, float] = {}

    def bad_pieces(self, peer_id: int) -> int:
        """
        The wrong pieces of a peer since it was shut out last.
        """
        return self._bad_pieces.get(peer_id, 0)

    def note(self, peer_id: int) -> float | None:
        """
        They gave us a wrong piece.

        @return: for how many seconds they are to be shut out now; C{None}: they have
            another chance.
        """
        count = self.bad_pieces(peer_id) + 1
        if count < LIMIT:
            self._bad_pieces[peer_id] = count
            return None
        self._bad_pieces.pop(peer_id, None)
        seconds = self._next_seconds.get(peer_id, FIRST_SECONDS)
        self._next_seconds[peer_id] = min(2 * seconds, MOST_SECONDS)
        return seconds
