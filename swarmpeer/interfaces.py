"""
What programs outside swarmpeer may implement or hold: zope interfaces.
"""

from collections.abc import Callable

from zope.interface import Attribute, Interface

from swarmpeer.errors import StorageError
from swarmpeer.events import SwarmEvent
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


class IPieceStorage(Interface):
    """
    Where the bytes of the pieces live.

    C{read}, C{write}, C{finish} and C{close} answer exactly once through one of
    the callables they are given: at once, before they return, or later, always
    in the reactor thread.  They never block it on a disk.
    """

    is_whole = Attribute(
        "bool: did the whole file stand in place when the storage was opened?"
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
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Keep the bytes of a piece; C{done} means that C{read} will find them.

        @param data: exactly the piece's bytes; not changed until the answer.
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


class IPeerService(Interface):
    """
    One peer as the program that embeds it sees it.  The object is an
    L{twisted.application.service.IService} too.
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

    def progress() -> object:
        """
        @return: a L{swarmpeer.core.progress.Progress}: how far this peer is, now.
        """
