"""
Tests of L{swarmpeer.status.piece_map} and L{swarmpeer.status.missing}.
"""

import itertools
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.holdings import MOST_LEFT, Holdings, Leavers
from swarmpeer.status.missing import lacking_runs, missing
from swarmpeer.status.piece_map import MOST_BUCKETS, encoded_map, piece_map
from swarmpeer.status.shape import MOST_RUNS, LastHolder, Missing
from swarmpeer.wire.bitfield import Bitfield


def bits(size: int, held: set[int]) -> Bitfield:
    """
    So many pieces, of which those below the size are held.
    """
    field = Bitfield(size)
    field.add_each(sorted(index for index in held if index < size))
    return field


_HELD = st.sets(st.integers(0, 1500), max_size=300)
_SIZES = st.integers(0, 1500)


class PieceMapTests(SynchronousTestCase):
    """
    L{piece_map}.
    """

    @given(_SIZES, _HELD, st.booleans())
    def test_buckets(self, size: int, held: set[int], is_complement: bool) -> None:
        """
        Each bucket is 0 for nothing, 255 for all and for nothing else, and between
        them the more the more is held; the buckets have all pieces between them.
        """
        if is_complement:
            held = set(range(size)) - held
        found = piece_map(bits(size, held))
        self.assertEqual(len(found), min(size, MOST_BUCKETS))
        covered = 0
        for bucket, share in enumerate(found):
            first = bucket * size // len(found)
            end = (bucket + 1) * size // len(found)
            self.assertEqual(first, covered)
            covered = end
            count = len(held & set(range(first, end)))
            self.assertEqual(share == 0, count == 0)
            self.assertEqual(share == 255, count == end - first)
            self.assertLess(abs(share - 255 * count / (end - first)), 2)
        self.assertEqual(covered, size if found else 0)

    def test_encoded(self) -> None:
        """
        As text it is base64.
        """
        field = bits(9, {0, 8})
        self.assertEqual(b64decode(encoded_map(field)), piece_map(field))
        self.assertEqual(piece_map(field), b"\xff" + bytes(7) + b"\xff")


class MissingTests(SynchronousTestCase):
    """
    L{missing} and L{lacking_runs}.
    """

    @given(_SIZES, _HELD, st.integers(1, 400))
    def test_runs(self, size: int, held: set[int], most: int) -> None:
        """
        The runs are the pieces that are not held, ascending and as long as they can
        be, up to so many.
        """
        runs = lacking_runs(bits(size, held), most)
        lacking = [index for index in range(size) if index not in held]
        named = [index for first, last in runs for index in range(first, last + 1)]
        self.assertEqual(named, lacking[: len(named)])
        self.assertTrue(len(runs) == most or len(named) == len(lacking))
        for (_, last), (first, _) in itertools.pairwise(runs):
            self.assertGreater(first, last + 1)

    @given(st.lists(st.sets(st.integers(0, 39)), min_size=3, max_size=3))
    def test_nowhere(self, held: list[set[int]]) -> None:
        """
        What is nowhere is what neither we nor a neighbour have, and who had some of
        that is told with how much.
        """
        own, theirs, left = held
        found = missing(
            Holdings(bits(40, own), {2: bits(40, theirs)}, {3: bits(40, left)}),
            {3: 7.0},
        )
        nowhere = set(range(40)) - own - theirs
        self.assertEqual(found.count, 40 - len(own))
        self.assertEqual(found.nowhere, len(nowhere))
        had = len(left & nowhere)
        self.assertEqual(found.last_holders, (LastHolder(3, had, 7.0),) if had else ())

    def test_seeds(self) -> None:
        """
        A seed holds all, however little it tells of, here and after it left; one that
        was not here yet is told by its id.
        """
        own, some = bits(40, {0}), bits(40, {1})
        here = missing(Holdings(own, {2: some}, {3: some}), {3: 7.0}, {2})
        self.assertEqual(here, Missing(39, 0, (), ()))
        away = missing(Holdings(own, {}, {2: some, 3: some}), {2: 7.0, 3: 8.0}, {2, 4})
        self.assertEqual(
            away.last_holders, (LastHolder(2, 39, 7.0), LastHolder(3, 1, 8.0))
        )
        self.assertEqual(away.unmet_seeds, (4,))

    def test_bounds(self) -> None:
        """
        Not more than so many runs are told; who left last comes first; of who is
        complete nothing is told.
        """
        every_other = Bitfield(200)
        every_other.add_each(range(0, 200, 2))
        full = Bitfield.full(200)
        found = missing(Holdings(every_other, {}, {2: full, 3: full}), {2: 9.0, 3: 1.0})
        self.assertEqual(len(found.nowhere_runs), MOST_RUNS)
        self.assertEqual([one.peer_id for one in found.last_holders], [3, 2])
        self.assertEqual(
            missing(Holdings(full, {}, {2: full}), {}), Missing(0, 0, (), ())
        )


class LeaversTests(SynchronousTestCase):
    """
    L{Leavers}.
    """

    def test_bounded(self) -> None:
        """
        Only the last ones are remembered, and none that is back.
        """
        leavers = Leavers()
        for peer_id in range(MOST_LEFT + 2):
            leavers.note_left(peer_id, Bitfield(1))
        leavers.note_left(2, Bitfield(1))
        leavers.note_left(999, Bitfield(1))
        self.assertEqual(len(leavers.bits), MOST_LEFT)
        self.assertNotIn(0, leavers.bits)
        self.assertNotIn(3, leavers.bits)
        self.assertIn(2, leavers.bits)
        leavers.note_back(2)
        leavers.note_back(2)
        self.assertNotIn(2, leavers.bits)
