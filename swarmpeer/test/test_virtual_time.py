"""
Tests for L{swarmpeer.testing.virtual_time}.
"""

from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock, LoopingCall
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.virtual_time import VirtualTime


def run(time: VirtualTime) -> None:
    """
    Let everything happen.
    """
    while time.step():
        pass


class VirtualTimeTests(SynchronousTestCase):
    """
    One event after the other.
    """

    def setUp(self) -> None:
        """
        Nothing is going to happen.
        """
        self.clock = Clock()
        self.time = VirtualTime(self.clock)
        self.seen: list[tuple[object, float]] = []

    def note(self, what: object) -> None:
        """
        Remember what happened, and when.
        """
        self.seen.append((what, self.time.seconds()))

    def later(self, delay: float, what: object) -> IDelayedCall:
        """
        Ask for a note.
        """
        return self.time.callLater(delay, self.note, what)

    def test_interface(self) -> None:
        """
        It is what Twisted calls time, and its calls are Twisted's.
        """
        verifyObject(IReactorTime, self.time)
        verifyObject(IDelayedCall, self.later(1, "a"))

    def test_one_at_a_time(self) -> None:
        """
        A step runs one event, at its time, even if more are due then.
        """
        self.later(2, "b")
        self.later(1, "a")
        self.later(2, "c")
        self.assertEqual(self.time.next_at, 1)
        for count in (1, 2, 3):
            self.assertTrue(self.time.step())
            self.assertEqual(len(self.seen), count)
        self.assertFalse(self.time.step())
        self.assertEqual(self.seen, [("a", 1.0), ("b", 2.0), ("c", 2.0)])
        self.assertEqual((self.time.steps, self.clock.seconds()), (3, 2.0))
        self.assertIsNone(self.time.next_at)

    def test_ties(self) -> None:
        """
        What is due at once happens in the order in which it was asked for, and
        what is moved counts as asked for anew.
        """
        first = self.later(3, "reset")
        second = self.later(2, "delayed")
        self.later(3, "stayed")
        self.time.at(3.0, partial(self.note, "at"))
        first.reset(3)
        self.later(3, "between")
        second.delay(1)
        self.later(3, "last")
        run(self.time)
        self.assertEqual(
            [what for what, _ in self.seen],
            ["stayed", "at", "reset", "between", "delayed", "last"],
        )

    def test_asked_for_within(self) -> None:
        """
        What an event asks for without a delay has a step of its own, behind what
        is due already.
        """
        self.time.callLater(1, lambda: self.later(0, "inner"))
        self.later(1, "outer")
        run(self.time)
        self.assertEqual(self.seen, [("outer", 1.0), ("inner", 1.0)])

    def test_sooner(self) -> None:
        """
        A call can be moved forward, but not into the past.
        """
        self.later(5, "a").reset(1)
        self.later(5, "b").delay(-3)
        self.later(5, "c").delay(-9)
        run(self.time)
        self.assertEqual(self.seen, [("c", 0.0), ("a", 1.0), ("b", 2.0)])

    def test_cancel(self) -> None:
        """
        A cancelled call does not happen, and does not count.
        """
        call = self.later(1, "a")
        self.later(2, "b")
        call.cancel()
        self.assertEqual((self.time.pending, self.time.next_at), (1, 2.0))
        run(self.time)
        self.assertEqual(self.seen, [("b", 2.0)])
        self.assertRaises(AlreadyCancelled, call.cancel)
        self.assertRaises(AlreadyCancelled, call.reset, 1)
        self.assertRaises(AlreadyCancelled, call.delay, 1)

    def test_called(self) -> None:
        """
        A call that happened can not be moved.
        """
        call = self.later(1, "a")
        run(self.time)
        self.assertRaises(AlreadyCalled, call.cancel)
        self.assertRaises(AlreadyCalled, call.reset, 1)
        self.assertRaises(AlreadyCalled, call.delay, 1)

    def test_many_cancelled(self) -> None:
        """
        Cancelled calls do not fill the memory.
        """
        self.later(1, "kept")
        for _ in range(10000):
            self.later(5, "never").cancel()
        self.assertEqual(self.time.pending, 1)
        self.assertLess(len(self.time._heap), 200)
        run(self.time)
        self.assertEqual(self.seen, [("kept", 1.0)])

    def test_negative_delay(self) -> None:
        """
        Nobody asks for something to have happened.
        """
        self.assertRaises(ValueError, self.time.callLater, -1, self.note, "a")

    def test_arguments(self) -> None:
        """
        A call gets what was given with it.
        """
        self.time.callLater(1, self.note, what="a")
        run(self.time)
        self.assertEqual(self.seen, [("a", 1.0)])

    def test_delayed_calls(self) -> None:
        """
        Those that are to come are told in their order.
        """
        last = self.later(3, "a")
        first = self.later(1, "b")
        self.later(2, "c").cancel()
        self.assertEqual(list(self.time.getDelayedCalls()), [first, last])

    def test_one_outstanding(self) -> None:
        """
        However much is to come, the clock beneath has one call.
        """
        for delay in (3, 1, 2):
            self.later(delay, delay)
            self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.time.step()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_clock_advanced(self) -> None:
        """
        Who advances the clock by much gets every event with its own time.
        """
        self.later(2, "b")
        self.later(1, "a")
        self.later(9, "c")
        self.time.callLater(1, lambda: self.later(2, "inner"))
        self.clock.advance(5)
        self.assertEqual(self.seen, [("a", 1.0), ("b", 2.0), ("inner", 3.0)])
        self.assertEqual(self.time.seconds(), 5.0)
        self.time.step()
        self.assertEqual(self.seen[-1], ("c", 9.0))
        self.later(1, "d")
        self.clock.advance(1)
        self.assertEqual(self.seen[-1], ("d", 10.0))

    def test_raises(self) -> None:
        """
        What an event raises comes out of the step, and the rest is still to come.
        """

        def fail() -> None:
            raise ZeroDivisionError

        self.time.callLater(1, fail)
        self.later(1, "a")
        self.assertRaises(ZeroDivisionError, self.time.step)
        run(self.time)
        self.assertEqual(self.seen, [("a", 1.0)])

    def test_looping_call(self) -> None:
        """
        A C{LoopingCall} with whole intervals ticks at every one of them.
        """
        loop = LoopingCall(self.note, "tick")
        loop.clock = self.time
        loop.start(5, now=False)
        for _ in range(3):
            self.time.step()
        self.assertEqual(self.seen, [("tick", 5.0), ("tick", 10.0), ("tick", 15.0)])

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["ask", "cancel", "reset", "delay", "step"]),
                st.integers(0, 20),
                st.integers(0, 5),
            ),
            max_size=60,
        )
    )
    def test_any_history(self, history: list[tuple[str, int, int]]) -> None:
        """
        Whatever is asked, moved and cancelled, it agrees with a plain list that
        is sorted by time and by when it was asked for.
        """
        time = VirtualTime()
        seen: list[int] = []
        calls: list[IDelayedCall] = []
        expected: dict[int, tuple[float, int]] = {}
        for moment, (action, which, delay) in enumerate(history):
            waiting = sorted(expected)
            if action == "ask":
                calls.append(time.callLater(delay, seen.append, len(calls)))
                expected[len(calls) - 1] = (time.seconds() + delay, moment)
            elif action == "step":
                due = min(expected, key=expected.__getitem__, default=None)
                self.assertEqual(time.step(), due is not None)
                if due is not None:
                    self.assertEqual(seen[-1], due)
                    self.assertEqual(time.seconds(), expected.pop(due)[0])
            elif waiting:
                one = waiting[which % len(waiting)]
                if action == "cancel":
                    calls[one].cancel()
                    del expected[one]
                elif action == "reset":
                    calls[one].reset(delay)
                    expected[one] = (time.seconds() + delay, moment)
                else:
                    calls[one].delay(delay)
                    expected[one] = (expected[one][0] + delay, moment)
            self.assertEqual(time.pending, len(expected))
            next_at = min((when for when, _ in expected.values()), default=None)
            self.assertEqual(time.next_at, next_at)


