"""
Watches one peer for those who ask how far it is.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import ClassVar, Protocol

from zope.interface import implementer

from swarmpeer.config import Config
from swarmpeer.core.holdings import Holdings
from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.events import (
    BadPieceReceived,
    CheckProgressed,
    DuplicatePieceReceived,
    FilesChecked,
    ListeningStarted,
    PieceSent,
    PieceStored,
    RecordSaved,
    SwarmEvent,
)
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.status.happenings import Happenings
from swarmpeer.status.meetings import Meetings
from swarmpeer.status.missing import missing
from swarmpeer.status.piece_map import encoded_map
from swarmpeer.status.problems import Problems
from swarmpeer.status.rounds import Rounds
from swarmpeer.status.shape import Missing, NeighborStatus, Picture, State, Status
from swarmpeer.status.traffic import Traffic


class Watched(Protocol):
    """
    What is asked of the peer: L{swarmpeer.service.PeerService} and
    L{swarmpeer.joining.JoiningService} are such.
    """

    @property
    def config(self) -> Config | None:
        """
        What it was told; C{None} as long as it asks others for the manifest.
        """

    @property
    def infohash(self) -> bytes | None:
        """
        Of the manifest; C{None} in a classic swarm.
        """

    def progress(self) -> Progress:
        """
        How far it is.
        """

    def holdings(self) -> Holdings | None:
        """
        Who holds what; C{None} before it is known what is here.
        """


@implementer(ISwarmObserver)
class StatusWatch:
    """
    Knows the status of one peer at any time.

    @cvar event_classes: what it is to be told of; none that comes with each message.
    """

    event_classes: ClassVar[tuple[type[SwarmEvent], ...]] = tuple(
        {
            *Happenings.event_classes,
            BadPieceReceived,
            CheckProgressed,
            DuplicatePieceReceived,
            PieceSent,
            PieceStored,
            RecordSaved,
        }
    )

    def __init__(self, peer: Watched, seconds: Callable[[], float]) -> None:
        """
        @param seconds: tells the time of the peer's world.
        """
        self._peer = peer
        self._seconds = seconds
        self._began_at = now = seconds()
        self._happenings = Happenings()
        self._problems = Problems(now)
        self._traffic = Traffic()
        self._meetings = Meetings()
        self._rounds = Rounds()
        self._is_listening = False
        self._checked_share: float | None = None
        self._came_at: float | None = None

    def observe(self, event: SwarmEvent) -> None:
        """
        Note what happened.
        """
        now = self._seconds()
        self._happenings.note(event, now - self._began_at)
        self._problems.note(event, now)
        self._traffic.note(event, now)
        self._meetings.note(event, now)
        self._rounds.note(event, now)
        match event:
            case PieceStored():
                self._came_at = now
            case CheckProgressed():
                self._checked_share = event.done_bytes / max(1, event.total_bytes)
            case FilesChecked():
                self._checked_share = None
            case ListeningStarted():
                self._is_listening = True
            case _:
                pass

    def status(self, *, with_pieces: bool = False) -> Status:
        """
        How the peer is, now.

        @param with_pieces: also which pieces are here.
        """
        now = self._seconds()
        progress, holdings = self._peer.progress(), self._peer.holdings()
        config, infohash = self._peer.config, self._peer.infohash
        traffic = self._traffic
        common = None if config is None else config.common
        others = () if config is None else config.others
        seeds = frozenset(peer.peer_id for peer in others if peer.has_file)
        lacking = self._missing(progress, holdings, seeds, now)
        state = self._state(config, progress, holdings)
        pieces = None
        if with_pieces and holdings is not None:
            pieces = b64encode(holdings.own.to_bytes()).decode("ascii")
        size_bytes = 0 if common is None else common.file_size_bytes
        piece_size_bytes = 0 if common is None else common.piece_size_bytes
        return Status(
            peer_id=progress.peer_id,
            kind="classic" if infohash is None else "verified",
            name="" if common is None else common.file_name,
            infohash=None if infohash is None else infohash.hex(),
            state=state,
            up_seconds=now - self._began_at,
            size_bytes=size_bytes,
            piece_size_bytes=piece_size_bytes,
            piece_count=progress.piece_count,
            held=progress.held,
            is_placed=progress.is_placed,
            checked_share=self._checked_share,
            recorded=progress.recorded,
            received_bytes=traffic.received.total_bytes,
            sent_bytes=traffic.sent.total_bytes,
            duplicate_bytes=traffic.duplicate_bytes,
            receive_rate=traffic.received.rate(now),
            send_rate=traffic.sent.rate(now),
            expected_seconds=_expected(
                min(size_bytes, lacking.count * piece_size_bytes),
                traffic.received.rate(now),
            ),
            last_piece_seconds=None if self._came_at is None else now - self._came_at,
            neighbors=tuple(
                self._neighbor(neighbor, progress, seeds, now)
                for neighbor in progress.neighbors
            ),
            incomplete=progress.incomplete,
            missing=lacking,
            problems=self._problems.found(state, progress, lacking, now),
            preferred_round=self._rounds.preferred(now),
            optimistic_round=self._rounds.optimistic(now),
            pieces=pieces,
        )

    @property
    def last_happening(self) -> int:
        """
        The number of the last one, 0 if there was none.
        """
        return self._happenings.last_number

    def picture(self, after: int = 0, *, with_neighbor_maps: bool = True) -> Picture:
        """
        The same as a page shows it.

        @param after: which happening is known already.
        @param with_neighbor_maps: also what each neighbour holds, which takes a
            while in a large swarm.
        """
        holdings = self._peer.holdings()
        happenings = self._happenings.after(after)
        if holdings is None:
            return Picture(self.status(), "", {}, happenings)
        neighbors = holdings.neighbors if with_neighbor_maps else {}
        return Picture(
            self.status(),
            encoded_map(holdings.own),
            {peer_id: encoded_map(theirs) for peer_id, theirs in neighbors.items()},
            happenings,
        )

    def _state(
        self, config: Config | None, progress: Progress, holdings: Holdings | None
    ) -> State:
        if config is None:
            return State.JOINING
        if holdings is None:
            return State.CHECKING if self._is_listening else State.STARTING
        if not holdings.own.is_full:
            # Perhaps again, after some were lost.
            return State.FETCHING
        return State.COMPLETE if progress.is_placed else State.PLACING

    def _missing(
        self,
        progress: Progress,
        holdings: Holdings | None,
        seeds: frozenset[int],
        now: float,
    ) -> Missing:
        if holdings is None:
            count = progress.piece_count - progress.held
            return Missing(count, 0, (), ())
        return missing(holdings, self._meetings.left_seconds(now), seeds)

    def _neighbor(
        self,
        neighbor: NeighborProgress,
        progress: Progress,
        seeds: frozenset[int],
        now: float,
    ) -> NeighborStatus:
        peer_id = neighbor.peer_id
        received = self._traffic.received_from[peer_id]
        sent = self._traffic.sent_to[peer_id]
        return NeighborStatus(
            peer_id=peer_id,
            held=neighbor.held,
            am_choking=neighbor.am_choking,
            am_interested=neighbor.am_interested,
            peer_choking=neighbor.peer_choking,
            peer_interested=neighbor.peer_interested,
            is_preferred=peer_id in progress.preferred,
            is_optimistic=peer_id == progress.optimistic,
            is_snubbed=neighbor.is_snubbed,
            requested=neighbor.requested,
            received_bytes=received.total_bytes,
            sent_bytes=sent.total_bytes,
            receive_rate=received.rate(now),
            send_rate=sent.rate(now),
            connected_seconds=self._meetings.connected_seconds(peer_id, now),
            holds_all=peer_id in seeds or neighbor.held >= progress.piece_count,
        )


def _expected(missing_bytes: int, rate: float) -> float | None:
    if not missing_bytes:
        return 0.0
    return missing_bytes / rate if rate > 0 else None
