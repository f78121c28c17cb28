"""
The pages of a peer as a service.
"""

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.task import deferLater
from twisted.logger import Logger

from swarmpeer.errors import ListenError
from swarmpeer.listening import Listening, shown_address
from swarmpeer.web.access import needs_token
from swarmpeer.web.site import CappedSite, PagesSite


class WebService(Service):
    """
    Listens for those who want to look, while the peer runs.

    @ivar where: the address, once it listens there.
    """

    _log = Logger()

    def __init__(
        self,
        site: PagesSite,
        endpoint: IStreamServerEndpoint,
        *,
        has_token: bool,
        clock: IReactorTime,
        linger: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """
        @param has_token: does whoever looks have to know one?
        @param linger: how long the pages are to stay after the stop, in seconds.
        """
        self.where: str | None = None
        self._site = site
        self._has_token = has_token
        self._clock = clock
        self._linger = linger
        self._listening = Listening(endpoint, self._begun, self._lost)

    def startService(self) -> None:
        """
        Listen.

        @raise ListenError: if that cannot be, as far as it is known at once.
        """
        self._listening.begin(CappedSite(self._site))
        super().startService()

    def stopService(self) -> Deferred[None]:
        """
        Listen no more.

        @return: fires when that is so.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        # In this order there is a turn of the reactor for what was told last.
        await self._site.close()
        seconds = 0.0 if self.where is None else self._linger()
        if seconds:
            await deferLater(self._clock, seconds)
        self.where = None
        await self._listening.end()

    def _begun(self, port: IListeningPort) -> None:
        """
        @raise ListenError: if too many could look.
        """
        where = shown_address(port.getHost())
        if needs_token(port.getHost()) and not self._has_token:
            raise ListenError(
                f"the pages at {where} could be read from other machines: give a token "
                "(--web-token-file, or token_file of [web]), or listen at 127.0.0.1"
            )
        self.where = where
        self._log.info("pages at {where}", where=where)

    def _lost(self, error: ListenError) -> None:
        """
        It turned out only after the start.  The peer itself goes on.
        """
        self._log.error("nobody can look at this peer: {error}", error=error)
