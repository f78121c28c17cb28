"""
Connections that break off, come again, and come in crumbs.
"""

from swarmpeer.conformance.fetching import FEW_PIECES, give_all
from swarmpeer.conformance.serving import fetch
from swarmpeer.conformance.stage import Stage, Unseen
from swarmpeer.conformance.talk import bits
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.messages import (
    InterestedMessage,
    PieceMessage,
    UnchokeMessage,
)

RESET = ("W-CN-1", "W-CN-2")
DRIBBLE = ("W-FR-1", "W-CN-2")


async def reset_midway(stage: Stage) -> None:
    """
    Half a piece, then a reset; then the same neighbour again.
    """
    subject, patience = stage.subject, stage.subject.patience
    if subject.tested.has_file:
        raise Unseen("the peer has the file from the start")
    if len(stage.lacking()) < 2:
        raise Unseen(FEW_PIECES)
    player, piece = stage.spare, stage.lacking()[0]
    talk = await stage.introduced(player)
    talk.tell(bits(subject.layout, [piece]), UnchokeMessage())
    if not await stage.until(lambda: bool(talk.view.requests), patience.answer):
        raise Unseen("the peer asked for no piece")
    data = subject.source.piece(piece)
    frame = MessageCodec(subject.layout).encode(PieceMessage(piece, data))
    talk.say(frame[: len(frame) - (len(data) + 1) // 2], f"half of piece {piece}")
    # Let it get there.
    await stage.pause(patience.grace)
    talk.reset()
    await stage.pause(patience.grace)
    try:
        again = await stage.meet(player)
    except Unseen as reason:
        stage.note("W-CN-1", False, f"another connection, but {reason}", talk)
        raise
    again.greet()
    is_back = await stage.until(lambda: again.view.heard > 0, patience.answer)
    said = "the handshake again, and the bitfield"
    stage.note("W-CN-2", is_back, said, again)
    if not is_back:
        raise Unseen("the peer does not take us back")
    again.tell(bits(subject.layout, [piece]), UnchokeMessage())
    is_asked = await stage.until(
        lambda: piece in again.view.requests, 3 * patience.answer
    )
    stage.note("W-CN-1", is_asked, f"piece {piece} asked for again", again)
    await give_all(stage, again)


async def dribble(stage: Stage) -> None:
    """
    Say everything byte by byte.
    """
    subject = stage.subject
    if not stage.world.sure:
        raise Unseen("the peer holds no piece that it could serve")
    talk = await stage.meet(stage.spare)
    takes = talk.dribble(bits(subject.layout, []), InterestedMessage())
    await stage.pause(takes)
    came = await stage.until(
        lambda: talk.view.has_greeted or not talk.is_open, subject.patience.answer
    )
    if came and talk.view.has_greeted:
        stage.note("W-CN-2", True, "the handshake again", talk)
    is_unchoked = await stage.until(
        lambda: not talk.view.peer_choking or not talk.is_open,
        2 * subject.round_seconds,
    )
    kept = is_unchoked and await fetch(stage, talk, min(stage.world.sure))
    stage.note("W-FR-1", kept, "an unchoke, and the piece that we asked for", talk)
