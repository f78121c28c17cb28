"""
The mouth of a conversation: messages to bytes, in order.
"""

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.protocols.basic import Int32StringReceiver

from swarmpeer.net.beat import Beat
from swarmpeer.net.flow import Gate
from swarmpeer.seam import PieceContent, give_back, size_of
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    UnchokeMessage,
)

HAVE_SECONDS = 0.02
"""
Haves are gathered for so long.  With small pieces there are more haves than
anything else, and each that leaves by itself costs both ends a system call.
"""


class MessageSender(Int32StringReceiver):
    """
    The C{send_*} of L{swarmpeer.seam.NetworkSide}, which says what each means.
    Small messages of one turn of the reactor leave together, since it sends
    when the turn is over.

    Haves that follow each other closely are gathered; the first of them, and
    those that are followed by something else, do not wait.  Requests mean the same
    before them and behind them, and so do pieces, but for the have of that very piece;
    so these leave at once, and take along what was gathered for long enough.

    @ivar _haves: those that wait.
    @ivar _is_due_soon: do they wait for the beat?
    @ivar _haves_due: from when on haves may leave again.
    """

    _gate: Gate

    def __init__(
        self,
        codec: MessageCodec,
        clock: IReactorTime,
        beat: Beat,
    ) -> None:
        """
        The gate follows when there is a transport.

        @param beat: when haves that were gathered leave, if they did not leave with
            something else; of L{HAVE_SECONDS}.
        """
        self._codec = codec
        self._clock = clock
        self._beat = beat
        self._haves: list[int] = []
        self._is_due_soon = False
        self._haves_due = clock.seconds()

    @property
    def room_bytes(self) -> int:
        """
        For how many bytes of pieces is there room?
        """
        return self._gate.room_bytes

    def send_handshake(self, peer_id: int) -> None:
        """
        Send the 32 bytes, with our own id.
        """
        self._gate.write(Handshake(peer_id).encode())

    def send_choke(self) -> None:
        """
        Tell them that we do not serve them any more.
        """
        self._send(ChokeMessage())

    def send_unchoke(self) -> None:
        """
        Tell them that we serve them from now on.
        """
        self._send(UnchokeMessage())

    def send_interested(self) -> None:
        """
        Tell them that they have a piece we lack.
        """
        self._send(InterestedMessage())

    def send_not_interested(self) -> None:
        """
        Tell them that they have nothing we lack.
        """
        self._send(NotInterestedMessage())

    def send_haves(self, indexes: Sequence[int]) -> None:
        """
        Tell them that we hold pieces.
        """
        if self._gate.is_finished:
            return
        self._haves += indexes
        if not self._is_due_soon:
            if self._clock.seconds() >= self._haves_due:
                self.flush_haves()
            else:
                self._is_due_soon = True
                self._beat.join(self.flush_haves)

    def flush_haves(self) -> None:
        """
        Let the gathered haves go.
        """
        # Those that waited may all be withdrawn by now.
        self._is_due_soon = False
        if self._haves:
            self._write(self._take_haves())

    def send_bitfield(self, bits: Bitfield) -> None:
        """
        Tell them which pieces we hold.
        """
        self._send(BitfieldMessage(bits))

    def send_requests(self, indexes: Sequence[int]) -> None:
        """
        Ask for pieces.
        """
        if self._haves and self._clock.seconds() >= self._haves_due:
            self.flush_haves()
        self._write(self._codec.encode_requests(indexes))

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Send pieces.
        """
        haves = self._haves
        # They may ask for one before they are told.
        if haves and (
            not set(haves).isdisjoint(indexes)
            or self._clock.seconds() >= self._haves_due
        ):
            self.flush_haves()
        try:
            heads = self._codec.encode_piece_heads(indexes, [*map(size_of, contents)])
        except ValueError:
            for content in contents:
                give_back(content)
            raise
        self._gate.write_pieces(heads, contents)

    def sendString(self, string: bytes) -> None:
        """
        Send any payload, in its turn.
        """
        self.flush_haves()
        head = len(string).to_bytes(self.prefixLength, "big")
        self._gate.write_pieces((head,), (string,))

    def _write(self, data: bytes) -> None:
        self._gate.write(data)

    def _send(self, message: Message) -> None:
        frame = self._codec.encode(message)
        self._write(self._take_haves() + frame if self._haves else frame)

    def _take_haves(self) -> bytes:
        """
        @return: the gathered haves, which leave now.
        """
        self._haves_due = self._clock.seconds() + HAVE_SECONDS
        self._is_due_soon = False
        haves, self._haves = self._haves, []
        return self._codec.encode_haves(haves)
