"""
Peers that break one clause each: choke and unchoke.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    BITFIELD,
    CHOKE,
    INTERESTED,
    NOT_INTERESTED,
    REQUEST,
    UNCHOKE,
    frame,
    index_of,
    kind_of,
    true_piece,
)


class ServesChoked(Deviant):
    """
    Serves who asks, choked or not: before the first unchoke.
    """

    states: tuple[int | None, ...] = (None,)

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember what it told.
        """
        if kind_of(data) in (CHOKE, UNCHOKE):
            line.state["choke"] = kind_of(data)
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Serve.
        """
        if kind_of(data) == REQUEST and line.state.get("choke") in self.states:
            line.tell(true_piece(index_of(data)))
            return []
        return [data]


class ServesAfterChoke(ServesChoked):
    """
    The same after a choke.
    """

    states = (CHOKE,)


class UnchokesIdle(Deviant):
    """
    Unchokes who never was interested.
    """

    is_done = False

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Who sends the first bitfield.
        """
        if kind_of(data) == BITFIELD and not self.is_done:
            self.is_done = True
            line.tell(frame(UNCHOKE) + frame(CHOKE))
        return [data]


class SlowUnchoke(Deviant):
    """
    Unchokes some seconds too late; once.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Later.
        """
        if kind_of(data) == UNCHOKE and not self.is_done:
            self.is_done = True
            self.later(2.5, line.tell, data)
            return []
        return [data]


class UnchokesAll(Deviant):
    """
    Unchokes all three that are interested.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Once there are so many.
        """
        if kind_of(data) in (INTERESTED, NOT_INTERESTED):
            line.state["wants"] = kind_of(data) == INTERESTED
            waiting = [each for each in self.lines if each.state.get("wants")]
            if len(waiting) == 3:
                for each in waiting:
                    each.tell(frame(UNCHOKE))
        return [data]
