"""
What must follow from a happening, as a table of promises.

Each function in it makes promises for a happening, by the world as it was before.  A
promise is then asked about this and every later happening of its connection, with the
world as it is after it, until it is kept or broken, or its time is over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from swarmpeer.conformance.entries import Entry
from swarmpeer.conformance.state import View, World, indexes_of
from swarmpeer.conformance.subject import Subject
from swarmpeer.wire.messages import MessageType

Kept = Callable[[World, View, Entry], bool | None]

ANY = -1
"""
In place of one connection: all of them.
"""


@dataclass
class Promise:
    """
    What must come on one connection.

    @ivar talk: the number of the connection, or L{ANY}.
    @ivar kept: does this happening keep it?  C{None}: go on waiting.
    @ivar cause: the happening that made it.
    @ivar seconds: how long it may take.
    """

    clause_id: str
    talk: int
    kept: Kept
    cause: Entry
    seconds: float


Promising = Callable[[Subject, World, View, Entry], Iterator[Promise]]

PROMISES: list[tuple[str, Promising]] = []
"""
What should come, and what makes the promises.
"""


def promise(expected: str) -> Callable[[Promising], Promising]:
    """
    Put the function into the table.

    @param expected: what should come, for the report.
    """

    def add(function: Promising) -> Promising:
        PROMISES.append((expected, function))
        return function

    return add


@promise("interested or not interested, by what it lacks of our bitfield")
def _answers(
    subject: Subject, _world: World, _view: View, entry: Entry
) -> Iterator[Promise]:
    if not entry.is_ours or entry.type != MessageType.BITFIELD:
        return
    offered = indexes_of(entry.bits)

    def kept(world: World, _view: View, answer: Entry) -> bool | None:
        is_yes = answer.is_theirs(MessageType.INTERESTED)
        if not is_yes and not answer.is_theirs(MessageType.NOT_INTERESTED):
            return None
        if offered <= world.sure:
            return not is_yes
        return is_yes or offered <= world.maybe or not subject.is_alone

    yield Promise("W-IN-1", entry.talk, kept, entry, subject.patience.answer)


@promise("interested, since it lacks that piece")
def _wants(
    subject: Subject, world: World, view: View, entry: Entry
) -> Iterator[Promise]:
    is_have = entry.is_ours and entry.type == MessageType.HAVE
    if not is_have or view.peer_interested or entry.index in world.maybe:
        return
    if not subject.is_alone:
        return

    def kept(_world: World, _view: View, answer: Entry) -> bool | None:
        return True if answer.is_theirs(MessageType.INTERESTED) else None

    yield Promise("W-IN-2", entry.talk, kept, entry, subject.patience.answer)


@promise("not interested, since it has all that we told of")
def _had_all(
    subject: Subject, world: World, view: View, entry: Entry
) -> Iterator[Promise]:
    if not _is_given(view, entry):
        return

    def kept(_world: World, view: View, answer: Entry) -> bool | None:
        if answer.is_ours and answer.type == MessageType.HAVE:
            # There is something again.
            return answer.index in world.maybe or view.peer_interested is False
        return True if answer.is_theirs(MessageType.NOT_INTERESTED) else None

    for talk, other in world.views.items():
        if not other.is_open or not other.peer_interested:
            continue
        if other.our_bits <= world.maybe | {entry.index}:
            yield Promise("W-IN-3", talk, kept, entry, subject.patience.answer)


@promise("a have of that piece")
def _tells(
    subject: Subject, world: World, view: View, entry: Entry
) -> Iterator[Promise]:
    if not _is_given(view, entry) or entry.index in world.sure:
        return

    def kept(_world: World, _view: View, answer: Entry) -> bool | None:
        is_it = answer.is_theirs(MessageType.HAVE) and answer.index == entry.index
        return True if is_it else None

    for talk, other in world.views.items():
        if other.is_neighbor:
            clause = "W-HV-2" if talk == entry.talk else "W-HV-1"
            yield Promise(clause, talk, kept, entry, subject.patience.answer)


@promise("some of them choked, so that no more than the preferred and one are not")
def _places(
    subject: Subject, world: World, view: View, entry: Entry
) -> Iterator[Promise]:
    most = subject.common.preferred_neighbors + 1
    if not entry.is_theirs(MessageType.UNCHOKE) or not view.peer_choking:
        return
    if world.waiting <= most:
        return

    def kept(world: World, _view: View, _later: Entry) -> bool | None:
        return True if world.unchoked <= most else None

    yield Promise("W-CH-4", ANY, kept, entry, subject.patience.grace)


def _is_given(view: View, entry: Entry) -> bool:
    """
    Do we give it a piece here that it asked for?
    """
    is_piece = entry.is_ours and entry.type == MessageType.PIECE
    return is_piece and entry.index in view.requests
