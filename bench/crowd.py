"""
Many peers of ours in one process, around one that is watched from outside; see
L{bench.processes} for the words it exchanges.

They know that one, and nobody else.  It says C{DONE} once each of them is connected,
and C{COMPLETE} once each has the file.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.interfaces import IReactorCore
from twisted.internet.stdio import StandardIO
from twisted.internet.task import LoopingCall
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from bench.embedding import AnyPeer
from bench.ours import FIRST_ID
from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config_files import read_swarm

_LOOK_SECONDS = 0.1


class _Control(LineOnlyReceiver):
    """
    The bench's end of the standard input.
    """

    delimiter = b"\n"

    def __init__(self, core: IReactorCore, peers: Sequence[AnyPeer]) -> None:
        self._core = core
        self._peers = peers
        self._all = MultiService()
        self._loop = LoopingCall(self._look)

    def lineReceived(self, line: bytes) -> None:  # noqa: ARG002  (there is one word)
        """
        The word to begin.
        """
        for peer in self._peers:
            peer.setServiceParent(self._all)
        complete = [peer.when_complete() for peer in self._peers]
        gatherResults(complete).addCallback(lambda _: _say("COMPLETE"))
        self._all.startService()
        self._core.addSystemEventTrigger("before", "shutdown", self._all.stopService)
        self._loop.start(_LOOK_SECONDS)

    def connectionLost(
        self,
        reason: Failure | None = None,  # noqa: ARG002  (the end is no failure)
    ) -> None:
        """
        The end of the input: the bench is done.
        """
        self._core.stop()

    def _look(self) -> None:
        if all(peer.progress().neighbors for peer in self._peers):
            self._loop.stop()
            _say("DONE")


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """
    Run them until the end of the input.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    globalLogBeginner.beginLoggingTo(
        [textFileLogObserver(sys.stderr)], redirectStandardIO=False
    )
    core = IReactorCore(reactor)
    peers = [
        assemble_verified_peer(
            reactor,
            read_swarm(options.folder / f"{number}.toml"),
            FIRST_ID + number,
            options.folder,
        )
        for number in range(1, options.count + 1)
    ]
    StandardIO(_Control(core, peers))
    core.callWhenRunning(_say, "READY")
    core.run()


if __name__ == "__main__":
    main()
