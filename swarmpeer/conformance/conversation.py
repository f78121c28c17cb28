"""
The first conversation: handshake and bitfield, then what becomes of it.
"""

from swarmpeer.conformance import fetching, serving
from swarmpeer.conformance.entries import Kind
from swarmpeer.conformance.stage import Player, Stage, Unseen
from swarmpeer.conformance.talk import Talk, bits
from swarmpeer.wire.messages import MessageType

CLAUSES = (
    *("W-HS-1", "W-HS-2", "W-HS-3", "W-BF-1", "W-BF-2", "W-BF-3", "W-BF-4", "W-BF-5"),
    *("W-FR-6", "W-IN-1"),
    *fetching.CLAUSES,
    *serving.CLAUSES,
)


async def conversation(stage: Stage) -> None:
    """
    All that can be seen on one connection, and a second one that listens.
    """
    layout = stage.subject.layout
    talk = await open_first(stage, stage.players[0])
    if len(stage.players) > 1:
        await _listen(stage)
    if stage.subject.tested.has_file:
        stage.excuse(fetching.CLAUSES, "the peer has the file from the start")
    elif layout.piece_count:
        await fetching.fetching(stage, talk)
    if stage.world.sure:
        await serving.serving(stage, talk)
    else:
        stage.excuse(serving.CLAUSES, "the peer holds no piece that it could serve")


async def _listen(stage: Stage) -> None:
    """
    A second neighbour, which has nothing and hears of all pieces.  If it is of the
    other kind, called or calling, its handshake is watched, too.
    """
    player = next((each for each in stage.players if not each.waits), stage.players[1])
    if player is stage.players[0]:
        player = stage.players[1]
    other = await stage.meet(player)
    if player.waits is not stage.players[0].waits:
        await greeted(stage, player, other)
    other = await stage.introduced(player, fresh=False)
    other.tell(bits(stage.subject.layout, []))


async def open_first(stage: Stage, player: Player) -> Talk:
    """
    Say nothing until they did, and no bitfield at all.
    """
    patience = stage.subject.patience
    talk = await stage.meet(player)
    await greeted(stage, player, talk)
    await stage.until(lambda: talk.view.heard > 0 or not talk.is_open, patience.answer)
    is_told = any(each.is_theirs(MessageType.BITFIELD) for each in talk.entries)
    if not stage.world.sure:
        stage.note("W-BF-5", is_told, "a bitfield of zeros", talk)
    else:
        stage.excuse(["W-BF-5"], "the peer has pieces from the start")
        if not is_told:
            stage.note("W-BF-4", False, "a bitfield, since it has pieces", talk)
    await stage.pause(patience.quiet)
    return talk


async def greeted(stage: Stage, player: Player, talk: Talk) -> None:
    """
    Say our handshake only when theirs came, or does not come.

    @raise Unseen: if they say none at all.
    """
    patience, view = stage.subject.patience, talk.view
    clause = "W-HS-2" if player.waits else "W-HS-3"
    stage.excuse(["W-HS-2"], "the peer called nobody: see --listen")
    stage.excuse(["W-HS-3"], "the peer was called by nobody")
    await stage.until(lambda: view.has_greeted or not talk.is_open, patience.answer)
    said = "their handshake before ours, as soon as the connection stands"
    is_first = view.has_greeted
    talk.greet()
    await stage.until(lambda: view.has_greeted or not talk.is_open, patience.answer)
    if not view.has_greeted:
        if not any(entry.kind is Kind.ODD for entry in talk.entries):
            stage.note("W-HS-1", False, "a handshake, on any connection", talk)
        raise Unseen("no right handshake came")
    stage.note(clause, is_first, said, talk)
