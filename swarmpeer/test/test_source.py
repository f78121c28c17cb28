"""
Tests of L{swarmpeer.testing.source}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.test.test_storage import layouts, piece_of
from swarmpeer.testing.source import Source


class SourceTests(SynchronousTestCase):
    """
    A file that follows from a seed.
    """

    @given(layout=layouts(), seed=st.integers())
    def test_pieces_make_the_file(self, layout: PieceLayout, seed: int) -> None:
        """
        The pieces, asked for in any order, are those of the whole file.
        """
        source = Source(seed, layout)
        whole = Source(seed, layout).whole()
        self.assertEqual(len(whole), layout.file_size_bytes)
        for index in reversed(range(layout.piece_count)):
            self.assertEqual(source.piece(index), piece_of(layout, whole, index))
        self.assertEqual(source.whole(), whole)

    def test_seed(self) -> None:
        """
        The same seed gives the same bytes everywhere and always, another one
        gives others, and no two pieces are alike.
        """
        layout = PieceLayout(40, 16)
        self.assertEqual(Source(7, layout).piece(2).hex(), "24178f83d59d662e")
        self.assertNotEqual(Source(8, layout).whole(), Source(7, layout).whole())
        self.assertNotEqual(Source(7, layout).piece(0), Source(7, layout).piece(1))

    def test_kept(self) -> None:
        """
        A piece is made once.
        """
        source = Source(0, PieceLayout(40, 16))
        self.assertIs(source.piece(1), source.piece(1))
        self.assertIs(source.whole(), source.whole())

    def test_no_such_piece(self) -> None:
        """
        Only the pieces of the layout exist.
        """
        source = Source(0, PieceLayout(40, 16))
        self.assertRaises(IndexError, source.piece, 3)
        self.assertRaises(IndexError, source.piece, -1)
        self.assertEqual(Source(0, PieceLayout(0, 16)).whole(), b"")
