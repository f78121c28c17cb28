"""
One connection of somebody who looks.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.web.http import HTTPChannel, Request
from twisted.web.server import Site

from swarmpeer.web.requests import BodilessRequest

REQUEST_SECONDS = 30
"""
Whose next request is not all here so long after the connection stands, or after the
answer before, is cut off, however much of it comes meanwhile.
"""


class PageChannel(HTTPChannel):
    """
    Asks for one page after the other.

    @ivar is_answered: did all of a request come, and is it being answered?
    """

    is_answered = False
    requestFactory = BodilessRequest

    def __init__(self, site: Site, clock: IReactorTime) -> None:
        super().__init__()
        self.site = self.factory = site
        self.timeOut = REQUEST_SECONDS
        self._clock = clock

    def callLater(self, period: float, func: Callable[[], object]) -> IDelayedCall:
        """
        By the clock that was handed in.
        """
        return self._clock.callLater(period, func)

    def resetTimeout(self) -> None:
        """
        Never: who sends a request byte by byte gets no more time for it.
        """

    def allContentReceived(self) -> None:
        """
        A request is complete; it may be answered before this ends.
        """
        self.is_answered = True
        super().allContentReceived()

    def requestDone(self, request: Request) -> None:
        """
        It was answered; the next one may be complete before this ends.
        """
        self.is_answered = False
        super().requestDone(request)
