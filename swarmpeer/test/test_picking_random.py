"""
Tests of L{swarmpeer.core.picking_random}.
"""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.test.bits import bitfield
from swarmpeer.wire.bitfield import Bitfield


def few_or_most(size: int) -> st.SearchStrategy[set[int]]:
    """
    Some of the indexes below C{size}: few, or all but a few.
    """
    if size == 0:
        return st.just(set[int]())
    few = st.sets(st.integers(0, size - 1), max_size=10)
    return few | few.map(lambda some: set(range(size)) - some)


class CountingRandom(Random):
    """
    Counts how often a number is drawn.
    """

    draws = 0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """
        Count, and draw.
        """
        self.draws += 1
        return super().randrange(start, stop, step)


class RandomPickerTests(SynchronousTestCase):
    """
    One of the open pieces that they have is chosen, each as likely as any.
    """

    @settings(deadline=None)
    @given(st.integers(0, 150), st.integers(0, 2**32), st.data())
    def test_like_a_set(self, size: int, seed: int, data: st.DataObject) -> None:
        """
        After any changes, repeats included, what is picked is open and theirs,
        and nothing is picked exactly when there is no such piece.
        """
        index_sets = few_or_most(size)
        held = data.draw(index_sets)
        picker: IPiecePicker = RandomPicker(bitfield(size, held), Random(seed))
        open_pieces = set(range(size)) - held
        steps = (
            st.tuples(st.just("pick"), index_sets)
            | st.tuples(st.just("reopen"), index_sets)
            | st.tuples(st.just("shut"), index_sets)
        )
        for step, some in data.draw(st.lists(steps, max_size=20)):
            if step == "reopen":
                for index in sorted(some):
                    picker.reopen(index)
                open_pieces |= some
            elif step == "shut":
                for index in sorted(some):
                    picker.shut(index)
                open_pieces -= some
            else:
                picked = picker.pick(bitfield(size, some), len(some))
                if picked is None:
                    self.assertEqual(open_pieces & some, set())
                else:
                    self.assertIn(picked, open_pieces & some)

    def test_stays_open(self) -> None:
        """
        A pick changes nothing: the only open piece is picked again and again
        until it is shut, and anew when it is open again.
        """
        picker, theirs = RandomPicker(bitfield(3, [0, 2]), Random(0)), Bitfield.full(3)
        picked = [picker.pick(theirs, theirs.count), picker.pick(theirs, theirs.count)]
        picker.shut(1)
        picked.append(picker.pick(theirs, theirs.count))
        picker.reopen(1)
        picked.append(picker.pick(theirs, theirs.count))
        self.assertEqual(picked, [1, 1, None, 1])

    def test_leaves_bits_alone(self) -> None:
        """
        The bits that it was made from, and theirs, stay as they are, and it
        does not follow them.
        """
        held, theirs = bitfield(4, [0]), bitfield(4, [0, 1])
        picker = RandomPicker(held, Random(0))
        picker.shut(2)
        held.add(1)
        self.assertEqual(picker.pick(theirs, theirs.count), 1)
        self.assertEqual((list(held), list(theirs)), ([0, 1], [0, 1]))

    def test_repeatable(self) -> None:
        """
        The same seed gives the same choices.
        """
        runs = []
        for _ in range(2):
            picker = RandomPicker(Bitfield(1000), Random(7))
            runs.append([picker.pick(Bitfield.full(1000), 1000) for _ in range(20)])
        self.assertEqual(*runs)
        self.assertGreater(len(set(runs[0])), 10)

    def assert_evenly_picked(
        self, picker: RandomPicker, theirs: Bitfield, expected: set[int]
    ) -> None:
        """
        In a thousand picks for each of the C{expected} every one comes up, none
        a fifth more or less often than it should.
        """
        picked = Counter(
            picker.pick(theirs, theirs.count) for _ in range(1000 * len(expected))
        )
        self.assertEqual(set(picked), expected)
        self.assertGreater(min(picked.values()), 800)
        self.assertLess(max(picked.values()), 1200)

    def test_even_by_draws(self) -> None:
        """
        When they have much of what is open, each such piece is as likely as
        any, also after pieces were shut and opened again.
        """
        rng = CountingRandom(1)
        picker = RandomPicker(Bitfield(20), rng)
        for index in range(0, 20, 2):
            picker.shut(index)
        for index in 4, 0, 8, 2:
            picker.reopen(index)
        theirs = bitfield(20, range(10))
        self.assert_evenly_picked(picker, theirs, {0, 1, 2, 3, 4, 5, 7, 8, 9})
        self.assertLess(rng.draws, 9000 * 2)

    def test_even_by_bits(self) -> None:
        """
        When they have next to nothing of what is open, so that the bits are
        compared, each such piece is as likely as any.
        """
        rng = CountingRandom(1)
        picker = RandomPicker(bitfield(10000, [1, 2500]), rng)
        theirs = bitfield(10000, [0, 1, 2, 2500, 6000, 9999])
        self.assert_evenly_picked(picker, theirs, {0, 2, 6000, 9999})
        self.assertEqual(rng.draws, 4000, "one among those that are left")

    def test_millions(self) -> None:
        """
        With millions of open pieces a pick takes a few draws, whether they
        have all of them, one or none.
        """
        count, rng = 2**22, CountingRandom(0)
        picker = RandomPicker(Bitfield(count), rng)
        seen = []
        for theirs in Bitfield.full(count), bitfield(count, [12345]), Bitfield(count):
            rng.draws = 0
            seen.append((picker.pick(theirs, theirs.count), rng.draws))
        (some, draws), (one, one_draws), (none, none_draws) = seen
        assert some is not None
        self.assertTrue(0 <= some < count)
        self.assertEqual((draws, one, none), (1, 12345, None))
        self.assertLess(max(one_draws, none_draws), 100)
