"""
More neighbours than there are places.
"""

from swarmpeer.conformance.stage import Stage, Unseen
from swarmpeer.conformance.talk import Talk
from swarmpeer.wire.messages import (
    InterestedMessage,
    NotInterestedMessage,
    RequestMessage,
)

CROWD = ("W-CH-4", "W-CH-5")


async def crowd(stage: Stage) -> None:
    """
    All are interested, for some rounds; then one that was choked asks.
    """
    subject = stage.subject
    common = subject.common
    needed = common.preferred_neighbors + 2
    if len(stage.players) < needed:
        raise Unseen(
            f"it takes {needed} members for us to play, one more than may be "
            f"unchoked at once; there are {len(stage.players)}"
        )
    if not stage.world.sure:
        raise Unseen("the peer holds no piece that it could serve")
    talks = []
    for player in stage.players[:needed]:
        talks.append(await stage.introduced(player, fresh=False))
    for talk in talks:
        if not talk.view.am_interested:
            talk.tell(InterestedMessage())
    await stage.pause(max(2 * subject.unchoke_seconds, subject.round_seconds))
    if any(talk.view.was_unchoked for talk in talks):
        _note_places(stage, talks)
    await _ask_after_a_choke(stage, talks)


def _note_places(stage: Stage, talks: list[Talk]) -> None:
    """
    The rule looks for too many; that there were not too few to see is for us.
    """
    if all(talk.is_open for talk in talks):
        most = stage.subject.common.preferred_neighbors + 1
        stage.note("W-CH-4", True, f"{most} unchoked at most", talks[0])


async def _ask_after_a_choke(stage: Stage, talks: list[Talk]) -> None:
    """
    Nobody is interested any more, so that who was choked stays it, and asks.
    """
    patience = stage.subject.patience
    for talk in talks:
        talk.tell(NotInterestedMessage())
    # An unchoke may be on its way.
    await stage.pause(patience.grace)

    def choked() -> Talk | None:
        views = (each for each in talks if each.is_open and each.view.chokes)
        return next((each for each in views if each.view.peer_choking), None)

    await stage.until(lambda: choked() is not None, stage.subject.round_seconds)
    talk_choked = choked()
    if talk_choked is None:
        raise Unseen("the peer choked nobody that it had unchoked")
    view, since = talk_choked.view, len(talk_choked.entries)
    came = view.pieces
    talk_choked.tell(RequestMessage(min(stage.world.sure)))
    await stage.pause(patience.quiet)
    if view.pieces == came and view.peer_choking:
        stage.note("W-CH-5", True, "no piece", talk_choked, since)
