"""
Which of the known families of slips were seen, each once.
"""

from collections.abc import Sequence

from swarmpeer.conformance.entries import Entry, Kind
from swarmpeer.conformance.families import LOW_BIT_FIRST
from swarmpeer.conformance.rules import is_mirrored
from swarmpeer.conformance.state import World
from swarmpeer.conformance.subject import Subject
from swarmpeer.wire.messages import MessageType

REPEATED_CHOKE = "choke or unchoke is said again without a change (harmless)"
REPEATED_INTEREST = "interest is said again without a change (harmless)"


def known_slips(subject: Subject, record: Sequence[Entry]) -> dict[str, Entry]:
    """
    What has a name of all that the peer did, with the first happening that shows it.
    """
    world = World(subject.held)
    found: dict[str, Entry] = {}
    for entry in record:
        if not entry.is_ours:
            for name in _names(subject, world, entry):
                found.setdefault(name, entry)
        world.learn(entry)
    return found


def _names(subject: Subject, world: World, entry: Entry) -> list[str]:
    view = world.view(entry)
    if entry.kind in (Kind.HANDSHAKE, Kind.ODD) and entry.note:
        return entry.note.split("; ")
    match entry.type:
        case MessageType.BITFIELD if is_mirrored(subject, world, entry):
            return [LOW_BIT_FIRST]
        case MessageType.CHOKE if view.peer_choking:
            return [REPEATED_CHOKE]
        case MessageType.UNCHOKE if not view.peer_choking:
            return [REPEATED_CHOKE]
        case MessageType.INTERESTED if view.peer_interested:
            return [REPEATED_INTEREST]
        case MessageType.NOT_INTERESTED if view.peer_interested is False:
            return [REPEATED_INTEREST]
    return entry.note.split("; ") if entry.note else []
