"""
How long the pages outlive their peer.
"""

from collections.abc import Callable

LINGER_SECONDS = 3.0
"""
For so long a peer that is done still tells that, after it ended.
"""
ASKED_SECONDS = 10.0
"""
If nobody asked for so long, nobody waits for it.
"""


class Lingering:
    """
    A peer ends as soon as the whole swarm is complete, and so in the very moment for
    which others wait.  They ask every now and then; those who did lately are to find
    somebody who tells them.
    """

    def __init__(
        self, is_done: Callable[[], bool], seconds: Callable[[], float]
    ) -> None:
        """
        @param is_done: has the peer everything in place?
        @param seconds: a clock that only goes forward.
        """
        self._is_done = is_done
        self._seconds = seconds
        self._asked_at: float | None = None

    def note_asked(self) -> None:
        """
        Somebody wants to know how far the peer is.
        """
        self._asked_at = self._seconds()

    def seconds(self) -> float:
        """
        How long the pages are to stay from now on, if the peer ends now.
        """
        if self._asked_at is None or not self._is_done():
            return 0.0
        is_lately = self._seconds() - self._asked_at < ASKED_SECONDS
        return LINGER_SECONDS if is_lately else 0.0
