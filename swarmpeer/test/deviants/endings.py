"""
Peers that break one clause each: lost connections and the end.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    COUNT,
    HAVE,
    id_in,
    index_of,
    is_handshake,
    kind_of,
)
from swarmpeer.wire.handshake import HEADER


class DiesOfReset(Deviant):
    """
    Crashes when a connection breaks off in a piece.
    """

    def lost(self, line: Line) -> None:
        """
        Half a message is there.
        """
        if line.into.is_open and line.into.rest:
            self.die()


class NoWayBack(Deviant):
    """
    Takes nobody back whose connection was reset.
    """

    reset_id = 0

    def lost(self, line: Line) -> None:
        """
        Half a message is there.
        """
        if line.into.is_open and line.into.rest:
            self.reset_id = line.state.get("id", 0)

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close, the next time.
        """
        if is_handshake(data):
            line.state["id"] = id_in(data)
            if id_in(data) == self.reset_id:
                self.reset_id = 0
                line.drop()
                return []
        return [data]


class DiesOfHeader(Deviant):
    """
    Crashes at a wrong header.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        There it is.
        """
        if is_handshake(data) and not data.startswith(HEADER):
            self.die()
            return []
        return [data]


class EndsEarly(Deviant):
    """
    Ends when it is complete itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: set[int] = set()

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Soon after the last have.
        """
        if kind_of(data) == HAVE and len(self.held) < COUNT:
            self.held.add(index_of(data))
            if len(self.held) == COUNT:
                self.later(0.5, self.die)
        return [data]


class NeverEnds(Deviant):
    """
    Goes on for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends = False
