"""
What is asked of a peer, clause by clause; C{docs/wire.md} has the same list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Level(StrEnum):
    """
    How much a clause counts.

    @cvar MUST: whoever does otherwise does not follow the protocol, or does not live
        with those who do.
    @cvar MAY: both is right; it is told all the same, and never fails a check.
    """

    MUST = "must"
    MAY = "may"


@dataclass(frozen=True, slots=True)
class Clause:
    """
    One thing that a peer does, or leaves.

    @ivar id: short, and never given to another clause.
    @ivar text: what the peer does.
    """

    id: str
    level: Level
    text: str


def _must(clause_id: str, text: str) -> Clause:
    return Clause(clause_id, Level.MUST, text)


def _may(clause_id: str, text: str) -> Clause:
    return Clause(clause_id, Level.MAY, text)


_ALL = (
    _must("W-HS-1", "its handshake is the header, ten zero bytes and its own id"),
    _must("W-HS-2", "who calls sends the handshake at once, without hearing one"),
    _may("W-HS-3", "who is called sends the handshake at once, too"),
    _must("W-HS-4", "closes on a handshake with another header"),
    _may("W-HS-5", "closes on a handshake whose ten bytes are not zero"),
    _must("W-HS-6", "closes on an id that is no member's"),
    _must("W-HS-7", "closes when another id answers than the one that was called"),
    _must("W-HS-8", "half a handshake keeps nobody else waiting"),
    _may("W-HS-9", "closes on half a handshake after a while"),
    _must("W-BF-1", "a bitfield is its first message or never comes"),
    _must("W-BF-2", "a bitfield has exactly the bytes that the pieces take"),
    _must("W-BF-3", "the spare bits of a bitfield are zero"),
    _must("W-BF-4", "a bitfield tells what it holds, piece 0 in the highest bit"),
    _may("W-BF-5", "sends a bitfield even when it holds nothing"),
    _must("W-BF-6", "takes a neighbour without a bitfield for one that holds nothing"),
    _may("W-BF-7", "closes on a bitfield of another length or with spare bits set"),
    _may("W-BF-8", "closes on a second bitfield"),
    _must("W-FR-1", "reads a handshake and messages that come byte by byte"),
    _must("W-FR-2", "reads several messages that come at once"),
    _must("W-FR-3", "skips a message of an unknown type by its length"),
    _must("W-FR-4", "closes on a length that no message can have"),
    _may("W-FR-5", "closes on a known type with a length that is not its own"),
    _must("W-FR-6", "sends the eight types only, each with its own length"),
    _must("W-IN-1", "answers a bitfield: interested if it lacks something of it"),
    _must("W-IN-2", "is interested after a have of a piece that it lacks"),
    _must("W-IN-3", "is not interested any more once nothing is left for it"),
    _must("W-IN-4", "takes an interested, a not interested or a have twice"),
    _must("W-CH-1", "chokes at the start: it serves nobody that it did not unchoke"),
    _must("W-CH-2", "unchokes only who is interested"),
    _must("W-CH-3", "unchokes who is interested alone within an interval"),
    _must("W-CH-4", "unchokes no more at once than the preferred and one"),
    _must("W-CH-5", "sends no piece after a choke"),
    _must("W-RQ-1", "asks only for pieces that the neighbour told of"),
    _must("W-RQ-2", "asks nothing of a neighbour that chokes it"),
    _must("W-RQ-3", "waits for one piece of a neighbour before it asks for the next"),
    _must("W-RQ-4", "asks for no piece that it holds"),
    _must("W-RQ-5", "asks for a piece that it lacks once it is unchoked"),
    _must("W-RQ-6", "asks anew for a piece that a choke kept from coming"),
    _must("W-RQ-7", "takes or drops a piece that comes after a choke, and goes on"),
    _must("W-PC-1", "answers a request with that piece, byte for byte"),
    _must("W-PC-2", "the last piece is as long as the rest of the file"),
    _must("W-PC-3", "a request for no piece of the file gets none, and does no harm"),
    _must("W-PC-4", "a request for a piece that it lacks gets none, and does no harm"),
    _must("W-PC-5", "sends no piece that was not asked for"),
    _must("W-HV-1", "tells its other neighbours of each piece that it got"),
    _must("W-HV-2", "tells the sender of a piece, too"),
    _must("W-HV-3", "tells of no piece that it did not get"),
    _may("W-HV-4", "closes on a have of no piece of the file"),
    _must("W-CN-1", "outlives a reset in the middle of a piece, and asks for it again"),
    _must("W-CN-2", "takes a neighbour back that connects again"),
    _must("W-CN-3", "what one connection does wrong costs no other one"),
    _must("W-EN-1", "does not end before all peers of the list are complete"),
    _must("W-EN-2", "ends once all peers of the list are complete"),
)

CLAUSES: Mapping[str, Clause] = MappingProxyType({each.id: each for each in _ALL})
"""
All of them by id, in the order in which they are told.
"""
