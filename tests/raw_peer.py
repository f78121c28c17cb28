"""
A scripted peer that speaks raw bytes.

It shares no code with swarmpeer, so a mistake in ours cannot hide in both.  Its
sockets block with a limit: every wait ends by itself, and a script that hears
something else than it expects fails with all that was said until then.
"""

import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, NoReturn, Self

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED = 0, 1, 2, 3
HAVE, BITFIELD, REQUEST, PIECE = 4, 5, 6, 7

PATIENCE_SECONDS = 15.0
"""
How long a script waits for what must come.
"""

_NAMES = (
    "choke",
    "unchoke",
    "interested",
    "not interested",
    "have",
    "bitfield",
    "request",
    "piece",
)
_HEADER = b"P2PFILESHARINGPROJ"
_READ_SIZE = 1 << 18


class ScriptFailure(AssertionError):
    """
    The other end did not do what the script expects.
    """


class RawMessage(NamedTuple):
    """
    One message: the type byte and what follows it.
    """

    kind: int
    payload: bytes = b""

    def __str__(self) -> str:
        name = _NAMES[self.kind] if self.kind < len(_NAMES) else f"type {self.kind}"
        if self.kind in (HAVE, REQUEST, PIECE) and len(self.payload) >= 4:
            rest = len(self.payload) - 4
            name += f" {number(self.payload)}" + (f" + {rest} bytes" if rest else "")
        elif self.payload:
            name += f" {self.payload[:24].hex()} ({len(self.payload)} bytes)"
        return name

    def encode(self) -> bytes:
        """
        The message as it goes over the wire.
        """
        return frame(bytes([self.kind]) + self.payload)


def frame(body: bytes) -> bytes:
    """
    C{body}, preceded by its length.
    """
    return struct.pack("!I", len(body)) + body


def packed(index: int) -> bytes:
    """
    A piece index as it goes over the wire.
    """
    return struct.pack("!I", index)


def number(payload: bytes) -> int:
    """
    The piece index at the head of C{payload}.
    """
    (index,) = struct.unpack_from("!I", payload)
    return int(index)


def handshake(peer_id: int) -> bytes:
    """
    The 32 bytes that open a conversation.
    """
    return _HEADER + bytes(10) + struct.pack("!I", peer_id)


def bitfield(count: int, held: Iterable[int]) -> bytes:
    """
    The bytes that say which of C{count} pieces are C{held}: piece 0 is the
    highest bit of the first byte.
    """
    bits = ["0"] * count
    for index in held:
        bits[index] = "1"
    rows = (bits[start : start + 8] for start in range(0, count, 8))
    return bytes(int("".join(row).ljust(8, "0"), 2) for row in rows)


def split(data: bytes, piece_size: int) -> list[bytes]:
    """
    C{data} cut into pieces; the last one may be short.
    """
    return [data[at : at + piece_size] for at in range(0, len(data), piece_size)]


