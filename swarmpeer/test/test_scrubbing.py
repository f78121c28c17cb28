"""
Tests of L{swarmpeer.core.scrubbing}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.scrubbing import Scrubbing
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.seam import Piece
from swarmpeer.test.checked_memory import CheckedMemory, HeldCheckedStorage
from swarmpeer.test.one_piece import put_one

LAYOUT = PieceLayout(19, 2)
WHOLE = bytes(range(19))


class World:
    """
    Pieces that are checked when the test says so.
    """

    def __init__(self, *held: int) -> None:
        self.memory = CheckedMemory(LAYOUT, WHOLE, held)
        self.storage = HeldCheckedStorage(self.memory)
        self.store = VerifiedStore(LAYOUT, self.storage, self.memory.held())
        self.lost: list[tuple[int, str]] = []
        self.scrubbing = Scrubbing(self.store, self._lose)

    def _lose(self, index: int, reason: str) -> None:
        self.lost.append((index, reason))

    def step(self) -> tuple[int, list[int | None]]:
        """
        Take a step and answer what waits.

        @return: the bytes that were read for it, and the pieces that were checked.
        """
        size_bytes = self.scrubbing.step()
        checked = [call.index for call in self.storage.waiting]
        self.storage.release_all()
        return size_bytes, checked


class TurnTests(SynchronousTestCase):
    """
    Each held piece in its turn.
    """

    def test_round(self) -> None:
        """
        All that is held is checked, lowest first, then again from the start.
        """
        world = World(1, 4, 9)
        self.assertEqual(
            [world.step() for _ in range(4)], [(2, [1]), (2, [4]), (1, [9]), (2, [1])]
        )
        self.assertEqual(world.lost, [])

    def test_nothing(self) -> None:
        """
        While nothing is held nothing is checked.
        """
        self.assertEqual(World().step(), (0, []))

    def test_fewer(self) -> None:
        """
        Pieces that are lost meanwhile are left out, wherever the turn is.
        """
        world = World(1, 4, 9)
        world.step()
        world.step()
        world.store.lose(4)
        world.store.lose(9)
        self.assertEqual(world.step(), (2, [1]))

    def test_lost_in_turn(self) -> None:
        """
        When the piece that was checked last is lost, the one behind it is next.
        """
        world = World(1, 4, 9)
        world.step()
        world.store.lose(1)
        world.scrubbing.note_lost(1)
        self.assertEqual(world.step(), (2, [4]))
        world.store.lose(9)
        world.scrubbing.note_lost(9)
        self.assertEqual(world.step(), (2, [4]))

    def test_rate(self) -> None:
        """
        As much is read as is allowed, a piece at a time and one behind the other; a
        piece that is larger takes of what comes later.
        """
        world = World(*range(10))
        rounds = []
        for _ in range(6):
            world.scrubbing.allow(3)
            checked = []
            while world.storage.waiting:
                call = world.storage.waiting.pop(0)
                checked.append(call.index)
                call.go()
            rounds.append(checked)
        self.assertEqual(rounds, [[0, 1], [2], [3, 4], [5], [6, 7], [8]])

    def test_unused_rate(self) -> None:
        """
        While there is nothing to check, no allowance adds up.
        """
        world = World()
        for _ in range(9):
            world.scrubbing.allow(2)
        world.store.regain(3)
        world.store.regain(4)
        world.scrubbing.allow(2)
        world.storage.release_all()
        self.assertEqual(world.storage.waiting, [])

    def test_one_at_a_time(self) -> None:
        """
        While one is being checked, the next one has to wait; one that cannot be
        checked, as in a storage that closes, holds up none.
        """
        world = World(1, 4)
        self.assertEqual(world.scrubbing.step(), 2)
        self.assertEqual(world.scrubbing.step(), 0)
        world.storage.fail("it closes")
        self.assertEqual(world.step(), (2, [4]))
        self.assertEqual(world.lost, [])

    def test_wrong(self) -> None:
        """
        One that is wrong is told.
        """
        world = World(1, 4)
        world.memory.rot(4)
        world.step()
        world.step()
        self.assertEqual(world.lost, [(4, "the scrub found it wrong")])


class DoubtTests(SynchronousTestCase):
    """
    A piece that is in doubt.
    """

    def test_beside(self) -> None:
        """
        It is checked at once, beside the one whose turn it is, and told if it is
        wrong.
        """
        world = World(1, 4)
        world.memory.rot(4)
        world.scrubbing.step()
        world.scrubbing.check(4, "somebody said so")
        world.scrubbing.check(1, "it is being checked already")
        self.assertEqual([call.index for call in world.storage.waiting], [1, 4])
        world.storage.release_all()
        self.assertEqual(world.lost, [(4, "somebody said so")])

    def test_not_twice(self) -> None:
        """
        One that is being checked is not checked again when its turn comes; the next
        one is, at the next step.
        """
        world = World(1, 4)
        world.scrubbing.check(1, "somebody said so")
        self.assertEqual(world.scrubbing.step(), 0)
        self.assertEqual(world.scrubbing.step(), 2)
        self.assertEqual([call.index for call in world.storage.waiting], [1, 4])

    def test_stored_again(self) -> None:
        """
        What is found of a piece that was lost and stored again meanwhile is not
        believed, and the next one has its turn.
        """
        world = World(1)
        world.memory.rot(1)
        world.scrubbing.step()
        world.store.lose(1)
        world.store.begin_storing(1)
        put_one(world.store, Piece(1, WHOLE[2:4]), lambda: None, lambda _: None)
        check, write = world.storage.waiting
        check.go()
        write.go()
        world.storage.waiting.clear()
        self.assertEqual(world.lost, [])
        self.assertEqual(world.step(), (2, [1]))
        self.assertEqual(world.lost, [])

    def test_not_held(self) -> None:
        """
        What we do not hold cannot be wrong.
        """
        world = World(1)
        world.scrubbing.check(4, "somebody said so")
        self.assertEqual(world.storage.waiting, [])
