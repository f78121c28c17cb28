"""
Not reading for a while.
"""

from enum import Flag, auto

from twisted.internet.interfaces import IPushProducer


class Hold(Flag):
    """
    Why nothing is read.
    """

    # What was read is not heard yet.
    UNHEARD = auto()
    # No more may come yet.
    RATE = auto()


class Holding:
    """
    Lets a transport read only while nothing speaks against it.
    """

    __slots__ = ("_holds", "_is_over", "_transport")

    def __init__(self, transport: IPushProducer) -> None:
        """
        It reads.
        """
        self._transport = transport
        self._holds = Hold(0)
        self._is_over = False

    def __bool__(self) -> bool:
        """
        Does anything speak against it?
        """
        return bool(self._holds)

    def __contains__(self, hold: Hold) -> bool:
        """
        Does this?
        """
        return hold in self._holds

    def begin(self, hold: Hold) -> None:
        """
        Do not read.
        """
        if self._is_over:
            return
        if not self._holds:
            self._transport.pauseProducing()
        self._holds |= hold

    def end(self, hold: Hold) -> None:
        """
        This speaks against it no more.
        """
        if self._holds and hold in self._holds:
            self._holds &= ~hold
            if not self._holds:
                self._transport.resumeProducing()

    def over(self) -> None:
        """
        From now on all is read, and dropped.
        """
        self._is_over = True
        self.end(self._holds)
