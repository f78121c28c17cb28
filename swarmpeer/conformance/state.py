"""
What follows from what was said and heard: how things stand on one connection, and
in the swarm as far as we know it.
"""

from swarmpeer.conformance.entries import Entry, Kind
from swarmpeer.wire.messages import MessageType


class View:
    """
    How things stand on one connection.

    @ivar is_open: nobody closed it.
    @ivar has_greeted: their handshake is in.
    @ivar was_greeted: ours is out.
    @ivar is_spoiled: we said what must not be said; from then on nothing is judged.
    @ivar heard: how many messages came.
    @ivar our_bits: the pieces that we told of.
    @ivar their_bits: those that they told of.
    @ivar am_choking: do we choke them?
    @ivar am_choking_since: since when.
    @ivar am_interested: did we say so?
    @ivar lost_interest_at: when we took it back.
    @ivar peer_choking: do they choke us?
    @ivar peer_interested: what they said last.
    @ivar chokes: how often they choked us after an unchoke.
    @ivar requests: what they asked for and did not get, oldest first.
    @ivar requested_at: when the last of them came.
    @ivar asked: what we asked for, and did not get.
    @ivar pieces: how many pieces came.
    """

    def __init__(self, player: int) -> None:
        self.player = player
        self.is_open = True
        self.has_greeted = False
        self.was_greeted = False
        self.is_spoiled = False
        self.heard = 0
        self.our_bits: set[int] = set()
        self.their_bits: set[int] = set()
        self.am_choking = True
        self.am_choking_since = 0.0
        self.am_interested = False
        self.lost_interest_at = float("-inf")
        self.peer_choking = True
        self.peer_interested: bool | None = None
        self.was_unchoked = False
        self.chokes = 0
        self.requests: list[int] = []
        self.requested_at = 0.0
        self.asked: list[int] = []
        self.pieces = 0

    @property
    def is_neighbor(self) -> bool:
        """
        Is it a conversation, between two that know each other?
        """
        return (
            self.is_open
            and self.has_greeted
            and self.was_greeted
            and not self.is_spoiled
        )

    def learn(self, entry: Entry) -> None:
        """
        It happened.
        """
        match entry.kind:
            case Kind.HANDSHAKE if entry.is_ours:
                self.was_greeted = True
            case Kind.HANDSHAKE:
                self.has_greeted = True
            case Kind.ODD:
                self.is_spoiled = True
            case Kind.CLOSED | Kind.RESET:
                self.is_open = False
            case Kind.MESSAGE if entry.is_ours:
                self._learn_ours(entry)
            case Kind.MESSAGE:
                self.heard += 1
                self._learn_theirs(entry)

    def _learn_ours(self, entry: Entry) -> None:
        match entry.type:
            case MessageType.CHOKE:
                self.am_choking, self.am_choking_since = True, entry.seconds
                self.requests.clear()
            case MessageType.UNCHOKE:
                self.am_choking = False
            case MessageType.INTERESTED:
                self.am_interested = True
            case MessageType.NOT_INTERESTED:
                if self.am_interested:
                    self.lost_interest_at = entry.seconds
                self.am_interested = False
            case MessageType.HAVE if entry.index is not None:
                self.our_bits.add(entry.index)
            case MessageType.BITFIELD:
                self.our_bits |= indexes_of(entry.bits)
            case MessageType.REQUEST if entry.index is not None:
                self.asked.append(entry.index)
            case MessageType.PIECE if entry.index in self.requests:
                self.requests = [each for each in self.requests if each != entry.index]

    def _learn_theirs(self, entry: Entry) -> None:
        match entry.type:
            case MessageType.CHOKE:
                self.chokes += not self.peer_choking
                self.peer_choking = True
            case MessageType.UNCHOKE:
                self.peer_choking, self.was_unchoked = False, True
            case MessageType.INTERESTED:
                self.peer_interested = True
            case MessageType.NOT_INTERESTED:
                self.peer_interested = False
            case MessageType.HAVE if entry.index is not None:
                self.their_bits.add(entry.index)
            case MessageType.BITFIELD:
                self.their_bits |= indexes_of(entry.bits)
            case MessageType.REQUEST if entry.index is not None:
                # One that was under way when we choked them counts for nothing, and
                # what we never told of is not ours to give.
                if not self.am_choking and entry.index in self.our_bits:
                    self.requests.append(entry.index)
                    self.requested_at = entry.seconds
            case MessageType.PIECE:
                self.pieces += 1
                if entry.index in self.asked:
                    self.asked.remove(entry.index)


class World:
    """
    All connections, and what the peer under test must hold by what it was given.

    @ivar views: by the number of the connection.
    @ivar sure: the pieces that it holds: from the start, or given and told of since.
    @ivar maybe: those, and what it was given and did not tell of.
    """

    def __init__(self, held: range) -> None:
        """
        @param held: what it holds from the start.
        """
        self.views: dict[int, View] = {}
        self.sure = set(held)
        self.maybe = set(held)

    def view(self, entry: Entry) -> View:
        """
        The connection that it is about.
        """
        if entry.talk not in self.views:
            self.views[entry.talk] = View(entry.player)
        return self.views[entry.talk]

    def learn(self, entry: Entry) -> None:
        """
        It happened.
        """
        self.view(entry).learn(entry)
        if entry.index is None:
            return
        if entry.is_ours and entry.type == MessageType.PIECE:
            self.maybe.add(entry.index)
        elif entry.is_theirs(MessageType.HAVE) and entry.index in self.maybe:
            self.sure.add(entry.index)

    @property
    def unchoked(self) -> int:
        """
        How many of our connections they do not choke.
        """
        return sum(v.is_open and not v.peer_choking for v in self.views.values())

    @property
    def waiting(self) -> int:
        """
        On how many we are interested.
        """
        return sum(v.is_open and v.am_interested for v in self.views.values())


def indexes_of(bits: bytes) -> set[int]:
    """
    The pieces of a bitfield.
    """
    return {
        8 * place + bit
        for place, byte in enumerate(bits)
        if byte
        for bit in range(8)
        if byte & 0x80 >> bit
    }
