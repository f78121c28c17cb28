"""
Recorders: both sides of the seam as lists of what was said.

A test gives the same list to all recorders and compares it whole, so the order
between collaborators is tested for free.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from zope.interface import implementer

from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extension import GoodbyeCode
from swarmpeer.wire.messages import PieceData

Call = tuple[object, ...]


@dataclass
class RecordingNetwork:
    """
    A L{swarmpeer.seam.NetworkSide} that remembers what was asked of it.

    @ivar calls: tuples of C{(name, "method", arguments...)}.
    """

    name: str
    calls: list[Call]
    is_dialled: bool = False
    is_mid_piece: bool = False
    room_bytes: int = 2**18

    def _say(self, *call: object) -> None:
        self.calls.append((self.name, *call))

    def send_handshake(self, peer_id: int) -> None:
        """
        Remember.
        """
        self._say("send_handshake", peer_id)

    def send_choke(self) -> None:
        """
        Remember.
        """
        self._say("send_choke")

    def send_unchoke(self) -> None:
        """
        Remember.
        """
        self._say("send_unchoke")

    def send_interested(self) -> None:
        """
        Remember.
        """
        self._say("send_interested")

    def send_not_interested(self) -> None:
        """
        Remember.
        """
        self._say("send_not_interested")

    def send_haves(self, indexes: Sequence[int]) -> None:
        """
        Remember each.
        """
        for index in indexes:
            self._say("send_have", index)

    def send_bitfield(self, bits: Bitfield) -> None:
        """
        Remember the bytes, since the bits go on changing.
        """
        self._say("send_bitfield", bits.to_bytes())

    def send_requests(self, indexes: Sequence[int]) -> None:
        """
        Remember each.
        """
        for index in indexes:
            self._say("send_request", index)

    def stop_waiting(self) -> None:
        """
        Remember.
        """
        self._say("stop_waiting")

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Remember the bytes of each, and give a span back.
        """
        for index, content in zip(indexes, contents, strict=True):
            if isinstance(content, PieceData):
                self._say("send_piece", index, bytes(content))
            else:
                self._say("send_piece", index, content.read(0, content.size_bytes))
                content.give_back()

    def close(self, reason: str = "") -> None:
        """
        Remember.
        """
        self._say("close", reason)


@dataclass
class RecordingVerifiedNetwork(RecordingNetwork):
    """
    A L{swarmpeer.verified_seam.VerifiedNetworkSide} that remembers what was asked of
    it.

    @ivar is_verified: if not, then what they do not know is not sent, and so not
        remembered.
    @ivar can_wait: the haves that can.
    """

    is_verified: bool = True
    can_wait: list[int] = field(default_factory=list)

    def send_haves(self, indexes: Sequence[int], *, can_wait: bool = False) -> None:
        """
        Remember each, and apart which can wait.
        """
        super().send_haves(indexes)
        if can_wait:
            self.can_wait += indexes

    def _say_more(self, *call: object) -> None:
        if self.is_verified:
            self._say(*call)

    def send_reject(self, index: int) -> None:
        """
        Remember.
        """
        self._say_more("send_reject", index)

    def send_cancel(self, index: int) -> None:
        """
        Remember.
        """
        self._say_more("send_cancel", index)

    def send_have_all(self) -> None:
        """
        Remember.
        """
        self._say_more("send_have_all")

    def send_have_none(self) -> None:
        """
        Remember.
        """
        self._say_more("send_have_none")

    def send_withdrawal(self, index: int) -> None:
        """
        Remember.
        """
        self._say_more("send_withdrawal", index)

    def send_bad_piece(self, index: int) -> None:
        """
        Remember.
        """
        self._say_more("send_bad_piece", index)

    def send_manifest_part(self, part: int, manifest: bytes) -> None:
        """
        Remember.
        """
        self._say_more("send_manifest_part", part, manifest)

    def close(self, reason: str = "", code: int = GoodbyeCode.OTHER) -> None:
        """
        Remember; the code only if they know it.
        """
        if self.is_verified:
            self._say("close", reason, code)
        else:
            super().close(reason)


