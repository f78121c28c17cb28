"""
The peer has pieces: whom it serves, and what it makes of odd requests.
"""

from collections.abc import Sequence

from swarmpeer.conformance.stage import Player, Stage, Unseen
from swarmpeer.conformance.talk import Talk, bits
from swarmpeer.wire.messages import (
    HaveMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    RequestMessage,
)

CLAUSES = (
    *("W-CH-1", "W-CH-2", "W-CH-3", "W-PC-1", "W-PC-2", "W-PC-3", "W-PC-5"),
    *("W-IN-4", "W-FR-2", "W-FR-3"),
)
"""
Those that only a peer shows that holds something.
"""
UNKNOWN_FRAME = b"\0\0\0\x0b" + bytes([42]) + b"0123456789"


async def serving(stage: Stage, talk: Talk) -> None:
    """
    Ask for pieces, with and without leave, and say odd things in between.
    """
    subject, patience, view = stage.subject, stage.subject.patience, talk.view
    piece = min(stage.world.sure)
    since = len(talk.entries)
    talk.tell(RequestMessage(piece))
    await stage.pause(patience.quiet)
    if view.peer_choking and not view.pieces:
        stage.note("W-CH-1", True, "no piece", talk, since)
    talk = await _unchoked(stage, talk)
    for wanted in dict.fromkeys((piece, max(stage.world.sure))):
        if not await fetch(stage, talk, wanted):
            stage.note("W-PC-1", False, f"piece {wanted}, which it has", talk)
            raise Unseen("the peer sends no pieces")
    count = subject.layout.piece_count
    talk = await _harmless(stage, talk, "W-PC-3", RequestMessage(count))
    if stage.lacking() and subject.is_alone:
        talk = await _harmless(
            stage, talk, "W-PC-4", RequestMessage(stage.lacking()[0])
        )
    twice: list[Message] = [InterestedMessage(), InterestedMessage()]
    twice += [HaveMessage(piece)] * 2
    twice += [NotInterestedMessage(), NotInterestedMessage(), InterestedMessage()]
    talk = await _tolerated(stage, talk, "W-IN-4", twice)
    since, view = len(talk.entries), talk.view
    came = view.pieces
    talk.tell(NotInterestedMessage(), InterestedMessage(), RequestMessage(piece))
    kept = await stage.until(lambda: view.pieces > came, patience.answer)
    stage.note("W-FR-2", kept, f"piece {piece}, which we asked for", talk, since)
    if not talk.is_open:
        talk = await served(stage, stage.spare)
    since = len(talk.entries)
    talk.tell_raw(UNKNOWN_FRAME, "no type of the protocol")
    kept = await fetch(stage, talk, piece)
    said = "the message skipped, the next one answered"
    stage.note("W-FR-3", kept, said, talk, since)


async def _unchoked(stage: Stage, talk: Talk) -> Talk:
    """
    Be interested, and wait to be unchoked.
    """
    subject, view = stage.subject, talk.view
    if not talk.is_open:
        talk = await stage.introduced(stage.spare)
        view = talk.view
    since = len(talk.entries)
    talk.tell(InterestedMessage())
    wait = subject.unchoke_seconds
    is_soon = await stage.until(lambda: not view.peer_choking, wait)
    if subject.is_alone:
        stage.note("W-CH-3", is_soon, f"an unchoke within {wait:g} s", talk, since)
    if not is_soon and not await stage.until(
        lambda: not view.peer_choking, subject.round_seconds
    ):
        raise Unseen("the peer does not unchoke us")
    return talk


async def served(stage: Stage, player: Player) -> Talk:
    """
    A fresh connection on which we are unchoked.

    @raise Unseen: if there is none to be had.
    """
    talk = await stage.introduced(player)
    talk.tell(bits(stage.subject.layout, []), InterestedMessage())
    wait = 2 * stage.subject.round_seconds
    if not await stage.until(lambda: not talk.view.peer_choking, wait):
        raise Unseen("the peer does not unchoke us")
    return talk


async def fetch(stage: Stage, talk: Talk, index: int) -> bool:
    """
    Ask for a piece, again if a choke comes between.

    @return: did it come?
    """
    for _ in range(3):
        if not await stage.until(
            lambda: not talk.view.peer_choking or not talk.is_open,
            2 * stage.subject.round_seconds,
        ):
            return False
        is_choked, is_here = await _fetch_once(stage, talk, index)
        if is_here or not is_choked:
            return is_here
    return False


async def _fetch_once(stage: Stage, talk: Talk, index: int) -> tuple[bool, bool]:
    """
    @return: did a choke come, and the piece?
    """
    view = talk.view
    pieces, chokes = view.pieces, view.chokes
    talk.tell(RequestMessage(index))
    await stage.until(
        lambda: view.pieces > pieces or view.chokes > chokes or not talk.is_open,
        stage.subject.patience.answer + stage.subject.layout.size(index) / 1_000_000,
    )
    return view.chokes > chokes, view.pieces > pieces


async def _harmless(
    stage: Stage, talk: Talk, clause: str, request: RequestMessage
) -> Talk:
    """
    Ask for what they cannot give: they go on, or close this connection only.
    """
    since = len(talk.entries)
    talk.tell(request)
    piece = min(stage.world.sure)
    kept = await fetch(stage, talk, piece)
    if not kept and not talk.is_open:
        kept = await stage.is_reachable()
        stage.note(clause, kept, "nobody else harmed", talk, since)
        return await served(stage, stage.spare)
    said = f"no piece {request.index}, and the next request answered"
    stage.note(clause, kept, said, talk, since)
    return talk if kept else await served(stage, stage.spare)


async def _tolerated(
    stage: Stage, talk: Talk, clause: str, messages: Sequence[Message]
) -> Talk:
    """
    Say what does no harm: they go on.
    """
    since = len(talk.entries)
    for message in messages:
        talk.tell(message)
    kept = await fetch(stage, talk, min(stage.world.sure))
    stage.note(clause, kept, "the next request answered", talk, since)
    return talk if kept else await served(stage, stage.spare)
