"""
The pictures of all peers of a lab, gathered from the pages that each of them has.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from swarmpeer.status.changes import timeless
from swarmpeer.status.encoding import decode_picture
from swarmpeer.status.happenings import Happenings
from swarmpeer.status.piece_map import encoded_map
from swarmpeer.status.shape import Missing, Picture, Pictures, State
from swarmpeer.web.events_page import TICK_SECONDS
from swarmpeer.wire.bitfield import Bitfield

PEERS_PER_TICK = 16
"""
Of so many peers the pictures are gathered as often as anybody is told of them; of more
less often, since each tells about all others.
"""
SILENT_SECONDS = 5.0
"""
A peer that misses answers for so long does not answer any more.  At its end one does
for a moment, until it is heard that its process is gone.
"""
MOST_ANSWER_BYTES = 4 << 20
"""
A picture is never so large.
"""

Ask = Callable[[int, int], Deferred[bytes]]


class _Gathered:
    """
    What one peer told.
    """

    def __init__(self) -> None:
        self.picture: Picture | None = None
        self.taken_at = 0.0
        self.happenings = Happenings()
        self.missed_at: float | None = None
        self.is_over = False

    def is_silent(self, now: float) -> bool:
        """
        Does it not answer any more?
        """
        if self.is_over:
            return True
        return self.missed_at is not None and now - self.missed_at >= SILENT_SECONDS

    def shown(self, after: int, now: float) -> tuple[Picture, ...]:
        """
        Its picture, if it told one.

        @param after: the last happening that is known already.
        """
        if self.picture is None:
            return ()
        happenings = self.happenings.after(after)
        age_seconds = max(0.0, now - self.taken_at)
        return (replace(self.picture, happenings=happenings, age_seconds=age_seconds),)


class Gathering:
    """
    Asks every peer for its picture again and again, and remembers the last one.
    """

    def __init__(self, peer_ids: Iterable[int], ask: Ask, clock: IReactorTime) -> None:
        """
        @param ask: a peer's id and the last happening known of it, to what it answers.
        """
        self._peers = {peer_id: _Gathered() for peer_id in sorted(peer_ids)}
        self._ask = ask
        self._clock = clock
        self._changes = 0
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock

    def start(self) -> None:
        """
        Begin to ask.
        """
        crowd = max(1.0, len(self._peers) / PEERS_PER_TICK)
        self._ticking.start(TICK_SECONDS * crowd)

    def stop(self) -> None:
        """
        Ask no more.
        """
        if self._ticking.running:
            self._ticking.stop()

    def end(self, peer_id: int, *, is_complete: bool) -> None:
        """
        The process of that peer is gone.

        @param is_complete: did it end well, with the whole file?  The last picture may
            be older than that.
        """
        gathered = self._peers[peer_id]
        gathered.is_over = True
        if gathered.picture is not None:
            gathered.picture = _ended(gathered.picture, is_complete=is_complete)
        self._changes += 1

    def mark(self) -> object:
        """
        How often something changed, and who is silent.
        """
        return self._changes, self._silent()

    def pictures(self, after: Mapping[int, int]) -> Pictures:
        """
        The last of each peer that told any.
        """
        now = self._clock.seconds()
        return Pictures(
            tuple(
                picture
                for peer_id, one in self._peers.items()
                for picture in one.shown(after.get(peer_id, 0), now)
            ),
            self._silent(),
            tuple(self._peers),
            tuple(peer_id for peer_id, one in self._peers.items() if one.is_over),
        )

    def _silent(self) -> tuple[int, ...]:
        now = self._clock.seconds()
        return tuple(
            peer_id for peer_id, one in self._peers.items() if one.is_silent(now)
        )

    def _tick(self) -> Deferred[list[tuple[bool, None]]]:
        """
        The next tick waits for the answers of this one.
        """
        asked = [
            self._ask(peer_id, one.happenings.last_number)
            .addCallback(decode_picture)
            .addCallbacks(
                lambda picture, one=one: self._note(one, picture),
                lambda failure, one=one: self._miss(one, failure),
            )
            for peer_id, one in self._peers.items()
            if not one.is_over
        ]
        return DeferredList(asked)

    def _note(self, one: _Gathered, picture: Picture) -> None:
        before = one.picture
        if one.is_over:
            return
        if (
            before is None
            or picture.happenings
            or timeless(before.status) != timeless(picture.status)
        ):
            self._changes += 1
        one.picture, one.missed_at = picture, None
        one.taken_at = self._clock.seconds() - picture.age_seconds
        one.happenings.keep(*picture.happenings)

    def _miss(self, one: _Gathered, _: Failure) -> None:
        # It does not listen yet, or is gone, which the lab hears of by itself.
        if one.picture is not None and one.missed_at is None:
            one.missed_at = self._clock.seconds()


def _ended(picture: Picture, *, is_complete: bool) -> Picture:
    # Its neighbours and its last round stay as they were.
    status = replace(picture.status, receive_rate=0.0, send_rate=0.0)
    if not is_complete:
        return replace(picture, status=status)
    count = status.piece_count
    return replace(
        picture,
        status=replace(
            status,
            state=State.COMPLETE,
            held=count,
            is_placed=True,
            expected_seconds=0.0,
            missing=Missing(0, 0, (), ()),
            problems=(),
        ),
        map=encoded_map(Bitfield.full(count)),
    )
