"""
Peers that break one clause each, made of a real one and of what stands before it.
"""

from collections.abc import Iterable, Mapping
from struct import pack

from swarmpeer.conformance.families import mirrored
from swarmpeer.test.conformance_swarm import (
    LAYOUT,
    PIECE_SIZE,
    Deviant,
    Line,
    Source,
)
from swarmpeer.wire.handshake import HEADER

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE = range(8)
COUNT = LAYOUT.piece_count
LAST = COUNT - 1


def frame(kind: int, payload: bytes = b"") -> bytes:
    """
    A message.
    """
    return pack(">IB", 1 + len(payload), kind) + payload


def indexed(kind: int, index: int, data: bytes = b"") -> bytes:
    """
    A message with an index.
    """
    return frame(kind, pack(">I", index) + data)


def true_piece(index: int) -> bytes:
    """
    The message with a piece.
    """
    return indexed(PIECE, index, Source().piece(index))


def kind_of(data: bytes) -> int:
    """
    The type of a message; below zero if it is none.
    """
    return -1 if data.startswith(b"P2P") or len(data) < 5 else data[4]


def index_of(data: bytes) -> int:
    """
    The index of a message that has one.
    """
    return int.from_bytes(data[5:9], "big")


def id_in(data: bytes) -> int:
    """
    The id in a handshake.
    """
    return int.from_bytes(data[28:32], "big")


def is_handshake(data: bytes) -> bool:
    """
    Is it one, right or not?
    """
    return data[: len(HEADER)].upper() == HEADER


