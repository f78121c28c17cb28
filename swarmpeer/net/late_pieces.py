"""
Pieces on their way that nobody waits for any more: they come too late, or as the
second of two, and may be of use still.  They have what memory is left.
"""

from collections.abc import Callable


class LatePieces:
    """
    Those of all connections of a peer.  Where there is no room for all of them, the
    one that is late the longest is dropped first.
    """

    def __init__(self, spare_bytes: Callable[[], int]) -> None:
        """
        @param spare_bytes: what the pieces that are waited for or being stored leave.
        """
        self._spare_bytes = spare_bytes
        self._kept: dict[Callable[[], None], int] = {}

    def keep(self, drop: Callable[[], None], size_bytes: int) -> None:
        """
        A piece is late; it is kept as long as there is room.

        @param drop: hold nothing of it, and skip what is still to come.  It stands for
            the connection, which has one at most.
        """
        self._kept[drop] = size_bytes

    def forget(self, drop: Callable[[], None]) -> None:
        """
        It is whole, is waited for again, or will not come.
        """
        self._kept.pop(drop, None)

    def make_room(self) -> None:
        """
        Drop those that there is no room for.
        """
        excess = sum(self._kept.values()) - self._spare_bytes() if self._kept else 0
        for drop, size_bytes in list(self._kept.items()):
            if excess <= 0:
                return
            excess -= size_bytes
            del self._kept[drop]
            drop()
