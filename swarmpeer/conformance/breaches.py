"""
What must be refused: one thing that is wrong on a connection, which is closed for
it, and nothing else happens.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from swarmpeer.conformance.stage import Player, Stage, Unseen
from swarmpeer.conformance.subject import Subject
from swarmpeer.conformance.talk import Talk, bits
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.handshake import HEADER, MAX_PEER_ID, Handshake
from swarmpeer.wire.messages import MessageType

_INDEX_FRAME = struct.Struct(">IBI")
HALF_BYTES = 10


@dataclass(frozen=True)
class Breach:
    """
    A row of the tables.

    @ivar what: what is wrong, for the report.
    @ivar data: the bytes, for a swarm and the id that we go by; C{None}: nothing is
        to be broken there.
    """

    clause_id: str
    what: str
    data: Callable[[Subject, int], bytes | None]


def _frame(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def _unknown_id(subject: Subject, _own: int) -> bytes:
    known = {member.peer_id for member in subject.members}
    return Handshake(
        next(n for n in range(MAX_PEER_ID, 0, -1) if n not in known)
    ).encode()


def _other_id(subject: Subject, own: int) -> bytes | None:
    others = (
        member.peer_id
        for member in subject.members
        if member.peer_id not in (own, subject.tested.peer_id)
    )
    other = next(others, None)
    return None if other is None else Handshake(other).encode()


def _spare_bit(subject: Subject, _own: int) -> bytes | None:
    count = subject.layout.piece_count
    if not count % 8:
        return None
    data = bytearray(Bitfield(count).to_bytes())
    data[-1] |= 1
    return _frame(bytes([MessageType.BITFIELD]) + data)


def _long_bitfield(subject: Subject, _own: int) -> bytes:
    return _frame(
        bytes([MessageType.BITFIELD, *bytes(subject.layout.bitfield_size_bytes + 1)])
    )


def _second_bitfield(subject: Subject, _own: int) -> bytes:
    return _frame(
        bytes([MessageType.BITFIELD, *bytes(subject.layout.bitfield_size_bytes)])
    )


def _have_of_none(subject: Subject, _own: int) -> bytes:
    return _INDEX_FRAME.pack(5, MessageType.HAVE, subject.layout.piece_count)


HANDSHAKES = (
    Breach(
        "W-HS-4",
        "another header",
        lambda _, own: HEADER.lower() + Handshake(own).encode()[len(HEADER) :],
    ),
    Breach(
        "W-HS-5",
        "ten text zeros",
        lambda _, own: HEADER + b"0" * 10 + own.to_bytes(4, "big"),
    ),
    Breach("W-HS-6", "the id of nobody", _unknown_id),
)
"""
In place of our handshake, where we call.
"""
ANSWERS = (Breach("W-HS-7", "the id of another member", _other_id), HANDSHAKES[0])
"""
In place of our handshake, where we are called.
"""
EARLY = (
    Breach("W-BF-7", "a bitfield with a byte too many", _long_bitfield),
    Breach("W-BF-7", "a bitfield with a spare bit set", _spare_bit),
)
"""
In place of our bitfield.
"""
LATE = (
    Breach("W-FR-4", "a message of length 0", lambda *_: bytes(4)),
    Breach(
        "W-FR-4", "a message of 4 GiB", lambda *_: b"\xff\xff\xff\xff\x07" + bytes(99)
    ),
    Breach("W-FR-5", "a choke with a byte behind it", lambda *_: b"\0\0\0\x02\0\0"),
    Breach("W-BF-8", "a second bitfield", _second_bitfield),
    Breach("W-HV-4", "a have of no piece", _have_of_none),
)
"""
Behind our bitfield.
"""

MESSAGE_CLAUSES = (
    "W-CN-3",
    *dict.fromkeys(each.clause_id for each in (*EARLY, *LATE)),
)


class Breaches:
    """
    The scenarios of it, which have a connection with half a handshake in common.
    """

    def __init__(self) -> None:
        self._half: Talk | None = None

    async def half_handshake(self, stage: Stage) -> None:
        """
        Somebody says half a handshake; that keeps nobody waiting.
        """
        player = _caller(stage)
        # Who says nothing by itself was not kept from it.
        await stage.introduced(player)
        caller = Player(stage, player.peer_id, waits=False)
        self._half = await stage.meet(caller)
        whole = Handshake(caller.peer_id).encode()
        self._half.say(whole[:HALF_BYTES], "half a handshake")
        since = stage.now()
        try:
            await stage.introduced(player)
        except Unseen:
            kept = False
        else:
            kept = True
        said = f"a handshake on another connection, after {stage.now() - since:.1f} s"
        stage.note("W-HS-8", kept, said, player.talk)

    async def half_handshake_ends(self, stage: Stage) -> None:
        """
        It is closed sooner or later.
        """
        half = self._half
        if half is None:
            raise Unseen("nobody said half a handshake")
        left = half.entries[0].seconds + stage.subject.patience.handshake - stage.now()
        is_closed = await stage.until(lambda: not half.is_open, max(left, 0))
        stage.note("W-HS-9", is_closed, "a close", half)
        half.leave()


async def handshakes(stage: Stage) -> None:
    """
    Call, and say who we are wrongly.
    """
    for breach in HANDSHAKES:
        await _commit(stage, _caller(stage), breach)


async def answers(stage: Stage) -> None:
    """
    Be called, and say who we are wrongly.
    """
    player = next((each for each in stage.players if each.waits), None)
    if player is None:
        raise Unseen("the peer calls nobody: see --listen")
    for breach in ANSWERS:
        await _commit(stage, player, breach)


async def messages(stage: Stage) -> None:
    """
    Be who we are, and say what no peer may say.
    """
    player = stage.spare
    for breach in (*EARLY, *LATE):
        await _commit(stage, player, breach, bits_first=breach in LATE)


def _caller(stage: Stage) -> Player:
    """
    Who calls, and has no conversation that matters.
    """
    player = next((each for each in stage.players if not each.waits), None)
    if player is None:
        raise Unseen("we only wait to be called: give HOST:PORT to call the peer")
    return player


async def _commit(
    stage: Stage, player: Player, breach: Breach, *, bits_first: bool | None = None
) -> None:
    """
    Do it, and see that this connection ends and no other.

    @param bits_first: tell our bitfield before; C{None}: not even the handshake.
    """
    subject = stage.subject
    data = breach.data(subject, player.peer_id)
    if data is None:
        return
    others = [each for each in stage.open_talks if each is not player.talk]
    if bits_first is None:
        talk = await stage.meet(player)
        if player.waits and talk.we_called:
            raise Unseen(f"the peer calls {player.peer_id} only once")
    else:
        talk = await stage.introduced(player)
        if bits_first:
            talk.tell(bits(subject.layout, []))
    talk.say(data, breach.what)
    is_closed = await stage.until(lambda: not talk.is_open, subject.patience.close)
    stage.note(breach.clause_id, is_closed, f"a close after {breach.what}", talk)
    talk.leave()
    harmed = [each for each in others if not each.is_open]
    is_reachable = player.waits or await stage.is_reachable()
    said = f"all other connections as before after {breach.what}"
    shown = harmed[0] if harmed else talk
    stage.note("W-CN-3", not harmed and is_reachable, said, shown)
    if not is_reachable:
        raise Unseen(f"the peer cannot be called after {breach.what}")
