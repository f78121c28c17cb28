"""
Those who claim to have the file, unchoke whoever wants it, and serve badly.
"""

from swarmpeer.testing.hostile.context import HostileContext
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.testing.hostile.peer import HostilePeer
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import (
    BitfieldMessage,
    HaveMessage,
    NotInterestedMessage,
    PieceMessage,
    UnchokeMessage,
)

BOAST_SECONDS = 1.0
"""
From one have of a liar to the next.
"""
DRIP_SECONDS = 2.0
"""
The shortest time from one byte of a slow drip to the next; up to twice as long
by chance.
"""


class Claimant(HostilePeer):
    """
    Claims every piece; what comes of a request is the role's.

    Nothing is said to who takes nothing, so a flood of requests makes no pile
    of pieces here.
    """

    def __init__(self, context: HostileContext) -> None:
        """
        Nobody is unchoked.
        """
        super().__init__(context)
        self._unchoked: set[HostileConversation] = set()

    def claims(self) -> Bitfield:
        """
        What the bitfield says.
        """
        return Bitfield.full(self._layout.piece_count)

    def opened(self, talk: HostileConversation) -> None:
        """
        Have it all and want nothing.
        """
        talk.tell(BitfieldMessage(self.claims()))
        talk.tell(NotInterestedMessage())

    def heard_interested(self, talk: HostileConversation) -> None:
        """
        Serve them at once.
        """
        if talk not in self._unchoked:
            self._unchoked.add(talk)
            talk.tell(UnchokeMessage())

    def ended(self, talk: HostileConversation) -> None:
        """
        Forget them.
        """
        self._unchoked.discard(talk)
        super().ended(talk)

    def heard_request(self, talk: HostileConversation, index: int) -> None:
        """
        Answer, if they take answers.
        """
        if talk.is_writable:
            self.answer(talk, index)

    def answer(self, talk: HostileConversation, index: int) -> None:
        """
        They ask for a piece.  Nothing comes.
        """

    def true_piece(self, index: int) -> PieceMessage:
        """
        The piece as it is.
        """
        return PieceMessage(index, self._context.source.piece(index))


class BlackHole(Claimant):
    """
    Unchokes, takes requests, and never answers one.
    """

    def answer(self, talk: HostileConversation, index: int) -> None:  # noqa: ARG002
        """
        Count it.
        """
        self.did += 1


class Liar(Claimant):
    """
    Claims pieces that it lacks: half of them, by lot.  It boasts of some in the
    bitfield and of the rest in haves, serves those that it has, and never
    answers for the others.
    """

    def __init__(self, context: HostileContext) -> None:
        """
        Draw what is lacking, at least one piece.
        """
        super().__init__(context)
        indexes = range(self._layout.piece_count)
        self._lacking = frozenset(self._rng.sample(indexes, (len(indexes) + 1) // 2))

    def claims(self) -> Bitfield:
        """
        Every other piece; the haves follow.
        """
        bits = Bitfield(self._layout.piece_count)
        for index in range(0, self._layout.piece_count, 2):
            bits.add(index)
        return bits

    def opened(self, talk: HostileConversation) -> None:
        """
        Boast, and go on boasting.
        """
        super().opened(talk)
        self._boast(talk, 1)

    def _boast(self, talk: HostileConversation, index: int) -> None:
        if index < self._layout.piece_count:
            talk.tell(HaveMessage(index))
            talk.timers.after(BOAST_SECONDS, self._boast, talk, index + 2)

    def answer(self, talk: HostileConversation, index: int) -> None:
        """
        Send it, or be silent.
        """
        if index in self._lacking:
            self.did += 1
        else:
            talk.tell(self.true_piece(index))


class Poisoner(Claimant):
    """
    Answers every request, with one byte of the piece wrong.
    """

    def answer(self, talk: HostileConversation, index: int) -> None:
        """
        Send it spoilt.
        """
        data = bytearray(self._context.source.piece(index))
        data[self._rng.randrange(len(data))] ^= self._rng.randrange(1, 256)
        self.did += 1
        talk.tell(PieceMessage(index, bytes(data)))


class SlowDrip(Claimant):
    """
    Sends the piece that it was asked for, a byte every few seconds: enough to
    be there, too little to be of use.  It counts the bytes.
    """

    def __init__(self, context: HostileContext) -> None:
        """
        Nothing drips.
        """
        super().__init__(context)
        self._dripping: set[HostileConversation] = set()

    def ended(self, talk: HostileConversation) -> None:
        """
        What is left of their piece does not come.
        """
        self._dripping.discard(talk)
        super().ended(talk)

    def answer(self, talk: HostileConversation, index: int) -> None:
        """
        Begin, unless another piece is dripping.
        """
        if talk not in self._dripping:
            self._dripping.add(talk)
            self._drip(talk, self._codec.encode(self.true_piece(index)), 0)

    def _drip(self, talk: HostileConversation, frame: bytes, at: int) -> None:
        self.did += 1
        talk.say(frame[at : at + 1])
        if at + 1 < len(frame):
            wait = self._rng.uniform(DRIP_SECONDS, 2 * DRIP_SECONDS)
            talk.timers.after(wait, self._drip, talk, frame, at + 1)
        else:
            self._dripping.discard(talk)
