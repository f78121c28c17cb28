"""
What must hold at a peer of a verified swarm from the start of its process to its end,
beyond what it knows at any one moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from swarmpeer.core.blame import LIMIT, MOST_SECONDS
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.verified_requests import WRONG_PIECE_SECONDS
from swarmpeer.events import (
    BadPieceReceived,
    DuplicatePieceReceived,
    GivenBackReason,
    HaveReceived,
    NeighborConnected,
    PeerShutOut,
    PieceRequested,
    PieceStored,
    RequestCancelled,
    RequestGivenBack,
    SecondRequested,
    SwarmEvent,
    WithdrawalReceived,
)
from swarmpeer.net.limits import Limits
from swarmpeer.storage.verified.resume import RecordFault
from swarmpeer.testing.disk_faults import DiskEvent
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.invariants import Finding, gathered
from swarmpeer.testing.record_rules import (
    on_disk,
    read_record,
    recorded_pieces,
)
from swarmpeer.testing.verified_wire_rules import VerifiedSpokenSide

_DUPLICATE_SHARE = 0.01
_WHILE_SECONDS = 10.0
_REFUSALS_IN_A_WHILE = 6
"""
What somebody refuses is asked of it again at each look after the disk.
"""
_LATE_SECONDS = 3.0
"""
What a word may take from the peer to its connection, the line being free.
"""

T = TypeVar("T")

Line = Callable[[int], tuple[VerifiedSpokenSide, float] | None]
"""
What is said last to a peer, on which connection, and when.
"""


class VerifiedRules:
    """
    Hears all events of one process, and looks at what it says.
    """

    def __init__(self, host: SimulatedHost, line: Line, seconds: float) -> None:
        """
        The process was just started.

        @param seconds: the time now.
        """
        self._host = host
        self._line = line
        self._now = seconds
        self._layout = host.contents.layout
        self._has_begun = False
        self._fired = self._read_faults()
        try:
            self._recorded = [] if host.disk.rotten else recorded_pieces(host)
        except RecordFault:
            # That is a breach by itself.
            self._recorded = []
        # By peer: the wrong pieces since it was shut out last, until when it is
        # shut out, and for how long that was.
        self._wrong: Counter[int] = Counter()
        self._shut_out_until: dict[int, float] = {}
        self._shut_out_for: dict[int, float] = {}
        # By peer and piece: until when it is not to be asked for, since it was wrong;
        # when it was refused; and what was asked and stored in the event that is not
        # over.
        self._wrong_until: dict[tuple[int, int], float] = {}
        self._refused_at: dict[tuple[int, int], list[float]] = {}
        self._asked_now: set[tuple[int, int]] = set()
        self._stored_now: list[tuple[int, int]] = []
        self._duplicate_bytes = 0
        size = self._layout.file_size_bytes
        self._duplicates_allowed = max(
            self._layout.piece_size_bytes, int(size * _DUPLICATE_SHARE)
        )
        self._partners: list[int] = []
        # By peer and piece: how often it is to hear that it need not send it.
        self._cancels: dict[tuple[int, int], int] = {}
        self._cancelled_now: set[tuple[int, int]] = set()

    # While it runs.

    @gathered
    def hear(self, event: SwarmEvent, now: float) -> Iterator[Finding]:
        """
        It published an event.
        """
        self._now = now
        if not self._has_begun and self._host.node is not None:
            self._has_begun = True
            yield from self._check_beginning()
        match event:
            case NeighborConnected(peer_id=other):
                self._forget(other)
                if now < self._shut_out_until.get(other, 0.0):
                    yield "who is shut out is out", str(event)
            case BadPieceReceived(peer_id=other, index=index):
                self._wrong_until[other, index] = now + WRONG_PIECE_SECONDS
                yield from self._count_wrong(other)
            case PeerShutOut(peer_id=other, seconds=seconds):
                yield from self._check_shut_out(other, seconds)
            case HaveReceived(peer_id=other, index=index):
                self._wrong_until.pop((other, index), None)
                self._refused_at.pop((other, index), None)
            case RequestGivenBack(
                peer_id=other, index=index, reason=GivenBackReason.REJECT
            ):
                self._refused_at.setdefault((other, index), []).append(now)
            case PieceRequested(peer_id=other, index=index):
                self._asked_now.add((other, index))
            case SecondRequested(index=index):
                duplicates = self._duplicate_bytes + self._layout.size(index)
                if duplicates > self._duplicates_allowed:
                    yield "few duplicates", f"{duplicates} bytes with piece {index}"
            case DuplicatePieceReceived(size_bytes=size):
                self._duplicate_bytes += size
            case RequestCancelled(peer_id=other, index=index):
                times = self._cancels.get((other, index), 0)
                self._cancels[other, index] = times + 1
                self._cancelled_now.add((other, index))
            case PieceStored(peer_id=other, index=index):
                self._stored_now.append((other, index))
                yield from self._check_piece(index)
            case WithdrawalReceived(peer_id=other, index=index):
                conversation = self._find(other)
                if conversation is not None and index in conversation.neighbor.bits:
                    yield "a withdrawal is heard", f"{other} holds no piece {index}"

    @gathered
    def after_step(self) -> Iterator[Finding]:
        """
        An event of the swarm is over.
        """
        for other, index in sorted(self._asked_now):
            yield from self._check_request(other, index)
        self._asked_now.clear()
        for sender, index in self._stored_now:
            yield from self._check_cancels(sender, index)
        self._stored_now.clear()
        self._cancelled_now.clear()

    # In the end.

    def at_rest(self, now: float, *, is_prompt: bool) -> Iterator[Finding]:
        """
        Everybody is done and no fault is left.

        @param is_prompt: are the lines so fast that what is said is heard soon?
        """
        host, node = self._host, self._host.node
        if node is None:
            return
        if not node.store.is_complete:
            missing = self._layout.piece_count - node.store.bits.count
            yield "everything is healed", f"{missing} pieces are missing"
        else:
            for index in range(self._layout.piece_count):
                if not _is_there(host, index):
                    yield "everything is healed", f"piece {index} is wrong"
        if not host.is_seed and not host.disk.rotten:
            record = read_record(host)
            recorded = 0 if record is None else record.held.count
            if recorded != self._layout.piece_count:
                yield "everything is recorded", f"{recorded} pieces are"
        if is_prompt:
            yield from self._check_lines(now)

    def stopping(self) -> None:
        """
        All is calm, and it is about to be stopped.
        """
        others = [peer.peer_id for peer in self._host.config.others]
        self._partners = [other for other in others if self._find(other) is not None]

    def at_end(self) -> Iterator[Finding]:
        """
        It was stopped.
        """
        for other in self._partners:
            line = self._line(other)
            if line is None:
                continue
            here, _ = line
            there = here.other
            if isinstance(there, VerifiedSpokenSide) and not (
                here.has_taken_leave or there.has_taken_leave
            ):
                yield "goodbye is said", f"not to {other}"

    # Inside.

    def _check_beginning(self) -> Iterator[Finding]:
        """
        What it holds is there, and what was recorded it holds.
        """
        host, node = self._host, self._host.node
        if node is None or host.disk.rotten:
            return
        held = node.store.bits
        for index in held:
            if not _is_there(host, index):
                yield "what is held is right", f"piece {index} is not"
        if self._fired == self._read_faults():
            for index in self._recorded:
                if index not in held:
                    yield "what is recorded is held", f"piece {index} is not"

    def _check_piece(self, index: int) -> Iterator[Finding]:
        if not self._host.disk.rotten and not _is_there(self._host, index):
            yield "what is held is right", f"piece {index} is not"

    def _count_wrong(self, other: int) -> Iterator[Finding]:
        # While they are shut out, what they sent before may come to its end.
        if self._now >= self._shut_out_until.get(other, 0.0):
            self._wrong[other] += 1
            if self._wrong[other] > LIMIT:
                said = f"{other} gave {self._wrong[other]} wrong pieces"
                yield "shut out at the second", said

    def _check_shut_out(self, other: int, seconds: float) -> Iterator[Finding]:
        if self._wrong[other] != LIMIT:
            said = f"{other} gave {self._wrong[other]} wrong pieces"
            yield "shut out at the second", said
        before = self._shut_out_for.get(other, 0.0)
        if seconds < min(2 * before, MOST_SECONDS):
            yield "shut out for longer", f"{other} for {seconds} s, then {before} s"
        self._wrong[other] = 0
        self._shut_out_for[other] = seconds
        self._shut_out_until[other] = self._now + seconds

    def _check_request(self, other: int, index: int) -> Iterator[Finding]:
        conversation = self._find(other)
        if conversation is None or index not in conversation.neighbor.requested:
            # It was refused just after it was asked for.
            return
        said = f"{other} for piece {index}"
        if self._now < self._wrong_until.get((other, index), 0.0):
            yield "asks again after a while", f"{said}, which was wrong"
        refused_at = self._refused_at.get((other, index), [])
        lately = [at for at in refused_at if at > self._now - _WHILE_SECONDS]
        if len(lately) > _REFUSALS_IN_A_WHILE:
            yield "asks again after a while", f"{said}, refused at {lately}"

    def _forget(self, other: int) -> None:
        """
        A conversation begins: what was before means nothing.
        """
        self._wrong_until = _without(other, self._wrong_until)
        self._refused_at = _without(other, self._refused_at)
        self._cancels = _without(other, self._cancels)

    def _check_cancels(self, sender: int, index: int) -> Iterator[Finding]:
        """
        Of whom it asked for that piece and got no answer, each is told that it need
        not come; but for the sender, who may have been asked twice.
        """
        node = self._host.node
        for conversation in () if node is None else node.registry.conversations:
            other = conversation.peer_id
            line = self._line(other)
            if (
                line is not None
                and other != sender
                # What somebody hostile says is not heard here.
                and line[0].other is not None
                and index in line[0].unanswered
                and (other, index) not in self._cancelled_now
            ):
                yield "cancels what came", f"{other} is waited for piece {index}"

    def _check_lines(self, now: float) -> Iterator[Finding]:
        for (other, index), times in self._cancels.items():
            line = self._line(other)
            if line is None or self._find(other) is None:
                continue
            if line[0].cancelled[index] < times:
                yield "cancels what came", f"{other} hears nothing of piece {index}"
        for other in (peer.peer_id for peer in self._host.config.others):
            line = self._line(other)
            if line is None or self._find(other) is None:
                continue
            side, spoke_at = line
            if side.unanswered and side.other is not None:
                said_no = f"{other} did not for {sorted(side.unanswered)}"
                yield "every request is answered", said_no
            silent = now - spoke_at
            if silent > Limits().keep_alive_seconds + _LATE_SECONDS:
                yield "nobody is silent", f"for {silent:.0f} s to {other}"

    def _find(self, other: int) -> PeerConnection | None:
        node = self._host.node
        return None if node is None else node.registry.find(other)

    def _read_faults(self) -> int:
        return self._host.disk.fired[DiskEvent.READ_FAILED]


def _is_there(host: SimulatedHost, index: int) -> bool:
    return on_disk(host, index) == host.contents.source.piece(index)


def _without(other: int, facts: dict[tuple[int, int], T]) -> dict[tuple[int, int], T]:
    """
    All that is not about that peer.
    """
    return {each: fact for each, fact in facts.items() if each[0] != other}
