"""
Tests of L{swarmpeer.wire.bitfield}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.bitfield import Bitfield

SIZES = st.integers(0, 70) | st.sampled_from([1023, 1024, 1025, 5000])


def bitfield(size: int, held: set[int]) -> Bitfield:
    """
    A bitfield of C{size} pieces that holds exactly C{held}.
    """
    bits = Bitfield(size)
    for index in held:
        bits.add(index)
    return bits


@st.composite
def index_sets(draw: st.DrawFn, size: int) -> set[int]:
    """
    Some of the indexes below C{size}: few, many or all but a few.
    """
    if size == 0:
        return set()
    some = draw(st.sets(st.integers(0, size - 1), max_size=40))
    return draw(st.sampled_from([some, set(range(size)) - some]))


@st.composite
def sized_sets(draw: st.DrawFn, how_many: int) -> tuple[int, list[set[int]]]:
    """
    A size, and C{how_many} sets of indexes below it.
    """
    size = draw(SIZES)
    return size, [draw(index_sets(size)) for _ in range(how_many)]


class BitfieldAsSetTests(SynchronousTestCase):
    """
    A bitfield is a set of piece indexes.
    """

    @settings(deadline=None)
    @given(sized_sets(1))
    def test_like_a_set(self, case: tuple[int, list[set[int]]]) -> None:
        """
        Every question is answered as a set of the held indexes would.
        """
        size, (held,) = case
        bits = bitfield(size, held)
        self.assertEqual(list(bits), sorted(held))
        self.assertEqual((bits.size, len(bits)), (size, size))
        self.assertEqual(bits.count, len(held))
        self.assertEqual(bits.is_empty, not held)
        self.assertEqual(bits.is_full, len(held) == size)
        self.assertEqual({index for index in range(size) if index in bits}, held)

    @settings(deadline=None)
    @given(st.integers(1, 70), st.data())
    def test_changes(self, size: int, data: st.DataObject) -> None:
        """
        Adding and discarding, repeats included, change what is held and its
        count, and tell whether they changed anything.
        """
        bits, held = Bitfield(size), set[int]()
        steps = st.lists(st.tuples(st.booleans(), st.integers(0, size - 1)))
        for is_add, index in data.draw(steps):
            if is_add:
                self.assertIs(bits.add(index), index not in held)
                held.add(index)
            else:
                self.assertIs(bits.discard(index), index in held)
                held.discard(index)
            self.assertEqual((set(bits), bits.count), (held, len(held)))

    @settings(deadline=None)
    @given(sized_sets(2))
    def test_missing(self, case: tuple[int, list[set[int]]]) -> None:
        """
        What they hold and we lack is found, counted and noticed alike, and
        nobody's bits change by asking.
        """
        size, (ours, theirs) = case
        our_bits, their_bits = bitfield(size, ours), bitfield(size, theirs)
        missing = our_bits.missing_from(their_bits)
        self.assertEqual(set(missing), theirs - ours)
        self.assertEqual((missing.size, missing.count), (size, len(theirs - ours)))
        self.assertEqual(our_bits.count_missing_from(their_bits), len(theirs - ours))
        self.assertEqual(our_bits.lacks_any_of(their_bits), not theirs <= ours)
        self.assertEqual((set(our_bits), set(their_bits)), (ours, theirs))

    def test_different_sizes(self) -> None:
        """
        Bitfields of two files never meet in one question.
        """
        three, four = Bitfield(3), Bitfield.full(4)
        for question in (
            three.missing_from,
            three.count_missing_from,
            three.lacks_any_of,
        ):
            self.assertRaises(ValueError, question, four)

    @settings(deadline=None)
    @given(SIZES, st.integers(0, 100))
    def test_out_of_range(self, size: int, beyond: int) -> None:
        """
        An index that is no piece's is an error; a negative one is not counted
        from the end.
        """
        bits = Bitfield.full(size)
        for index in (-1 - beyond, size + beyond):
            self.assertRaises(IndexError, bits.__contains__, index)
            self.assertRaises(IndexError, bits.add, index)
            self.assertRaises(IndexError, bits.discard, index)
        self.assertTrue(bits.is_full)

    def test_copy_is_apart(self) -> None:
        """
        A copy is equal until one of the two changes.
        """
        bits = bitfield(9, {0, 8})
        copy = bits.copy()
        self.assertEqual(copy, bits)
        copy.discard(8)
        self.assertNotEqual(copy, bits)
        self.assertEqual((list(bits), list(copy)), ([0, 8], [0]))

    def test_equality(self) -> None:
        """
        Bitfields are equal if they hold the same pieces of as many.
        """
        self.assertEqual(Bitfield.full(7), bitfield(7, set(range(7))))
        self.assertNotEqual(Bitfield(7), Bitfield(8))
        self.assertNotEqual(Bitfield(8), b"\0")

    def test_repr(self) -> None:
        """
        A bitfield shows its counts.
        """
        self.assertEqual(repr(bitfield(9, {3})), "<Bitfield: 1 of 9 pieces>")

    def test_no_pieces(self) -> None:
        """
        A file without pieces has a bitfield that is empty and full at once.
        """
        bits = Bitfield(0)
        self.assertEqual(bits, Bitfield.full(0))
        self.assertEqual(bits, Bitfield.from_bytes(0, b""))
        self.assertEqual((bits.is_empty, bits.is_full, bits.count), (True, True, 0))
        self.assertEqual((bits.to_bytes(), list(bits)), (b"", []))
        self.assertRaises(IndexError, bits.at_rank, 0)
        self.assertFalse(bits.lacks_any_of(bits.copy()))

    @settings(deadline=None)
    @given(st.data(), st.integers(1, 70))
    def test_each(self, data: st.DataObject, size: int) -> None:
        """
        Many are added as one by one, and it is told which of many are missing.
        """
        indexes = st.lists(st.integers(0, size - 1), max_size=12)
        held, more = data.draw(indexes), data.draw(indexes)
        bits, model = Bitfield(size), Bitfield(size)
        self.assertEqual(bits.add_each(held), [i for i in held if model.add(i)])
        self.assertEqual(bits.missing_among(more), [i for i in more if i not in bits])
        self.assertEqual(bytes(bits.octets), bits.to_bytes())
        self.assertEqual(bits.count_among(more), sum(i in bits for i in more))
        self.assertEqual((bits, bits.count), (model, model.count))

    @settings(deadline=None)
    @given(sized_sets(1), st.data())
    def test_range(self, case: tuple[int, list[set[int]]], data: st.DataObject) -> None:
        """
        A range is added as its pieces one by one; one that is none, or not within the
        others, changes nothing.
        """
        size, (held,) = case
        bits = bitfield(size, held)
        first, last = data.draw(st.tuples(st.integers(-2, size), st.integers(-2, size)))
        if 0 <= first <= last < size:
            bits.add_range(first, last)
            held |= set(range(first, last + 1))
        else:
            self.assertRaises((IndexError, ValueError), bits.add_range, first, last)
        self.assertEqual((set(bits), bits.count), (held, len(held)))
        self.assertEqual(bits, bitfield(size, held))

    def test_each_out_of_range(self) -> None:
        """
        Of pieces one of which is outside of the range none is held.
        """
        for index in (-1, 5):
            bits = Bitfield(5)
            self.assertRaises(IndexError, bits.add_each, [3, index, 4])
            self.assertEqual((list(bits), bits.count), ([], 0))


class BitfieldOnTheWireTests(SynchronousTestCase):
    """
    The bytes of a bitfield.
    """

    def test_order(self) -> None:
        """
        Piece 0 is the highest bit of the first byte, piece 8 that of the second.
        """
        self.assertEqual(bitfield(10, {0}).to_bytes(), b"\x80\x00")
        self.assertEqual(bitfield(10, {8}).to_bytes(), b"\x00\x80")
        self.assertEqual(bitfield(10, {7, 9}).to_bytes(), b"\x01\x40")

    def test_full306(self) -> None:
        """
        All of 306 pieces are 38 bytes of ones and one of two ones.
        """
        wire = b"\xff" * 38 + b"\xc0"
        self.assertEqual(Bitfield.full(306).to_bytes(), wire)
        self.assertEqual(Bitfield.from_bytes(306, wire), Bitfield.full(306))

    @settings(deadline=None)
    @given(sized_sets(1))
    def test_round_trip(self, case: tuple[int, list[set[int]]]) -> None:
        """
        Bits survive the way to bytes, of whatever type, and back.
        """
        size, (held,) = case
        wire = bitfield(size, held).to_bytes()
        self.assertEqual(len(wire), (size + 7) // 8)
        for data in (wire, bytearray(wire), memoryview(wire)):
            bits = Bitfield.from_bytes(size, data)
            self.assertEqual((list(bits), bits.count), (sorted(held), len(held)))

    @settings(deadline=None)
    @given(st.integers(0, 70), st.binary(max_size=12))
    def test_any_bytes(self, size: int, data: bytes) -> None:
        """
        Any bytes are a bitfield that writes the same bytes, or a violation that
        tells what is wrong with them.
        """
        expected: ViolationReason | None = None
        if len(data) != (size + 7) // 8:
            expected = ViolationReason.BAD_LENGTH
        elif any(
            data[index // 8] >> (7 - index % 8) & 1
            for index in range(size, len(data) * 8)
        ):
            expected = ViolationReason.SPARE_BITS_SET
        try:
            bits = Bitfield.from_bytes(size, data)
        except ProtocolViolation as violation:
            self.assertEqual(violation.reason, expected)
        else:
            self.assertIsNone(expected)
            self.assertEqual(bits.to_bytes(), data)

    def test_spare_bits(self) -> None:
        """
        A single set bit behind the last piece is told apart from the pieces.
        """
        Bitfield.from_bytes(306, b"\x00" * 38 + b"\x40")
        violation = self.assertRaises(
            ProtocolViolation, Bitfield.from_bytes, 306, b"\x00" * 38 + b"\x20"
        )
        self.assertEqual(
            str(violation),
            "spare-bits-set: the last byte of the bitfield is 0x20, "
            "but its low 6 bits belong to no piece",
        )

    def test_keeps_no_buffer(self) -> None:
        """
        The buffer that bits were read from may be used again.
        """
        buffer = bytearray(b"\x80")
        bits = Bitfield.from_bytes(8, memoryview(buffer))
        buffer[0] = 0
        self.assertEqual(list(bits), [0])


class RankTests(SynchronousTestCase):
    """
    Finding the piece of a rank, so that one can be drawn by lot.
    """

    @settings(deadline=None)
    @given(sized_sets(1), st.data())
    def test_rank(self, case: tuple[int, list[set[int]]], data: st.DataObject) -> None:
        """
        The rank is the place of the piece among those held, from 0.
        """
        size, (held,) = case
        bits = bitfield(size, held)
        for rank in (-1, len(held)):
            self.assertRaises(IndexError, bits.at_rank, rank)
        if held:
            rank = data.draw(st.integers(0, len(held) - 1))
            self.assertEqual(bits.at_rank(rank), sorted(held)[rank])

    def test_every_one(self) -> None:
        """
        Every piece has its rank, also where they are spread unevenly.
        """
        held = [0, 1, 2, 3, 1500, 4999]
        bits = bitfield(5000, set(held))
        self.assertEqual([bits.at_rank(rank) for rank in range(6)], held)

    def test_millions(self) -> None:
        """
        The only piece among four million is found, wherever it is.
        """
        size = 4_000_000
        for index in (0, 1_999_999, 2_000_000, size - 1):
            bits = bitfield(size, {index})
            self.assertEqual((bits.at_rank(0), list(bits)), (index, [index]))


class WholeSetTests(SynchronousTestCase):
    """
    What is asked of many pieces at once.
    """

    @given(st.integers(1, 300), st.data())
    def test_against_sets(self, size: int, data: st.DataObject) -> None:
        """
        All that another one holds is added, and the first that is missing is found
        from any piece on.
        """
        sets = st.sets(st.integers(0, size - 1))
        ours, theirs = data.draw(sets), data.draw(st.one_of(sets, st.just(set())))
        held, other = Bitfield(size), Bitfield(size)
        for index in ours:
            held.add(index)
        for index in theirs:
            other.add(index)
        held.add_all(other)
        self.assertEqual(set(held), ours | theirs)
        self.assertEqual(held.count, len(ours | theirs))
        start = data.draw(st.integers(0, size))
        missing = [i for i in range(start, size) if i not in ours | theirs]
        self.assertEqual(held.first_missing(start), missing[0] if missing else None)

    def test_full(self) -> None:
        """
        In a full one nothing is missing, whatever its size.
        """
        for size in 1, 8, 9, 70:
            self.assertIsNone(Bitfield.full(size).first_missing(0))
