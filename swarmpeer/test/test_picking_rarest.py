"""
Tests of L{swarmpeer.core.picking_rarest}.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from random import Random
from types import FrameType

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.test.bits import bitfield
from swarmpeer.wire.bitfield import Bitfield


class Swarm:
    """
    The picker, and beside it what it was told, kept in the plainest way.
    """

    def __init__(self, size: int, held: Iterable[int], seed: int = 0) -> None:
        self.size = size
        self.rng = Random(seed)
        self.open = set(range(size)) - set(held)
        self.picker = RarestPicker(bitfield(size, held), self.rng)
        self.neighbors: list[Bitfield] = []

    def holders(self, index: int) -> int:
        """
        How many hold a piece.
        """
        return sum(index in bits for bits in self.neighbors)

    def join(self, held: Iterable[int]) -> Bitfield:
        """
        Somebody comes.
        """
        bits = bitfield(self.size, held)
        self.neighbors.append(bits)
        self.picker.note_bits(bits)
        return bits

    def leave(self, bits: Bitfield) -> None:
        """
        Somebody goes.
        """
        self.neighbors = [each for each in self.neighbors if each is not bits]
        self.picker.note_left(bits)

    def have(self, bits: Bitfield, index: int) -> None:
        """
        Somebody has a piece, perhaps for long.
        """
        if bits.add(index):
            self.picker.note_haves([index])

    def withdraw(self, bits: Bitfield, index: int) -> None:
        """
        Somebody lacks a piece, perhaps for long.
        """
        if bits.discard(index):
            self.picker.note_lacking(index)

    def reopen(self, index: int) -> None:
        """
        A piece is open.
        """
        self.open.add(index)
        self.picker.reopen(index)

    def shut(self, index: int) -> None:
        """
        A piece is not open.
        """
        self.open.discard(index)
        self.picker.shut(index)

    def pick(self, theirs: Bitfield) -> int | None:
        """
        Choose for somebody.
        """
        return self.picker.pick(theirs, len(self.useful(theirs)))

    def useful(self, theirs: Bitfield) -> set[int]:
        """
        What could be chosen for them.
        """
        return self.open & set(theirs)

    def rarest(self, theirs: Bitfield) -> set[int]:
        """
        What should be chosen for them.
        """
        useful = self.useful(theirs)
        least = min(map(self.holders, useful), default=0)
        return {index for index in useful if self.holders(index) == least}


class RarestPickerTests(SynchronousTestCase):
    """
    One of the open pieces that they have is chosen that the fewest hold.
    """

    @settings(deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 9), st.data())
    def test_rarest(self, seed: int, size: int, data: st.DataObject) -> None:
        """
        Among few pieces it is always one of the rarest, whatever happened before; and
        none is chosen exactly if there is none.
        """
        indexes = st.integers(0, size - 1)
        held = data.draw(st.sets(indexes))
        swarm = Swarm(size, held, seed)
        steps = st.tuples(
            st.sampled_from(
                ["join", "full", "leave", "have", "lack", "reopen", "shut", "pick"]
            ),
            indexes,
            st.integers(0, 3),
            st.sets(indexes),
        )
        for step, index, who, some in data.draw(st.lists(steps, max_size=40)):
            bits = (
                swarm.neighbors[who % len(swarm.neighbors)] if swarm.neighbors else None
            )
            if step == "join":
                swarm.join(some)
            elif step == "full":
                swarm.join(range(size))
            elif step == "reopen":
                swarm.reopen(index)
            elif step == "shut":
                swarm.shut(index)
            elif step == "pick":
                self.check_pick(swarm, bitfield(size, some))
            elif bits is not None and step == "leave":
                swarm.leave(bits)
            elif bits is not None and step == "have":
                swarm.have(bits, index)
            elif bits is not None:
                swarm.withdraw(bits, index)
        self.check_pick(swarm, Bitfield.full(size))

    def check_pick(self, swarm: Swarm, theirs: Bitfield) -> None:
        """
        Choose, and see that it is right.
        """
        picked = swarm.pick(theirs)
        if picked is None:
            self.assertEqual(swarm.useful(theirs), set())
        else:
            self.assertIn(picked, swarm.rarest(theirs))

    def test_ties(self) -> None:
        """
        Among those that are equally rare each is as likely as any, be the others
        found by lot or by comparing bits.
        """
        swarm = Swarm(200, [0, 1])
        swarm.join(range(100))
        for theirs, rarest in (
            (Bitfield.full(200), range(100, 200)),
            (bitfield(200, range(0, 200, 40)), (120, 160)),
        ):
            picked = Counter(swarm.pick(theirs) for _ in range(300 * len(rarest)))
            self.assertEqual(set(picked), set(rarest))
            self.assertGreater(min(picked.values()), 200)
            self.assertLess(max(picked.values()), 400)

    def test_before_the_common(self) -> None:
        """
        Among many pieces those that one neighbour holds come first, then those of
        two and so on: nearly always, though few are looked at for one choice.
        """
        swarm = Swarm(4000, [])
        seed = swarm.join(range(4000))
        others = [swarm.join([]) for _ in range(4)]
        for index in range(4000):
            for bits in others[: index % 5]:
                swarm.have(bits, index)
        order = []
        for _ in range(4000):
            picked = swarm.pick(seed)
            assert picked is not None
            order.append(picked % 5)
            swarm.shut(picked)
        wrong = sum(holders != place // 800 for place, holders in enumerate(order))
        self.assertLess(wrong, 80)

    def test_comes_and_goes(self) -> None:
        """
        However often neighbours come with nothing, get everything and go, it stays
        known which piece is rare, in no more memory.
        """
        swarm = Swarm(8, [])
        holder = swarm.join(range(8))
        for _ in range(500):
            bits = swarm.join([])
            for index in range(8):
                swarm.have(bits, index)
            swarm.leave(bits)
        swarm.withdraw(holder, 5)
        self.assertEqual(swarm.pick(Bitfield.full(8)), 5)
        self.assertLess(len(swarm.picker._lists), 100)

    def test_withdrawals(self) -> None:
        """
        A neighbour that takes back pieces and has them again, on and on, costs
        nothing that stays.
        """
        swarm = Swarm(8, [])
        bits = swarm.join(range(8))
        other = swarm.join(range(4))
        for round_ in range(2000):
            swarm.withdraw(bits, round_ % 8)
            swarm.withdraw(other, round_ % 4)
            swarm.pick(bits)
            swarm.have(bits, round_ % 8)
            swarm.have(other, round_ % 4)
        self.assertIn(swarm.pick(bits), range(4, 8))
        self.assertLess(len(swarm.picker._lists), 100)

    def test_leaves_bits_alone(self) -> None:
        """
        The bits that it was made from, and theirs, stay as they are, and it does not
        follow them.
        """
        held, theirs = bitfield(4, [0]), bitfield(4, [0, 1])
        picker = RarestPicker(held, Random(0))
        picker.note_bits(theirs)
        picker.shut(2)
        held.add(1)
        self.assertEqual(picker.pick(theirs, theirs.count), 1)
        self.assertEqual((list(held), list(theirs)), ([0, 1], [0, 1]))

    def test_millions(self) -> None:
        """
        With millions of pieces nothing is done for each of them, but for what a few
        operations on whole bitfields do.
        """
        count = 2**20
        picker = RarestPicker(Bitfield(count), Random(0))
        picker.note_bits(Bitfield.full(count))
        half = Bitfield.from_bytes(count, b"\xf0" * (count // 8))
        picker.note_bits(half)
        calls = 0

        def note(_frame: FrameType, _event: str, _argument: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(note)
        try:
            picked = [picker.pick(half, count // 2) for _ in range(100)]
            picker.note_left(half)
        finally:
            sys.setprofile(None)
        self.assertTrue(all(index is not None and index in half for index in picked))
        self.assertLess(calls, 100_000)
