"""
The bench's end of a peer in a process of its own; see L{bench.processes} for the words
they exchange.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorCore
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure


class Control(LineOnlyReceiver):
    """
    The standard input of one that is begun by a word, and is done at its end.
    """

    delimiter = b"\n"

    def __init__(self, core: IReactorCore, begin: Callable[[], None]) -> None:
        """
        @param begin: called at the word to begin.
        """
        self._core = core
        self._begin = begin

    def lineReceived(self, line: bytes) -> None:  # noqa: ARG002  (there is one word)
        """
        It came.
        """
        self._begin()

    def connectionLost(
        self,
        reason: Failure | None = None,  # noqa: ARG002  (the end is no failure)
    ) -> None:
        """
        The end of the input: the bench is done.
        """
        self._core.stop()


def say(line: str) -> None:
    """
    Tell the bench.
    """
    print(line, flush=True)


def run_controlled(core: IReactorCore, control: Control) -> None:
    """
    Be ready, and run until the end of the input.
    """
    StandardIO(control)
    core.callWhenRunning(say, "READY")
    core.run()
