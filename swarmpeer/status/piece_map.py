"""
Which pieces are held, small enough for a picture.
"""

from base64 import b64encode

from swarmpeer.wire.bitfield import Bitfield

MOST_BUCKETS = 400
"""
So many numbers stand for all pieces, at most.
"""
_ALL = 255


def piece_map(bits: Bitfield) -> bytes:
    """
    How much is held of each of at most L{MOST_BUCKETS} buckets of pieces that follow
    one another.  Bucket C{b} of C{n} has the pieces from C{b * size // n} on.

    @return: a byte for each bucket: 0 if nothing of it is held, 255 if all is, and for
        nothing else.
    """
    size, data = bits.size, bits.to_bytes()
    buckets = min(size, MOST_BUCKETS)
    if bits.is_full or not bits.count:
        # Most are, for most of the time.
        return bytes([_ALL if bits.count else 0]) * buckets
    shares = bytearray()
    for bucket in range(buckets):
        first = bucket * size // buckets
        end = (bucket + 1) * size // buckets
        width = end - first
        within = int.from_bytes(data[first // 8 : -(-end // 8)], "big")
        held = (within >> (-end % 8) & ((1 << width) - 1)).bit_count()
        shares.append(-(-held * (_ALL - 1) // width) + held // width)
    return bytes(shares)


def encoded_map(bits: Bitfield) -> str:
    """
    The same in base64.
    """
    return b64encode(piece_map(bits)).decode("ascii")
