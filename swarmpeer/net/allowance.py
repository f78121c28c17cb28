"""
What a connection asks before it reads or writes: how many bytes it may.
"""

from collections.abc import Callable
from typing import Protocol


class Allowance(Protocol):
    """
    The bytes that may go one way over one connection.

    Who may send or take what they like has C{None} in its place.
    """

    @property
    def is_limited(self) -> bool:
        """
        May ever less go than is wanted, as the rates are now?  If not, nobody need ask.
        """

    def grant(self, wanted_bytes: int) -> int:
        """
        Take some of what may go now.

        @return: how many bytes may, at most C{wanted_bytes}; 0 if none may yet.
        """

    def refund(self, unused_bytes: int) -> None:
        """
        So many of the bytes that were granted last did not go.
        """

    def wait(self, go_on: Callable[[], None]) -> None:
        """
        Nothing was granted: call C{go_on} once, when something may go again.  Who waits
        already is called once all the same.  What may go then is kept for a moment, so
        that there is time to hear from the reactor that the socket is ready.
        """

    def forget(self, go_on: Callable[[], None]) -> None:
        """
        Who may wait there does not any more.
        """
