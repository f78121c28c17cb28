"""
Chunks of any size to whole frames, with each byte copied once.

Nothing is gathered of a frame before the codec, and for a piece the logic, agreed to
it.  So what is held is at most one frame that may come, or as much of what was read at
once as nobody had time for yet; until that is heard nothing more is to be read.
"""

import re
import struct
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from swarmpeer.seam import Piece
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import (
    HAVE_START,
    INDEX_FRAME_SIZE,
    LENGTH_SIZE,
    PIECE_HEAD_SIZE,
    REQUEST_START,
    FrameKind,
    MessageCodec,
)
from swarmpeer.wire.messages import MessageType

MOST_IN_RUN = 100
"""
So many haves that follow one another come out together, and so many requests.
"""

#: A plain number: looking up a member takes longer than all else there.
_HAVE = MessageType.HAVE.value
_LENGTH = struct.Struct(">I")
#: Haves that follow one another, or requests: frames of a length that is known.
_RUN = re.compile(
    b"|".join(
        b"(?:%b.{%d}){1,%d}"
        % (re.escape(start), INDEX_FRAME_SIZE - len(start), MOST_IN_RUN)
        for start in (HAVE_START, REQUEST_START)
    ),
    re.DOTALL,
)
_NONE = memoryview(b"")


@dataclass(slots=True)
class Haves:
    """
    Which pieces they told of, one behind the other.
    """

    indexes: Sequence[int]


@dataclass(slots=True)
class Requests:
    """
    Which pieces they asked for, one behind the other.
    """

    indexes: Sequence[int]


Heard = Piece | Haves | Requests | WireBytes
"""
What is frequent, or the payload of any other message.
"""


