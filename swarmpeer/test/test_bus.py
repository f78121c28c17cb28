"""
Tests of L{swarmpeer.core.bus}.
"""

from collections.abc import Callable, Sequence

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.core.bus import EventBus
from swarmpeer.events import (
    ChokedBy,
    FileCompleted,
    HaveReceived,
    HaveRun,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.interfaces import IRunObserver, ISwarmObserver
from swarmpeer.testing.recorders import Call, RecordingObserver


@implementer(ISwarmObserver)
class NamedObserver:
    """
    Remembers what it heard, then does what the test wants it to do.
    """

    def __init__(self, name: str, calls: list[Call]) -> None:
        self._name = name
        self._calls = calls
        self.react: Callable[[SwarmEvent], None] | None = None

    def observe(self, event: SwarmEvent) -> None:
        """
        Remember and react.
        """
        self._calls.append((self._name, event))
        if self.react is not None:
            self.react(event)


@implementer(IRunObserver)
class RunObserver(NamedObserver):
    """
    The same, and hears of many events at once.
    """

    def observe_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Remember and react.
        """
        self._calls.append((self._name, tuple(events)))
        if self.react is not None:
            self.react(events[0])


class HaveRunTests(SynchronousTestCase):
    """
    Haves that came together are made when somebody looks at them.
    """

    def test_sequence(self) -> None:
        """
        They are what a list of them would be.
        """
        run = HaveRun(1002, (3, 1, 4))
        haves = [HaveReceived(1002, index) for index in (3, 1, 4)]
        self.assertEqual((list(run), len(run)), (haves, 3))
        self.assertEqual([run[at] for at in (0, -1)], [haves[0], haves[-1]])
        self.assertEqual(list(run[1:]), haves[1:])
        self.assertIn(haves[2], run)
        self.assertNotIn(HaveReceived(1003, 3), run)


class RunTests(SynchronousTestCase):
    """
    Events of one class that come together.
    """

    def setUp(self) -> None:
        """
        A bus with one observer that hears them at once, and one that does not.
        """
        self.calls: list[Call] = []
        self.bus = EventBus(
            lambda _, event, error: self.calls.append(("report", event, error))
        )
        self.at_once = RunObserver("at once", self.calls)
        self.singly = NamedObserver("singly", self.calls)
        self.bus.add(self.at_once)
        self.bus.add(self.singly, ChokedBy)
        self.events = [ChokedBy(1002), ChokedBy(1003)]

    def test_interface(self) -> None:
        """
        The observer of these tests is what the bus asks for.
        """
        verifyObject(IRunObserver, self.at_once)

    def test_told(self) -> None:
        """
        Each observer hears all of them in their order, who wants to at once; what is
        published meanwhile comes behind.
        """

        def react(event: SwarmEvent) -> None:
            if event == self.events[0]:
                self.bus.publish(UnchokedBy(1002))

        self.at_once.react = react
        self.bus.publish_run(self.events)
        self.assertEqual(
            self.calls,
            [
                ("at once", tuple(self.events)),
                *(("singly", event) for event in self.events),
                ("at once", (UnchokedBy(1002),)),
            ],
        )

    def test_alone(self) -> None:
        """
        One that is alone is a run of one to who hears runs, and none is no news.
        """
        self.bus.publish_run(self.events[:1])
        self.bus.publish_run([])
        self.assertEqual(
            self.calls, [("at once", (self.events[0],)), ("singly", self.events[0])]
        )

    def test_haves(self) -> None:
        """
        Haves that came together are told of as other events that did.
        """
        self.bus.add(NamedObserver("last", self.calls), HaveReceived)
        self.bus.publish_run(HaveRun(1002, [3, 1]))
        haves = [HaveReceived(1002, 3), HaveReceived(1002, 1)]
        self.assertEqual(
            self.calls,
            [("at once", tuple(haves)), *(("last", have) for have in haves)],
        )

    def test_in_turn(self) -> None:
        """
        While something else is told they wait for their turn.
        """

        def react(event: SwarmEvent) -> None:
            if event == UnchokedBy(1002):
                self.bus.publish_run(self.events)
                self.bus.publish(UnchokedBy(1003))

        self.at_once.react = react
        self.bus.publish(UnchokedBy(1002))
        self.assertEqual(
            [what for name, what in self.calls if name == "at once"],
            [(UnchokedBy(1002),), tuple(self.events), (UnchokedBy(1003),)],
        )

    def test_raises(self) -> None:
        """
        Who raises is reported, with the first if it was told of all, and the others
        hear all the same.
        """
        error = ValueError("no")

        def react(_: SwarmEvent) -> None:
            raise error

        self.at_once.react = self.singly.react = react
        self.bus.publish_run(self.events)
        first, second = self.events
        self.assertEqual(
            self.calls,
            [
                ("at once", (first, second)),
                ("report", first, error),
                ("singly", first),
                ("report", first, error),
                ("singly", second),
                ("report", second, error),
            ],
        )

    def test_removed(self) -> None:
        """
        Who is removed within a run hears no more of it.
        """

        def remove_self(_: SwarmEvent) -> None:
            self.bus.remove(self.singly)

        last = RunObserver("last", self.calls)
        self.bus.add(last)
        self.singly.react = remove_self
        self.at_once.react = lambda _: self.bus.remove(last)
        self.bus.publish_run(self.events)
        self.assertEqual(
            self.calls, [("at once", tuple(self.events)), ("singly", self.events[0])]
        )


class EventBusTests(SynchronousTestCase):
    """
    Every observer hears every event, all in one order.
    """

    def setUp(self) -> None:
        """
        A bus with two observers, all of whom write into one list.
        """
        self.calls: list[Call] = []
        self.bus = EventBus(
            lambda observer, event, error: self.calls.append(
                ("report", observer, event, error)
            )
        )
        self.first = NamedObserver("first", self.calls)
        self.second = NamedObserver("second", self.calls)
        self.bus.add(self.first)
        self.bus.add(self.second)

    def test_observer(self) -> None:
        """
        The recorder of these tests is what the bus asks for.
        """
        self.assertTrue(verifyObject(ISwarmObserver, self.first))

    def test_order(self) -> None:
        """
        Events are told as they are published, observers as they were added.
        """
        self.bus.publish(ChokedBy(1))
        self.bus.publish(ChokedBy(2))
        self.assertEqual(
            self.calls,
            [
                ("first", ChokedBy(1)),
                ("second", ChokedBy(1)),
                ("first", ChokedBy(2)),
                ("second", ChokedBy(2)),
            ],
        )

    def test_is_heard(self) -> None:
        """
        A class is heard as long as somebody wants it, or everything.
        """
        self.assertTrue(self.bus.is_heard(ChokedBy))
        self.bus.remove(self.first)
        self.bus.remove(self.second)
        self.assertFalse(self.bus.is_heard(ChokedBy))
        self.bus.add(self.first, ChokedBy)
        self.assertTrue(self.bus.is_heard(ChokedBy))
        self.assertFalse(self.bus.is_heard(UnchokedBy))

    def test_nobody(self) -> None:
        """
        An event that nobody watches is told to nobody, not even to one who
        comes later.
        """
        self.bus.remove(self.first)
        self.bus.remove(self.second)
        self.bus.publish(FileCompleted())
        self.bus.add(self.first)
        self.assertEqual(self.calls, [])

    def test_while_telling(self) -> None:
        """
        Events published by an observer wait until everybody heard the one that
        is being told, and are then told in turn.
        """

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                self.bus.publish(UnchokedBy(2))
                self.bus.publish(UnchokedBy(3))

        self.first.react = react
        self.bus.publish(ChokedBy(1))
        self.assertEqual(
            self.calls,
            [
                ("first", ChokedBy(1)),
                ("second", ChokedBy(1)),
                ("first", UnchokedBy(2)),
                ("second", UnchokedBy(2)),
                ("first", UnchokedBy(3)),
                ("second", UnchokedBy(3)),
            ],
        )

    def test_raises(self) -> None:
        """
        An observer that raises is reported with the event and the error; the
        others hear the event, and it hears the next one.
        """
        error = LookupError("no")

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                raise error

        self.first.react = react
        self.bus.publish(ChokedBy(1))
        self.bus.publish(ChokedBy(2))
        self.assertEqual(
            self.calls,
            [
                ("first", ChokedBy(1)),
                ("report", self.first, ChokedBy(1), error),
                ("second", ChokedBy(1)),
                ("first", ChokedBy(2)),
                ("second", ChokedBy(2)),
            ],
        )

    def test_report_raises(self) -> None:
        """
        When even the report raises, whoever published learns of it, and the
        bus works on.
        """

        def report(observer: ISwarmObserver, event: SwarmEvent, _: Exception) -> None:
            raise ValueError(f"{event} for {observer}")

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                raise LookupError("no")

        bus = EventBus(report)
        bus.add(self.first)
        self.first.react = react
        self.assertRaises(ValueError, bus.publish, ChokedBy(1))
        bus.publish(ChokedBy(2))
        self.assertEqual(self.calls, [("first", ChokedBy(1)), ("first", ChokedBy(2))])

    def test_removed(self) -> None:
        """
        One that was removed hears nothing more; removing it again is an error.
        """
        self.bus.remove(self.first)
        self.bus.publish(ChokedBy(1))
        self.assertEqual(self.calls, [("second", ChokedBy(1))])
        self.assertRaises(ValueError, self.bus.remove, self.first)

    def test_removes_that_very_one(self) -> None:
        """
        Observers that compare equal are still two: the one that leaves leaves.
        """
        first, second = RecordingObserver(), RecordingObserver()
        self.assertEqual(first, second)
        self.bus.add(first)
        self.bus.add(second)
        self.bus.remove(second)
        self.bus.publish(ChokedBy(1))
        self.assertEqual((first.events, second.events), ([ChokedBy(1)], []))

    def test_added_while_telling(self) -> None:
        """
        One that is added while an event is told hears the events after it, and
        those that wait are among them.
        """
        third = NamedObserver("third", self.calls)

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                self.bus.publish(ChokedBy(2))
                self.bus.add(third)

        self.first.react = react
        self.bus.publish(ChokedBy(1))
        self.assertEqual(
            self.calls,
            [
                ("first", ChokedBy(1)),
                ("second", ChokedBy(1)),
                ("first", ChokedBy(2)),
                ("second", ChokedBy(2)),
                ("third", ChokedBy(2)),
            ],
        )

    def test_removes_itself(self) -> None:
        """
        An observer may leave while it is told something; the next one is not
        passed over.
        """

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                self.bus.remove(self.first)

        self.first.react = react
        self.bus.publish(ChokedBy(1))
        self.bus.publish(ChokedBy(2))
        self.assertEqual(
            self.calls,
            [
                ("first", ChokedBy(1)),
                ("second", ChokedBy(1)),
                ("second", ChokedBy(2)),
            ],
        )

    def test_removed_while_telling(self) -> None:
        """
        One that is removed while an event is told, before its own turn, does
        not hear that event any more.
        """

        def react(event: SwarmEvent) -> None:
            if event == ChokedBy(1):
                self.bus.remove(self.second)

        self.first.react = react
        self.bus.publish(ChokedBy(1))
        self.assertEqual(self.calls, [("first", ChokedBy(1))])
