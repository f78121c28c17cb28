"""
Their handshake, as it comes.
"""

from swarmpeer.wire.handshake import HANDSHAKE_SIZE, Handshake


class Greeting:
    """
    Gathers the bytes of one handshake, and no more.

    @ivar peer_id: who they say they are, once the handshake is whole.
    """

    def __init__(self, *, lenient: bool) -> None:
        """
        @param lenient: take one that writes its numbers as text.
        """
        self._lenient = lenient
        self._bytes = bytearray()
        self.peer_id: int | None = None

    def feed(self, data: bytes) -> bytes:
        """
        Take what belongs to the handshake.

        @return: what follows it.
        @raise swarmpeer.errors.ProtocolViolation: at the first wrong byte.
        """
        lack = HANDSHAKE_SIZE - len(self._bytes)
        self._bytes += data[:lack]
        Handshake.check_prefix(self._bytes, self._lenient)
        if len(self._bytes) == HANDSHAKE_SIZE:
            self.peer_id = Handshake.decode(self._bytes, self._lenient).peer_id
        return data[lack:]
