"""
The peer wants pieces: how it asks for them, and what it makes of chokes.
"""

from swarmpeer.conformance.stage import Stage, Unseen
from swarmpeer.conformance.talk import Talk
from swarmpeer.wire.messages import ChokeMessage, HaveMessage, UnchokeMessage

CLAUSES = (
    *("W-BF-6", "W-IN-2", "W-IN-3", "W-PC-4", "W-HV-1", "W-HV-2", "W-HV-3"),
    *("W-RQ-1", "W-RQ-2", "W-RQ-3", "W-RQ-4", "W-RQ-5", "W-RQ-6", "W-RQ-7"),
)
"""
Those that only a peer shows that began with nothing.
"""
FEW_PIECES = "the file has too few pieces: at least 8 are needed"


async def fetching(stage: Stage, talk: Talk) -> None:
    """
    Have pieces for them, and be as the protocol allows: slow, and of two minds.
    """
    patience, view = stage.subject.patience, talk.view
    last = stage.lacking()[-1]
    talk.tell(HaveMessage(last))
    await stage.until(lambda: bool(view.peer_interested), patience.answer)
    stage.note("W-BF-6", talk.is_open, "the connection goes on", talk)
    if not talk.is_open:
        raise Unseen("the peer closed on who sent no bitfield")
    await stage.pause(patience.quiet)
    talk.tell(UnchokeMessage())
    await _asked(stage, talk)
    await give_all(stage, talk)
    await stage.pause(patience.quiet)
    if len(stage.lacking()) < 5:
        raise Unseen(FEW_PIECES)
    await _choke_before_the_piece(stage, talk)
    await _give_after_the_choke(stage, talk)
    await stage.until(lambda: view.peer_interested is False, patience.answer)


async def _asked(stage: Stage, talk: Talk) -> int:
    """
    @return: the piece that they ask for, now that they may.
    @raise Unseen: if there is none.
    """
    view, since = talk.view, len(talk.entries)
    is_asked = await stage.until(
        lambda: bool(view.requests) or not talk.is_open, stage.subject.patience.answer
    )
    kept = is_asked and bool(view.requests)
    stage.note("W-RQ-5", kept, "a request, since we unchoked it", talk, since - 2)
    if not kept:
        raise Unseen("the peer asked for no piece")
    return view.requests[0]


async def give_all(stage: Stage, talk: Talk) -> None:
    """
    Give what they ask for, until nothing more is asked for a while.
    """
    view, patience = talk.view, stage.subject.patience
    while await stage.until(lambda: bool(view.requests), patience.quiet):
        if not talk.is_open:
            break
        talk.give(view.requests[0])


async def _choke_before_the_piece(stage: Stage, talk: Talk) -> None:
    """
    Choke them while they wait for a piece; it must be asked for again.
    """
    patience, view = stage.subject.patience, talk.view
    talk.tell(ChokeMessage())
    talk.tell(*(HaveMessage(index) for index in stage.lacking()[:2]))
    await stage.pause(patience.grace + patience.quiet)
    talk.tell(UnchokeMessage())
    lost = await _asked(stage, talk)
    talk.tell(ChokeMessage())
    since = len(talk.entries) - 2
    await stage.pause(patience.grace + patience.quiet)
    talk.tell(UnchokeMessage())
    is_again = False
    while not is_again and talk.is_open:
        if not await stage.until(lambda: bool(view.requests), patience.answer):
            break
        is_again = view.requests[0] == lost
        if not is_again:
            talk.give(view.requests[0])
    stage.note("W-RQ-6", is_again, f"piece {lost} asked for again", talk, since)
    if not is_again:
        raise Unseen("the peer does not ask again after a choke")


async def _give_after_the_choke(stage: Stage, talk: Talk) -> None:
    """
    Choke them, and send the piece all the same.
    """
    patience, view = stage.subject.patience, talk.view
    since = len(talk.entries)
    late = view.requests[0]
    talk.tell(ChokeMessage())
    talk.give(late)
    await stage.pause(patience.grace + patience.quiet)
    is_open = talk.is_open
    if is_open:
        talk.tell(HaveMessage(stage.lacking()[0]), UnchokeMessage())
        is_open = await stage.until(
            lambda: bool(view.requests) or not talk.is_open, patience.answer
        )
    said = "the connection goes on, with another request after the unchoke"
    stage.note("W-RQ-7", is_open and talk.is_open, said, talk, since)
    if not is_open or not talk.is_open:
        raise Unseen("the peer does not go on after a piece that came late")
    await give_all(stage, talk)
