"""
Some peers, and what each told last.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from swarmpeer.errors import ProtocolViolation, StatusError
from swarmpeer.manifest.parsing import MAX_PIECES
from swarmpeer.status.shape import State, Status
from swarmpeer.status_commands.asking import Ask
from swarmpeer.status_commands.places import Place
from swarmpeer.wire.bitfield import Bitfield

MOST_AT_ONCE = 200
"""
So many are asked at the same time; the others wait for their turn.
"""
EASY_PIECES = 2**16
"""
Which of so many pieces are here may be asked each time.
"""
PIECES_SECONDS = 15.0
"""
Which of more are here is asked no more often.
"""


@dataclass(slots=True)
class Member:
    """
    One peer that is asked.

    @ivar status: what it told last; C{None} if it never did.
    @ivar told_at: when.
    @ivar pieces: which it had when it last told that.
    @ivar silence: why it does not answer any more, or never did.
    @ivar silent_at: since when.
    """

    place: Place
    status: Status | None = None
    told_at: float = 0.0
    pieces: Bitfield | None = None
    pieces_at: float = 0.0
    silence: str | None = None
    silent_at: float = 0.0

    @property
    def peer_id(self) -> int | None:
        """
        Which peer it is, if that is known.
        """
        if self.place.peer_id is not None or self.status is None:
            return self.place.peer_id
        return self.status.peer_id

    @property
    def name(self) -> str:
        """
        What it is called before people.
        """
        return self.place.shown if self.peer_id is None else str(self.peer_id)

    @property
    def current(self) -> Status | None:
        """
        What it told the last time that it was asked; C{None} if it did not answer.
        """
        return self.status if self.silence is None else None

    @property
    def answers(self) -> bool:
        """
        Did it answer the last time that it was asked?
        """
        return self.current is not None

    @property
    def is_done(self) -> bool:
        """
        Does it tell, now, that it has everything in place?
        """
        return self.current is not None and self.current.is_done

    @property
    def was_done(self) -> bool:
        """
        Had it everything in place when it last told?  It may have ended since.
        """
        return self.status is not None and self.status.is_done

    def counts_as_done(self, members: Iterable["Member"]) -> bool:
        """
        Is it done, answering or not?  If it told so; and if it does not answer any
        more, and one that is done says that the whole swarm is complete: each of its
        peers ends then.

        @param members: all that are asked.
        """
        if self.was_done:
            return True
        if self.answers or self.status is None:
            return False
        return any(
            other.status is not None
            and other.status.is_done
            and not other.status.incomplete
            and is_same_swarm(other.status, self.status)
            for other in members
        )

    @property
    def share(self) -> float:
        """
        How much it had when it last told, or, while it looked at its disk, how much it
        had looked at.
        """
        status = self.status
        if status is None:
            return 0.0
        if status.state is State.CHECKING:
            return status.checked_share or 0.0
        if not status.piece_count:
            return float(status.is_done)
        return min(1.0, status.held / status.piece_count)

    @property
    def silence_text(self) -> str:
        """
        Where it does not answer, and why.
        """
        return f"at {self.place.shown}: {self.silence}"

    def note_status(self, status: Status, now: float) -> None:
        """
        It told that.
        """
        self.status, self.told_at, self.silence = status, now, None
        if status.pieces is not None:
            self.pieces, self.pieces_at = _bits(status), now

    def note_silence(self, reason: str, now: float) -> None:
        """
        It did not answer.
        """
        if self.silence is None:
            self.silent_at = now
        self.silence = reason


class Fleet:
    """
    Asks its members.

    @ivar members: in the order of the places.
    """

    def __init__(self, places: Iterable[Place], ask: Ask, clock: IReactorTime) -> None:
        self.members = [Member(place) for place in places]
        self._ask = ask
        self._clock = clock
        self._turns = DeferredSemaphore(MOST_AT_ONCE)
        self._following: list[Deferred[None]] = []

    async def ask_all(self) -> None:
        """
        Ask everybody once.
        """
        for turn in [self._turn(each, False) for each in self.members]:
            await turn

    def follow(self, pause_seconds: float, heard: Callable[[], None]) -> None:
        """
        Ask everybody, again and again, also for the pieces, until C{leave}.

        @param heard: called each time that somebody answered, or did not.
        """
        for member in self.members:
            line = Deferred.fromCoroutine(self._follow(member, pause_seconds, heard))
            line.addErrback(lambda failure: failure.trap(CancelledError))
            self._following.append(line)

    def leave(self) -> None:
        """
        Ask no more.
        """
        following, self._following = self._following, []
        for line in following:
            line.cancel()

    async def _follow(
        self, member: Member, pause_seconds: float, heard: Callable[[], None]
    ) -> None:
        while True:
            await self._turn(member, self._wants_pieces(member))
            heard()
            await deferLater(self._clock, pause_seconds)

    def _wants_pieces(self, member: Member) -> bool:
        if member.status is None or member.status.piece_count <= EASY_PIECES:
            return True
        return self._clock.seconds() - member.pieces_at >= PIECES_SECONDS

    def _turn(self, member: Member, with_pieces: bool) -> Deferred[None]:
        return self._turns.run(
            lambda: Deferred.fromCoroutine(self._hear(member, with_pieces))
        )

    async def _hear(self, member: Member, with_pieces: bool) -> None:
        try:
            status = await self._ask(member.place, with_pieces)
        except StatusError as error:
            member.note_silence(str(error), self._clock.seconds())
        else:
            member.note_status(status, self._clock.seconds())


def is_same_swarm(one: Status, other: Status) -> bool:
    """
    Are both about the same pieces?
    """
    return (one.infohash, one.piece_count) == (other.infohash, other.piece_count)


def _bits(status: Status) -> Bitfield | None:
    """
    The pieces that it says to have, if that can be, and if they are not so many, as
    in a classic swarm only, that to look at them takes long.
    """
    if status.piece_count > MAX_PIECES:
        return None
    try:
        data = b64decode(status.pieces or "", validate=True)
        return Bitfield.from_bytes(status.piece_count, data)
    except (Base64Error, ValueError, ProtocolViolation):
        return None
