"""
Pieces at the wrong time.
"""

from swarmpeer.errors import ViolationReason
from swarmpeer.testing.hostile.claiming import Claimant
from swarmpeer.testing.hostile.conversation import HostileConversation
from swarmpeer.wire.messages import ChokeMessage, UnchokeMessage

REPLAY_SECONDS = 3.0
"""
A piece comes again within this time.
"""
LATE_SECONDS = 9.0
"""
The shortest time that a late piece takes, longer than an honest peer waits with
its usual limits; up to half as long again by chance.
"""
CHOKE_SECONDS = 2.0
"""
A piece follows a choke within this time.
"""


class LateReplayer(Claimant):
    """
    Serves right bytes at the wrong time: long after they were asked for, after
    a choke, or a second time, which nobody asked for.
    """

    def answer(self, talk: HostileConversation, index: int) -> None:
        """
        Three times of five as it should be, though maybe not only once.
        """
        lot = self._rng.random()
        if lot < 0.6:
            talk.tell(self.true_piece(index))
            if lot < 0.15:
                again = self._rng.uniform(0, REPLAY_SECONDS)
                talk.timers.after(again, self._replay, talk, index)
        elif lot < 0.8:
            wait = self._rng.uniform(LATE_SECONDS, 1.5 * LATE_SECONDS)
            talk.timers.after(wait, self._send_late, talk, index)
        else:
            talk.tell(ChokeMessage())
            wait = self._rng.uniform(0, CHOKE_SECONDS)
            talk.timers.after(wait, self._send_choked, talk, index)

    def _replay(self, talk: HostileConversation, index: int) -> None:
        self.offend(ViolationReason.UNREQUESTED_PIECE)
        talk.tell(self.true_piece(index))

    def _send_late(self, talk: HostileConversation, index: int) -> None:
        self.did += 1
        talk.tell(self.true_piece(index))

    def _send_choked(self, talk: HostileConversation, index: int) -> None:
        self._send_late(talk, index)
        talk.tell(UnchokeMessage())
