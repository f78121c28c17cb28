"""
How far a swarm is, as its peers' protocol logs tell it.

Every log is written by one peer about itself; what a peer gives, and whom it
serves, stands in the logs of those who get it.
"""

from collections.abc import Iterable

from swarmpeer.core.layout import PieceLayout
from swarmpeer.protocol_log import LogKind, LogLine
from swarmpeer.status.recent import RecentBytes

RATE_WINDOW_SECONDS = 2.0


class PeerView:
    """
    What is known about one peer.

    @ivar pieces: how many pieces it holds.
    @ivar serves: the neighbours that it does not choke.
    @ivar optimistic: the one among them that it drew by lot.
    @ivar complete_seconds: when it had the whole file, from the start of the
        swarm; C{None} before that, 0 for a seed.
    """

    def __init__(self, peer_id: int, is_seed: bool, piece_count: int) -> None:
        self.peer_id = peer_id
        self.is_seed = is_seed
        self.pieces = piece_count if is_seed else 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self.receiving = RecentBytes(RATE_WINDOW_SECONDS)
        self.sending = RecentBytes(RATE_WINDOW_SECONDS)
        self.serves: set[int] = set()
        self.optimistic: int | None = None
        self.complete_seconds: float | None = 0.0 if is_seed else None

    @property
    def is_complete(self) -> bool:
        """
        Did it say that it has the whole file?
        """
        return self.complete_seconds is not None


class SwarmView:
    """
    What is known about all peers of one swarm.

    Times are seconds since the swarm was started, and never go back.

    @ivar peers: by id, in the order of the list.
    """

    def __init__(self, layout: PieceLayout, peers: Iterable[tuple[int, bool]]) -> None:
        """
        @param peers: the ids, each with whether it has the file from the start.
        """
        self.layout = layout
        self.peers = {
            peer_id: PeerView(peer_id, is_seed, layout.piece_count)
            for peer_id, is_seed in peers
        }

    def share(self, peer: PeerView) -> float:
        """
        How much of the file C{peer} holds, from 0 to 1.  Only who said that it
        is complete has all of an empty file.
        """
        if self.layout.piece_count == 0:
            return float(peer.is_complete)
        return min(1.0, peer.pieces / self.layout.piece_count)

    @property
    def leechers(self) -> list[PeerView]:
        """
        Those that began with nothing.
        """
        return [peer for peer in self.peers.values() if not peer.is_seed]

    def apply(self, line: LogLine, now_seconds: float) -> None:
        """
        Learn from one line.  Lines of or about strangers change nothing.
        """
        writer = self.peers.get(line.peer_id)
        other = self.peers.get(line.others[0]) if line.others else None
        if writer is None:
            return
        match line.kind:
            case LogKind.DOWNLOADED:
                self._downloaded(writer, other, line, now_seconds)
            case LogKind.COMPLETED:
                if not writer.is_complete:
                    writer.complete_seconds = now_seconds
            case LogKind.UNCHOKED if other is not None:
                other.serves.add(writer.peer_id)
            case LogKind.CHOKED if other is not None:
                other.serves.discard(writer.peer_id)
            case LogKind.OPTIMISTIC if other is not None:
                writer.optimistic = other.peer_id
            case _:
                pass

    def _downloaded(
        self,
        writer: PeerView,
        giver: PeerView | None,
        line: LogLine,
        now_seconds: float,
    ) -> None:
        if line.index is None or not self.layout.is_valid(line.index):
            return
        size_bytes = self.layout.size(line.index)
        writer.pieces = line.held or 0
        writer.received_bytes += size_bytes
        writer.receiving.add(size_bytes, now_seconds)
        if giver is not None:
            giver.sent_bytes += size_bytes
            giver.sending.add(size_bytes, now_seconds)
