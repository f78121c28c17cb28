"""
Virtual time as one process has it, which may end or stand still.
"""

from collections.abc import Callable, Sequence

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from swarmpeer.testing.virtual_time import NOT_QUEUED, VirtualCall, VirtualTime


class _HostCall(VirtualCall):
    host: "HostClock"

    def fire(self) -> None:
        """
        Its time has come, for a process that runs.
        """
        if self.host.is_due(self):
            super().fire()


@implementer(IReactorTime)
class HostClock:
    """
    The time as one process of a simulated host has it.  The process may end, or
    stand still, and what it waits for with it.

    @ivar is_frozen: does the process stand still?
    @ivar is_off: is there no process any more?
    """

    def __init__(self, time: VirtualTime) -> None:
        """
        @param time: the time of the whole simulation.
        """
        self.time = time
        # In the order in which they were asked for.
        self._calls: dict[DelayedCall, None] = {}
        self._overdue: list[_HostCall] = []
        self.is_frozen = False
        self.is_off = False

    def seconds(self) -> float:
        """
        What time it is.
        """
        return self.time.seconds()

    @property
    def pending(self) -> int:
        """
        How many calls the process waits for.
        """
        return len(self._calls)

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """
        See C{IReactorTime.callLater}.  Once the process is gone, the call never
        fires.

        @raise ValueError: if the delay is negative.
        """
        call = _HostCall(
            self.time.later(delay),
            callable,
            args,
            kw,
            self._cancelled,
            self._moved,
            self.seconds,
        )
        call.host = self
        self._moved(call)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        All calls that the process waits for, by their time.
        """
        return sorted(self._calls, key=lambda call: call.getTime())

    def power_off(self) -> None:
        """
        The process is gone: nothing that it waited for happens.
        """
        self.is_off = True
        for call in list(self._calls):
            call.cancel()
        self._overdue.clear()

    def freeze(self) -> None:
        """
        Let the process stand still.
        """
        self.is_frozen = True

    def thaw(self) -> None:
        """
        Let it go on: what became due meanwhile happens now, in its order.
        """
        self.is_frozen = False
        overdue, self._overdue = self._overdue, []
        now = self.seconds()
        for call in overdue:
            if call.active() and call.order == NOT_QUEUED:
                call.time = now
                self.time.queue(call)

    def is_due(self, call: _HostCall) -> bool:
        """
        @return: may the call fire now?  If not, it is kept.
        """
        if self.is_frozen:
            self._overdue.append(call)
            return False
        del self._calls[call]
        return True

    def _moved(self, call: DelayedCall) -> None:
        if not self.is_off:
            self._calls[call] = None
            self.time.queue(call)

    def _cancelled(self, call: DelayedCall) -> None:
        self._calls.pop(call, None)
        self.time.forget(call)
