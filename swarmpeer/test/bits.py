"""
Bitfields for tests.
"""

from collections.abc import Iterable

from swarmpeer.wire.bitfield import Bitfield


def bitfield(size: int, held: Iterable[int]) -> Bitfield:
    """
    A bitfield of C{size} pieces that holds exactly C{held}.
    """
    bits = Bitfield(size)
    for index in held:
        bits.add(index)
    return bits
