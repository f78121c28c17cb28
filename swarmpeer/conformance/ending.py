"""
The end: not before all peers of the list are complete, and soon after.
"""

from collections.abc import Callable

from swarmpeer.conformance.stage import Player, Stage, Unseen
from swarmpeer.conformance.talk import Talk, bits
from swarmpeer.wire.messages import HaveMessage, UnchokeMessage

ENDING = ("W-EN-1", "W-EN-2")


async def ending(stage: Stage) -> None:
    """
    Give it the whole file, let all be complete but one, and then that one.
    """
    subject, patience = stage.subject, stage.subject.patience
    if not subject.is_alone:
        raise Unseen("other members run, or are not ours to play")
    count = subject.layout.piece_count
    if not count:
        raise Unseen("the file is empty, so that everybody is complete from the start")
    every = range(count)
    *others, last = stage.players
    talks = []
    for player in others:
        talks.append(await _told(stage, player, every))
    final = await _told(stage, last, every[:-1])
    if stage.lacking():
        await _fill(stage, [*talks, final])
    await stage.pause(subject.common.unchoking_interval_seconds + 2)
    said = f"no end, since {last.peer_id} lacks a piece"
    stage.note("W-EN-1", final.is_open, said, final)
    if not final.is_open:
        raise Unseen("the peer ended before")
    final.tell(HaveMessage(count - 1))
    is_over = await stage.until(lambda: not stage.open_talks, patience.end)
    said = f"all connections closed within {patience.end:g} s"
    if is_over:
        said += ", and no calls taken any more"
        is_over = await _refuses(stage)
    stage.note("W-EN-2", is_over, said, final)


async def _told(stage: Stage, player: Player, held: range) -> Talk:
    """
    A conversation in which we told of these pieces.
    """
    layout = stage.subject.layout
    talk = await stage.introduced(player, fresh=False)
    news = [each for each in held if each not in talk.view.our_bits]
    if talk.has_said_messages:
        talk.tell(*map(HaveMessage, news))
    else:
        talk.tell(bits(layout, news))
    return talk


async def _fill(stage: Stage, talks: list[Talk]) -> None:
    """
    Serve it until it has everything.
    """
    for talk in talks:
        talk.serves = True
        talk.tell(UnchokeMessage())
        for index in list(talk.view.requests):
            talk.give(index)
    held = stage.world.maybe
    while stage.lacking():
        if not await stage.until(_grows(held), 2 * stage.subject.round_seconds):
            left = len(stage.lacking())
            raise Unseen(f"the peer fetched all but {left} pieces and no more")


def _grows(held: set[int]) -> Callable[[], bool]:
    before = len(held)
    return lambda: len(held) > before


async def _refuses(stage: Stage) -> bool:
    """
    Does it stop to take calls?
    """
    deadline = stage.now() + stage.subject.patience.end
    while await stage.is_reachable():
        if stage.now() > deadline:
            return False
        await stage.pause(stage.subject.patience.grace)
    return True
