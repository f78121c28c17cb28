"""
Peers that break one clause each: requests and pieces.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    PIECE_SIZE,
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    CHOKE,
    COUNT,
    HAVE,
    INTERESTED,
    LAST,
    PIECE,
    REQUEST,
    UNCHOKE,
    index_of,
    indexed,
    kind_of,
    true_piece,
)


class AsksUntold(Deviant):
    """
    Asks for a piece that nobody told of, and then for the right one.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once.
        """
        if kind_of(data) == REQUEST and not self.is_done:
            self.is_done = True
            return [indexed(REQUEST, 4), data]
        return [data]


class AsksChoked(Deviant):
    """
    Asks as soon as it is interested.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once.
        """
        if kind_of(data) == INTERESTED and not self.is_done:
            self.is_done = True
            return [data, indexed(REQUEST, LAST)]
        return [data]


class AsksTwice(Deviant):
    """
    Asks for the next piece before the first has come.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once, for the same.
        """
        if kind_of(data) == REQUEST and not self.is_done:
            self.is_done = True
            return [data, data]
        return [data]


class AsksForHeld(Deviant):
    """
    Asks again for a piece that it told of.
    """

    asked: int | None = None

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        The first, to who gave it.
        """
        is_giver = line.state.get("gave") == 1
        if kind_of(data) == HAVE and self.asked is None and is_giver:
            self.asked = index_of(data)
            return [data, indexed(REQUEST, self.asked)]
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        It needs it once.
        """
        if kind_of(data) == PIECE:
            line.state["gave"] = 1
            if index_of(data) == self.asked:
                return []
        return [data]


class NeverAsks(Deviant):
    """
    Asks nothing of the first neighbour.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        That it calls.
        """
        return [] if kind_of(data) == REQUEST and line.is_outbound else [data]


class LosesRequests(Deviant):
    """
    Waits for ever for a piece that met a choke.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember what it waits for.
        """
        if kind_of(data) == REQUEST:
            line.state["waits"] = 1
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        No choke, and no unchoke, meanwhile.
        """
        kind = kind_of(data)
        if kind == PIECE:
            line.state["waits"] = 0
        is_missed = kind in (CHOKE, UNCHOKE) and line.state.get("waits")
        return [] if is_missed else [data]


class NoLatePieces(Deviant):
    """
    Closes on a piece that comes after a choke.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on it.
        """
        kind = kind_of(data)
        if kind in (CHOKE, UNCHOKE):
            line.state["choke"] = kind
        if kind == PIECE and line.state.get("choke") == CHOKE:
            line.drop()
            return []
        return [data]


class WrongBytes(Deviant):
    """
    Serves pieces with a wrong byte.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        The last one of all but the last piece.
        """
        if kind_of(data) == PIECE:
            return [data[:-1] + bytes([data[-1] ^ 1])]
        return [data]


class PadsLast(Deviant):
    """
    Pads the last piece.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        To the size of the others.
        """
        if kind_of(data) == PIECE and index_of(data) == LAST:
            return [indexed(PIECE, LAST, data[9:].ljust(PIECE_SIZE, b"\0"))]
        return [data]


class ServesBehind(Deviant):
    """
    Serves a piece behind the last.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Of zeros.
        """
        if kind_of(data) == REQUEST and index_of(data) == COUNT:
            line.tell(indexed(PIECE, COUNT, bytes(PIECE_SIZE)))
        return [data]


class ServesLacking(Deviant):
    """
    Serves pieces that it lacks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: set[int] = set()

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Of zeros.
        """
        kind = kind_of(data)
        if kind == PIECE:
            self.held.add(index_of(data))
        if kind == REQUEST and index_of(data) not in {*self.held, COUNT}:
            line.tell(indexed(PIECE, index_of(data), bytes(PIECE_SIZE)))
        return [data]


class Gives(Deviant):
    """
    Sends a piece that nobody asked for.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind the first unchoke.
        """
        if kind_of(data) == UNCHOKE and not self.is_done:
            self.is_done = True
            return [data, true_piece(LAST)]
        return [data]
