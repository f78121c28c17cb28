"""
What all hostile peers have in common: listening, calling, and some manners.

Without a role it is a peer that has nothing, wants everything and does no
harm.  It keeps going until it is stopped, and bounds its own work: a call that
ended is repeated after a wait, longer the more peers there are to call.
"""

from collections import Counter

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocol
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from swarmpeer.config import PeerInfo
from swarmpeer.errors import ViolationReason
from swarmpeer.testing.hostile.context import HostileContext
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.testing.hostile.timers import Timers
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.messages import BitfieldMessage, InterestedMessage, MessageType

RETRY_SECONDS = 0.5
"""
The shortest wait after a call that nobody answered; up to half as much again by
chance.
"""
REDIAL_SECONDS = 2.0
"""
The same after a conversation.
"""
CALLS_PER_SECOND = 5.0
"""
How often all peers together are called again at most, about.
"""
_INDEX_HEAD = 5


class HostilePeer:
    """
    A peer that plays a role.  Roles override the C{met}, C{opened} and
    C{heard_*} that they need.

    @ivar did: how many times it did what its role is about.
    @ivar offences: how many of those must close the conversation, by the code
        that it is to be closed with; the others must be borne.
    @ivar conversations: those that stand, in the order in which they began.
    """

    _log = Logger()

    def __init__(self, context: HostileContext) -> None:
        """
        Nothing is done before C{start}.
        """
        self.did = 0
        self.offences: Counter[ViolationReason] = Counter()
        self.conversations: list[HostileConversation] = []
        self._context = context
        self._rng = context.rng
        self._layout = context.layout
        self._codec = MessageCodec(self._layout)
        self._timers = Timers(context.clock)
        self._calls: list[Deferred[IProtocol]] = []
        self._listening: Deferred[None] | None = None
        self._port: IListeningPort | None = None
        self._is_running = False

    def start(self) -> None:
        """
        Listen and call.
        """
        self._is_running = True
        port = self._context.listen.listen(_Entrance(self, None))
        self._listening = port.addCallbacks(self._listens, self._is_deaf)
        self.begin()

    def stop(self) -> None:
        """
        Cut all connections; no timer is left, and nothing is done any more.
        """
        self._is_running = False
        self._timers.cancel()
        calls, self._calls = self._calls, []
        for call in calls:
            call.cancel()
        if self._listening is not None:
            self._listening.cancel()
        if self._port is not None:
            self._port.stopListening()
            self._port = None
        talks, self.conversations = self.conversations, []
        for talk in talks:
            talk.vanish()

    # What a role may do otherwise.

    @property
    def targets(self) -> tuple[PeerInfo, ...]:
        """
        Whom it calls all the time: those that an honest peer would call.
        """
        return self._context.earlier

    def begin(self) -> None:
        """
        It listens; call everybody.
        """
        for target in self.targets:
            self.call(target)

    def call_ended(self, target: PeerInfo, least_wait_seconds: float) -> None:
        """
        A call failed, or its conversation is over: call again after a while.
        """
        least = max(least_wait_seconds, len(self.targets) / CALLS_PER_SECOND)
        wait = self._rng.uniform(least, 1.5 * least)
        self._timers.after(wait, self.call, target)

    def met(self, talk: HostileConversation) -> None:
        """
        The connection stands.
        """
        self.greet(talk, self._context.peer_id)

    def opened(self, talk: HostileConversation) -> None:
        """
        Their handshake is in.
        """
        talk.tell(BitfieldMessage(Bitfield(self._layout.piece_count)))
        talk.tell(InterestedMessage())

    def greet(self, talk: HostileConversation, peer_id: int) -> None:
        """
        Say that we are C{peer_id}.
        """
        talk.greet(self._context.handshake(peer_id))

    def heard_interested(self, talk: HostileConversation) -> None:
        """
        They want something.
        """

    def heard_request(self, talk: HostileConversation, index: int) -> None:
        """
        They ask for a piece that exists.
        """

    # What the roles use.

    def offend(self, reason: ViolationReason) -> None:
        """
        Count what comes now, which no honest peer may bear.
        """
        self.did += 1
        self.offences[reason] += 1

    def call(self, target: PeerInfo) -> None:
        """
        Call somebody once.
        """
        made = self._context.dial(target).connect(_Entrance(self, target))
        self._calls.append(made)

        def answered(result: IProtocol | Failure) -> None:
            if made in self._calls:
                self._calls.remove(made)
                if isinstance(result, Failure):
                    self.call_ended(target, RETRY_SECONDS)

        made.addBoth(answered)

    # L{swarmpeer.testing.hostile.conversation.ConversationWatcher}.

    def began(self, talk: HostileConversation) -> None:
        """
        The connection stands.
        """
        self.conversations.append(talk)
        self.met(talk)

    def heard(self, talk: HostileConversation, head: bytes) -> None:
        """
        A message is in: the roles care for two of the eight.
        """
        if head[0] == MessageType.INTERESTED:
            self.heard_interested(talk)
        elif head[0] == MessageType.REQUEST and len(head) == _INDEX_HEAD:
            index = int.from_bytes(head[1:], "big")
            if self._layout.is_valid(index):
                self.heard_request(talk, index)

    def ended(self, talk: HostileConversation) -> None:
        """
        The connection is closed.
        """
        if talk in self.conversations:
            self.conversations.remove(talk)
            if talk.target is not None:
                self.call_ended(talk.target, REDIAL_SECONDS)

    # Inside.

    def build(self, target: PeerInfo | None) -> HostileConversation | None:
        """
        A connection is about to stand; none once we are stopped.
        """
        if not self._is_running:
            return None
        return HostileConversation(self, self._codec, self._context.clock, target)

    def _listens(self, port: IListeningPort) -> None:
        self._port = port

    def _is_deaf(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._log.failure("A hostile peer cannot listen", failure)


class _Entrance(Factory):
    """
    Where the connections of a hostile peer come from.
    """

    noisy = False

    def __init__(self, peer: HostilePeer, target: PeerInfo | None) -> None:
        self._peer = peer
        self._target = target

    def buildProtocol(self, addr: IAddress | None) -> HostileConversation | None:  # noqa: ARG002
        """
        Make the protocol of one connection.
        """
        return self._peer.build(self._target)
