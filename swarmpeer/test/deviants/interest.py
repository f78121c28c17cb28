"""
Peers that break one clause each: interest.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    BITFIELD,
    INTERESTED,
    NOT_INTERESTED,
    kind_of,
)


class SilentOnBitfields(Deviant):
    """
    Does not say that it is not interested in a bitfield.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Not as its first word.
        """
        is_first = not line.state.setdefault("interest", 0)
        if kind_of(data) in (INTERESTED, NOT_INTERESTED):
            line.state["interest"] = 1
        return [] if is_first and kind_of(data) == NOT_INTERESTED else [data]


class NoInterestInHaves(Deviant):
    """
    Is not interested after a have, if there was no bitfield.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember a bitfield.
        """
        if kind_of(data) == BITFIELD:
            line.state["has_bitfield"] = 1
        return [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Say nothing without.
        """
        is_dull = not line.state.get("has_bitfield")
        return [] if kind_of(data) == INTERESTED and is_dull else [data]


class ForeverInterested(Deviant):
    """
    Goes on to be interested.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Once it was.
        """
        if kind_of(data) == INTERESTED:
            line.state["was_interested"] = 1
        is_end = kind_of(data) == NOT_INTERESTED and line.state.get("was_interested")
        return [] if is_end else [data]


class OnceInterested(Deviant):
    """
    Closes on who is interested twice.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on the second.
        """
        kind = kind_of(data)
        if kind == INTERESTED:
            if line.state.get("interested"):
                line.drop()
                return []
            line.state["interested"] = 1
        elif kind == NOT_INTERESTED:
            line.state["interested"] = 0
        return [data]
