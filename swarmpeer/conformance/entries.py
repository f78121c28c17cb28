"""
What was said and heard on one connection: a line of time.
"""

from dataclasses import dataclass
from enum import StrEnum

from swarmpeer.wire.messages import MessageType

KEPT_BYTES = 64
"""
So much of what was said or heard is kept to be shown.
"""
_SHOWN_BYTES = 32
_ROW_BYTES = 16


class Kind(StrEnum):
    """
    What happened.

    @cvar ODD: bytes that are neither a handshake nor a message.
    """

    CONNECTED = "connected"
    HANDSHAKE = "handshake"
    MESSAGE = "message"
    ODD = "bytes"
    CLOSED = "closed"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One happening.

    @ivar seconds: since the check began.
    @ivar player: as whom we talk.
    @ivar talk: the number of the connection.
    @ivar is_ours: did we say it, or do it?
    @ivar offset: of its first byte among all that went this way.
    @ivar size: all its bytes.
    @ivar data: the first L{KEPT_BYTES} of them; of a bitfield all.
    @ivar type: of a message, known or not.
    @ivar index: of a have, a request or a piece that has one.
    @ivar length: what stands in front of a message; not C{size - 4} if it is wrong.
    @ivar is_right: of a piece: are its bytes those of the file?
    @ivar note: what is odd.
    """

    seconds: float
    player: int
    talk: int
    kind: Kind
    is_ours: bool
    offset: int = 0
    size: int = 0
    data: bytes = b""
    type: int | None = None
    index: int | None = None
    length: int | None = None
    is_right: bool | None = None
    note: str = ""

    def is_theirs(self, kind: MessageType) -> bool:
        """
        Is it such a message of the peer under test?
        """
        return not self.is_ours and self.type == kind

    @property
    def bits(self) -> bytes:
        """
        The bytes of a bitfield behind the type.
        """
        return self.data[5:]

    def words(self) -> str:
        """
        What it means, for people.
        """
        return f"{self._meaning()}; {self.note}" if self.note else self._meaning()

    def _meaning(self) -> str:
        match self.kind:
            case Kind.CONNECTED:
                return "the connection stands"
            case Kind.CLOSED:
                return "closed by us" if self.is_ours else "closed by the peer"
            case Kind.RESET:
                return "reset by us" if self.is_ours else "reset by the peer"
            case Kind.HANDSHAKE:
                return f"handshake of {int.from_bytes(self.data[28:32], 'big')}"
            case Kind.ODD:
                return f"{self.size} bytes that are no message"
            case Kind.MESSAGE:
                return self._message()

    def _message(self) -> str:
        if self.type is None or self.type > MessageType.PIECE:
            return f"message of unknown type {self.type}, length {self.length}"
        name = MessageType(self.type).name.lower().replace("_", " ")
        match self.type:
            case MessageType.BITFIELD:
                return f"{name} of {len(self.bits)} bytes"
            case MessageType.PIECE if self.index is not None:
                right = {True: "right", False: "wrong", None: "unknown"}[self.is_right]
                return f"{name} {self.index}, {self.size - 9} bytes, {right} ones"
        return name if self.index is None else f"{name} {self.index}"

    def lines(self) -> list[str]:
        """
        The happening to be shown: when, which way, the first bytes with their
        offsets, and what they mean.
        """
        way = f"{self.player} -> peer" if self.is_ours else f"peer -> {self.player}"
        head = f"{self.seconds:9.3f} s  #{self.talk} {way}: {self.words()}"
        shown = self.data[:_SHOWN_BYTES]
        rows = [
            f"    {self.offset + at:08x}  {shown[at : at + _ROW_BYTES].hex(' ')}"
            for at in range(0, len(shown), _ROW_BYTES)
        ]
        if rows and self.size > len(shown):
            rows[-1] += f"  ... {self.size} bytes in all"
        return [head, *rows]
