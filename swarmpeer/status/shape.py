"""
The status of a peer as values: what stands in C{/status.json}, version 1.

Within a version fields are added, with a default, and never changed or taken away; a
reader ignores those that it does not know.  Codes of problems are added, too; one that
is not known is L{ProblemCode.OTHER} to its reader.  Times are in seconds before the
status was taken, rates in bytes per second over the last L{RATE_SECONDS}.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from swarmpeer.core.holdings import MOST_LEFT

VERSION = 1
"""
Of the shape of a L{Status}.
"""
RATE_SECONDS = 5.0
"""
What rates are the mean of.
"""

Count = Annotated[int, Meta(ge=0, le=2**62)]
"""
What a reader takes for a number of things or of bytes, and for an id.
"""
Seconds = Annotated[float, Meta(ge=0, le=1e12)]
"""
What it takes for a time.
"""
Share = Annotated[float, Meta(ge=0, le=1)]
"""
0 is nothing, 1 is all.
"""
Rate = Annotated[float, Meta(ge=0, le=1e18)]
"""
What it takes for a rate.
"""

MOST_RUNS = 20
"""
So many runs of pieces are told one by one.
"""
MOST_HAPPENINGS = 200
"""
So many are remembered.
"""
MOST_PEERS = 2**16
"""
Of so many peers a reader takes a status; a port has as many numbers.
"""
MOST_PROBLEMS = 2 * MOST_PEERS + 100
"""
Of each peer there may be two: that it cannot be called, and that it is shut out.
"""
Ids = Annotated[tuple[Count, ...], Meta(max_length=MOST_PEERS)]
"""
Peers.
"""


class State(StrEnum):
    """
    What a peer is about.
    """

    STARTING = "starting"
    """
    It does not run yet.
    """
    JOINING = "joining"
    """
    It asks others for the manifest.
    """
    CHECKING = "checking"
    """
    It looks at what is on its disk already.
    """
    FETCHING = "fetching"
    PLACING = "placing"
    """
    Every piece is here; it puts the files in place.
    """
    COMPLETE = "complete"
    """
    Every piece is here, and everything is in place.
    """


class ProblemCode(StrEnum):
    """
    Why a peer is not done, or may not get done.
    """

    DISK = "disk"
    """
    The disk refuses what came.
    """
    DISK_SHORT = "disk-short"
    """
    There is less room than the missing pieces take.
    """
    PLACING = "placing"
    """
    The files cannot be put in place.
    """
    RECORD = "record"
    """
    The record cannot be saved.
    """
    UNREACHABLE = "unreachable"
    """
    A peer cannot be called.
    """
    SHUT_OUT = "shut-out"
    """
    A peer gave wrong pieces, and there is no conversation with it for a while.
    """
    NO_MANIFEST = "no-manifest"
    """
    Nobody gave the manifest yet.
    """
    NO_NEIGHBOR = "no-neighbor"
    """
    There is no conversation with anybody.
    """
    NO_HOLDER = "no-holder"
    """
    Pieces are missing that no neighbour has, and nothing is under way.
    """
    CHOKED = "choked"
    """
    Nobody who has something for us serves us.
    """
    STALLED = "stalled"
    """
    No piece came for a while.
    """
    OTHER = "other"
    """
    Something that this reader has no name for; its text tells.
    """

    @classmethod
    def _missing_(cls, _value: object) -> "ProblemCode":
        """
        A later peer may know more.
        """
        return cls.OTHER


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing that is not as it should be.

    @ivar text: for people, on one line.
    @ivar since_seconds: how long it has been so.
    @ivar peer_id: the neighbour that it is about.
    @ivar is_settled: has it been so for long enough to be told to people?  What has
        just begun may be over at once: at every start peers call others that do not
        listen yet.
    """

    code: ProblemCode
    text: str
    since_seconds: Seconds
    peer_id: Count | None = None
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class NeighborStatus:
    """
    One neighbour.

    @ivar held: the pieces they hold.
    @ivar requested: how many pieces we asked of them and wait for.
    @ivar is_snubbed: did they leave a request without an answer?
    @ivar received_bytes: of the pieces they gave us, this run.
    @ivar sent_bytes: of the pieces we gave them, this run.
    @ivar connected_seconds: how old the conversation is.
    @ivar holds_all: do they hold everything?  So they say, or the list of peers says
        that they begin with it: in a verified swarm such a one tells of its pieces one
        by one, see L{swarmpeer.core.showing_plan}, and C{held} may be less.
    """

    peer_id: Count
    held: Count
    am_choking: bool
    am_interested: bool
    peer_choking: bool
    peer_interested: bool
    is_preferred: bool
    is_optimistic: bool
    is_snubbed: bool
    requested: Count
    received_bytes: Count
    sent_bytes: Count
    receive_rate: Rate
    send_rate: Rate
    connected_seconds: Seconds
    holds_all: bool = False


@dataclass(frozen=True, slots=True)
class LastHolder:
    """
    Who had missing pieces that no neighbour has now.

    @ivar pieces: how many of those.
    @ivar left_seconds: when the conversation with them ended.
    """

    peer_id: Count
    pieces: Count
    left_seconds: Seconds


@dataclass(frozen=True, slots=True)
class Missing:
    """
    The pieces that are not here.

    @ivar count: how many.
    @ivar nowhere: how many of them no neighbour has; who L{holds
        all<NeighborStatus.holds_all>} has them all.
    @ivar nowhere_runs: which, as first and last of each run, the first
        L{MOST_RUNS}.
    @ivar last_holders: who had some of those.
    @ivar unmet_seeds: who has everything by the list of peers, and was not here yet.
    """

    count: Count
    nowhere: Count
    nowhere_runs: Annotated[tuple[tuple[Count, Count], ...], Meta(max_length=MOST_RUNS)]
    last_holders: Annotated[tuple[LastHolder, ...], Meta(max_length=MOST_LEFT)]
    unmet_seeds: Ids = ()


