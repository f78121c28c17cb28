"""
Asking and arriving in runs of one, for tests that go step by step.
"""

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.requests import RequestManager
from swarmpeer.seam import Piece


def next_for(requests: RequestManager, neighbor: NeighborState) -> int | None:
    """
    Ask them for one piece.

    @return: which one; C{None} if there is none to ask for.
    """
    chosen = requests.choose(neighbor, 1)
    return chosen[0] if chosen else None


def arrived(requests: RequestManager, neighbor: NeighborState, index: int) -> bool:
    """
    They sent one piece.

    @return: is it needed?
    """
    piece = Piece(index, b"whatever it is")
    came = requests.arrived(neighbor, [piece])
    assert came.unasked is None, f"piece {index} was not asked of them"
    return bool(came.needed)