class FrameReader:
    """
    Cuts the stream of one connection into pieces, haves, requests and other payloads.

    @ivar _unheard: what was read and not looked at to the end: the first bytes of a
        frame, fewer than length and head of a piece, or all that nobody had time for.
        What is being gathered is not in it, and there is never both.
    @ivar _frame: where the payload that is being gathered goes; empty for one
        that is skipped.
    @ivar _missing_bytes: how many bytes of that payload are still to come.
    @ivar _piece: the piece that is being gathered or skipped; C{None} if it is another
        payload.
    @ivar _remains: what is told of another payload that is skipped: its type.
    @ivar piece_bytes: how many bytes of pieces came so far.
    """

    __slots__ = (
        "_codec",
        "_expect_message",
        "_expect_piece",
        "_frame",
        "_is_stopped",
        "_missing_bytes",
        "_piece",
        "_remains",
        "_unheard",
        "piece_bytes",
    )

    def __init__(
        self,
        codec: MessageCodec,
        expect_piece: Callable[[int], None],
        expect_message: Callable[[int], None],
    ) -> None:
        """
        @param expect_piece: asked before anything of a piece is kept; raises if
            it must not come.
        @param expect_message: the same by the type of any other message, if that is
            not whole yet.
        """
        self._codec = codec
        self._expect_piece = expect_piece
        self._expect_message = expect_message
        self._unheard = b""
        self._frame = _NONE
        self._missing_bytes = 0
        self._remains = b""
        self._piece: int | None = None
        self._is_stopped = False
        self.piece_bytes = 0

    @property
    def is_mid_frame(self) -> bool:
        """
        Has a frame begun that is not whole yet?
        """
        return bool(self._missing_bytes or self._unheard)

    @property
    def has_unheard(self) -> bool:
        """
        Is something here that was not looked at, or not to the end?
        """
        return bool(self._unheard)

    @property
    def held_bytes(self) -> int:
        """
        How much memory the unfinished frame takes, and what is unheard.
        """
        return len(self._unheard) + len(self._frame)

    @property
    def gathered_bytes(self) -> int:
        """
        How much of the unfinished payload is here.
        """
        return len(self._frame) - self._missing_bytes if self._frame else 0

    @property
    def held_piece(self) -> int | None:
        """
        The piece whose bytes are gathered; C{None} if there is none, or if it is
        skipped.
        """
        return self._piece if self._frame else None

    def drop(self) -> None:
        """
        Hold nothing of the unfinished payload, and skip the rest of it.
        """
        self._frame = _NONE

    def judge_by(self, codec: MessageCodec) -> None:
        """
        From the next frame on, C{codec} tells what may come.
        """
        self._codec = codec

    def stop(self) -> None:
        """
        Give out nothing more, not even of what was fed already, and hold
        nothing.
        """
        self._is_stopped = True
        self._unheard = b""
        self._frame = _NONE
        self._missing_bytes = 0

    @property
    def rest(self) -> memoryview:
        """
        Where the rest of the unfinished payload goes: who reads it there tells
        C{filled}.  Empty if there is none, or if it is skipped.
        """
        if not self._frame:
            return _NONE
        return self._frame[len(self._frame) - self._missing_bytes :]

    @property
    def is_mid_piece(self) -> bool:
        """
        Is a piece on its way whose head is here?
        """
        return self._piece is not None and self._missing_bytes > 0

    def filled(self, size_bytes: int) -> Heard | None:
        """
        So much of C{rest} is filled now.

        @return: what came, if it is whole.
        """
        self._missing_bytes -= size_bytes
        if self._piece is not None:
            self.piece_bytes += size_bytes
        return None if self._missing_bytes else self._take()

    def feed(
        self, chunk: bytes | bytearray, end: int | None = None
    ) -> Generator[Heard, None, None]:
        """
        Take in what was read.  Go through all that comes out, or close it: then what
        was not looked at is kept, and comes first at the next call.

        @param end: where in C{chunk} it ends; C{chunk} itself is not kept.
        @return: what is whole now, one after the other; the payload of an unknown type
            is cut down to its type byte, and a piece that was dropped has no data.
        @raise swarmpeer.errors.ProtocolViolation: at a frame that may not come,
            after all before it were yielded; at one of several haves, before them.
        """
        if end is None:
            end = len(chunk)
        if self._unheard:
            # This copies one chunk, and only where a read ended within a head: before
            # more is read, what nobody had time for comes alone.
            chunk, self._unheard = self._unheard + chunk[:end], b""
            end = len(chunk)
        at = 0
        heard: Heard
        while at < end and not self._is_stopped:
            if self._missing_bytes:
                size_bytes = min(self._missing_bytes, end - at)
                self._gather(memoryview(chunk)[at : at + size_bytes])
                at += size_bytes
                if self._missing_bytes:
                    return
                heard = self._take()
            elif (run := _RUN.match(chunk, at, end)) is not None:
                # There may be more of them than of all other messages together,
                # so they are taken without a closer look.
                frames, at = run[0], run.end()
                if frames[LENGTH_SIZE] == _HAVE:
                    heard = Haves(self._codec.have_indexes(frames))
                else:
                    heard = Requests(self._codec.request_indexes(frames))
            else:
                start = at + LENGTH_SIZE
                behind = start + PIECE_HEAD_SIZE
                head = chunk[start : behind if behind < end else end]
                kind = FrameKind.UNDECIDED
                if start <= end:
                    (length,) = _LENGTH.unpack_from(chunk, at)
                    kind = self._codec.check_frame(length, head)
                if kind is FrameKind.UNDECIDED:
                    self._unheard = bytes(chunk[at:end])
                    return
                index: int | None = None
                if kind is FrameKind.PIECE:
                    index = self._codec.piece_index(head)
                    if not self._admits(index):
                        return
                if start + length > end:
                    if kind is FrameKind.MESSAGE:
                        self._expect_message(head[0])
                        if length <= PIECE_HEAD_SIZE:
                            # A have, say, which is looked at when it is whole.
                            self._unheard = bytes(chunk[at:end])
                            return
                    self._begin(kind, length, head, index)
                    at = start
                    continue
                at = start + length
                if index is not None:
                    self.piece_bytes += length
                    heard = Piece(index, memoryview(chunk[behind:at]))
                elif kind is FrameKind.UNKNOWN:
                    heard = head[:1]
                else:
                    heard = chunk[start:at]
            try:
                yield heard
            except GeneratorExit:
                if not self._is_stopped:
                    self._unheard = bytes(chunk[at:end])
                raise

    def _admits(self, index: int) -> bool:
        # Whoever is asked may raise, and may just as well stop us.
        self._expect_piece(index)
        return not self._is_stopped

    def _begin(
        self, kind: FrameKind, length: int, head: WireBytes, piece: int | None
    ) -> None:
        self._missing_bytes = length
        self._piece = piece
        self._remains = bytes(head[:1])
        if kind is not FrameKind.UNKNOWN:
            self._frame = memoryview(bytearray(length))

    def _gather(self, part: memoryview) -> None:
        if self._frame:
            filled_bytes = len(self._frame) - self._missing_bytes
            self._frame[filled_bytes : filled_bytes + len(part)] = part
        if self._piece is not None:
            self.piece_bytes += len(part)
        self._missing_bytes -= len(part)

    def _take(self) -> Heard:
        frame, self._frame = self._frame, _NONE
        if self._piece is not None:
            return Piece(self._piece, frame[PIECE_HEAD_SIZE:])
        return frame or self._remains