class RawPeer:
    """
    One connection in the hands of a script.

    @ivar transcript: what was said, oldest first, for the failure message.
    """

    def __init__(self, connection: socket.socket, name: str) -> None:
        self.name = name
        self.transcript: list[str] = []
        self._socket = connection
        self._unread = bytearray()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def dial(cls, port: int, name: str, host: str = "127.0.0.1") -> Self:
        """
        Call whoever listens at C{port}.
        """
        return cls(
            socket.create_connection((host, port), timeout=PATIENCE_SECONDS), name
        )

    def close(self) -> None:
        """
        Close in good order.
        """
        self._socket.close()

    def reset(self) -> None:
        """
        Close with a reset, as a killed process with unread bytes would.
        """
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()

    # What the script says.

    def send_raw(self, data: bytes) -> None:
        """
        Any bytes at all.
        """
        self.transcript.append(f"> {len(data)} raw bytes {data[:24].hex()}")
        self._send(data)

    def send_handshake(self, peer_id: int) -> None:
        """
        Say that we are C{peer_id}.
        """
        self.transcript.append(f"> handshake of {peer_id}")
        self._send(handshake(peer_id))

    def send(self, kind: int, payload: bytes = b"") -> None:
        """
        One message.
        """
        self.send_all([RawMessage(kind, payload)])

    def send_all(self, messages: Sequence[RawMessage]) -> None:
        """
        Several messages in one write.
        """
        self.transcript.extend(f"> {message}" for message in messages)
        self._send(b"".join(message.encode() for message in messages))

    def send_have(self, index: int) -> None:
        """
        Say that we hold the piece.
        """
        self.send(HAVE, packed(index))

    def send_request(self, index: int) -> None:
        """
        Ask for the piece.
        """
        self.send(REQUEST, packed(index))

    def send_piece(self, index: int, data: bytes) -> None:
        """
        Give the piece.
        """
        self.send(PIECE, packed(index) + data)

    def open(
        self, own_id: int, their_id: int, bits: bytes | None, *, reads_first: bool
    ) -> bytes:
        """
        Exchange handshakes, then bitfields.

        @param bits: our bitfield, or C{None} to send none.
        @param reads_first: wait for each of theirs before ours is sent.
        @return: their bitfield.
        """
        if reads_first:
            self.expect_handshake(their_id)
        self.send_handshake(own_id)
        if not reads_first:
            self.expect_handshake(their_id)
        if not reads_first and bits is not None:
            self.send(BITFIELD, bits)
        theirs = self.expect(BITFIELD)
        if reads_first and bits is not None:
            self.send(BITFIELD, bits)
        return theirs

    # What the script hears.

    def expect_handshake(self, peer_id: int) -> None:
        """
        Exactly the 32 bytes of C{peer_id} come.
        """
        heard = self._take(32, time.monotonic() + PATIENCE_SECONDS)
        self.transcript.append(f"< 32 bytes {heard.hex()}")
        if heard != handshake(peer_id):
            self.fail(f"expected the handshake of {peer_id}")

    def receive(self, seconds: float = PATIENCE_SECONDS) -> RawMessage:
        """
        The next message, whatever it is.
        """
        deadline = time.monotonic() + seconds
        (length,) = struct.unpack("!I", self._take(4, deadline))
        if length == 0:
            self.fail("a message without a type")
        body = self._take(length, deadline)
        message = RawMessage(body[0], body[1:])
        self.transcript.append(f"< {message}")
        return message

    def expect(
        self,
        kind: int,
        payload: bytes | None = None,
        seconds: float = PATIENCE_SECONDS,
    ) -> bytes:
        """
        The next message is of this kind, with this payload if one is given.

        @return: its payload.
        """
        message = self.receive(seconds)
        if message.kind != kind or payload not in (None, message.payload):
            expected = RawMessage(kind, b"" if payload is None else payload)
            self.fail(f"expected {expected}, heard {message}")
        return message.payload

    def expect_request(self, seconds: float = PATIENCE_SECONDS) -> int:
        """
        The next message asks for a piece.

        @return: its index.
        """
        payload = self.expect(REQUEST, seconds=seconds)
        if len(payload) != 4:
            self.fail("expected a request of one index")
        return number(payload)

    def expect_piece(self, index: int, data: bytes) -> None:
        """
        The next message gives exactly this piece.
        """
        if self.expect(PIECE) != packed(index) + data:
            self.fail(f"expected the bytes of piece {index}")

    def expect_unordered(self, *expected: RawMessage) -> None:
        """
        The next messages are these, in any order.
        """
        missing = list(expected)
        while missing:
            message = self.receive()
            if message not in missing:
                wanted = ", ".join(map(str, missing))
                self.fail(f"expected any of {wanted}; heard {message}")
            missing.remove(message)

    def expect_silence(self, seconds: float) -> None:
        """
        Nothing comes for so long, and the connection stays.
        """
        if not self._unread and not self._is_readable(seconds):
            return
        message = self.receive()
        self.fail(f"expected silence, heard {message}")

    def hear_until(
        self, is_last: Callable[[RawMessage], bool], seconds: float = PATIENCE_SECONDS
    ) -> list[RawMessage]:
        """
        All messages up to the first that C{is_last}, that one included.
        """
        deadline = time.monotonic() + seconds
        heard = [self.receive(seconds)]
        while not is_last(heard[-1]):
            heard.append(self.receive(deadline - time.monotonic()))
        return heard

    def hear_for(self, seconds: float) -> list[RawMessage]:
        """
        All messages that begin within so long.
        """
        deadline = time.monotonic() + seconds
        heard: list[RawMessage] = []
        while self._unread or self._is_readable(deadline - time.monotonic()):
            heard.append(self.receive())
        return heard

    def expect_closed(
        self, seconds: float = PATIENCE_SECONDS, *, by_reset_too: bool = False
    ) -> list[RawMessage]:
        """
        The other end closes: with a FIN, unless C{by_reset_too}.

        @return: the messages that came before the end.
        """
        deadline = time.monotonic() + seconds
        heard = []
        try:
            while self._unread or self._fill(deadline):
                heard.append(self.receive(deadline - time.monotonic()))
        except ConnectionError:
            if not by_reset_too:
                self.fail("expected a FIN, a reset came")
        self.transcript.append("< end")
        return heard

    def expect_gone(self, seconds: float = PATIENCE_SECONDS) -> None:
        """
        The other end closes or resets, whatever comes before.
        """
        deadline = time.monotonic() + seconds
        try:
            while self._fill(deadline):
                self._unread.clear()
        except ConnectionError:
            pass

    # Whole plays.

    def serve_file(self, pieces: Sequence[bytes]) -> list[int]:
        """
        Be the seed from after the bitfields until they have it all: wait for
        their interest, unchoke, answer one request after the other.

        @return: the pieces in the order in which they were asked for.
        """
        self.expect(INTERESTED)
        self.send(UNCHOKE)
        asked: list[int] = []
        haves: list[int] = []
        while True:
            message = self.receive()
            if message.kind == REQUEST:
                index = number(message.payload)
                if index in asked:
                    self.fail(f"piece {index} was asked for again")
                asked.append(index)
                self.send_piece(index, pieces[index])
            elif message.kind == HAVE:
                haves.append(number(message.payload))
            elif message.kind == NOT_INTERESTED:
                break
            else:
                self.fail(f"did not expect {message}")
        while len(haves) < len(pieces):
            haves.append(number(self.expect(HAVE)))
        if sorted(asked) != list(range(len(pieces))) or sorted(haves) != sorted(asked):
            self.fail(f"asked for {asked}, told of {haves}")
        return asked

    def fetch_file(self, count: int) -> bytes:
        """
        Be the leecher from after the bitfields until we have it all, telling of
        each piece; ask again for what a choke swallowed.
        """
        self.send(INTERESTED)
        pieces: dict[int, bytes] = {}
        is_unchoked = False
        while len(pieces) < count:
            message = self.receive()
            if message.kind == UNCHOKE:
                is_unchoked = True
            elif message.kind == CHOKE:
                is_unchoked = False
                continue
            elif message.kind == PIECE and is_unchoked:
                pieces[number(message.payload)] = message.payload[4:]
                self.send_have(len(pieces) - 1)
            else:
                self.fail(f"did not expect {message}")
            if len(pieces) < count:
                self.send_request(len(pieces))
        self.send(NOT_INTERESTED)
        return b"".join(pieces[index] for index in range(count))

    # The floor.

    def fail(self, what: str) -> NoReturn:
        """
        @raise ScriptFailure: always; tells what was said until now.
        """
        said = "\n".join(f"    {line}" for line in self.transcript[-40:])
        raise ScriptFailure(f"{self.name}: {what}; it was said:\n{said}")

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(PATIENCE_SECONDS)
        try:
            self._socket.sendall(data)
        except ConnectionError as error:
            self.transcript.append(f"> could not be sent: {error}")

    def _is_readable(self, seconds: float) -> bool:
        readable, _, _ = select.select([self._socket], [], [], max(0.0, seconds))
        return bool(readable)

    def _fill(self, deadline: float) -> bool:
        """
        Wait for more bytes.

        @return: did some come?  Else the other end has closed.
        @raise ConnectionError: if it reset the connection.
        """
        if not self._is_readable(deadline - time.monotonic()):
            self.fail("nothing came in time")
        data = self._socket.recv(_READ_SIZE)
        self._unread += data
        return bool(data)

    def _take(self, size: int, deadline: float) -> bytes:
        while len(self._unread) < size:
            try:
                is_more = self._fill(deadline)
            except ConnectionError as error:
                self.transcript.append(f"< {error}")
                is_more = False
            if not is_more:
                self.fail("the other end closed too early")
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken


class RawListener:
    """
    Where a scripted peer lets itself be dialled; the port is free and its own
    from the start.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self.port: int = self._socket.getsockname()[1]

    def accept(self, name: str, seconds: float = PATIENCE_SECONDS) -> RawPeer:
        """
        The next call.

        @raise ScriptFailure: if nobody calls in time.
        """
        self._socket.settimeout(seconds)
        try:
            connection, _ = self._socket.accept()
        except TimeoutError:
            raise ScriptFailure(f"{name}: nobody called") from None
        return RawPeer(connection, name)

    def close(self) -> None:
        """
        Listen no more.
        """
        self._socket.close()
