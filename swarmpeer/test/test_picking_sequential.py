"""
Tests of L{swarmpeer.core.picking_sequential}.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.picking_sequential import SequentialPicker
from swarmpeer.test.bits import bitfield
from swarmpeer.wire.bitfield import Bitfield


class SequentialPickerTests(SynchronousTestCase):
    """
    The first of the open pieces that they have is chosen.
    """

    @settings(deadline=None)
    @given(st.integers(1, 100), st.data())
    def test_first(self, size: int, data: st.DataObject) -> None:
        """
        It is always the first one, whatever was shut and opened before; and none is
        chosen exactly if there is none.
        """
        index_sets = st.sets(st.integers(0, size - 1))
        held = data.draw(index_sets)
        picker = SequentialPicker(bitfield(size, held), Random(0))
        open_pieces = set(range(size)) - held
        steps = st.tuples(st.sampled_from(["pick", "reopen", "shut"]), index_sets)
        for step, some in data.draw(st.lists(steps, max_size=20)):
            if step == "reopen":
                for index in some:
                    picker.reopen(index)
                open_pieces |= some
            elif step == "shut":
                for index in some:
                    picker.shut(index)
                open_pieces -= some
            else:
                useful = open_pieces & some
                picked = picker.pick(bitfield(size, some), len(some - held))
                # What is held need not be counted among the useful ones.
                if some - held:
                    self.assertEqual(picked, min(useful, default=None))
        self.assertEqual(
            picker.pick(Bitfield.full(size), size), min(open_pieces, default=None)
        )

    def test_again_and_again(self) -> None:
        """
        A piece that is opened and shut on and on takes no more room each time.
        """
        picker, theirs = SequentialPicker(Bitfield(9), Random(0)), Bitfield.full(9)
        for index in range(9):
            picker.shut(index)
        picker.pick(theirs, 9)
        picker.reopen(0)
        for _ in range(1000):
            picker.reopen(5)
            picker.shut(5)
        self.assertEqual(picker.pick(theirs, 9), 0)
        self.assertLess(len(picker._reopened), 10)

    def test_millions(self) -> None:
        """
        What is held from before is passed over.
        """
        count = 2**20
        held = Bitfield.from_bytes(count, b"\xff" * (count // 8 - 1) + b"\xfe")
        picker = SequentialPicker(held, Random(0))
        self.assertEqual(picker.pick(Bitfield.full(count), 1), count - 1)
