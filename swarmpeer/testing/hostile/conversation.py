"""
One connection of a hostile peer: bytes, and no manners of its own.

Nothing keeps it from saying what must not be said; what it hears it reads only
as far as a hostile peer cares: who they are, and what kind of message it is.
"""

import struct
from typing import Protocol, cast

from twisted.internet import protocol
from twisted.internet.interfaces import (
    IConsumer,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.config import PeerInfo
from swarmpeer.testing.hostile.timers import Timers
from swarmpeer.wire.codec import LENGTH_SIZE, PIECE_HEAD_SIZE, MessageCodec
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, Handshake
from swarmpeer.wire.messages import Message

_LENGTH = struct.Struct(">I")
_ID_SIZE = 4


class ConversationWatcher(Protocol):
    """
    What becomes of a conversation: the hostile peer, as its connections see it.
    """

    def began(self, talk: "HostileConversation") -> None:
        """
        The connection stands; nothing was said yet.
        """

    def opened(self, talk: "HostileConversation") -> None:
        """
        Their handshake is in; C{talk.their_id} is who they say they are.
        """

    def heard(self, talk: "HostileConversation", head: bytes) -> None:
        """
        A message is in.

        @param head: the first bytes of its payload: the type, and an index if
            it has one; of a piece no more.
        """

    def ended(self, talk: "HostileConversation") -> None:
        """
        The connection is closed.
        """


@implementer(IPushProducer)
class HostileConversation(protocol.Protocol):
    """
    A connection, inbound or outbound.

    @ivar target: whom we called; C{None} if they called us.
    @ivar their_id: who they say they are, once they did.
    @ivar has_greeted: did we send a whole handshake?
    @ivar is_open: did they?
    @ivar is_over: nothing is said or heard any more.
    @ivar is_writable: did the transport send most of what we said?
    """

    def __init__(
        self,
        watcher: ConversationWatcher,
        codec: MessageCodec,
        clock: IReactorTime,
        target: PeerInfo | None,
    ) -> None:
        """
        There is no transport yet.
        """
        self.target = target
        self.their_id: int | None = None
        self.has_greeted = False
        self.is_open = False
        self.is_over = False
        self.is_writable = True
        self._watcher = watcher
        self._codec = codec
        self.timers = Timers(clock)
        self._heard = bytearray()

    # Saying.

    def say(self, data: bytes) -> None:
        """
        Send any bytes.
        """
        if not self.is_over:
            self._link.write(data)

    def tell(self, message: Message) -> None:
        """
        Send a message as it should be.
        """
        self.say(self._codec.encode(message))

    def greet(self, handshake: Handshake) -> None:
        """
        Send a handshake, with whatever id.
        """
        self.has_greeted = True
        self.say(handshake.encode())

    def leave(self) -> None:
        """
        Close, once what was said is out.
        """
        if self._finish():
            self._link.loseConnection()

    def vanish(self) -> None:
        """
        Close at once, what was said or not.
        """
        if self._finish():
            self._link.abortConnection()

    # From the transport.

    def connectionMade(self) -> None:
        """
        Begin.
        """
        # Twisted's transports are consumers too, whatever their type says.
        cast(IConsumer, self.transport).registerProducer(self, True)
        self._watcher.began(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Take in the handshake, then messages.
        """
        if self.is_over:
            return
        self._heard += data
        if not self.is_open:
            if len(self._heard) < HANDSHAKE_SIZE:
                return
            their_id = self._heard[HANDSHAKE_SIZE - _ID_SIZE : HANDSHAKE_SIZE]
            self.their_id = int.from_bytes(their_id, "big")
            del self._heard[:HANDSHAKE_SIZE]
            self.is_open = True
            self._watcher.opened(self)
        self._hear_messages()

    def _hear_messages(self) -> None:
        heard, at = self._heard, 0
        while not self.is_over and len(heard) - at >= LENGTH_SIZE:
            (length,) = _LENGTH.unpack_from(heard, at)
            if not 1 <= length <= self._codec.max_length:
                # Somebody like us.
                self.leave()
                return
            start, end = at + LENGTH_SIZE, at + LENGTH_SIZE + length
            if len(heard) < end:
                break
            head = bytes(heard[start : min(end, start + PIECE_HEAD_SIZE)])
            self._watcher.heard(self, head)
            at = end
        del heard[:at]

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:  # noqa: ARG002
        """
        The transport is closed.
        """
        self.is_over = True
        self.timers.cancel()
        self._watcher.ended(self)

    def pauseProducing(self) -> None:
        """
        The transport has more than it can send soon.
        """
        self.is_writable = False

    def resumeProducing(self) -> None:
        """
        It has sent it.
        """
        self.is_writable = True

    def stopProducing(self) -> None:
        """
        C{connectionLost} follows.
        """
        self.is_writable = False

    @property
    def _link(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)

    def _finish(self) -> bool:
        """
        @return: was it not over before?
        """
        if self.is_over:
            return False
        self.is_over = True
        self.timers.cancel()
        # A transport with a producer waits for it before it closes.
        cast(IConsumer, self.transport).unregisterProducer()
        return True
