"""
For how many bytes the system is to wake us: where a piece comes in small portions, it
gathers them.
"""

from collections.abc import Callable

MOST_GATHERED_BYTES = 2**16
"""
The system wakes us for no less than this, or than the rest of the piece, as long as
that comes soon.
"""
SOON_SECONDS = 0.25
"""
What is soon.
"""
LEAST_GATHERED_BYTES = 2**12
"""
For less than this it is not worth while.
"""

#: Clocks have steps, and a rate must be finite.
_LEAST_SECONDS = 1e-6


class Waking:
    """
    Chooses anew whenever all that there was has been read.

    @ivar _bytes_per_second: how fast they come while a piece does.
    @ivar _least_bytes: what the system was told; never more than is missing of the
        piece, or it might never wake us.
    @ivar _read_at: when all was read last.
    @ivar _was_mid_piece: was a piece on its way then?
    """

    __slots__ = (
        "_bytes_per_second",
        "_least_bytes",
        "_read_at",
        "_seconds",
        "_tell",
        "_was_mid_piece",
    )

    def __init__(
        self, seconds: Callable[[], float], tell: Callable[[int], None]
    ) -> None:
        """
        The system wakes us for anything.

        @param seconds: tells the time.
        @param tell: called with the least number of bytes that it shall wake us for.
        """
        self._seconds = seconds
        self._tell = tell
        self._least_bytes = 1
        self._bytes_per_second = 0.0
        self._read_at = seconds()
        self._was_mid_piece = False

    @property
    def is_for_any(self) -> bool:
        """
        Are we woken for a single byte?
        """
        return self._least_bytes == 1

    def wake_for_any(self) -> None:
        """
        A single byte may be all that comes.
        """
        self._wake_for(1)

    def choose(self, got_bytes: int, rest_bytes: int, *, is_mid_piece: bool) -> None:
        """
        All was read.

        @param got_bytes: how much it was.
        @param rest_bytes: how much is missing of the message that is on its way, if it
            is kept.
        @param is_mid_piece: is that a piece?
        """
        now = self._seconds()
        passed, self._read_at = now - self._read_at, now
        if is_mid_piece or self._was_mid_piece:
            bytes_per_second = got_bytes / max(passed, _LEAST_SECONDS)
            if not self._was_mid_piece:
                # The first bytes came after a pause: the piece before knows better.
                bytes_per_second = max(bytes_per_second, self._bytes_per_second)
            self._bytes_per_second = bytes_per_second
        self._was_mid_piece = is_mid_piece
        least_bytes = 1
        if is_mid_piece and got_bytes < MOST_GATHERED_BYTES:
            soon_bytes = int(self._bytes_per_second * SOON_SECONDS)
            least_bytes = min(soon_bytes, MOST_GATHERED_BYTES, rest_bytes)
        self._wake_for(least_bytes if least_bytes >= LEAST_GATHERED_BYTES else 1)

    def _wake_for(self, least_bytes: int) -> None:
        if least_bytes != self._least_bytes:
            self._least_bytes = least_bytes
            self._tell(least_bytes)
