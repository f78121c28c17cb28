"""
A lab in the reactor of its process, from the first peer to the last word.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.threads import deferToThreadPool

from swarmpeer.lab.folder import sha256
from swarmpeer.lab.screen import Screen
from swarmpeer.lab.swarm import FAILURE, SUCCESS, Lab, PeerProcess
from swarmpeer.lab.web import LabPage
from swarmpeer.signals import handle_signals


def spawn(
    reactor: PosixReactorBase, process: PeerProcess, argv: list[str], output: BinaryIO
) -> None:
    """
    Start a peer; what it says goes to C{output}.
    """
    # The standard input is the peer's lifeline, see peer_process.
    fds: dict[int, str | int] = {0: "w", 1: output.fileno(), 2: output.fileno()}
    reactor.spawnProcess(process, argv[0], argv, env=None, childFDs=fds)


def digest(
    reactor: PosixReactorBase, path: Path, is_cancelled: Callable[[], bool]
) -> Deferred[str | None]:
    """
    Hash a file in a thread; C{None} if that was cancelled.
    """
    return deferToThreadPool(
        reactor, reactor.getThreadPool(), sha256, path, is_cancelled
    )


class LabRun:
    """
    One run of a lab, and of its page, which may outlast the swarm.
    """

    def __init__(
        self,
        reactor: PosixReactorBase,
        lab: Lab,
        page: LabPage | None,
        screen: Screen,
        *,
        stays: bool,
    ) -> None:
        """
        @param stays: the page stays up when the swarm is done.
        """
        self._reactor = reactor
        self._lab = lab
        self._page = page
        self._screen = screen
        self._stays = stays
        self._status: int | None = None
        self._staying: Deferred[None] = Deferred()

    def run(self) -> int:
        """
        Run the reactor until all is over.

        @return: the exit status.
        """
        self._reactor.callWhenRunning(self._begin)
        self._reactor.run()
        return FAILURE if self._status is None else self._status

    def _begin(self) -> None:
        reactor, page = self._reactor, self._page
        # Only now, since the reactor has just put its own handlers in place.
        handle_signals(lambda number: reactor.callFromThread(self._interrupt, number))
        over = maybeDeferred(self._lab.run).addCallback(self._ended)
        over.addErrback(lambda failure: failure.printTraceback(sys.stderr))
        if page is not None:
            over.addBoth(lambda _: page.stop())
        over.addBoth(lambda _: reactor.stop())

    def _interrupt(self, number: int) -> None:
        # Once the swarm is over, what is left is the page.
        if self._status is None:
            self._lab.interrupt(number)
        elif not self._staying.called:
            self._staying.callback(None)

    def _ended(self, status: int) -> Deferred[None] | None:
        self._status = status
        if not self._stays or status not in (SUCCESS, FAILURE):
            return None
        self._screen.tell("the page stays until Ctrl-C")
        return self._staying
