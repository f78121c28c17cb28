"""
Peers that break one clause each: messages and their lengths.
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
    Deaf,
    frame,
    kind_of,
)


class WholeReads(Deviant):
    """
    Takes the first bytes that it reads for the whole handshake.
    """

    def gets(self, line: Line, data: bytes) -> bytes:
        """
        Close if there are fewer.
        """
        if not line.into.is_open and len(data) < 32:
            line.link.loseConnection()
            return b""
        return data


class OneARead(Deviant):
    """
    Loses what it reads together with a 'not interested'.
    """

    def gets(self, line: Line, data: bytes) -> bytes:  # noqa: ARG002
        """
        That only.
        """
        first = frame(NOT_INTERESTED)
        is_more = data.startswith(first + frame(INTERESTED)) and len(data) > 10
        return data[:10] if is_more else data


class EightTypes(Deviant):
    """
    Closes on any other type.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on it.
        """
        if kind_of(data) == 42:
            line.drop()
            return []
        return [data]


class AnyLength(Deaf):
    """
    Goes on after a length that cannot be.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        None, or 4 GiB.
        """
        return data[:4] in (bytes(4), b"\xff" * 4)


class LongChoke(Deaf):
    """
    Takes a choke of any length.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        The long one.
        """
        return kind_of(data) == CHOKE and len(data) > 5


class NinthType(Deviant):
    """
    Says 'done' in a way of its own.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind the bitfield.
        """
        return [data, frame(8)] if kind_of(data) == BITFIELD else [data]