class Deaf(Deviant):
    """
    Does not hear what it should close on.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        Is it what is not heard?
        """
        raise NotImplementedError

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing of that.
        """
        return [] if self.is_missed(line, data) else [data]


class TextZeros(Deviant):
    """
    Writes text zeros for zero bytes.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        The other zeros.
        """
        return [data[:18] + b"0" * 10 + data[28:] if is_handshake(data) else data]


class WaitingCaller(Deviant):
    """
    Greets only who greeted it, where it calls.
    """

    waits_outbound = True

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Not yet.
        """
        if is_handshake(data) and line.is_outbound is self.waits_outbound:
            self.kept = data
            return []
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Now.
        """
        if is_handshake(data) and line.is_outbound is self.waits_outbound:
            line.tell(self.kept)
        return [data]


class WaitingCalled(WaitingCaller):
    """
    The same, where it is called.
    """

    waits_outbound = False


class AnyHeader(Deaf):
    """
    Closes on no header.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Another header.
        """
        return is_handshake(data) and not data.startswith(HEADER)


class AnyZeros(Deaf):
    """
    Closes on no ten bytes.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Other bytes.
        """
        return is_handshake(data) and data[18:28] != bytes(10)


class AnyId(Deaf):
    """
    Closes on no id.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        That of nobody.
        """
        return is_handshake(data) and id_in(data) > 2000


class AnyAnswer(Deaf):
    """
    Does not mind who answers.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        Somebody else.
        """
        return is_handshake(data) and line.is_outbound and id_in(data) != 1001


class Blocked(Deviant):
    """
    While it reads a handshake it hears nobody else; once.
    """

    was_blocked = False

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing, the first time.
        """
        if not self.was_blocked and is_handshake(data):
            halves = (each for each in self.lines if each is not line)
            self.was_blocked = any(
                each.into.rest and not each.into.is_open for each in halves
            )
            line.state["is_blocked"] = self.was_blocked
        return [] if line.state.get("is_blocked") else [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing while blocked.
        """
        halves = [each for each in self.lines if each is not line]
        is_half = any(each.into.rest and not each.into.is_open for each in halves)
        return [] if is_half and not self.was_blocked else [data]


class Patient(Deviant):
    """
    Waits for the other half of a handshake as long as it takes.
    """

    def leaves(self, line: Line) -> bool:
        """
        Not while it waits.
        """
        return line.into.is_open or not line.into.rest


class LateBitfield(Deviant):
    """
    Says something before its bitfield.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Something else first.
        """
        if kind_of(data) == BITFIELD:
            return [frame(CHOKE), data]
        return [data]


class BitfieldChanged(Deviant):
    """
    Sends another bitfield than the right one.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        The other one.
        """
        raise NotImplementedError

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        That one.
        """
        if kind_of(data) != BITFIELD:
            return [data]
        return [frame(BITFIELD, self.changed(data[5:]))]


class LongBitfield(BitfieldChanged):
    """
    A byte too many.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        One more.
        """
        return bits + b"\0"


class SpareBits(BitfieldChanged):
    """
    Spare bits are set.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        One of them.
        """
        return bits[:-1] + bytes([bits[-1] | 1])


class LowBitFirst(BitfieldChanged):
    """
    The lowest bit is the first.
    """

    def changed(self, bits: bytes) -> bytes:
        """
        The other way round.
        """
        return mirrored(bits)


class NoEmptyBitfield(Deviant):
    """
    Leaves out a bitfield of zeros.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        All but that.
        """
        return [] if kind_of(data) == BITFIELD and not any(data[5:]) else [data]


class NeedsBitfield(Deviant):
    """
    Closes on who sends no bitfield.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close if it is the first message, and none.
        """
        kind = kind_of(data)
        if kind >= 0 and not line.state.setdefault("messages", 0) and kind == HAVE:
            line.drop()
            return []
        line.state["messages"] = line.state.get("messages", 0) + (kind >= 0)
        return [data]


class AnyBitfield(Deaf):
    """
    Closes on no bitfield, whatever its bits and its length.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        A wrong one.
        """
        if kind_of(data) != BITFIELD:
            return False
        return len(data) != 5 + LAYOUT.bitfield_size_bytes or bool(data[-1] & 0x3F)


class SecondBitfield(Deaf):
    """
    Closes on no second bitfield.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        The second.
        """
        if kind_of(data) != BITFIELD:
            return False
        line.state["bitfields"] = line.state.get("bitfields", 0) + 1
        return line.state["bitfields"] > 1


class WholeReads(Deviant):
    """
    Takes the first bytes that it reads for the whole handshake.
    """

    def gets(self, line: Line, data: bytes) -> bytes:
        """
        Close if there are fewer.
        """
        if not line.into.is_open and len(data) < 32:
            line.link.loseConnection()
            return b""
        return data


class OneARead(Deviant):
    """
    Loses what it reads together with a 'not interested'.
    """

    def gets(self, line: Line, data: bytes) -> bytes:  # noqa: ARG002
        """
        That only.
        """
        first = frame(NOT_INTERESTED)
        is_more = data.startswith(first + frame(INTERESTED)) and len(data) > 10
        return data[:10] if is_more else data


class EightTypes(Deviant):
    """
    Closes on any other type.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on it.
        """
        if kind_of(data) == 42:
            line.drop()
            return []
        return [data]


class AnyLength(Deaf):
    """
    Goes on after a length that cannot be.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        None, or 4 GiB.
        """
        return data[:4] in (bytes(4), b"\xff" * 4)


class LongChoke(Deaf):
    """
    Takes a choke of any length.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        The long one.
        """
        return kind_of(data) == CHOKE and len(data) > 5


class NinthType(Deviant):
    """
    Says 'done' in a way of its own.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind the bitfield.
        """
        return [data, frame(8)] if kind_of(data) == BITFIELD else [data]


class SilentOnBitfields(Deviant):
    """
    Does not say that it is not interested in a bitfield.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Not as its first word.
        """
        is_first = not line.state.setdefault("interest", 0)
        if kind_of(data) in (INTERESTED, NOT_INTERESTED):
            line.state["interest"] = 1
        return [] if is_first and kind_of(data) == NOT_INTERESTED else [data]


class NoInterestInHaves(Deviant):
    """
    Is not interested after a have, if there was no bitfield.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember a bitfield.
        """
        if kind_of(data) == BITFIELD:
            line.state["has_bitfield"] = 1
        return [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Say nothing without.
        """
        is_dull = not line.state.get("has_bitfield")
        return [] if kind_of(data) == INTERESTED and is_dull else [data]


class ForeverInterested(Deviant):
    """
    Goes on to be interested.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Once it was.
        """
        if kind_of(data) == INTERESTED:
            line.state["was_interested"] = 1
        is_end = kind_of(data) == NOT_INTERESTED and line.state.get("was_interested")
        return [] if is_end else [data]


class OnceInterested(Deviant):
    """
    Closes on who is interested twice.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on the second.
        """
        kind = kind_of(data)
        if kind == INTERESTED:
            if line.state.get("interested"):
                line.drop()
                return []
            line.state["interested"] = 1
        elif kind == NOT_INTERESTED:
            line.state["interested"] = 0
        return [data]


class ServesChoked(Deviant):
    """
    Serves who asks, choked or not: before the first unchoke.
    """

    states: tuple[int | None, ...] = (None,)

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember what it told.
        """
        if kind_of(data) in (CHOKE, UNCHOKE):
            line.state["choke"] = kind_of(data)
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Serve.
        """
        if kind_of(data) == REQUEST and line.state.get("choke") in self.states:
            line.tell(true_piece(index_of(data)))
            return []
        return [data]


class ServesAfterChoke(ServesChoked):
    """
    The same after a choke.
    """

    states = (CHOKE,)


class UnchokesIdle(Deviant):
    """
    Unchokes who never was interested.
    """

    is_done = False

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Who sends the first bitfield.
        """
        if kind_of(data) == BITFIELD and not self.is_done:
            self.is_done = True
            line.tell(frame(UNCHOKE) + frame(CHOKE))
        return [data]


class SlowUnchoke(Deviant):
    """
    Unchokes some seconds too late; once.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Later.
        """
        if kind_of(data) == UNCHOKE and not self.is_done:
            self.is_done = True
            self.later(2.5, line.tell, data)
            return []
        return [data]


class UnchokesAll(Deviant):
    """
    Unchokes all three that are interested.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Once there are so many.
        """
        if kind_of(data) in (INTERESTED, NOT_INTERESTED):
            line.state["wants"] = kind_of(data) == INTERESTED
            waiting = [each for each in self.lines if each.state.get("wants")]
            if len(waiting) == 3:
                for each in waiting:
                    each.tell(frame(UNCHOKE))
        return [data]


class AsksUntold(Deviant):
    """
    Asks for a piece that nobody told of, and then for the right one.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once.
        """
        if kind_of(data) == REQUEST and not self.is_done:
            self.is_done = True
            return [indexed(REQUEST, 4), data]
        return [data]


class AsksChoked(Deviant):
    """
    Asks as soon as it is interested.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once.
        """
        if kind_of(data) == INTERESTED and not self.is_done:
            self.is_done = True
            return [data, indexed(REQUEST, LAST)]
        return [data]


class AsksTwice(Deviant):
    """
    Asks for the next piece before the first has come.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Once, for the same.
        """
        if kind_of(data) == REQUEST and not self.is_done:
            self.is_done = True
            return [data, data]
        return [data]


class AsksForHeld(Deviant):
    """
    Asks again for a piece that it told of.
    """

    asked: int | None = None

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        The first, to who gave it.
        """
        is_giver = line.state.get("gave") == 1
        if kind_of(data) == HAVE and self.asked is None and is_giver:
            self.asked = index_of(data)
            return [data, indexed(REQUEST, self.asked)]
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        It needs it once.
        """
        if kind_of(data) == PIECE:
            line.state["gave"] = 1
            if index_of(data) == self.asked:
                return []
        return [data]


class NeverAsks(Deviant):
    """
    Asks nothing of the first neighbour.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        That it calls.
        """
        return [] if kind_of(data) == REQUEST and line.is_outbound else [data]


class LosesRequests(Deviant):
    """
    Waits for ever for a piece that met a choke.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember what it waits for.
        """
        if kind_of(data) == REQUEST:
            line.state["waits"] = 1
        return [data]

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        No choke, and no unchoke, meanwhile.
        """
        kind = kind_of(data)
        if kind == PIECE:
            line.state["waits"] = 0
        is_missed = kind in (CHOKE, UNCHOKE) and line.state.get("waits")
        return [] if is_missed else [data]


class NoLatePieces(Deviant):
    """
    Closes on a piece that comes after a choke.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close on it.
        """
        kind = kind_of(data)
        if kind in (CHOKE, UNCHOKE):
            line.state["choke"] = kind
        if kind == PIECE and line.state.get("choke") == CHOKE:
            line.drop()
            return []
        return [data]


class WrongBytes(Deviant):
    """
    Serves pieces with a wrong byte.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        The last one of all but the last piece.
        """
        if kind_of(data) == PIECE:
            return [data[:-1] + bytes([data[-1] ^ 1])]
        return [data]


class PadsLast(Deviant):
    """
    Pads the last piece.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        To the size of the others.
        """
        if kind_of(data) == PIECE and index_of(data) == LAST:
            return [indexed(PIECE, LAST, data[9:].ljust(PIECE_SIZE, b"\0"))]
        return [data]


class ServesBehind(Deviant):
    """
    Serves a piece behind the last.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Of zeros.
        """
        if kind_of(data) == REQUEST and index_of(data) == COUNT:
            line.tell(indexed(PIECE, COUNT, bytes(PIECE_SIZE)))
        return [data]


class ServesLacking(Deviant):
    """
    Serves pieces that it lacks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: set[int] = set()

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Of zeros.
        """
        kind = kind_of(data)
        if kind == PIECE:
            self.held.add(index_of(data))
        if kind == REQUEST and index_of(data) not in {*self.held, COUNT}:
            line.tell(indexed(PIECE, index_of(data), bytes(PIECE_SIZE)))
        return [data]


class Gives(Deviant):
    """
    Sends a piece that nobody asked for.
    """

    is_done = False

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind the first unchoke.
        """
        if kind_of(data) == UNCHOKE and not self.is_done:
            self.is_done = True
            return [data, true_piece(LAST)]
        return [data]


class SilentToOthers(Deviant):
    """
    Tells of a piece only who gave it.
    """

    tells_giver = True

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Remember who gave what.
        """
        if kind_of(data) == PIECE:
            line.state[f"gave {index_of(data)}"] = 1
        return [data]

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        To some only; several haves may be in one write.
        """
        if kind_of(data) != HAVE:
            return [data]
        is_giver = f"gave {index_of(data)}" in line.state
        return [data] if is_giver is self.tells_giver else []


class SilentToGiver(SilentToOthers):
    """
    Tells all but who gave it.
    """

    tells_giver = False


class TellsLacking(Deviant):
    """
    Tells of a piece that it lacks.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Behind an empty bitfield.
        """
        if kind_of(data) == BITFIELD and not any(data[5:]):
            return [data, indexed(HAVE, 5)]
        return [data]


class AnyHave(Deaf):
    """
    Closes on no have.
    """

    def is_missed(self, line: Line, data: bytes) -> bool:  # noqa: ARG002
        """
        Of no piece.
        """
        return kind_of(data) == HAVE and index_of(data) >= COUNT


class DiesOfReset(Deviant):
    """
    Crashes when a connection breaks off in a piece.
    """

    def lost(self, line: Line) -> None:
        """
        Half a message is there.
        """
        if line.into.is_open and line.into.rest:
            self.die()


class NoWayBack(Deviant):
    """
    Takes nobody back whose connection was reset.
    """

    reset_id = 0

    def lost(self, line: Line) -> None:
        """
        Half a message is there.
        """
        if line.into.is_open and line.into.rest:
            self.reset_id = line.state.get("id", 0)

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Close, the next time.
        """
        if is_handshake(data):
            line.state["id"] = id_in(data)
            if id_in(data) == self.reset_id:
                self.reset_id = 0
                line.drop()
                return []
        return [data]


class DiesOfHeader(Deviant):
    """
    Crashes at a wrong header.
    """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        There it is.
        """
        if is_handshake(data) and not data.startswith(HEADER):
            self.die()
            return []
        return [data]


class EndsEarly(Deviant):
    """
    Ends when it is complete itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: set[int] = set()

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Soon after the last have.
        """
        if kind_of(data) == HAVE and len(self.held) < COUNT:
            self.held.add(index_of(data))
            if len(self.held) == COUNT:
                self.later(0.5, self.die)
        return [data]


class NeverEnds(Deviant):
    """
    Goes on for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends = False


DEVIANTS: Mapping[str, type[Deviant]] = {
    "W-HS-1": TextZeros,
    "W-HS-2": WaitingCaller,
    "W-HS-3": WaitingCalled,
    "W-HS-4": AnyHeader,
    "W-HS-5": AnyZeros,
    "W-HS-6": AnyId,
    "W-HS-7": AnyAnswer,
    "W-HS-8": Blocked,
    "W-HS-9": Patient,
    "W-BF-1": LateBitfield,
    "W-BF-2": LongBitfield,
    "W-BF-3": SpareBits,
    "W-BF-4": LowBitFirst,
    "W-BF-5": NoEmptyBitfield,
    "W-BF-6": NeedsBitfield,
    "W-BF-7": AnyBitfield,
    "W-BF-8": SecondBitfield,
    "W-FR-1": WholeReads,
    "W-FR-2": OneARead,
    "W-FR-3": EightTypes,
    "W-FR-4": AnyLength,
    "W-FR-5": LongChoke,
    "W-FR-6": NinthType,
    "W-IN-1": SilentOnBitfields,
    "W-IN-2": NoInterestInHaves,
    "W-IN-3": ForeverInterested,
    "W-IN-4": OnceInterested,
    "W-CH-1": ServesChoked,
    "W-CH-2": UnchokesIdle,
    "W-CH-3": SlowUnchoke,
    "W-CH-4": UnchokesAll,
    "W-CH-5": ServesAfterChoke,
    "W-RQ-1": AsksUntold,
    "W-RQ-2": AsksChoked,
    "W-RQ-3": AsksTwice,
    "W-RQ-4": AsksForHeld,
    "W-RQ-5": NeverAsks,
    "W-RQ-6": LosesRequests,
    "W-RQ-7": NoLatePieces,
    "W-PC-1": WrongBytes,
    "W-PC-2": PadsLast,
    "W-PC-3": ServesBehind,
    "W-PC-4": ServesLacking,
    "W-PC-5": Gives,
    "W-HV-1": SilentToOthers,
    "W-HV-2": SilentToGiver,
    "W-HV-3": TellsLacking,
    "W-HV-4": AnyHave,
    "W-CN-1": DiesOfReset,
    "W-CN-2": NoWayBack,
    "W-CN-3": DiesOfHeader,
    "W-EN-1": EndsEarly,
    "W-EN-2": NeverEnds,
}
"""
By the clause that each breaks.
"""
