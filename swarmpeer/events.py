"""
What an observer may hear: one frozen value per kind of happening.

Events carry facts and no time; an observer that wants to know when something
happened asks the clock of its own world.  Every C{peer_id} is the neighbour's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload


@dataclass(frozen=True, slots=True)
class SwarmEvent:
    """
    The base of all events.
    """


@dataclass(frozen=True, slots=True)
class ListeningStarted(SwarmEvent):
    """
    This peer accepts connections at C{address}.
    """

    address: str


@dataclass(frozen=True, slots=True)
class DialFailed(SwarmEvent):
    """
    A neighbour could not be reached; it is called again in C{retry_seconds}.
    """

    peer_id: int
    reason: str
    retry_seconds: float


@dataclass(frozen=True, slots=True)
class NeighborConnected(SwarmEvent):
    """
    Both handshakes are there.  C{is_dialled}: did we call them?
    """

    peer_id: int
    is_dialled: bool


@dataclass(frozen=True, slots=True)
class NeighborDisconnected(SwarmEvent):
    """
    A conversation ended.  C{reason} is for people.
    """

    peer_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionRefused(SwarmEvent):
    """
    A connection was turned away before a conversation began.

    C{peer_id} is who they said they were, if they came that far; C{reason} is
    for people.
    """

    peer_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ViolationSeen(SwarmEvent):
    """
    A neighbour broke the protocol with the code C{reason} and was closed.
    """

    peer_id: int | None
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class UnknownMessageSkipped(SwarmEvent):
    """
    A message of a type that we do not know was skipped by its length.
    """

    peer_id: int
    message_type: int


@dataclass(frozen=True, slots=True)
class BitfieldReceived(SwarmEvent):
    """
    They said which pieces they hold: C{held} of them.
    """

    peer_id: int
    held: int


@dataclass(frozen=True, slots=True)
class HaveReceived(SwarmEvent):
    """
    They said that they hold the piece C{index}.
    """

    peer_id: int
    index: int


@dataclass(frozen=True, slots=True)
class HaveRun(Sequence[HaveReceived]):
    """
    The L{HaveReceived} of each of the pieces that they spoke of together.

    With small pieces there are more of them than of all other events, so each is made
    only for those who look at it.
    """

    peer_id: int
    indexes: Sequence[int]

    def __len__(self) -> int:
        """
        How many they are.
        """
        return len(self.indexes)

    @overload
    def __getitem__(self, at: int) -> HaveReceived: ...

    @overload
    def __getitem__(self, at: slice) -> "HaveRun": ...

    def __getitem__(self, at: int | slice) -> "HaveReceived | HaveRun":
        """
        One of them, or some.
        """
        if isinstance(at, slice):
            return HaveRun(self.peer_id, self.indexes[at])
        return HaveReceived(self.peer_id, self.indexes[at])

    def __iter__(self) -> Iterator[HaveReceived]:
        """
        One after the other.
        """
        for index in self.indexes:
            yield HaveReceived(self.peer_id, index)


@dataclass(frozen=True, slots=True)
class InterestedReceived(SwarmEvent):
    """
    They said that they want something we have.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class NotInterestedReceived(SwarmEvent):
    """
    They said that they want nothing from us.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class UnchokedBy(SwarmEvent):
    """
    They serve us from now on.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class ChokedBy(SwarmEvent):
    """
    They do not serve us any more.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class NeighborUnchoked(SwarmEvent):
    """
    We serve them from now on.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class NeighborChoked(SwarmEvent):
    """
    We do not serve them any more.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class InterestChanged(SwarmEvent):
    """
    We told them whether they have something that we lack.
    """

    peer_id: int
    am_interested: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One neighbour as a choke round saw it, with the bytes that it gave us in the
    round before.
    """

    peer_id: int
    received_bytes: int
    is_unchoked: bool


@dataclass(frozen=True, slots=True)
class PreferredRoundHeld(SwarmEvent):
    """
    The preferred neighbours were chosen, by what they gave (C{by_rate}) or by
    lot.

    @ivar candidates: the interested neighbours, by id.
    @ivar preferred: who was chosen, by id.
    @ivar is_changed: is it another set than that of the round before?
    """

    candidates: tuple[Candidate, ...]
    preferred: tuple[int, ...]
    optimistic: int | None
    by_rate: bool
    is_changed: bool


@dataclass(frozen=True, slots=True)
class OptimisticRoundHeld(SwarmEvent):
    """
    The optimistic neighbour was drawn by lot among the C{candidates}, those
    that were interested and choked.
    """

    candidates: tuple[int, ...]
    optimistic: int | None
    is_changed: bool


@dataclass(frozen=True, slots=True)
class PieceRequested(SwarmEvent):
    """
    We asked them for the piece C{index}.
    """

    peer_id: int
    index: int


class GivenBackReason(StrEnum):
    """
    Why a request will not be answered, or not in time.
    """

    CHOKE = "choke"
    CLOSE = "close"
    STALL = "stall"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class RequestGivenBack(SwarmEvent):
    """
    What we asked of them will not come, or not in time; the piece may be fetched
    from anybody.
    """

    peer_id: int
    index: int
    reason: GivenBackReason


class IgnoredReason(StrEnum):
    """
    Why they do not get what they asked for.
    """

    CHOKED = "choked"
    OUT_OF_RANGE = "out-of-range"
    NOT_HELD = "not-held"
    REPEATED = "repeated"
    FLOOD = "flood"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class RequestIgnored(SwarmEvent):
    """
    They asked for a piece that they do not get.
    """

    peer_id: int
    index: int
    reason: IgnoredReason


