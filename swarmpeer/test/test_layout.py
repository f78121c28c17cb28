"""
Tests of L{swarmpeer.core.layout}.
"""

from random import Random

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


@st.composite
def many_files(draw: st.DrawFn) -> tuple[list[int], int]:
    """
    The sizes of up to a dozen files, empty ones and whole multiples of the piece
    size among them, and the size of their pieces.
    """
    piece_size = draw(st.integers(1, 40) | st.integers(1, 2**31))
    size = st.builds(
        lambda pieces, beyond: max(0, pieces * piece_size + beyond),
        st.integers(0, 12),
        st.sampled_from([-1, 0, 0, 1]) | st.integers(0, piece_size),
    )
    return draw(st.lists(size, max_size=12)), piece_size


class ManyFilesTests(SynchronousTestCase):
    """
    Each of several files is cut by itself; the pieces are numbered through.
    """

    @settings(deadline=None)
    @given(many_files())
    def test_as_each_alone(self, files: tuple[list[int], int]) -> None:
        """
        The pieces of each file are as long as if there were no other, they begin
        at the same bytes of it, and follow those of the file before.
        """
        sizes, piece_size = files
        layout = PieceLayout.of_files(sizes, piece_size)
        first = start = 0
        for file, size in enumerate(sizes):
            alone = PieceLayout(size, piece_size)
            self.assertEqual(
                layout.pieces_of(file), range(first, first + alone.piece_count)
            )
            for index in range(alone.piece_count):
                self.assertEqual(layout.size(first + index), alone.size(index))
                self.assertEqual(layout.place(first + index), (file, index))
                self.assertEqual(
                    layout.offset(first + index), start + alone.offset(index)
                )
            first += alone.piece_count
            start += size
        self.assertEqual(layout.piece_count, first)
        self.assertEqual(layout.file_size_bytes, start)
        self.assertEqual(layout.file_sizes_bytes, tuple(sizes))

    @settings(deadline=None)
    @given(many_files(), st.randoms(use_true_random=False))
    def test_in_one_file(self, files: tuple[list[int], int], rng: Random) -> None:
        """
        Pieces are of one file up to the first that is of another.
        """
        layout = PieceLayout.of_files(*files)
        indexes = [*range(layout.piece_count)] * 2
        if rng.random() < 0.5:
            rng.shuffle(indexes)
        while indexes:
            file, count = layout.in_one_file(indexes)
            in_file = [layout.place(index)[0] == file for index in indexes]
            self.assertEqual(in_file[: count + 1], [True] * count + in_file[count:][:1])
            self.assertNotIn(True, in_file[count : count + 1])
            del indexes[:count]

    @settings(deadline=None)
    @given(many_files())
    def test_without_gap(self, files: tuple[list[int], int]) -> None:
        """
        Counted as one file, the pieces follow each other from the first byte to
        the last.
        """
        layout = PieceLayout.of_files(*files)
        end = 0
        for index in range(layout.piece_count):
            self.assertEqual(layout.offset(index), end)
            end += layout.size(index)
        self.assertEqual(end, layout.file_size_bytes)

    @settings(deadline=None)
    @given(many_files())
    def test_short_sizes(self, files: tuple[list[int], int]) -> None:
        """
        The short sizes are those of exactly the pieces that are shorter than a
        whole one, and each of these is the last of its file.
        """
        layout = PieceLayout.of_files(*files)
        short = {
            index: layout.size(index)
            for index in range(layout.piece_count)
            if layout.size(index) != layout.piece_size_bytes
        }
        self.assertEqual(layout.short_sizes, short)
        for index, size in short.items():
            self.assertTrue(0 < size < layout.piece_size_bytes)
            self.assertEqual(layout.pieces_of(layout.place(index)[0])[-1], index)

    @settings(deadline=None)
    @given(many_files())
    def test_bitfield_size(self, files: tuple[list[int], int]) -> None:
        """
        There is one bitfield for all of them together.
        """
        layout = PieceLayout.of_files(*files)
        self.assertEqual(
            layout.bitfield_size_bytes, len(Bitfield(layout.piece_count).to_bytes())
        )

    @settings(deadline=None)
    @given(many_files(), st.integers(-5, 200) | st.integers())
    def test_indexes(self, files: tuple[list[int], int], index: int) -> None:
        """
        Only the numbers from 0 up to the number of pieces are indexes; any
        other is an C{IndexError}, a negative one too.
        """
        layout = PieceLayout.of_files(*files)
        self.assertIs(layout.is_valid(index), index in range(layout.piece_count))
        if not layout.is_valid(index):
            for ask in (layout.offset, layout.size, layout.place):
                self.assertRaises(IndexError, ask, index)

    @settings(deadline=None)
    @given(layouts())
    def test_one_file(self, layout: PieceLayout) -> None:
        """
        A layout of one file is the same whichever way it is made.
        """
        same = PieceLayout.of_files([layout.file_size_bytes], layout.piece_size_bytes)
        self.assertEqual(same, layout)
        self.assertEqual(hash(same), hash(layout))
        self.assertEqual(same.short_sizes, layout.short_sizes)
        self.assertEqual(layout.pieces_of(0), range(layout.piece_count))

    def test_other_cuts_differ(self) -> None:
        """
        The same bytes cut into other files are another layout.
        """
        cuts = [[8], [4, 4], [8, 0], [0, 8], [3, 5]]
        made = {PieceLayout.of_files(sizes, 4) for sizes in cuts}
        self.assertEqual(len(made), len(cuts))

    def test_by_example(self) -> None:
        """
        Empty files have no piece, wherever they stand, and no piece has bytes of
        two files.
        """
        layout = PieceLayout.of_files([0, 5, 0, 0, 8, 3, 0], 4)
        self.assertEqual(
            [layout.place(index) for index in range(layout.piece_count)],
            [(1, 0), (1, 1), (4, 0), (4, 1), (5, 0)],
        )
        self.assertEqual(layout.short_sizes, {1: 1, 4: 3})
        self.assertEqual(
            [len(layout.pieces_of(file)) for file in range(7)], [0, 2, 0, 0, 2, 1, 0]
        )

    def test_no_files(self) -> None:
        """
        Without a file there is no byte and no piece.
        """
        layout = PieceLayout.of_files([], 4)
        self.assertEqual((layout.file_size_bytes, layout.piece_count), (0, 0))

    def test_impossible(self) -> None:
        """
        A negative size of one file is refused even if the others make up for it.
        """
        self.assertRaises(ValueError, PieceLayout.of_files, [5, -1], 4)
        self.assertRaises(ValueError, PieceLayout.of_files, [5], 0)
        self.assertRaises(ValueError, PieceLayout.of_files, [], 0)
