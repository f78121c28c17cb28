"""
Tests for L{swarmpeer.storage.answering}.
"""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.answering import check_sizes, refuse_each, tell_each
from swarmpeer.test.storage_fixtures import RunAnswers
from swarmpeer.test.test_layout import layouts


class SizesTests(SynchronousTestCase):
    """
    Whether what came can be pieces.
    """

    @settings(deadline=None)
    @given(layouts(), st.integers(-2, 201), st.integers(0, 60))
    def test_sizes(self, layout: PieceLayout, index: int, found_bytes: int) -> None:
        """
        Of pieces that came one that there is not is noticed, and one that is too long
        or too short.
        """
        pieces = [Piece(i, bytes(layout.size(i))) for i in range(layout.piece_count)]
        check_sizes(layout, pieces)
        pieces.append(Piece(index, bytes(found_bytes)))
        if not layout.is_valid(index):
            self.assertRaises(IndexError, check_sizes, layout, pieces)
        elif found_bytes != layout.size(index):
            self.assertRaises(ValueError, check_sizes, layout, pieces)
        else:
            check_sizes(layout, pieces)


class TellingTests(SynchronousTestCase):
    """
    What is told of pieces that came together.
    """

    @given(st.lists(st.booleans(), min_size=1))
    def test_told_in_order(self, are_kept: list[bool]) -> None:
        """
        Of each piece it is told once, in order, and of those side by side that are kept
        together.
        """
        pieces = [Piece(index, b"") for index in range(len(are_kept))]
        failures = {
            index: StorageError(f"piece {index}: no")
            for index, is_kept in enumerate(are_kept)
            if not is_kept
        }
        answers = RunAnswers()
        tell_each(pieces, failures, answers.done, answers.failed)
        self.assertEqual(
            answers.one_by_one(),
            [("kept" if kept else "failed", i) for i, kept in enumerate(are_kept)],
        )
        kinds = [kind for kind, _ in answers.told]
        self.assertNotIn(("kept", "kept"), list(pairwise(kinds)))

    def test_refused(self) -> None:
        """
        Of each piece that is refused it is told what is the matter, in order.
        """
        answers = RunAnswers()
        refuse_each(
            [Piece(2, b""), Piece(0, b"")],
            lambda index: StorageError(f"piece {index}: no"),
            answers.failed,
        )
        self.assertEqual(answers.told, [("failed", 2), ("failed", 0)])
