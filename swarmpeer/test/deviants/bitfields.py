"""
Peers that break one clause each: the bitfield.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from swarmpeer.conformance.families import mirrored
from swarmpeer.test.conformance_swarm import (
    LAYOUT,
    Deviant,
    Line,
)
from swarmpeer.test.deviants.parts import (
    BITFIELD,
    CHOKE,
    HAVE,
    Deaf,
    frame,
    kind_of,
)


class LateBitfield(Deviant):
    """
    Says something before its bitfield.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Something else first.
        """
        if kind_of(data) == BITFIELD:
            return [frame(CHOKE), data]
        return [data]


class BitfieldChanged(Deviant, ABC):
    """
    Sends another bitfield than the right one.
    """

    @abstractmethod
    def changed(self, bits: bytes) -> bytes:
        """
        The other one.
        """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        That one.
        """
        if kind_of(data) != BITFIELD:
            return [data]
        return [frame(BITFIELD, self.changed(data[5:]))]


class LongBitfield(BitfieldChanged):
    """
    A byte too many.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        One more.
        """
        return bits + b"\0"


class SpareBits(BitfieldChanged):
    """
    Spare bits are set.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        One of them.
        """
        return bits[:-1] + bytes([bits[-1] | 1])


class LowBitFirst(BitfieldChanged):
    """
    The lowest bit is the first.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        The other way round.
        """
        return mirrored(bits)


class NoEmptyBitfield(Deviant):
    """
    Leaves out a bitfield of zeros.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        All but that.
        """
        return [] if kind_of(data) == BITFIELD and not any(data[5:]) else [data]


class NeedsBitfield(Deviant):
    """
    Closes on who sends no bitfield.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close if it is the first message, and none.
        """
        kind = kind_of(data)
        if kind >= 0 and not line.state.setdefault("messages", 0) and kind == HAVE:
            line.drop()
            return []
        line.state["messages"] = line.state.get("messages", 0) + (kind >= 0)
        return [data]


class AnyBitfield(Deaf):
    """
    Closes on no bitfield, whatever its bits and its length.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        A wrong one.
        """
        if kind_of(data) != BITFIELD:
            return False
        return len(data) != 5 + LAYOUT.bitfield_size_bytes or bool(data[-1] & 0x3F)


class SecondBitfield(Deaf):
    """
    Closes on no second bitfield.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        The second.
        """
        if kind_of(data) != BITFIELD:
            return False
        line.state["bitfields"] = line.state.get("bitfields", 0) + 1
        return line.state["bitfields"] > 1
