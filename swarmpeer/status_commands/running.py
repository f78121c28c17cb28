"""
How commands that ask peers run: in a reactor of their own, until they are done or a
signal comes.
"""

import sys
from collections.abc import Callable, Coroutine

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.python.failure import Failure

from swarmpeer.own_process import monotonic_reactor
from swarmpeer.signals import handle_signals

Work = Callable[[PosixReactorBase], Coroutine[Deferred[None], object, int]]
"""
The reactor, to what is done in it, which gives the exit status.
"""


def run_in_reactor(work: Work) -> int:
    """
    Do it.  A signal ends it with C{CancelledError}; then the status is that of the
    signal.

    @return: the exit status.
    """
    reactor = monotonic_reactor()
    outcomes: list[int | Failure] = []
    signals: list[int] = []

    def begin() -> None:
        task = Deferred.fromCoroutine(work(reactor))

        def interrupt(number: int) -> None:
            signals.append(number)
            task.cancel()

        # Only now, since the reactor has just put its own handlers in place.
        handle_signals(lambda number: reactor.callFromThread(interrupt, number))
        task.addBoth(outcomes.append)
        task.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    for outcome in outcomes:
        if not isinstance(outcome, Failure):
            return outcome
        if not (signals and outcome.check(CancelledError)):
            outcome.raiseException()
    return 128 + signals[0] if signals else 1


def warn(text: str) -> None:
    """
    Say a line on standard error.
    """
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        # Who does not see it does not miss it.
        return
