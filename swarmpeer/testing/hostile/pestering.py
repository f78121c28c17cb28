"""
Those who break no rule and cost everybody time.
"""

import struct

from swarmpeer.config import PeerInfo
from swarmpeer.testing.hostile.context import HostileContext
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.testing.hostile.peer import HostilePeer
from swarmpeer.wire.handshake import HANDSHAKE_SIZE
from swarmpeer.wire.messages import MessageType

FLAP_SECONDS = 1.0
"""
From one call of a flapper to the next, a third more or less by chance.
"""
STAY_SECONDS = 0.5
"""
A flapper is gone within this time.
"""
BURST_SECONDS = 0.25
BURST_REQUESTS = 50
"""
So many requests, every so often, to one neighbour after the other.
"""

_INDEX_FRAME = struct.Struct(">IBI")


class Flapper(HostilePeer):
    """
    Connects and leaves all the time: now before its handshake, now within it,
    now after its bitfield; with a farewell or a reset.
    """

    def begin(self) -> None:
        """
        Call one after the other, in no order.
        """
        self._timers.after(self._rng.uniform(0, FLAP_SECONDS), self._flap)

    def _flap(self) -> None:
        if self._context.others:
            self.call(self._rng.choice(self._context.others))
        wait = self._rng.uniform(FLAP_SECONDS * 2 / 3, FLAP_SECONDS * 4 / 3)
        self._timers.after(wait, self._flap)

    def call_ended(self, target: PeerInfo, least_wait_seconds: float) -> None:
        """
        The next call comes by itself.
        """

    def met(self, talk: HostileConversation) -> None:
        """
        Say all of a handshake, some of it or nothing.
        """
        if self._rng.random() < 0.5:
            super().met(talk)
        else:
            handshake = self._context.handshake(self._context.peer_id).encode()
            talk.say(handshake[: self._rng.randrange(HANDSHAKE_SIZE)])
        stay = self._rng.uniform(0, STAY_SECONDS)
        talk.timers.after(stay, self._go, talk)

    def opened(self, talk: HostileConversation) -> None:
        """
        Only who has greeted may say more, and does not always.
        """
        if talk.has_greeted and self._rng.random() < 0.5:
            super().opened(talk)

    def _go(self, talk: HostileConversation) -> None:
        self.did += 1
        if self._rng.random() < 0.5:
            talk.leave()
        else:
            talk.vanish()


class RequestFlood(HostilePeer):
    """
    Asks for everything all the time, choked or not, and again before it was
    answered.  It counts the requests.
    """

    def __init__(self, context: HostileContext) -> None:
        super().__init__(context)
        self._turn = 0

    def begin(self) -> None:
        """
        Call, and begin to ask.
        """
        super().begin()
        self._timers.after(BURST_SECONDS, self._flood)

    def _flood(self) -> None:
        # Whoever takes nothing is not told more, or it would pile up here.
        talks = [
            talk for talk in self.conversations if talk.is_open and talk.is_writable
        ]
        if talks:
            self._turn = (self._turn + 1) % len(talks)
            self._ask(talks[self._turn])
        self._timers.after(BURST_SECONDS, self._flood)

    def _ask(self, talk: HostileConversation) -> None:
        self.did += BURST_REQUESTS
        end = max(1, self._layout.piece_count)
        talk.say(
            b"".join(
                _INDEX_FRAME.pack(5, MessageType.REQUEST, self._rng.randrange(end))
                for _ in range(BURST_REQUESTS)
            )
        )
