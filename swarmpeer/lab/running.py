"""
A lab in the reactor of its process, from the first peer to the last word.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from twisted.internet.defer import Deferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.threads import deferToThreadPool

from swarmpeer.lab.folder import sha256
from swarmpeer.lab.screen import Screen
from swarmpeer.lab.swarm import FAILURE, SUCCESS, Lab, PeerProcess
from swarmpeer.lab.web import LabPage


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
        self, lab: Lab, page: LabPage | None, screen: Screen, *, stays: bool
    ) -> None:
        """
        @param stays: the page stays up when the swarm is done.
        """
        self._lab = lab
        self._page = page
        self._screen = screen
        self._stays = stays
        self._is_over = False
        self._staying: Deferred[None] = Deferred()

    async def run(self) -> int:
        """
        Run it until all is over.

        @return: the exit status.
        """
        try:
            status = await self._lab.run()
            self._is_over = True
            if self._stays and status in (SUCCESS, FAILURE):
                self._screen.tell("the page stays until Ctrl-C")
                await self._staying
            return status
        finally:
            if self._page is not None:
                await self._page.stop()

    def interrupt(self, number: int) -> None:
        """
        A signal asks to stop.
        """
        # Once the swarm is over, what is left is the page.
        if not self._is_over:
            self._lab.interrupt(number)
        elif not self._staying.called:
            self._staying.callback(None)
