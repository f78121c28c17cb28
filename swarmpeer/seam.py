"""
The seam between the network and the logic: two named sets of methods, and
nothing else between them.

L{NetworkSide} is what the logic may ask of one connection, L{LogicSide} is what
a connection tells the logic.  An C{on_*} may be called while a C{send_*} of the
same peer is still on the stack, so whoever implements one side changes its own
state before it calls the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from swarmpeer.events import SwarmEvent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


@dataclass(frozen=True, slots=True)
class Piece:
    """
    The bytes of one piece.
    """

    index: int
    data: PieceData


class PieceSpan(Protocol):
    """
    The bytes of a piece where they lie in an open file, lent so that they can be sent
    from there without passing through this process.
    """

    @property
    def fd(self) -> int:
        """
        The file.
        """

    @property
    def offset(self) -> int:
        """
        Of the first byte in it.
        """

    @property
    def size_bytes(self) -> int:
        """
        How many there are.
        """

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        Read some of it, for a connection that cannot send from a file.

        @param at: the first byte wanted, counted from the start of the piece.
        @return: fewer bytes if the file ends before.
        @raise OSError: if it cannot be read.
        """

    def give_back(self) -> None:
        """
        It was sent, or will not be.  Called exactly once.
        """


PieceContent = PieceData | PieceSpan
"""
What is sent as a piece: its bytes, or where they lie.
"""


def size_of(content: PieceContent) -> int:
    """
    How many bytes is it?
    """
    if isinstance(content, PieceData):
        return len(content)
    return content.size_bytes


def give_back(content: PieceContent) -> None:
    """
    It was sent, or will not be; only who lent it wants to know.
    """
    if not isinstance(content, PieceData):
        content.give_back()


class NetworkSide(Protocol):
    """
    One connection as the logic sees it.  After C{close} every C{send_*} is
    silently dropped.
    """

    @property
    def is_dialled(self) -> bool:
        """
        Did we open this connection (else they did)?
        """

    @property
    def room_bytes(self) -> int:
        """
        For how many bytes of pieces is there room?  A piece that begins within them may
        end beyond.  While there are none, the logic keeps its pieces on the disk;
        C{LogicSide.on_writable} tells when to go on.
        """

    @property
    def is_mid_piece(self) -> bool:
        """
        Is a piece on its way to us, so that nothing else can come before the rest of
        it?
        """

    def send_handshake(self, peer_id: int) -> None:
        """
        Send the 32 bytes, with C{peer_id} as our own id.
        """

    def send_choke(self) -> None:
        """
        Tell them that we do not serve them any more.
        """

    def send_unchoke(self) -> None:
        """
        Tell them that we serve them from now on.
        """

    def send_interested(self) -> None:
        """
        Tell them that they have a piece we lack.
        """

    def send_not_interested(self) -> None:
        """
        Tell them that they have nothing we lack.
        """

    def send_haves(self, indexes: Sequence[int]) -> None:
        """
        Tell them that we hold these pieces; at least one.
        """

    def send_bitfield(self, bits: Bitfield) -> None:
        """
        Tell them which pieces we hold; only as the first message.
        """

    def send_requests(self, indexes: Sequence[int]) -> None:
        """
        Ask for these pieces, at least one, and watch for progress until they are in
        or until C{stop_waiting}.
        """

    def stop_waiting(self) -> None:
        """
        The outstanding request is given up: stop watching for progress.
        """

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Send the bytes of these pieces, at least one, in this order.  A span is given
        back by the connection, whatever becomes of it.
        """

    def close(self, reason: str = "") -> None:
        """
        Flush what is written, close, and deliver nothing from now on but the
        C{on_disconnect}, which comes before this returns or soon after.

        @param reason: why, for people.
        """


class LogicSide(Protocol):
    """
    The logic of one conversation as its connection sees it.

    Each C{on_*} may raise L{swarmpeer.errors.ProtocolViolation}; the connection
    then closes.
    """

    def on_connect(self) -> None:
        """
        The connection stands; nothing was said yet.
        """

    def on_handshake(self, peer_id: int) -> None:
        """
        Their handshake is in and well formed; C{peer_id} is who they say they
        are.
        """

    def on_disconnect(self, reason: str = "") -> None:
        """
        The connection is gone, for C{reason}.  Called exactly once after
        C{on_connect}, and nothing else is called after it.
        """

    def on_choke(self) -> None:
        """
        They do not serve us any more.
        """

    def on_unchoke(self) -> None:
        """
        They serve us from now on.
        """

    def on_interested(self) -> None:
        """
        They want something we have.
        """

    def on_not_interested(self) -> None:
        """
        They want nothing from us.
        """

    def on_haves(self, indexes: Sequence[int]) -> None:
        """
        They hold these pieces now; told one by one, and at least one.
        """

    def on_bitfield(self, bits: Bitfield) -> None:
        """
        They hold these pieces.
        """

    def on_requests(self, indexes: Sequence[int]) -> None:
        """
        They ask for these pieces, at least one; each may be any 32-bit number.
        """

    def expect_piece(self, index: int) -> None:
        """
        The head of a piece message is in: may its bytes be buffered?

        @raise swarmpeer.errors.ProtocolViolation: if it was never asked for.
        """

    def expect_bitfield(self) -> None:
        """
        A bitfield has begun: may its bytes be buffered?

        @raise swarmpeer.errors.ProtocolViolation: if it comes too late.
        """

    def on_pieces(self, pieces: Sequence[Piece]) -> None:
        """
        Whole pieces are in, one or those that came together: what follows from them
        is done once for all.  The data are the receiver's to keep and are not changed
        any more; they are empty if the piece came late and was dropped, since there was
        no memory for it.

        @raise swarmpeer.errors.ProtocolViolation: at one that was not asked of them, or
            came already, after those before it were taken.
        """

    def on_unknown(self, message_type: int) -> None:
        """
        A message of a type that we do not know was skipped.
        """

    def on_stall(self) -> None:
        """
        A request is outstanding and too little of any piece came for the stall
        time (see L{swarmpeer.net.limits.Limits}).  Called again after each
        further stall time without progress.
        """

    def on_writable(self) -> None:
        """
        There is room for another piece again.
        """


class SwarmLogic(Protocol):
    """
    The logic of all conversations, as the network knows it: the peer's node.
    """

    @property
    def spare_bytes(self) -> int:
        """
        How much memory there is for pieces that nobody waits for.
        """

    def open_conversation(
        self, network: NetworkSide, expected_peer_id: int | None
    ) -> LogicSide:
        """
        A connection is about to start; give it its logic.

        @param expected_peer_id: whom we dialled, or C{None} if they called us.
        """

    def publish(self, event: SwarmEvent) -> None:
        """
        Let the observers hear what the network noticed.
        """
