"""
What each happening shows by itself, as a table of rules.

A rule is a function in it.  It gets the world as it was before the happening, and
says whether the clause was kept, or C{None} if that is not for it to say.
"""

from collections.abc import Callable

from swarmpeer.conformance.entries import Entry, Kind
from swarmpeer.conformance.families import PADDED_LAST_PIECE, mirrored, own_lengths
from swarmpeer.conformance.state import View, World, indexes_of
from swarmpeer.conformance.subject import Subject
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import MessageType

Ruling = Callable[[Subject, World, View, Entry], bool | None]

RULES: list[tuple[str, str, Ruling]] = []
"""
The clause of each, what should be, and the rule.
"""


def rule(clause_id: str, expected: str) -> Callable[[Ruling], Ruling]:
    """
    Put the function into the table.

    @param expected: what should be, for the report.
    """

    def add(function: Ruling) -> Ruling:
        RULES.append((clause_id, expected, function))
        return function

    return add


# Handshake and bitfield.


@rule("W-HS-1", "the header, ten zero bytes and the id that the list has")
def _handshake(
    subject: Subject, _world: World, view: View, entry: Entry
) -> bool | None:
    if entry.is_ours or entry.kind not in (Kind.HANDSHAKE, Kind.ODD):
        return None
    if view.has_greeted:
        return None
    return entry.data == Handshake(subject.tested.peer_id).encode()


@rule("W-BF-1", "a bitfield as the first message, or none")
def _first(_subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    return view.heard == 0 if entry.is_theirs(MessageType.BITFIELD) else None


@rule("W-BF-2", "as many bytes as the pieces take")
def _bytes(subject: Subject, _world: World, _view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.BITFIELD):
        return None
    return len(entry.bits) == subject.layout.bitfield_size_bytes


@rule("W-BF-3", "zero bits behind the last piece")
def _spare(subject: Subject, world: World, _view: View, entry: Entry) -> bool | None:
    spare = -subject.layout.piece_count % 8
    if not spare or not _has_whole_bitfield(subject, entry):
        return None
    if is_mirrored(subject, world, entry):
        # One slip, one verdict.
        return None
    return not entry.bits[-1] & ((1 << spare) - 1)


@rule("W-BF-4", "exactly the pieces that it has")
def _holdings(subject: Subject, world: World, view: View, entry: Entry) -> bool | None:
    if view.heard or not _has_whole_bitfield(subject, entry):
        return None
    told = {
        each for each in indexes_of(entry.bits) if each < subject.layout.piece_count
    }
    if is_mirrored(subject, world, entry):
        return False
    return world.sure <= told and (not subject.is_alone or told <= world.maybe)


def _has_whole_bitfield(subject: Subject, entry: Entry) -> bool:
    return (
        entry.is_theirs(MessageType.BITFIELD)
        and len(entry.bits) == subject.layout.bitfield_size_bytes
    )


def is_mirrored(subject: Subject, world: World, entry: Entry) -> bool:
    """
    Are these the right bits, with the lowest of each byte first?
    """
    held = Bitfield(subject.layout.piece_count)
    held.add_each(sorted(world.sure))
    right = held.to_bytes()
    return entry.bits != right and mirrored(entry.bits) == right


# Frames.


@rule("W-FR-6", "one of the eight types, with the length of its own")
def _lengths(subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if entry.is_ours or not view.has_greeted:
        return None
    if entry.kind is Kind.ODD:
        return False
    if entry.kind is not Kind.MESSAGE or entry.type is None:
        return None
    # These have clauses of their own.
    if entry.type == MessageType.BITFIELD or PADDED_LAST_PIECE in entry.note:
        return None
    if (
        entry.type == MessageType.PIECE
        and entry.index is not None
        and not subject.layout.is_valid(entry.index)
    ):
        return None
    return own_lengths(subject.layout, entry.type, entry.index) == entry.length


# Choking.


@rule("W-CH-1", "no piece before the first unchoke")
def _choked(_subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE) or view.was_unchoked:
        return None
    return False if view.asked else None


@rule("W-CH-2", "an unchoke for who is interested only")
def _unchokes(subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.UNCHOKE):
        return None
    if entry.seconds - view.lost_interest_at < subject.patience.grace:
        return None
    return view.am_interested


@rule("W-CH-5", "no piece after a choke, until the next unchoke")
def _after(_subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE) or not view.was_unchoked:
        return None
    return False if view.peer_choking and entry.index in view.asked else None


# Requests.


@rule("W-RQ-1", "a request for a piece that we told of")
def _told(_subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.REQUEST):
        return None
    return entry.index in view.our_bits


@rule("W-RQ-2", "no request while we choke it")
def _allowed(subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.REQUEST):
        return None
    if not view.am_choking:
        return True
    is_crossing = entry.seconds - view.am_choking_since < subject.patience.grace
    return None if is_crossing and view.am_choking_since else False


@rule("W-RQ-3", "one request at a time")
def _one(subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.REQUEST) or view.am_choking:
        return None
    # Who got nothing for long may ask again.
    is_late = entry.seconds - view.requested_at > subject.patience.answer
    return None if is_late and view.requests else not view.requests


@rule("W-RQ-4", "no request for a piece that it said it has")
def _needed(_subject: Subject, world: World, _view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.REQUEST):
        return None
    return entry.index not in world.sure


# Pieces.


@rule("W-PC-1", "the bytes of that piece")
def _right(subject: Subject, world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE) or entry.index not in view.asked:
        return None
    if not subject.layout.is_valid(entry.index):
        return None
    if subject.is_alone and entry.index not in world.maybe:
        return None
    return None if PADDED_LAST_PIECE in entry.note else entry.is_right


@rule("W-PC-2", "what is left of the file, not padded")
def _last(subject: Subject, _world: World, _view: View, entry: Entry) -> bool | None:
    layout = subject.layout
    is_last = entry.index == layout.piece_count - 1
    if not entry.is_theirs(MessageType.PIECE) or not is_last or not layout.short_sizes:
        return None
    return PADDED_LAST_PIECE not in entry.note


@rule("W-PC-3", "no piece behind the last")
def _exists(subject: Subject, _world: World, _view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE) or entry.index is None:
        return None
    return None if subject.layout.is_valid(entry.index) else False


@rule("W-PC-4", "no piece that it cannot have")
def _had(subject: Subject, world: World, _view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE) or entry.index is None:
        return None
    if not subject.is_alone or not subject.layout.is_valid(entry.index):
        return None
    return None if entry.index in world.maybe else False


@rule("W-PC-5", "only pieces that were asked for")
def _asked(_subject: Subject, _world: World, view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.PIECE):
        return None
    return entry.index in view.asked


@rule("W-HV-3", "haves of pieces that it was given only")
def _given(subject: Subject, world: World, _view: View, entry: Entry) -> bool | None:
    if not entry.is_theirs(MessageType.HAVE) or not subject.is_alone:
        return None
    return entry.index in world.maybe
