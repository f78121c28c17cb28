"""
Tests of L{swarmpeer.core.layout}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire.bitfield import Bitfield


@st.composite
def layouts(draw: st.DrawFn) -> PieceLayout:
    """
    Layouts with up to some hundred pieces of any size, most of them at or next
    to a whole multiple of the piece size.
    """
    piece_size = draw(st.integers(1, 40) | st.integers(1, 2**31))
    pieces = draw(st.integers(0, 200))
    beyond = draw(st.sampled_from([-1, 0, 1]) | st.integers(0, piece_size))
    return PieceLayout(max(0, pieces * piece_size + beyond), piece_size)


class PieceLayoutTests(SynchronousTestCase):
    """
    A file is cut into pieces without a gap, an overlap or padding.
    """

    @settings(deadline=None)
    @given(layouts())
    def test_pieces(self, layout: PieceLayout) -> None:
        """
        The pieces follow each other from the first byte to the last; all but
        the last are full, and the last is neither empty nor too long.
        """
        end = 0
        for index in range(layout.piece_count):
            self.assertEqual(layout.offset(index), end)
            size = layout.size(index)
            if index < layout.piece_count - 1:
                self.assertEqual(size, layout.piece_size_bytes)
            else:
                self.assertTrue(0 < size <= layout.piece_size_bytes)
            end += size
        self.assertEqual(end, layout.file_size_bytes)

    @settings(deadline=None)
    @given(layouts())
    def test_bitfield_size(self, layout: PieceLayout) -> None:
        """
        The size of a bitfield is that of a real one.
        """
        self.assertEqual(
            layout.bitfield_size_bytes, len(Bitfield(layout.piece_count).to_bytes())
        )

    @settings(deadline=None)
    @given(layouts(), st.integers(-5, 300) | st.integers())
    def test_indexes(self, layout: PieceLayout, index: int) -> None:
        """
        Only the numbers from 0 up to the number of pieces are indexes; any
        other is an C{IndexError}, a negative one too.
        """
        self.assertIs(layout.is_valid(index), index in range(layout.piece_count))
        if not layout.is_valid(index):
            self.assertRaises(IndexError, layout.offset, index)
            self.assertRaises(IndexError, layout.size, index)

    def test_edges(self) -> None:
        """
        Around whole multiples of the piece size, from the empty file on, the
        sizes are exact.
        """
        size = 16
        expected: dict[int, list[int]] = {
            0: [],
            1: [1],
            size - 1: [15],
            size: [16],
            size + 1: [16, 1],
            3 * size - 1: [16, 16, 15],
            3 * size: [16, 16, 16],
            3 * size + 1: [16, 16, 16, 1],
        }
        layouts = {total: PieceLayout(total, size) for total in expected}
        self.assertEqual(
            {
                total: [layout.size(index) for index in range(layout.piece_count)]
                for total, layout in layouts.items()
            },
            expected,
        )

    def test_course_samples(self) -> None:
        """
        The files of the course come out as everybody else cuts them.
        """
        seen = [
            (layout.piece_count, layout.size(layout.piece_count - 1))
            for layout in (PieceLayout(10000232, 32768), PieceLayout(2167705, 16384))
        ]
        self.assertEqual(seen, [(306, 5992), (133, 5017)])

    def test_large(self) -> None:
        """
        Offsets beyond what 32 bits hold are exact.
        """
        layout = PieceLayout(2**40 + 1, 2**18)
        self.assertEqual(layout.piece_count, 2**22 + 1)
        self.assertEqual((layout.offset(2**22), layout.size(2**22)), (2**40, 1))

    def test_impossible(self) -> None:
        """
        A negative file size, and a piece size below 1, are refused.
        """
        for sizes in (-1, 1), (1, 0), (0, 0), (1, -1):
            self.assertRaises(ValueError, PieceLayout, *sizes)
