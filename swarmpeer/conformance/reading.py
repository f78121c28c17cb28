"""
Reading what a peer sends, whatever that is: as long as some sense can be made of
it, it is read on, and what is odd is noted.
"""

import struct
from collections.abc import Callable
from dataclasses import replace

from swarmpeer.conformance.entries import KEPT_BYTES, Entry, Kind
from swarmpeer.conformance.families import (
    LENGTH_WITHOUT_TYPE,
    MESSAGE_FIRST,
    handshake_slips,
    message_slips,
    own_lengths,
)
from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire.codec import MAX_UNKNOWN_LENGTH
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, HEADER
from swarmpeer.wire.messages import MessageType

_LENGTH = struct.Struct(">I")
_HEAD_SIZE = 9
_INDEXED = (MessageType.HAVE, MessageType.REQUEST, MessageType.PIECE)


class TolerantReader:
    """
    Makes entries of bytes.  It never keeps more than one message, of which the
    length is limited by the piece size.

    @ivar is_lost: no sense can be made of what follows; it is dropped.
    """

    def __init__(
        self,
        layout: PieceLayout,
        is_piece: Callable[[int, bytes], bool],
        blank: Entry,
    ) -> None:
        """
        @param is_piece: are these the bytes of that piece?
        @param blank: what all entries have in common.
        """
        self.is_lost = False
        self._layout = layout
        self._is_piece = is_piece
        self._blank = blank
        self._heard = bytearray()
        self._offset = 0
        self._has_greeted = False
        # Do lengths count the payload only?
        self._is_short = False
        longest = layout.piece_size_bytes + 5
        self._max_length = max(
            MAX_UNKNOWN_LENGTH, longest, layout.bitfield_size_bytes + 1
        )

    def feed(self, data: bytes, seconds: float) -> list[Entry]:
        """
        @return: what is complete now.
        """
        if self.is_lost:
            return []
        self._heard += data
        found = []
        while not self.is_lost:
            read = self._read_message if self._has_greeted else self._read_handshake
            entry = read()
            if entry is None:
                break
            found.append(replace(entry, seconds=seconds))
        return found

    def rest(self, seconds: float) -> list[Entry]:
        """
        @return: what is left when nothing follows.
        """
        if self.is_lost or not self._heard:
            return []
        return [replace(self._lose("it is not complete"), seconds=seconds)]

    def _read_handshake(self) -> Entry | None:
        heard = bytes(self._heard[:HANDSHAKE_SIZE])
        slips = handshake_slips(heard) if len(heard) > 4 else []
        if not HEADER.startswith(heard[: len(HEADER)]) and (
            len(heard) == HANDSHAKE_SIZE or MESSAGE_FIRST in slips
        ):
            return self._lose("; ".join(slips))
        if len(heard) < HANDSHAKE_SIZE:
            return None
        self._has_greeted = True
        return self._take(Kind.HANDSHAKE, HANDSHAKE_SIZE, note="; ".join(slips))

    def _read_message(self) -> Entry | None:
        heard = self._heard
        if len(heard) < 4:
            return None
        (length,) = _LENGTH.unpack_from(heard)
        if length > self._max_length:
            return self._lose(f"a message of {length} bytes cannot be")
        if len(heard) < 5:
            return None
        kind = heard[4]
        index = None
        if kind in _INDEXED:
            if len(heard) < _HEAD_SIZE and length > 4:
                return None
            if len(heard) >= _HEAD_SIZE:
                (index,) = _LENGTH.unpack_from(heard, 5)
        own = own_lengths(self._layout, kind, index)
        # An empty message cannot be told from a choke of that kind.
        if own is not None and length == own - 1 and (length or kind):
            self._is_short = True
        size = 4 + length + (1 if self._is_short else 0)
        if length == 0 and not self._is_short:
            return self._lose("a message without a type: its length is 0")
        if len(heard) < size:
            return None
        notes = []
        if self._is_short:
            notes.append(LENGTH_WITHOUT_TYPE)
        elif own != length:
            notes += message_slips(self._layout, kind, length, index)
        is_right = None
        if kind == MessageType.PIECE and index is not None:
            data = bytes(heard[_HEAD_SIZE:size])
            is_right = self._layout.is_valid(index) and self._is_piece(index, data)
        return self._take(
            Kind.MESSAGE,
            size,
            kept=size if kind == MessageType.BITFIELD else KEPT_BYTES,
            type=kind,
            index=index,
            length=length,
            is_right=is_right,
            note="; ".join(notes),
        )

    def _lose(self, note: str) -> Entry:
        entry = self._take(Kind.ODD, len(self._heard), note=note)
        self.is_lost = True
        return entry

    def _take(
        self,
        kind: Kind,
        size: int,
        *,
        kept: int = KEPT_BYTES,
        type: int | None = None,
        index: int | None = None,
        length: int | None = None,
        is_right: bool | None = None,
        note: str = "",
    ) -> Entry:
        entry = replace(
            self._blank,
            kind=kind,
            offset=self._offset,
            size=size,
            data=bytes(self._heard[: min(kept, size)]),
            type=type,
            index=index,
            length=length,
            is_right=is_right,
            note=note,
        )
        del self._heard[:size]
        self._offset += size
        return entry
