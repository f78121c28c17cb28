"""
Who holds what, for whoever shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from swarmpeer.wire.bitfield import Bitfield

MOST_LEFT = 64
"""
Of so many that left it is remembered what they held.
"""


@dataclass(frozen=True, slots=True)
class Holdings:
    """
    The pieces of a peer and of those it talks, or talked, to: to be looked at at
    once, and neither changed nor kept.

    @ivar own: those that are here.
    @ivar neighbors: by id, as far as they told.
    @ivar left: the same of those that left and are not back, as it was then.
    """

    own: Bitfield
    neighbors: Mapping[int, Bitfield]
    left: Mapping[int, Bitfield]


class Leavers:
    """
    What those held that left last.
    """

    def __init__(self) -> None:
        self._bits: dict[int, Bitfield] = {}

    @property
    def bits(self) -> Mapping[int, Bitfield]:
        """
        By id, who left first first.
        """
        return self._bits

    def note_left(self, peer_id: int, bits: Bitfield) -> None:
        """
        They are gone, and held C{bits}.
        """
        self._bits.pop(peer_id, None)
        self._bits[peer_id] = bits
        if len(self._bits) > MOST_LEFT:
            del self._bits[next(iter(self._bits))]

    def note_back(self, peer_id: int) -> None:
        """
        They will tell anew.
        """
        self._bits.pop(peer_id, None)
