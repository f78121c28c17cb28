"""
A reactor on paper, for the tests of the ways in: it listens nowhere, its time is
the test's, and its threads are calls.
"""

import os
from collections.abc import Callable
from typing import NoReturn

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorThreads,
)
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

COMMON = """\
NumberOfPreferredNeighbors 2
UnchokingInterval 5
OptimisticUnchokingInterval 15
FileName TheFile.dat
FileSize 5
PieceSize 2
"""
DATA = b"whole"


@implementer(IReactorThreads)
class PaperReactor(MemoryReactorClock):
    """
    Remembers what is asked of it.

    @ivar refusals: the C{errno} with which listening at an interface fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[str, int] = {}

    @property
    def listening(self) -> list[tuple[int, int, str]]:
        """
        Port, backlog and interface of all that listens.
        """
        return [(port, backlog, where) for port, _, backlog, where in self.tcpServers]

    def listenTCP(
        self,
        port: int,
        factory: IProtocolFactory,
        backlog: int = 50,
        interface: str = "",
    ) -> IListeningPort:
        """
        Listen, or fail.
        """
        refusal = self.refusals.get(interface)
        if refusal is not None:
            error = OSError(refusal, os.strerror(refusal))
            raise CannotListenError(interface, port, error)
        listening: IListeningPort = super().listenTCP(port, factory, backlog, interface)
        return listening

    def callInThread(
        self, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> None:
        """
        Call it.
        """
        callable(*args, **kwargs)

    def callFromThread(
        self, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> None:
        """
        Call it.
        """
        callable(*args, **kwargs)

    def getThreadPool(self) -> NoReturn:
        """
        There is none.
        """
        raise AssertionError("nobody should ask for the pool")

    def suggestThreadPoolSize(self, size: int) -> NoReturn:
        """
        There is none.
        """
        raise AssertionError(f"nobody should ask for {size} threads")
