"""
Tests for L{swarmpeer.net.beat}.
"""

from functools import partial

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.beat import Beat


class BeatTests(SynchronousTestCase):
    """
    A beat of two seconds.
    """

    def setUp(self) -> None:
        """
        Nobody waits.
        """
        self.clock = Clock()
        self.beat = Beat(self.clock, 2.0)
        self.called: list[str] = []

    def act(self, name: str) -> None:
        """
        Be called.
        """
        self.called.append(name)

    def test_together(self) -> None:
        """
        All who wait are called at once, in their order, when the first has waited
        for its time; one delayed call does for all.
        """
        self.beat.join(partial(self.act, "a"))
        self.clock.advance(1.5)
        self.beat.join(partial(self.act, "b"))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0.5)
        self.assertEqual(self.called, ["a", "b"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_twice(self) -> None:
        """
        Whoever waits already is called once.
        """
        act = partial(self.act, "once")
        self.beat.join(act)
        self.beat.join(act)
        self.clock.advance(2)
        self.assertEqual(self.called, ["once"])

    def test_again(self) -> None:
        """
        Whoever joins while others are called waits for the next beat.
        """

        def join_again() -> None:
            self.act("again")
            self.beat.join(partial(self.act, "later"))

        self.beat.join(join_again)
        self.clock.advance(2)
        self.assertEqual(self.called, ["again"])
        self.clock.advance(2)
        self.assertEqual(self.called, ["again", "later"])

    def test_leave(self) -> None:
        """
        Whoever left is not called, and the last one takes the delayed call along.
        """
        stays = partial(self.act, "stays")
        leaves = partial(self.act, "leaves")
        self.beat.join(stays)
        self.beat.join(leaves)
        self.beat.leave(leaves)
        self.beat.leave(leaves)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.beat.leave(stays)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(2)
        self.assertEqual(self.called, [])
