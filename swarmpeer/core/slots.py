"""
How many neighbours are served at a time: as many as the uplink bears.
"""

MOST_SLOTS = 64
"""
Beyond that, each one's share of any uplink is too small to be of use.
"""
SLOTS_AT_ONCE = 16
"""
As many may be served before it is known what the uplink bears.
"""

#: A piece is of use to others only once it is whole, so it is better to give some
#: neighbours some pieces each in an interval than all of them a part of one.
_LEAST_PIECES = 2
_PLENTY_PIECES = 8


class Slots:
    """
    A number that follows what the uplink did.

    @ivar count: how many neighbours may be served.
    """

    def __init__(self, least: int) -> None:
        """
        @param least: where it begins, and below which it never falls; at least 1.
        """
        self._least = min(least, MOST_SLOTS)
        self.count = self._least
        # In the last interval the uplink was full, and nobody got much.
        self._is_scarce = False

    def grow_at_once(self, wanted: int) -> None:
        """
        Somebody waits for a place, and there is none.

        @param wanted: how many places there should be.
        """
        if not self._is_scarce:
            self.count = max(self.count, min(wanted, SLOTS_AT_ONCE))

    def hold_round(
        self, *, busy: int, served: int, sent_pieces: int, is_short: bool
    ) -> None:
        """
        An interval is over.

        @param busy: to how many of those that are served something is on its way
            now, or waits for room.
        @param served: how many are served.
        @param sent_pieces: to all of them together, in that interval.
        @param is_short: does anybody wait for a place?
        """
        # Something is nearly always on its way to one whose line is slow.
        is_full = served > 0 and 2 * busy >= served
        self._is_scarce = is_full and sent_pieces <= _PLENTY_PIECES * self.count
        if is_full and sent_pieces < _LEAST_PIECES * self.count:
            self.count = max(self._least, sent_pieces // _LEAST_PIECES)
        elif is_short and not self._is_scarce:
            self.count = min(MOST_SLOTS, self.count + (self.count + 1) // 2)
