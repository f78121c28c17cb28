"""
Which pieces a peer holds: one bit a piece, in the order of the wire.

The only module that knows bitstring.  Every question about many bits is
answered by bitstring's own loops, so a bitfield of millions of pieces costs
microseconds and one bit of memory a piece.

Invariant: C{count} is always the number of set bits.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from bitstring import Bits

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire import WireBytes

_HELD = Bits("0b1")
_NOT_FULL = re.compile(rb"[^\xff]")


class Bitfield:
    """
    A set of piece indexes below C{size}.  The wire's order: piece 0 is the
    highest bit of the first byte.

    An index outside of the range is an C{IndexError}, a negative one too.  Only
    C{missing_among} and C{count_among} do not look: each have and each draw of a piece
    goes through them, and whoever asks has only indexes that were looked at before.
    Bitfields that meet in one question must have one size, else it is a C{ValueError}.

    The bytes of the wire are kept as they are, since single pieces are asked for
    and added all the time; questions about whole sets are bitstring's.
    """

    __slots__ = ("_bytes", "_count", "_size")

    def __init__(self, size: int) -> None:
        """
        A bitfield that holds nothing.

        @param size: the number of pieces, at least 0.
        """
        self._bytes = bytearray(-(-size // 8))
        self._size = size
        self._count = 0

    @classmethod
    def full(cls, size: int) -> "Bitfield":
        """
        A bitfield that holds every one of C{size} pieces.
        """
        return cls._of(Bits.from_ones(size).to_bytes(), size, size)

    @classmethod
    def from_bytes(cls, size: int, data: WireBytes) -> "Bitfield":
        """
        Read the bits of C{size} pieces as the wire has them.

        @raise ProtocolViolation: if the number of bytes is not that of C{size}
            pieces, or a bit behind the last piece is set.
        """
        size_bytes = -(-size // 8)
        if len(data) != size_bytes:
            raise ProtocolViolation(
                ViolationReason.BAD_LENGTH,
                f"a bitfield of {len(data)} bytes, but {size} pieces take {size_bytes}",
            )
        spare_bits = -size % 8
        if spare_bits and data[-1] & ((1 << spare_bits) - 1):
            raise ProtocolViolation(
                ViolationReason.SPARE_BITS_SET,
                f"the last byte of the bitfield is {data[-1]:#04x}, but its low "
                f"{spare_bits} bits belong to no piece",
            )
        return cls._of(data, size, Bits.from_bytes(data).count(1))

    @classmethod
    def _of(cls, data: WireBytes, size: int, count: int) -> "Bitfield":
        made = cls.__new__(cls)
        made._bytes = bytearray(data)
        made._size = size
        made._count = count
        return made

    def _bits(self) -> Bits:
        return Bits.from_bytes(self._bytes, length=self._size)

    def _united_with(self, other: "Bitfield") -> Bits:
        return self._bits() | other._bits()

    def to_bytes(self) -> bytes:
        """
        The bits as the wire has them: C{ceil(size / 8)} bytes, what is left of
        the last one is zero.
        """
        return bytes(self._bytes)

    @property
    def octets(self) -> Sequence[int]:
        """
        The same, not copied and for now only, for who looks at so many single pieces
        that a call for each takes too long: C{index} is the bit C{0x80 >> (index & 7)}
        of the one at C{index >> 3}.
        """
        return self._bytes

    @property
    def size(self) -> int:
        """
        The number of pieces, held or not.
        """
        return self._size

    @property
    def count(self) -> int:
        """
        The number of pieces held.
        """
        return self._count

    @property
    def is_full(self) -> bool:
        """
        Is every piece held?  True if there are none.
        """
        return self._count == self._size

    @property
    def is_empty(self) -> bool:
        """
        Is no piece held?
        """
        return self._count == 0

    def add(self, index: int) -> bool:
        """
        Hold the piece C{index}.

        @return: was it not held before?
        """
        if not 0 <= index < self._size:
            raise self._out_of_range(index)
        place, bit = index >> 3, 0x80 >> (index & 7)
        if self._bytes[place] & bit:
            return False
        self._bytes[place] |= bit
        self._count += 1
        return True

    def add_each(self, indexes: Collection[int]) -> list[int]:
        """
        Hold these pieces, or none of them if one is out of range.

        @return: those that were not held before.
        """
        # Haves are most of what a peer hears, so this calls nothing for each of them.
        held, size = self._bytes, self._size
        for index in indexes:
            if not 0 <= index < size:
                raise self._out_of_range(index)
        once = dict.fromkeys(indexes)
        added = [i for i in once if not held[i >> 3] & 0x80 >> (i & 7)]
        for index in added:
            held[index >> 3] |= 0x80 >> (index & 7)
        self._count += len(added)
        return added

    def add_range(self, first: int, last: int) -> None:
        """
        Hold the pieces from C{first} to C{last}, both too: as cheap for millions as a
        question about them.
        """
        for index in (first, last):
            if not 0 <= index < self._size:
                raise self._out_of_range(index)
        if first > last:
            raise ValueError(f"piece {first} is behind {last}")
        place, end = first >> 3, (last >> 3) + 1
        count = last - first + 1
        added = ((1 << count) - 1) << 7 - (last & 7)
        before = int.from_bytes(self._bytes[place:end], "big")
        self._bytes[place:end] = (before | added).to_bytes(end - place, "big")
        self._count += count - (before & added).bit_count()

    def missing_among(self, indexes: Iterable[int]) -> list[int]:
        """
        Which of these pieces are not held?

        @param indexes: of pieces that there are.
        """
        held = self._bytes
        return [i for i in indexes if not held[i >> 3] & 0x80 >> (i & 7)]

    def count_among(self, indexes: Iterable[int]) -> int:
        """
        How many of these pieces are held?

        @param indexes: of pieces that there are.
        """
        held, count = self._bytes, 0
        for index in indexes:
            if held[index >> 3] & 0x80 >> (index & 7):
                count += 1
        return count

    def discard(self, index: int) -> bool:
        """
        Hold the piece C{index} no longer.

        @return: was it held before?
        """
        if index not in self:
            return False
        self._bytes[index >> 3] ^= 0x80 >> (index & 7)
        self._count -= 1
        return True

    def add_all(self, theirs: "Bitfield") -> None:
        """
        Hold what C{theirs} holds, too.
        """
        if theirs.is_empty and theirs.size == self.size:
            return
        bits = self._united_with(theirs)
        self._bytes = bytearray(bits.to_bytes())
        self._count = bits.count(1)

    def first_missing(self, start: int) -> int | None:
        """
        The lowest piece from C{start} on that is not held; C{None} if there is none.
        """
        if not 0 <= start < self._size:
            return None
        place = start >> 3
        # The bits before the first one count as held.
        byte = self._bytes[place] | (0xFF00 >> (start & 7) & 0xFF)
        if byte == 0xFF:
            found = _NOT_FULL.search(self._bytes, place + 1)
            if found is None:
                return None
            place = found.start()
            byte = self._bytes[place]
        index = 8 * place + 8 - (byte ^ 0xFF).bit_length()
        return index if index < self._size else None

    def copy(self) -> "Bitfield":
        """
        The same pieces, free to change apart from these.
        """
        return self._of(self._bytes, self._size, self._count)

    def missing_from(self, theirs: "Bitfield") -> "Bitfield":
        """
        The pieces that C{theirs} holds and this lacks.
        """
        bits = self._united_with(theirs) ^ self._bits()
        return self._of(bits.to_bytes(), self._size, bits.count(1))

    def count_missing_from(self, theirs: "Bitfield") -> int:
        """
        How many pieces C{theirs} holds and this lacks.
        """
        return self._united_with(theirs).count(1) - self._count

    def lacks_any_of(self, theirs: "Bitfield") -> bool:
        """
        Does C{theirs} hold a piece that this lacks?
        """
        if self.size != theirs.size:
            raise ValueError(f"bitfields of {self.size} and {theirs.size} pieces")
        # Who holds more holds something new: most questions end here.
        if theirs._count > self._count:
            return True
        if theirs.is_empty or self.is_full:
            return False
        return self._united_with(theirs) != self._bits()

    def at_rank(self, rank: int) -> int:
        """
        The piece that has C{rank} others before it among those held; so a rank
        drawn below C{count} makes each of them as likely as any other.

        Halves are counted until one piece is left.

        @raise IndexError: if there are not so many.
        """
        if not 0 <= rank < self._count:
            raise IndexError(f"rank {rank} of {self._count} pieces")
        if self.is_full:
            return rank
        bits = int.from_bytes(self._bytes, "big")
        start, width = 0, 8 * len(self._bytes)
        while width > 1:
            behind = width // 2
            before = bits >> behind
            held = before.bit_count()
            if rank < held:
                bits, width = before, width - behind
            else:
                rank -= held
                bits &= (1 << behind) - 1
                start, width = start + width - behind, behind
        return start

    def __contains__(self, index: int) -> bool:
        """
        Is the piece C{index} held?
        """
        if not 0 <= index < self._size:
            raise self._out_of_range(index)
        return bool(self._bytes[index >> 3] & 0x80 >> (index & 7))

    def _out_of_range(self, index: int) -> IndexError:
        return IndexError(f"piece {index} is not among {self._size}")

    def __len__(self) -> int:
        """
        The same as C{size}.
        """
        return self._size

    def __iter__(self) -> Iterator[int]:
        """
        The indexes of the pieces held now, ascending.
        """
        return iter(self._bits().findall(_HELD))

    def __eq__(self, other: object) -> bool:
        """
        Has C{other} the same size and the same pieces?
        """
        if not isinstance(other, Bitfield):
            return NotImplemented
        return self._size == other._size and self._bytes == other._bytes

    def __repr__(self) -> str:
        """
        For people who look for mistakes.
        """
        return f"<Bitfield: {self._count} of {self._size} pieces>"
