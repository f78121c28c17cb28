"""
Their handshake, as it comes.
"""

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, Handshake


class Greeting:
    """
    Gathers the bytes of one handshake, and no more.

    @ivar handshake: what it says, once it is whole.
    """

    def __init__(self, *, lenient: bool, extended: bool = False) -> None:
        """
        @param lenient: take one that writes its numbers as text.
        @param extended: take that of a verified swarm as well.
        """
        self._lenient = lenient
        self._extended = extended
        self._bytes = bytearray()
        self.handshake: Handshake | None = None

    def feed(self, data: bytes) -> bytes:
        """
        Take what belongs to the handshake.

        @return: what follows it.
        @raise swarmpeer.errors.ProtocolViolation: at the first wrong byte.
        """
        lack = HANDSHAKE_SIZE - len(self._bytes)
        self._bytes += data[:lack]
        Handshake.check_prefix(self._bytes, self._lenient, self._extended)
        if len(self._bytes) == HANDSHAKE_SIZE:
            self.handshake = Handshake.decode(
                self._bytes, self._lenient, self._extended
            )
        return data[lack:]


def check_swarm(theirs: bytes, ours: bytes) -> None:
    """
    Are they of our verified swarm?

    @param theirs: the swarm that their handshake tells.
    @raise ProtocolViolation: if not.
    """
    if theirs != ours:
        raise ProtocolViolation(
            ViolationReason.OTHER_SWARM,
            f"their infohash begins with {theirs.hex()}, ours with {ours.hex()}",
        )
