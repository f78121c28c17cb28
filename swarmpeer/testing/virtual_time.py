"""
Time that passes only when it is told to, from event to event.
"""

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from math import inf

from twisted.internet.base import DelayedCall
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

NOT_QUEUED = -1
"""
The order of a call that is not in the heap.
"""
_FEW = 64
"""
So many dead entries of the heap are never worth a clean-up.
"""


class VirtualCall(DelayedCall):
    """
    A call of L{VirtualTime}.  It takes its new place at once when it is moved,
    where Twisted's own waits for its old time to find out.

    @ivar order: the number of its entry in the heap; all others are stale.
    """

    order = NOT_QUEUED

    def reset(self, secondsFromNow: float) -> None:
        """
        Fire so many seconds from now.
        """
        self._move(self.seconds() + secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """
        Fire so many seconds later than it would.
        """
        self._move(self.time + secondsLater)

    def fire(self) -> None:
        """
        Its time has come.
        """
        self.called = 1
        self.func(*self.args, **self.kw)

    def _move(self, when: float) -> None:
        if self.cancelled:
            raise AlreadyCancelled
        if self.called:
            raise AlreadyCalled
        self.time = max(when, self.seconds())
        self.resetter(self)


_Act = VirtualCall | Callable[[], object]


@implementer(IReactorTime)
class VirtualTime:
    """
    The time of a whole simulation, and all that is going to happen in it.

    Everything that waits lies in one heap; of Twisted's C{Clock} beneath there
    is at most one call outstanding.  C{step} goes from event to event.  Who
    advances the clock instead gets the same events in the same order, and each
    of them sees its own time and not the end of the jump.

    What is due at the same time happens in the order in which it was asked for;
    a call that is reset or delayed counts as asked for anew.

    @ivar steps: how many events there were.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """
        @param clock: whose time it is.  Ask nothing of it directly: its own
            calls would know nothing of the order of these.
        """
        self._clock = Clock() if clock is None else clock
        self._heap: list[tuple[float, int, _Act]] = []
        self._asked = 0
        self._dead = 0
        self._wake: IDelayedCall | None = None
        self._wakes_at = inf
        self.steps = 0
        # Bound once: every call carries them.
        self._forgets = self.forget
        self._queues = self.queue

    def seconds(self) -> float:
        """
        What time it is.
        """
        return self._clock.rightNow

    @property
    def pending(self) -> int:
        """
        How many events are to come.
        """
        return len(self._heap) - self._dead

    @property
    def next_at(self) -> float | None:
        """
        When the next event happens, if there is one.
        """
        heap = self._heap
        while heap:
            when, order, act = heap[0]
            if not isinstance(act, VirtualCall) or act.order == order:
                return when
            heappop(heap)
            self._dead -= 1
        return None

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """
        See C{IReactorTime.callLater}.

        @raise ValueError: if the delay is negative.
        """
        call = VirtualCall(
            self.later(delay),
            callable,
            args,
            kw,
            self._forgets,
            self._queues,
            self.seconds,
        )
        self.queue(call)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        All calls that are to come and can be taken back, by their time.
        """
        return [
            act
            for _, order, act in sorted(self._heap, key=lambda entry: entry[:2])
            if isinstance(act, VirtualCall) and act.order == order
        ]

    def at(self, when: float, act: Callable[[], object]) -> None:
        """
        Do something at a time, which is not before now.  This is cheaper than
        C{callLater} and cannot be taken back.
        """
        self._asked += 1
        heappush(self._heap, (when, self._asked, act))
        if when < self._wakes_at:
            self._wake_by(when)

    def step(self) -> bool:
        """
        Advance to the next event and let that one happen.

        @return: was there any?
        """
        heap, clock = self._heap, self._clock
        while heap:
            when, order, act = heappop(heap)
            if isinstance(act, VirtualCall):
                if act.order != order:
                    self._dead -= 1
                    continue
                act.order = NOT_QUEUED
                act = act.fire
            self.steps += 1
            if when > clock.rightNow:
                clock.rightNow = when
            act()
            return True
        return False

    # For the clocks of hosts.

    def later(self, delay: float) -> float:
        """
        @return: the time C{delay} seconds from now.
        @raise ValueError: if it is negative.
        """
        if delay < 0:
            raise ValueError(f"a call {-delay} seconds ago")
        return self._clock.rightNow + delay

    def queue(self, call: DelayedCall) -> None:
        """
        Let a call fire at its time, behind all that was asked for before.
        """
        assert isinstance(call, VirtualCall)
        self.forget(call)
        self._asked += 1
        call.order = self._asked
        heappush(self._heap, (call.time, call.order, call))
        if call.time < self._wakes_at:
            self._wake_by(call.time)

    def forget(self, call: DelayedCall) -> None:
        """
        Let a call not fire.
        """
        assert isinstance(call, VirtualCall)
        if call.order == NOT_QUEUED:
            return
        call.order = NOT_QUEUED
        self._dead += 1
        if self._dead > _FEW and self._dead * 2 > len(self._heap):
            self._heap = [
                entry
                for entry in self._heap
                if not isinstance(entry[2], VirtualCall) or entry[2].order == entry[1]
            ]
            heapify(self._heap)
            self._dead = 0

    def _wake_by(self, when: float) -> None:
        # A wake that comes too early does no harm, so it is never put off.
        if self._wake is not None:
            self._wake.cancel()
        self._wakes_at = when
        delay = max(0.0, when - self._clock.rightNow)
        self._wake = self._clock.callLater(delay, self._wake_up)

    def _wake_up(self) -> None:
        self._wake = None
        end = self._clock.rightNow
        try:
            while (at := self.next_at) is not None and at <= end:
                self._clock.rightNow = at
                self.step()
        finally:
            self._clock.rightNow = end
            self._wakes_at = inf
            if (at := self.next_at) is not None:
                self._wake_by(at)
