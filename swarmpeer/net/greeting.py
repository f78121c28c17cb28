"""
Their handshake, as it comes.
"""

from swarmpeer.wire.handshake import HANDSHAKE_SIZE, Handshake


class Greeting:
    """
    Gathers the bytes of one handshake, and no more.

    @ivar handshake: what it says, once it is whole.
    """

    def __init__(self, *, lenient: bool, verified: bool = False) -> None:
        """
        @param lenient: take one that writes its numbers as text.
        @param verified: take that of a verified swarm as well.
        """
        self._lenient = lenient
        self._verified = verified
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
        Handshake.check_prefix(
            self._bytes, lenient=self._lenient, verified=self._verified
        )
        if len(self._bytes) == HANDSHAKE_SIZE:
            self.handshake = Handshake.decode(
                self._bytes, lenient=self._lenient, verified=self._verified
            )
        return data[lack:]
