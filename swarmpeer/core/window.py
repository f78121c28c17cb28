"""
How many pieces to have asked of one neighbour at once.
"""

LEAST_PIECES = 2
"""
One on its way while the next is asked for: the neighbour never waits for us.  Until a
piece came it is one, so that who never sends any keeps no more from others.
"""
FEW_NEIGHBORS = 6
"""
With more than that a neighbour has others to serve while it waits for us, and we have
others that serve us.  What is asked for ahead then only waits in one line while
another line, that could carry it, is idle: one piece is enough where it is slow.
"""

#: What is asked for beside what is on its way: so many seconds of what comes.  More
#: waits at slow uplinks, where another neighbour could send it sooner; less, and a
#: busy process at either end lets the line go idle.
_SPARE_SECONDS = 0.1

#: A neighbour that takes longer to answer is slow, not far away.
_MOST_DELAY_SECONDS = 1.0

#: Clocks have steps, and what was read in one go came at one time.
_LEAST_SECONDS = 1e-4


def least_pieces(neighbors: int) -> int:
    """
    How many pieces may be outstanding at one of so many neighbours, however little it
    delivers.
    """
    return LEAST_PIECES if neighbors <= FEW_NEIGHBORS else 1


class RequestWindow:
    """
    What one neighbour delivers in the time that it takes to answer, which is the
    bandwidth-delay product of its line, and a little more.

    The time to answer is that of a piece that is asked for while nothing else is: of
    the others it is mostly waiting behind these.  The rate is measured over as many
    bytes as are asked for at once, so it is found out anew in each turn, and a window
    that is too small for the line grows by half and more until it is not.

    @ivar pieces: how many pieces may be outstanding.
    """

    __slots__ = (
        "_came_bytes",
        "_delay",
        "_most_pieces",
        "_piece_bytes",
        "_since",
        "_waits_alone",
        "_window_bytes",
        "pieces",
    )

    def __init__(self, piece_bytes: int, most_pieces: int) -> None:
        """
        @param piece_bytes: the size of all pieces but the last.
        @param most_pieces: never more; at least C{LEAST_PIECES}.
        """
        self._piece_bytes = piece_bytes
        self._most_pieces = most_pieces
        self._delay = _MOST_DELAY_SECONDS
        self._since = 0.0
        self._came_bytes = 0
        self._waits_alone = False
        self.pieces = 1
        self._window_bytes = piece_bytes

    def begin(self, now: float) -> None:
        """
        Nothing was asked of them, and something is now.
        """
        self._since = now
        self._came_bytes = 0
        self._waits_alone = True

    def came(self, size_bytes: int, now: float, least: int) -> None:
        """
        They sent a piece that was asked of them.

        @param least: see L{least_pieces}.
        """
        if self._waits_alone:
            self._waits_alone = False
            self._delay = min(self._delay, now - self._since)
        self._came_bytes += size_bytes
        if self._came_bytes >= self._window_bytes:
            self._measure(now, least)

    def _measure(self, now: float, least: int) -> None:
        """
        A whole window came.
        """
        seconds = max(now - self._since, _LEAST_SECONDS)
        rate = self._came_bytes / seconds
        goal = rate * (self._delay + _SPARE_SECONDS) / self._piece_bytes
        if seconds < self._delay + _SPARE_SECONDS / 2:
            # Next to nothing waited, so the line takes more, and the rate rises, too.
            wanted = min(2 * self.pieces, goal + self.pieces / 2)
        else:
            # Half way: this turn may have been held up by something else.
            wanted = (self.pieces + goal) / 2
        self._since = now
        self._came_bytes = 0
        self.pieces = max(least, min(int(wanted), self._most_pieces))
        self._window_bytes = self.pieces * self._piece_bytes
