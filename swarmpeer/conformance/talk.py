"""
One connection with the peer under test, in the hands of a scenario.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

from twisted.internet import protocol
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.python.failure import Failure

from swarmpeer.conformance.entries import KEPT_BYTES, Entry, Kind
from swarmpeer.conformance.reading import TolerantReader
from swarmpeer.conformance.state import World
from swarmpeer.conformance.subject import Subject
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import SwarmPeerError
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    Message,
    MessageType,
    PieceMessage,
)

DRIBBLED_BYTES = 80
"""
So many bytes go one by one, and the rest at once.
"""
DRIBBLE_SECONDS = 0.002


class Recorder(Protocol):
    """
    Who keeps the record of all connections, and how things stand by it.
    """

    subject: Subject
    world: World
    clock: IReactorTime

    def now(self) -> float:
        """
        Seconds since the check began.
        """

    def record(self, entry: Entry, talk: "Talk") -> None:
        """
        It happened: learn from it.
        """

    def give_up(self, error: SwarmPeerError) -> None:
        """
        Something failed that has nothing to do with the peer.
        """


class Talk(protocol.Protocol):
    """
    One connection: what is said is recorded, what is heard is read and recorded.

    @ivar player: as whom we talk.
    @ivar number: of this connection.
    @ivar we_called: did we?
    @ivar view: how things stand, as the recorder has it.
    @ivar serves: are requests answered at once, as long as we do not choke?
    @ivar entries: all that happened here.
    """

    def __init__(
        self, recorder: Recorder, player: int, number: int, *, we_called: bool
    ) -> None:
        """
        There is no transport yet.
        """
        subject = recorder.subject
        self.player = player
        self.number = number
        self.we_called = we_called
        self.serves = False
        self.entries: list[Entry] = []
        self._recorder = recorder
        self._codec = MessageCodec(subject.layout)
        self._blank = Entry(0.0, player, number, Kind.ODD, is_ours=True)
        self.view = recorder.world.view(self._blank)
        self._said = 0
        self._is_leaving = False
        self._reader = TolerantReader(
            subject.layout,
            lambda index, data: subject.source.piece(index) == data,
            replace(self._blank, is_ours=False),
        )

    @property
    def is_open(self) -> bool:
        """
        Did nobody close it?
        """
        return self.view.is_open

    @property
    def has_said_messages(self) -> bool:
        """
        Did we say anything behind it?
        """
        return any(each.is_ours and each.kind is Kind.MESSAGE for each in self.entries)

    # Saying.

    def greet(self, peer_id: int | None = None) -> None:
        """
        Say the handshake, of another peer if C{peer_id} is given.
        """
        self._say(Handshake(peer_id or self.player).encode(), Kind.HANDSHAKE)

    def tell(self, *messages: Message) -> None:
        """
        Say messages, all in one write.
        """
        frames = [self._codec.encode(each) for each in messages]
        for frame, message in zip(frames, messages, strict=True):
            self._note_message(frame, message)
        self._write(b"".join(frames))

    def tell_raw(self, frame: bytes, note: str) -> None:
        """
        Say a message that we would not say, but that does no harm.
        """
        length = int.from_bytes(frame[:4], "big")
        self._note(Kind.MESSAGE, frame, type=frame[4], length=length, note=note)
        self._write(frame)

    def say(self, data: bytes, note: str) -> None:
        """
        Say what must not be said.
        """
        self._say(data, Kind.ODD, note)

    def dribble(self, *messages: Message) -> float:
        """
        Say the handshake and messages, byte by byte.

        @return: how many seconds it takes.
        """
        handshake = Handshake(self.player).encode()
        self._note(Kind.HANDSHAKE, handshake, note="byte by byte")
        data = handshake
        for message in messages:
            frame = self._codec.encode(message)
            self._note_message(frame, message)
            data += frame
        for at in range(min(len(data), DRIBBLED_BYTES)):
            is_last = at == DRIBBLED_BYTES - 1
            part = data[at:] if is_last else data[at : at + 1]
            self._recorder.clock.callLater(at * DRIBBLE_SECONDS, self._write, part)
        return min(len(data), DRIBBLED_BYTES) * DRIBBLE_SECONDS

    def give(self, index: int) -> None:
        """
        Send them a piece.
        """
        self.tell(PieceMessage(index, self._recorder.subject.source.piece(index)))

    def leave(self) -> None:
        """
        Close, once what was said is out.
        """
        if self.is_open and not self._is_leaving:
            self._is_leaving = True
            self._note(Kind.CLOSED, b"")
            self._link.loseConnection()

    def reset(self) -> None:
        """
        Reset the connection.
        """
        if self.is_open:
            self._is_leaving = True
            self._note(Kind.RESET, b"")
            self._link.abortConnection()

    # From the transport.

    def connectionMade(self) -> None:
        """
        It stands.
        """
        self._link.setTcpNoDelay(True)
        happened = replace(self._blank, kind=Kind.CONNECTED, is_ours=self.we_called)
        self._learn(replace(happened, seconds=self._recorder.now()))

    def dataReceived(self, data: bytes) -> None:
        """
        Read on.
        """
        if self._is_leaving:
            return
        try:
            for entry in self._reader.feed(data, self._recorder.now()):
                self._learn(entry)
                self._serve(entry)
        except SwarmPeerError as error:
            # Our own file cannot be read.
            self._recorder.give_up(error)

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """
        It is over.
        """
        if not self.is_open:
            return
        now = self._recorder.now()
        for entry in self._reader.rest(now):
            self._learn(entry)
        kind = Kind.CLOSED if reason.check(ConnectionDone) else Kind.RESET
        self._learn(replace(self._blank, seconds=now, kind=kind, is_ours=False))

    def _serve(self, entry: Entry) -> None:
        if not self.serves or not entry.is_theirs(MessageType.REQUEST):
            return
        index = entry.index
        if index in self.view.requests and index in self.view.our_bits:
            self.give(index)

    def _say(self, data: bytes, kind: Kind, note: str = "") -> None:
        self._note(kind, data, note=note)
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self.is_open:
            self._link.write(data)

    def _note_message(self, frame: bytes, message: Message) -> None:
        index: int | None = getattr(message, "index", None)
        self._note(
            Kind.MESSAGE,
            frame,
            type=int(message.type),
            index=index,
            length=len(frame) - 4,
            is_right=True if message.type == MessageType.PIECE else None,
        )

    def _note(
        self,
        kind: Kind,
        data: bytes,
        *,
        type: int | None = None,
        index: int | None = None,
        length: int | None = None,
        is_right: bool | None = None,
        note: str = "",
    ) -> None:
        if not self.is_open:
            return
        kept = len(data) if type == MessageType.BITFIELD else KEPT_BYTES
        self._learn(
            replace(
                self._blank,
                seconds=self._recorder.now(),
                kind=kind,
                offset=self._said,
                size=len(data),
                data=data[:kept],
                type=type,
                index=index,
                length=length,
                is_right=is_right,
                note=note,
            )
        )
        self._said += len(data)

    def _learn(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._recorder.record(entry, self)

    @property
    def _link(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)


def bits(layout: PieceLayout, held: Sequence[int]) -> BitfieldMessage:
    """
    The bitfield of these pieces.
    """
    field = Bitfield(layout.piece_count)
    field.add_each(held)
    return BitfieldMessage(field)
