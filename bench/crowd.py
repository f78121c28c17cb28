"""
Many peers of ours in one process, around one that is watched from outside; see
bench.processes for the words it exchanges.

They know that one, and nobody else.  It says DONE once each of them is connected,
and COMPLETE once each has the file.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.interfaces import IReactorCore
from twisted.internet.task import LoopingCall
from twisted.logger import globalLogBeginner, textFileLogObserver

from bench.command import parser_of
from bench.control import Control, run_controlled, say
from bench.embedding import AnyPeer
from bench.ours import FIRST_ID
from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config_files import read_swarm

_LOOK_SECONDS = 0.1


class _Control(Control):
    """
    Of all of them.
    """

    def __init__(self, core: IReactorCore, peers: Sequence[AnyPeer]) -> None:
        super().__init__(core, self.begin)
        self._peers = peers
        self._all = MultiService()
        self._loop = LoopingCall(self._look)

    def begin(self) -> None:
        """
        The word to begin.
        """
        for peer in self._peers:
            peer.setServiceParent(self._all)
        complete = [peer.when_complete() for peer in self._peers]
        gatherResults(complete).addCallback(lambda _: say("COMPLETE"))
        self._all.startService()
        self._core.addSystemEventTrigger("before", "shutdown", self._all.stopService)
        self._loop.start(_LOOK_SECONDS)

    def _look(self) -> None:
        if all(peer.progress().neighbors for peer in self._peers):
            self._loop.stop()
            say("DONE")


def main() -> None:
    """
    Run them until the end of the input.
    """
    parser = parser_of("bench.crowd", __doc__)
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
    run_controlled(core, _Control(core, peers))


if __name__ == "__main__":
    main()