class HostClockTests(SynchronousTestCase):
    """
    The time of one process.
    """

    def setUp(self) -> None:
        """
        Two processes that wait for nothing.
        """
        self.time = VirtualTime()
        self.clock = HostClock(self.time)
        self.other = HostClock(self.time)
        self.seen: list[tuple[object, float]] = []

    def note(self, what: object) -> None:
        """
        Remember what happened, and when.
        """
        self.seen.append((what, self.time.seconds()))

    def later(self, delay: float, what: object) -> IDelayedCall:
        """
        Ask the first clock for a note.
        """
        return self.clock.callLater(delay, self.note, what)

    def at(self, when: float, act: Callable[[], None]) -> None:
        """
        Do something to the process.
        """
        self.time.at(when, act)

    def test_interface(self) -> None:
        """
        It is what Twisted calls time.
        """
        verifyObject(IReactorTime, self.clock)

    def test_one_order(self) -> None:
        """
        All clocks share one time and one order.
        """
        self.later(1, "a")
        self.other.callLater(1, self.note, "b")
        self.later(1, "c")
        run(self.time)
        self.assertEqual(self.seen, [("a", 1.0), ("b", 1.0), ("c", 1.0)])
        self.assertEqual(self.clock.seconds(), 1.0)

    def test_pending(self) -> None:
        """
        Each counts what it waits for itself.
        """
        late = self.later(2, "a")
        self.later(1, "b")
        self.other.callLater(1, self.note, "c")
        self.assertEqual((self.clock.pending, self.other.pending), (2, 1))
        self.assertEqual(len(self.clock.getDelayedCalls()), 2)
        self.time.step()
        self.assertEqual((self.clock.pending, self.other.pending), (1, 1))
        late.reset(5)
        late.cancel()
        self.assertEqual((self.clock.pending, self.other.pending), (0, 1))

    def test_power_off(self) -> None:
        """
        Nothing happens to a process that is gone, and nothing that its remains
        ask for.
        """
        call = self.later(1, "a")
        self.other.callLater(1, self.note, "b")
        self.clock.power_off()
        self.assertFalse(call.active())
        inert = self.later(1, "c")
        inert.reset(2)
        inert.cancel()
        self.later(1, "d")
        run(self.time)
        self.assertEqual(self.seen, [("b", 1.0)])
        self.assertEqual(self.clock.pending, 0)

    def test_freeze(self) -> None:
        """
        What becomes due while it stands still happens at once afterwards, in its
        order; the rest keeps its time.
        """
        self.later(2, "a")
        self.later(3, "b")
        self.later(3, "c")
        self.later(8, "d")
        self.other.callLater(2, self.note, "other")
        self.at(1, self.clock.freeze)
        self.at(5, self.clock.thaw)
        run(self.time)
        self.assertEqual(
            self.seen,
            [("other", 2.0), ("a", 5.0), ("b", 5.0), ("c", 5.0), ("d", 8.0)],
        )

    def test_thaw_is_not_at_once(self) -> None:
        """
        Each of them has a step of its own, so one can cancel another.
        """
        self.clock.freeze()
        self.later(1, "a")
        second = self.later(1, "b")
        run(self.time)
        self.assertEqual(self.clock.pending, 2)
        self.clock.thaw()
        self.assertEqual(self.seen, [])
        self.time.step()
        second.cancel()
        run(self.time)
        self.assertEqual(self.seen, [("a", 1.0)])

    def test_freeze_again(self) -> None:
        """
        A process that stands still again at once loses nothing.
        """
        self.clock.freeze()
        self.later(1, "a")
        self.later(2, "b")
        self.at(5, self.clock.thaw)
        self.at(5, self.clock.freeze)
        self.at(9, self.clock.thaw)
        run(self.time)
        self.assertEqual(self.seen, [("a", 9.0), ("b", 9.0)])

    def test_dies_frozen(self) -> None:
        """
        What it missed never happens when it is killed.
        """
        self.clock.freeze()
        self.later(1, "a")
        run(self.time)
        self.clock.power_off()
        self.clock.thaw()
        run(self.time)
        self.assertEqual((self.seen, self.clock.pending), ([], 0))
