"""
Peers that break one clause each: have messages.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    BITFIELD,
    COUNT,
    HAVE,
    PIECE,
    Deaf,
    index_of,
    indexed,
    kind_of,
)


class SilentToOthers(Deviant):
    """
    Tells of a piece only who gave it.
    """

    tells_giver = True

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember who gave what.
        """
        if kind_of(data) == PIECE:
            line.state[f"gave {index_of(data)}"] = 1
        return [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        To some only; several haves may be in one write.
        """
        if kind_of(data) != HAVE:
            return [data]
        is_giver = f"gave {index_of(data)}" in line.state
        return [data] if is_giver is self.tells_giver else []


class SilentToGiver(SilentToOthers):
    """
    Tells all but who gave it.
    """

    tells_giver = False


class TellsLacking(Deviant):
    """
    Tells of a piece that it lacks.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind an empty bitfield.
        """
        if kind_of(data) == BITFIELD and not any(data[5:]):
            return [data, indexed(HAVE, 5)]
        return [data]


class AnyHave(Deaf):
    """
    Closes on no have.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Of no piece.
        """
        return kind_of(data) == HAVE and index_of(data) >= COUNT
