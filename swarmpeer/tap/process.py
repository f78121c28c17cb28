"""
One peer as a process of its own: how it starts, and how it ends.
"""

import sys

from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorCore, IReactorTime
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from swarmpeer.errors import SwarmPeerError
from swarmpeer.log_output.folding import Folding
from swarmpeer.own_process import fail_at_exit


class StartFailed(SystemExit, Exception):
    """
    The peer could not start; ends the process with status 1 and no traceback.

    It is a C{SystemExit} for Python and an C{Exception} for twistd, which
    cleans up after itself, and tells the waiting parent of a daemon, only when
    it sees one.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = 1


class PeerProcess(MultiService):
    """
    One peer as a process of its own: failures to start are one line.
    """

    _log = Logger()

    def __init__(self, log: Folding | None) -> None:
        """
        @param log: takes all that is logged; C{None}: twistd decides.
        """
        super().__init__()
        self._observer = log

    def setServiceParent(self, parent: object) -> None:
        """
        Where twistd looks for a log that is not its own.
        """
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    async def _stop(self) -> None:
        await super().stopService()
        if self._observer is not None:
            self._observer.flush()

    def stopService(self) -> Deferred[None]:
        """
        Say what is folded last.
        """
        return Deferred.fromCoroutine(self._stop())

    def startService(self) -> None:
        """
        @raise StartFailed: if the peer could not start.
        """
        try:
            super().startService()
        except SwarmPeerError as error:
            # By now twistd has turned sys.stderr into its log; and a daemon has no
            # other place than that.
            self._log.critical("{error}", error=error)
            print(f"swarmpeer: {error}", file=sys.__stderr__, flush=True)
            raise StartFailed(str(error)) from None


def leave_soon(outcome: Failure | None, reactor: IReactorCore, *, stay: bool) -> None:
    """
    End the process: the peer, or its swarm, is complete, or nobody can call it.

    @param outcome: why nobody can.
    @param stay: go on serving when all is well?
    """
    if outcome is not None:
        if outcome.check(CancelledError):
            # We are leaving already.
            return
        # The log was told when it happened.
        print(f"swarmpeer: {outcome.value}", file=sys.__stderr__, flush=True)
        fail_at_exit()
    elif stay:
        return
    # The swarm is complete, and the conversation that brought the news is still
    # on the stack; or nobody can call us, which was said.
    IReactorTime(reactor).callLater(0, _leave, reactor)


def _leave(reactor: IReactorCore) -> None:
    # A signal may have come first.
    if reactor.running:
        reactor.stop()
