"""
Tests of L{swarmpeer.core.piece_pickers}.
"""

from random import Random

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.piece_pickers import PIECE_PICKERS
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.wire.bitfield import Bitfield


class PickersTests(SynchronousTestCase):
    """
    What holds for each of them.
    """

    def test_interface(self) -> None:
        """
        Each is an L{IPiecePicker}.
        """
        for make in PIECE_PICKERS.values():
            verifyObject(IPiecePicker, make(Bitfield(4), Random(0)))

    def test_everything_once(self) -> None:
        """
        Piece after piece is fetched, each once, and then none, though neighbours come
        and go; the same ones in the same order for the same seed.
        """
        for name, make in PIECE_PICKERS.items():
            orders = []
            for _ in range(2):
                picker, theirs = make(Bitfield(500), Random(3)), Bitfield.full(500)
                picker.note_bits(theirs)
                order: list[int] = []
                while (index := picker.pick(theirs, 500 - len(order))) is not None:
                    picker.shut(index)
                    picker.note_haves([index])
                    order.append(index)
                picker.note_left(theirs)
                orders.append(order)
            self.assertEqual(sorted(orders[0]), list(range(500)), name)
            self.assertEqual(orders[0], orders[1], name)

    def test_among(self) -> None:
        """
        Among a few it is one of those that are open, as long as there is one; the
        others need not be named again.
        """
        for name, make in PIECE_PICKERS.items():
            picker = make(Bitfield(40), Random(5))
            few = list(range(10, 40))
            order = []
            for taken in range(12, 20):
                picker.shut(taken)
            while (index := picker.pick_among(few)) is not None:
                picker.shut(index)
                order.append(index)
            self.assertEqual(sorted(order), [10, 11, *range(20, 40)], name)
            self.assertEqual(few, [], name)
            picker.reopen(15)
            self.assertEqual(picker.pick_among([14, 15]), 15, name)

    def test_no_pieces(self) -> None:
        """
        An empty file has nothing to pick.
        """
        for make in PIECE_PICKERS.values():
            picker = make(Bitfield(0), Random(0))
            picker.note_bits(Bitfield(0))
            self.assertIsNone(picker.pick(Bitfield(0), 0))