@dataclass(frozen=True, slots=True)
class CandidateStatus:
    """
    One neighbour as a preferred round saw it.

    @ivar received_bytes: what they gave since the round before.
    @ivar is_chosen: is it preferred from this round on?
    """

    peer_id: Count
    received_bytes: Count
    was_unchoked: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PreferredRound:
    """
    The last choice of preferred neighbours.

    @ivar number: from 1 on.
    @ivar by_rate: were they ranked by what they gave, or drawn by lot?
    @ivar candidates: by id.
    """

    number: Count
    held_seconds: Seconds
    by_rate: bool
    candidates: Annotated[tuple[CandidateStatus, ...], Meta(max_length=MOST_PEERS)]
    optimistic: Count | None


@dataclass(frozen=True, slots=True)
class OptimisticRound:
    """
    The last draw of the optimistic neighbour.

    @ivar candidates: among whom it was drawn.
    """

    number: Count
    held_seconds: Seconds
    candidates: Ids
    optimistic: Count | None


@dataclass(frozen=True, slots=True)
class Status:
    """
    One peer, now.

    @ivar version: L{VERSION}.
    @ivar kind: C{classic} or C{verified}.
    @ivar name: of the file or folder; empty as long as it is not known.
    @ivar infohash: of the manifest, in hexadecimal.
    @ivar up_seconds: how long the peer has run.
    @ivar held: the pieces that are here, of C{piece_count}.
    @ivar checked_share: of what is on the disk, while that is looked at.
    @ivar recorded: the pieces that a run that follows need not fetch again.
    @ivar received_bytes: of all pieces that came in this run, wanted or not.
    @ivar duplicate_bytes: of those that came when they were not needed any more.
    @ivar expected_seconds: how long it will take at the rate of now; C{None} if that
        cannot be told.
    @ivar last_piece_seconds: when the last piece came, C{None} if none did.
    @ivar incomplete: the others that are not known to hold everything.
    @ivar pieces: which are here, in base64, as a bitfield of the protocol; only if
        it is asked for.
    """

    peer_id: Count
    kind: str
    name: str
    infohash: str | None
    state: State
    up_seconds: Seconds
    size_bytes: Count
    piece_size_bytes: Count
    piece_count: Count
    held: Count
    is_placed: bool
    checked_share: Share | None
    recorded: Count | None
    received_bytes: Count
    sent_bytes: Count
    duplicate_bytes: Count
    receive_rate: Rate
    send_rate: Rate
    expected_seconds: Seconds | None
    last_piece_seconds: Seconds | None
    neighbors: Annotated[tuple[NeighborStatus, ...], Meta(max_length=MOST_PEERS)]
    incomplete: Ids
    missing: Missing
    problems: Annotated[tuple[Problem, ...], Meta(max_length=MOST_PROBLEMS)]
    preferred_round: PreferredRound | None
    optimistic_round: OptimisticRound | None
    pieces: str | None = None
    version: int = VERSION

    @property
    def is_done(self) -> bool:
        """
        Is everything in place?
        """
        return self.state is State.COMPLETE

    @property
    def settled_problems(self) -> tuple[Problem, ...]:
        """
        Those that are worth telling.
        """
        return tuple(one for one in self.problems if one.is_settled)


class Group(StrEnum):
    """
    What a happening is about.
    """

    PEERS = "peers"
    """
    Who is there, and what they have.
    """
    INTEREST = "interest"
    """
    Who wants something; it comes and goes with every other piece.
    """
    CHOKING = "choking"
    """
    Who is served.
    """
    PROGRESS = "progress"
    """
    How far a peer or the swarm is.
    """
    TROUBLE = "trouble"
    """
    What is not as it should be.
    """


@dataclass(frozen=True, slots=True)
class Happening:
    """
    Something that happened, for people.

    @ivar number: from 1 on, without gaps.
    @ivar at_seconds: after the peer was made.
    @ivar kind: the name of the event's class.
    @ivar peer_id: the neighbour that it is about.
    @ivar group: what it is about.
    """

    number: Count
    at_seconds: Seconds
    kind: str
    text: str
    peer_id: Count | None = None
    group: Group = Group.PEERS


@dataclass(frozen=True, slots=True)
class Picture:
    """
    One peer as a page shows it.

    Piece maps are base64 of a byte for each bucket of as good as equally many pieces
    that follow one another, at most
    L{MOST_BUCKETS<swarmpeer.status.piece_map.MOST_BUCKETS>}: how much of it is held,
    0 for nothing and 255 for all and for that only.

    @ivar map: of what is here.
    @ivar neighbor_maps: of what the neighbours hold, by id.
    @ivar happenings: the last ones, or those after a given number.
    @ivar age_seconds: how long ago it was taken.
    """

    status: Status
    map: str
    neighbor_maps: Annotated[dict[int, str], Meta(max_length=MOST_PEERS)]
    happenings: Annotated[tuple[Happening, ...], Meta(max_length=MOST_HAPPENINGS)]
    age_seconds: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """
    What a page shows: one peer, or the peers of a swarm.

    @ivar peers: by id.
    @ivar silent: those of them that do not answer any more; what is told of them is
        what they told last.
    @ivar members: of a lab all its peers, by id, also those that told nothing yet;
        C{None} for one peer.
    @ivar ended: those of C{silent} whose process is gone.
    """

    peers: tuple[Picture, ...]
    silent: tuple[int, ...] = ()
    members: tuple[int, ...] | None = None
    ended: tuple[int, ...] = ()
