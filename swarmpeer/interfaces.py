"""
What programs outside swarmpeer may implement or hold: zope interfaces.
"""

from collections.abc import Callable, Mapping, Sequence

from zope.interface import Attribute, Interface

from swarmpeer.config.rate_schedule import Rates
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    Candidate,
    OptimisticRoundHeld,
    PreferredRoundHeld,
    SwarmEvent,
)
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


class ISwarmObserver(Interface):
    """
    Hears what happens in a peer.  Observers watch; they never steer.
    """

    def observe(event: SwarmEvent) -> None:
        """
        Something happened; the peer's state is already right.  Called in order,
        in the reactor thread.  What this raises is logged and hurts nobody.
        """


class IRunObserver(ISwarmObserver):
    """
    One that can hear of many events at once, as of small pieces that came together.  A
    peer tells it of one that is alone as a run of one.
    """

    def observe_run(events: Sequence[SwarmEvent]) -> None:
        """
        These happened, one or more after the other, all of one class.  Haves are a
        L{swarmpeer.events.HaveRun}.
        """


class IPieceStorage(Interface):
    """
    Where the bytes of the pieces live.

    C{read}, C{finish} and C{close} answer exactly once, and C{write} exactly once
    about each piece, through one of the callables they are given: at once, before
    they return, or later, always in the reactor thread.  They never block it on a
    disk.
    """

    is_whole = Attribute(
        "bool: did the whole file stand in place when the storage was opened?  It is "
        "not read before that."
    )

    def open() -> None:
        """
        Check and take the folder; before anything else.

        @raise StorageError: if it cannot be used: what, where, and what to do.
        """

    def read(
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the bytes of a piece that was written before.
        """

    def write(
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep the bytes of pieces that came together, each whether the others can be
        kept or not.

        @param pieces: one or more, none of them twice, each with exactly its bytes,
            which are not changed until its answer.
        @param done: told of those that are kept, of many at once if it can be: C{read}
            will find them.
        @param failed: told of each that is not, by its index.
        """

    def finish(
        done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Every piece is written: make the file durable and put it in place under
        its final name.
        """

    def close(done: Callable[[], None]) -> None:
        """
        Give everything back once all that was begun has answered.  An
        unfinished file is left under its temporary name.
        """


class ILendingStorage(IPieceStorage):
    """
    A storage that can tell where in an open file a piece lies, so that it is sent from
    there.
    """

    def lend(
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        The same as C{read}, for pieces that are to be sent in that order.

        @param indexes: at least one; all of them may be had in memory at once.
        @param done: told of the first of them and of as many behind it as can be had
            in the same go; of each either the bytes, or a
            L{swarmpeer.seam.PieceSpan}, which is to be given back.  Sending from the
            span does not wait for a disk if it begins soon.
        @param failed: told why the first cannot be had, which says nothing of those
            behind it.
        """


class IVerifiedStorage(IPieceStorage):
    """
    A storage that knows what the pieces should be.

    C{check} comes after C{open} and before anything else, and C{is_whole} tells
    the truth from its answer on.  C{write} fails with
    L{swarmpeer.errors.BadPieceError} if the bytes are wrong, and keeps nothing of
    them; it may be asked for a piece that was lost after C{finish}.  C{read} fails
    with L{swarmpeer.errors.PieceLostError} if the piece is not what it was.

    What is read, written and checked may be served at once; it is recorded for a
    later run only once it is durable, with no more ado from the outside.
    """

    def report_to(publish: Callable[[SwarmEvent], None]) -> None:
        """
        From now on tell what happens to the files and to the record.
        """

    def check(
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Find out which pieces are here.

        @param progress: told now and then how many bytes are looked at, of how
            many.
        @param done: hears the pieces that are held.
        """

    def check_piece(
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Read a piece and look whether it is right: one that is held, or one that was
        lost, which is held again if it is.

        @param failed: it could not be told, as while the storage closes.
        """


class IPiecePicker(Interface):
    """
    Which of the open pieces, those that are neither held nor asked of anybody, to
    fetch next.  One peer's picker is told of every change, in the reactor thread.

    C{reopen}, C{shut}, C{pick_among}, C{note_lacking}, most calls of C{pick}, and
    C{note_haves} for each piece that it tells of should take no longer the more pieces
    there are: there are as many calls as pieces, or more.  C{note_bits} and
    C{note_left} are called once in a conversation and may look at every piece, and so
    may a C{pick} now and then; the peer does nothing else meanwhile.

    C{note_haves} and what stands below it is called only if C{counts_holders}.  Of each
    neighbour C{note_bits} comes first and C{note_left} last, once each; of one that
    never said anything nothing is told.
    """

    counts_holders = Attribute(
        "bool: is it told what each neighbour holds?  Constant; haves are most of "
        "what a peer hears, so one that does not care had better say so."
    )

    def reopen(index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.  Perhaps it was
        open already.
        """

    def shut(index: int) -> None:
        """
        The piece was asked of somebody, or is here.  Perhaps it was shut already.
        """

    def pick(theirs: Bitfield, useful: int) -> int | None:
        """
        Choose for one neighbour.

        @param theirs: what they may be asked for; not to be changed, nor kept.
        @param useful: how many of the pieces that they hold we do not; C{theirs} may
            have fewer.
        @return: an open piece among C{theirs}, still open; C{None} if there is none.
        """

    def pick_among(few: list[int]) -> int | None:
        """
        The same where only a few come into question.

        @param few: those; that some are not open is noted by taking them out.
        @return: an open piece among them, still open; C{None} if there is none.
        """

    def note_haves(indexes: Sequence[int]) -> None:
        """
        A neighbour holds more pieces: one, or several that it told of in a row.
        """

    def note_lacking(index: int) -> None:
        """
        A neighbour holds a piece no more.
        """

    def note_bits(theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds, which is nothing if it began with another
        message; not to be changed, nor kept.
        """

    def note_left(theirs: Bitfield) -> None:
        """
        A neighbour that told is gone; C{theirs} is what it held at last.
        """


class IChokingPolicy(Interface):
    """
    Chooses whom to serve.  It plans and never sends: after each question the peer
    carries out the difference to what it did before.

    It is made anew at each start, from the C{preferred_neighbors} of the swarm and a
    C{random.Random} where every draw comes from.
    """

    ranks_by_rate = Attribute(
        "bool: do those come first who gave most, before the file is complete?"
    )
    shows_pieces = Attribute(
        "bool: does a peer of a verified swarm that has everything from the start hand "
        "each piece out once before it hands any out twice?"
    )
    preferred = Attribute("tuple[int, ...]: whom the rounds chose, by ascending id")
    optimistic = Attribute("int | None: who is served beside those, to give it a try")

    def is_unchoked(peer_id: int) -> bool:
        """
        Is the neighbour to be served?
        """

    def note_uplink(busy: int, sent_pieces: Mapping[int, int]) -> None:
        """
        How the uplink did since the last preferred round; told before the next one.

        @param busy: to how many of those that are served something is on its way
            now, or waits for room.
        @param sent_pieces: to each neighbour that is here.
        """

    def hold_preferred_round(
        candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Choose, as is due once an unchoking interval.

        @param candidates: every interested neighbour, by ascending id.
        @param by_rate: rank by what they gave; only if C{ranks_by_rate}.
        @return: what to tell the observers.
        """

    def hold_optimistic_round(candidates: Sequence[Candidate]) -> OptimisticRoundHeld:
        """
        The same once an optimistic interval.
        """

    def wants_review(peer_id: int, *, is_interested: bool) -> bool:
        """
        The interest of a neighbour changed, or it left, which is the end of it.

        @return: is C{review} to be called?  A policy that knows rounds only says no.
        """

    def review(candidates: Sequence[Candidate]) -> bool:
        """
        Choose between the rounds: a place may be free, or somebody wait for one.

        @return: is anybody to be served who was not, or the other way round?
        """

    def forget(peer_id: int) -> None:
        """
        They left.
        """


class IPolicyPlugin(Interface):
    """
    Offers a policy to every C{swarm.toml} of this machine: an object in a module of
    C{twisted.plugins} that provides this and C{twisted.plugin.IPlugin}.
    """

    name = Attribute("str: what a swarm.toml calls it")
    kind = Attribute("str: the key of [policy] it is for, 'choking' or 'picking'")
    factory = Attribute(
        "str: the package.module:Name of what makes it, imported only if it is chosen"
    )


class IPeerService(Interface):
    """
    One peer as the program that embeds it sees it.  The object is an
    C{twisted.application.service.IService} too.
    """

    def when_complete() -> object:
        """
        @return: a fresh C{Deferred[None]} that fires once the whole file is in
            place here, and fails with C{CancelledError} if the service is
            stopped before.
        """

    def when_swarm_complete() -> object:
        """
        @return: a fresh C{Deferred[None]} that fires once every peer of the
            list is known to hold the whole file and ours is in place; fails
            as that of C{when_complete} does.
        """

    def add_observer(
        observer: ISwarmObserver, *event_classes: type[SwarmEvent]
    ) -> None:
        """
        From now on C{observer} hears every event of these classes, or every
        event if none are given.
        """

    def remove_observer(observer: ISwarmObserver) -> None:
        """
        From now on C{observer} hears nothing.
        """

    def set_rates(rates: Rates) -> None:
        """
        From now on the peer is as fast as that, at most; connections that are open
        heed it, too.
        """

    def progress() -> object:
        """
        @return: a L{swarmpeer.core.progress.Progress}: how far this peer is, now.
        """

    def holdings() -> object:
        """
        @return: L{swarmpeer.core.holdings.Holdings}: who holds what, now; C{None}
            before it is known what is here.
        """
