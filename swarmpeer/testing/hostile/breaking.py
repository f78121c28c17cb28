"""
Those who say what must not be said, and are closed for it.
"""

import struct

from swarmpeer.errors import ViolationReason
from swarmpeer.testing.hostile.context import HostileContext
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.testing.hostile.peer import HostilePeer
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MAX_INDEX, MAX_UNKNOWN_LENGTH, PIECE_HEAD_SIZE
from swarmpeer.wire.messages import InterestedMessage, MessageType

BOMB_BYTES = 64 * 1024
"""
What follows a length that is a lie.
"""
FUSE_SECONDS = 1.0
"""
The bomb goes off within this time, so that it meets them in any state.
"""
ASK_SECONDS = 1.0
"""
From one request out of range to the next.
"""
MOST_REQUESTS = 20
"""
So many requests out of range, and then something worse.
"""

_EMPTY_FRAME = struct.Struct(">IB")
_INDEX_FRAME = struct.Struct(">IBI")


class LengthBomb(HostilePeer):
    """
    Begins a message of a length that cannot be, from none to four gigabytes,
    and pours bytes after it.

    @ivar bombs: the beginnings that it draws from.
    """

    def __init__(self, context: HostileContext) -> None:
        super().__init__(context)
        bitfield_length = 1 + self._layout.bitfield_size_bytes
        self.bombs = [
            _EMPTY_FRAME.pack(0, MessageType.CHOKE),
            _EMPTY_FRAME.pack(2**32 - 1, MessageType.PIECE),
            _EMPTY_FRAME.pack(2**31 - 1, MessageType.BITFIELD),
            _EMPTY_FRAME.pack(self._codec.max_length + 1, MessageType.PIECE),
            _EMPTY_FRAME.pack(MAX_UNKNOWN_LENGTH + 1, MessageType.PIECE + 1),
            _EMPTY_FRAME.pack(2, MessageType.CHOKE),
            _EMPTY_FRAME.pack(bitfield_length + 1, MessageType.BITFIELD),
            _INDEX_FRAME.pack(6, MessageType.HAVE, 0),
            _INDEX_FRAME.pack(4, MessageType.REQUEST, 0),
        ]
        if self._layout.piece_count:
            longer = PIECE_HEAD_SIZE + self._layout.size(0) + 1
            self.bombs.append(_INDEX_FRAME.pack(longer, MessageType.PIECE, 0))

    def opened(self, talk: HostileConversation) -> None:
        """
        Be nice for a moment.
        """
        super().opened(talk)
        fuse = self._rng.uniform(0, FUSE_SECONDS)
        talk.timers.after(fuse, self._go_off, talk)

    def _go_off(self, talk: HostileConversation) -> None:
        self.offend(ViolationReason.BAD_LENGTH)
        talk.say(self._rng.choice(self.bombs) + bytes(BOMB_BYTES))


class SpareBitSetter(HostilePeer):
    """
    Sends a bitfield with bits behind the last piece.  Where the pieces fill the
    last byte, they stand in one more.
    """

    def opened(self, talk: HostileConversation) -> None:
        """
        Send it.
        """
        count = self._layout.piece_count
        bits = bytearray(Bitfield(count).to_bytes())
        spare_bits = -count % 8
        if spare_bits:
            self.offend(ViolationReason.SPARE_BITS_SET)
            bits[-1] |= self._rng.randrange(1, 1 << spare_bits)
        else:
            self.offend(ViolationReason.BAD_LENGTH)
            bits.append(self._rng.randrange(1, 256))
        talk.say(_EMPTY_FRAME.pack(1 + len(bits), MessageType.BITFIELD) + bits)
        talk.tell(InterestedMessage())


class OutOfRange(HostilePeer):
    """
    Speaks of pieces that the file does not have: asks for them for a while,
    which is harmless, then claims or sends one.
    """

    def opened(self, talk: HostileConversation) -> None:
        """
        Begin to ask.
        """
        super().opened(talk)
        self._speak(talk, self._rng.randrange(MOST_REQUESTS))

    def _speak(self, talk: HostileConversation, requests_left: int) -> None:
        count = self._layout.piece_count
        index = self._rng.choice((count, max(count, 2**31), MAX_INDEX))
        if requests_left:
            self.did += 1
            talk.say(_INDEX_FRAME.pack(5, MessageType.REQUEST, index))
            talk.timers.after(ASK_SECONDS, self._speak, talk, requests_left - 1)
            return
        self.offend(ViolationReason.INDEX_OUT_OF_RANGE)
        if self._rng.random() < 0.5:
            talk.say(_INDEX_FRAME.pack(5, MessageType.HAVE, index))
        else:
            talk.say(_INDEX_FRAME.pack(PIECE_HEAD_SIZE, MessageType.PIECE, index))
