"""
Tests for L{swarmpeer.net.watch}.
"""

from collections.abc import Callable, Iterator
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.watch import Deadline, Watch


class World:
    """
    Deadlines by name, and when each was acted on.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.when: dict[str, float] = {}
        self.acted: list[tuple[str, float]] = []
        self.still: Callable[[], None] = lambda: None
        self.watch = Watch(self.clock, self._deadlines, self._stood_still)

    def _deadlines(self) -> Iterator[Deadline]:
        for name, when in self.when.items():
            yield when, partial(self._act, name)

    def _act(self, name: str) -> None:
        del self.when[name]
        self.acted.append((name, self.clock.seconds()))

    def _stood_still(self) -> None:
        self.acted.append(("still", self.clock.seconds()))
        self.still()

    def run(self) -> None:
        """
        Go on until nothing is left to come.
        """
        while calls := self.clock.getDelayedCalls():
            self.clock.advance(max(0.0, calls[0].getTime() - self.clock.seconds()))


class WatchTests(SynchronousTestCase):
    """
    Any number of deadlines on one delayed call.
    """

    def test_nothing(self) -> None:
        """
        Without a deadline there is no call.
        """
        world = World()
        world.watch.review()
        self.assertEqual(world.clock.getDelayedCalls(), [])

    def test_moved(self) -> None:
        """
        A deadline that moved on is acted on when it is due, and once.
        """
        world = World()
        world.when = {"a": 10.0}
        world.watch.review()
        world.when["a"] = 25.0
        world.run()
        self.assertEqual(world.acted, [("a", 25.0)])

    def test_earlier(self) -> None:
        """
        A new deadline before the others is not slept through.
        """
        world = World()
        world.when = {"a": 10.0}
        world.watch.review()
        world.when["b"] = 4.0
        world.watch.wake_by(4.0)
        self.assertEqual(len(world.clock.getDelayedCalls()), 1)
        world.run()
        self.assertEqual(world.acted, [("b", 4.0), ("a", 10.0)])

    def test_stood_still(self) -> None:
        """
        Who comes seconds too late is told so before a deadline is acted on; a little
        late does not count.
        """
        for late, expected in ((5.0, []), (5.5, ["still"])):
            world = World()
            world.when = {"a": 10.0}
            world.watch.review()
            world.clock.advance(10.0 + late)
            self.assertEqual([name for name, _ in world.acted], [*expected, "a"])

    def test_moved_then(self) -> None:
        """
        What was moved by then is not acted on before its time.
        """
        world = World()
        world.when = {"a": 10.0}
        world.still = lambda: world.when.update(a=110.0)
        world.watch.review()
        world.clock.advance(100.0)
        world.run()
        self.assertEqual(world.acted, [("still", 100.0), ("a", 110.0)])

    def test_gone(self) -> None:
        """
        When the last deadline is gone so is the call.
        """
        world = World()
        world.when = {"a": 10.0}
        world.watch.review()
        world.when.clear()
        world.watch.review()
        self.assertEqual(world.clock.getDelayedCalls(), [])

    def test_any(self) -> None:
        """
        Each deadline is acted on once, at its time.
        """
        times = st.lists(st.floats(0, 1e6), max_size=6)

        @given(times)
        @settings(deadline=None)
        def check(whens: list[float]) -> None:
            world = World()
            for place, when in enumerate(whens):
                world.when[str(place)] = when
                world.watch.wake_by(when)
            world.run()
            self.assertEqual(world.when, {})
            for name, at in world.acted:
                self.assertLess(abs(at - whens[int(name)]), 0.002)

        check()
