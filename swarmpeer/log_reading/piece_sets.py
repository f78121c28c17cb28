"""
Which pieces each of many is known to have, in little space.
"""

_BITS = 512


class PieceSets:
    """
    A set of pieces for each peer.  It takes space where there are pieces only, so one
    that names a high index in a single line takes no more than that line.
    """

    def __init__(self) -> None:
        self._chunks: dict[tuple[int, int], int] = {}

    def add(self, peer_id: int, index: int) -> None:
        """
        It has the piece.
        """
        key = peer_id, index // _BITS
        self._chunks[key] = self._chunks.get(key, 0) | 1 << index % _BITS

    def has(self, peer_id: int, index: int) -> bool:
        """
        Has it the piece?
        """
        chunk = self._chunks.get((peer_id, index // _BITS), 0)
        return bool(chunk >> index % _BITS & 1)