@dataclass
class RecordingLogic:
    """
    A L{swarmpeer.seam.LogicSide} that remembers what it was told.

    @ivar refuse_pieces: raise this when the head of a piece comes in.
    """

    name: str
    calls: list[Call] = field(default_factory=list)
    refuse_pieces: Exception | None = None

    def _hear(self, *call: object) -> None:
        self.calls.append((self.name, *call))

    def on_connect(self) -> None:
        """
        Remember.
        """
        self._hear("on_connect")

    def on_handshake(self, peer_id: int) -> None:
        """
        Remember.
        """
        self._hear("on_handshake", peer_id)

    def on_disconnect(self, reason: str = "") -> None:
        """
        Remember.
        """
        self._hear("on_disconnect", reason)

    def on_choke(self) -> None:
        """
        Remember.
        """
        self._hear("on_choke")

    def on_unchoke(self) -> None:
        """
        Remember.
        """
        self._hear("on_unchoke")

    def on_interested(self) -> None:
        """
        Remember.
        """
        self._hear("on_interested")

    def on_not_interested(self) -> None:
        """
        Remember.
        """
        self._hear("on_not_interested")

    def on_haves(self, indexes: Sequence[int]) -> None:
        """
        Remember each.
        """
        for index in indexes:
            self._hear("on_have", index)

    def on_bitfield(self, bits: Bitfield) -> None:
        """
        Remember.
        """
        self._hear("on_bitfield", bits.to_bytes())

    def on_requests(self, indexes: Sequence[int]) -> None:
        """
        Remember each.
        """
        for index in indexes:
            self._hear("on_request", index)

    def expect_piece(self, index: int) -> None:
        """
        Remember, or refuse.
        """
        self._hear("expect_piece", index)
        if self.refuse_pieces is not None:
            raise self.refuse_pieces

    def expect_bitfield(self) -> None:
        """
        Let it come; C{on_bitfield} is remembered.
        """

    def on_pieces(self, pieces: Sequence[Piece]) -> None:
        """
        Remember each.
        """
        for piece in pieces:
            self._hear("on_piece", piece.index, bytes(piece.data))

    def on_unknown(self, message_type: int) -> None:
        """
        Remember.
        """
        self._hear("on_unknown", message_type)

    def on_stall(self) -> None:
        """
        Remember.
        """
        self._hear("on_stall")

    def on_writable(self) -> None:
        """
        Remember.
        """
        self._hear("on_writable")


@dataclass
class RecordingVerifiedLogic(RecordingLogic):
    """
    A L{swarmpeer.verified_seam.VerifiedLogicSide} that remembers what it was told.
    """

    def on_reject(self, index: int) -> None:
        """
        Remember.
        """
        self._hear("on_reject", index)

    def on_cancel(self, index: int) -> None:
        """
        Remember.
        """
        self._hear("on_cancel", index)

    def on_have_all(self) -> None:
        """
        Remember.
        """
        self._hear("on_have_all")

    def on_have_none(self) -> None:
        """
        Remember.
        """
        self._hear("on_have_none")

    def on_withdrawal(self, index: int) -> None:
        """
        Remember.
        """
        self._hear("on_withdrawal", index)

    def on_bad_piece(self, index: int) -> None:
        """
        Remember.
        """
        self._hear("on_bad_piece", index)

    def on_manifest_request(self, part: int) -> None:
        """
        Remember.
        """
        self._hear("on_manifest_request", part)

    def on_goodbye(self, code: int, words: str) -> None:
        """
        Remember.
        """
        self._hear("on_goodbye", code, words)


@implementer(ISwarmObserver)
@dataclass
class RecordingObserver:
    """
    Remembers every event.
    """

    events: list[SwarmEvent] = field(default_factory=list)

    def observe(self, event: SwarmEvent) -> None:
        """
        Remember.
        """
        self.events.append(event)
