"""
Peers that break one clause each: the handshake.
"""

from collections.abc import Iterable

from swarmpeer.test.conformance_swarm import (
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    Deaf,
    id_in,
    is_handshake,
)
from swarmpeer.wire.handshake import HEADER


class TextZeros(Deviant):
    """
    Writes text zeros for zero bytes.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        The other zeros.
        """
        return [data[:18] + b"0" * 10 + data[28:] if is_handshake(data) else data]


class WaitingCaller(Deviant):
    """
    Greets only who greeted it, where it calls.
    """

    waits_outbound = True

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Not yet.
        """
        if is_handshake(data) and line.is_outbound is self.waits_outbound:
            self.kept = data
            return []
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Now.
        """
        if is_handshake(data) and line.is_outbound is self.waits_outbound:
            line.tell(self.kept)
        return [data]


class WaitingCalled(WaitingCaller):
    """
    The same, where it is called.
    """

    waits_outbound = False


class AnyHeader(Deaf):
    """
    Closes on no header.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Another header.
        """
        return is_handshake(data) and not data.startswith(HEADER)


class AnyZeros(Deaf):
    """
    Closes on no ten bytes.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Other bytes.
        """
        return is_handshake(data) and data[18:28] != bytes(10)


class AnyId(Deaf):
    """
    Closes on no id.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        That of nobody.
        """
        return is_handshake(data) and id_in(data) > 2000


class AnyAnswer(Deaf):
    """
    Does not mind who answers.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        Somebody else.
        """
        return is_handshake(data) and line.is_outbound and id_in(data) != 1001


class Blocked(Deviant):
    """
    While it reads a handshake it hears nobody else; once.
    """

    was_blocked = False

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing, the first time.
        """
        if not self.was_blocked and is_handshake(data):
            halves = (each for each in self.lines if each is not line)
            self.was_blocked = any(
                each.into.rest and not each.into.is_open for each in halves
            )
            line.state["is_blocked"] = self.was_blocked
        return [] if line.state.get("is_blocked") else [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing while blocked.
        """
        halves = [each for each in self.lines if each is not line]
        is_half = any(each.into.rest and not each.into.is_open for each in halves)
        return [] if is_half and not self.was_blocked else [data]


class Patient(Deviant):
    """
    Waits for the other half of a handshake as long as it takes.
    """

    def leaves(self, line: Line) -> bool:
        """
        Not while it waits.
        """
        return line.into.is_open or not line.into.rest