@dataclass(frozen=True, slots=True)
class PieceSent(SwarmEvent):
    """
    We handed them the piece C{index}, C{size_bytes} long.
    """

    peer_id: int
    index: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PieceStored(SwarmEvent):
    """
    The piece C{index}, which they gave us, is ours; now we hold C{held}.
    """

    peer_id: int
    index: int
    size_bytes: int
    held: int


@dataclass(frozen=True, slots=True)
class DuplicatePieceReceived(SwarmEvent):
    """
    They gave us a piece that we no longer needed, or so late that there was no memory
    for it.
    """

    peer_id: int
    index: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PieceStoreFailed(SwarmEvent):
    """
    The piece C{index} could not be kept; it is missing again, and fetching
    pauses for a while.

    @ivar is_final: would it fail again, so that it is not fetched any more until
        the peer is started anew?  Then fetching does not pause.
    """

    peer_id: int
    index: int
    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class FileCompleted(SwarmEvent):
    """
    Every piece is here.
    """


@dataclass(frozen=True, slots=True)
class FilePlaced(SwarmEvent):
    """
    The whole file stands under its final name.
    """


@dataclass(frozen=True, slots=True)
class FilePlacingFailed(SwarmEvent):
    """
    The whole file could not be put in place.

    @ivar is_final: is it of no use to try again, but by starting the peer anew?
    """

    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class PeerCompleted(SwarmEvent):
    """
    The neighbour holds every piece.
    """

    peer_id: int


@dataclass(frozen=True, slots=True)
class PolicyReplaced(SwarmEvent):
    """
    Somebody else's C{policy}, which stands where its name says, failed when it was
    asked for C{method}: C{fault} tells people how.  C{substitute}, one of our own, is
    asked from now on.
    """

    policy: str
    method: str
    fault: str
    substitute: str


@dataclass(frozen=True, slots=True)
class SwarmCompleted(SwarmEvent):
    """
    Every peer of the list holds the whole file, and ours is in place.
    """


# Of verified swarms alone.


@dataclass(frozen=True, slots=True)
class ManifestFetched(SwarmEvent):
    """
    We knew the infohash alone; now the neighbour gave us the manifest.
    """

    peer_id: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FilesChecked(SwarmEvent):
    """
    It is known what is here already: C{held} pieces, of which C{hashed} had to be
    looked at, since no record vouched for them.
    """

    held: int
    hashed: int
    piece_count: int


@dataclass(frozen=True, slots=True)
class FileDiffers(SwarmEvent):
    """
    A file stood under its name before we came, and C{wrong_pieces} of its pieces are
    not as the manifest says, or cannot be read.  It is replaced once the right one is
    whole.
    """

    path: str
    wrong_pieces: int
    piece_count: int


@dataclass(frozen=True, slots=True)
class RecordSetAside(SwarmEvent):
    """
    The record of an earlier run is of no use, and the pieces are checked again.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class RecordSaved(SwarmEvent):
    """
    A run that follows need not check or fetch these C{recorded} pieces again.
    """

    recorded: int


@dataclass(frozen=True, slots=True)
class RecordFailed(SwarmEvent):
    """
    The record could not be saved; that is tried again.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class DiskShort(SwarmEvent):
    """
    There is less room on the disk than the missing pieces take.
    """

    needed_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class FetchingResumed(SwarmEvent):
    """
    The disk takes pieces again, after it refused some.
    """


@dataclass(frozen=True, slots=True)
class FileChanged(SwarmEvent):
    """
    Somebody changed a file that was in place.

    @ivar is_replaced: has it another size, or is it another file?  Then nothing is
        written to it.
    """

    path: str
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class PieceWithdrawn(SwarmEvent):
    """
    We held the piece C{index}, and it is not right any more.
    """

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class PieceHealed(SwarmEvent):
    """
    A piece that was withdrawn is right again.
    """

    index: int


@dataclass(frozen=True, slots=True)
class BadPieceReceived(SwarmEvent):
    """
    They gave us wrong bytes for the piece C{index}, C{size_bytes} long.
    """

    peer_id: int
    index: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BadPieceTold(SwarmEvent):
    """
    They say that the piece C{index}, which we sent, was wrong.
    """

    peer_id: int
    index: int


@dataclass(frozen=True, slots=True)
class PeerShutOut(SwarmEvent):
    """
    They gave us C{bad_pieces} wrong pieces, as many as are not borne; for C{seconds}
    there is no conversation with them.
    """

    peer_id: int
    bad_pieces: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SecondRequested(SwarmEvent):
    """
    The piece C{index} takes long at somebody else, so it is asked of them, too.
    """

    peer_id: int
    index: int


@dataclass(frozen=True, slots=True)
class RequestCancelled(SwarmEvent):
    """
    The piece C{index} came from somebody else, or is given up, so they need not send
    it.
    """

    peer_id: int
    index: int


@dataclass(frozen=True, slots=True)
class WithdrawalReceived(SwarmEvent):
    """
    They said that they hold the piece C{index} no more.
    """

    peer_id: int
    index: int


@dataclass(frozen=True, slots=True)
class GoodbyeReceived(SwarmEvent):
    """
    They told why they close, in a code and in words.
    """

    peer_id: int
    code: int
    words: str


@dataclass(frozen=True, slots=True)
class CheckProgressed(SwarmEvent):
    """
    What is here already is being looked at: C{done_bytes} so far.
    """

    done_bytes: int
    total_bytes: int
