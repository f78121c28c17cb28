"""
How commands that need a reactor run: in one of their own, until they are done or a
signal comes.
"""

from collections.abc import Callable, Coroutine
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.python.failure import Failure

from swarmpeer.errors import Interrupted
from swarmpeer.own_process import monotonic_reactor
from swarmpeer.signals import handle_signals

T = TypeVar("T")


def run_in_reactor(
    work: Callable[[PosixReactorBase], Coroutine[Deferred[object], object, T]],
    interrupt: Callable[[int], object] | None = None,
) -> T:
    """
    Do it; the reactor of this process is there for nothing else.  A signal ends it
    with C{CancelledError}.

    @param work: the reactor, to what is done in it.
    @param interrupt: hears of signals instead, and decides what comes of them.
    @return: what comes of it.
    @raise Interrupted: if a signal came before that, whatever came of it then, and
        nobody else hears of it.
    """
    reactor = monotonic_reactor()
    outcomes: list[T | Failure] = []
    signals: list[int] = []

    def begin() -> None:
        task = Deferred.fromCoroutine(work(reactor))

        def end(number: int) -> None:
            signals.append(number)
            task.cancel()

        def hear(number: int) -> None:
            if not outcomes:
                (interrupt or end)(number)

        # Only now, since the reactor has just put its own handlers in place.
        handle_signals(lambda number: reactor.callFromThread(hear, number))
        task.addBoth(outcomes.append)
        task.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    if signals:
        raise Interrupted(signals[0])
    (outcome,) = outcomes
    if isinstance(outcome, Failure):
        outcome.raiseException()
    return outcome
