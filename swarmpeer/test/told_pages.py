"""
Ways to pages that need no network.
"""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from swarmpeer.status_commands.places import Place
from swarmpeer.test.http_pages import HERE


@implementer(IStreamClientEndpoint)
class PagesEndpoint:
    """
    Connects to a server in memory.
    """

    def __init__(self, server: IProtocolFactory) -> None:
        self._server = server
        self.pump: IOPump | None = None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Now.
        """
        client = protocolFactory.buildProtocol(HERE)
        server = self._server.buildProtocol(HERE)
        assert client is not None and server is not None
        self.pump = connect(
            server,
            FakeTransport(server, isServer=True, hostAddress=HERE),
            client,
            FakeTransport(client, isServer=False, hostAddress=HERE),
            greet=False,
        )
        return succeed(client)


@implementer(IStreamClientEndpoint)
class Nowhere:
    """
    Leads nowhere, for that reason.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error

    def way(self, _: Place) -> IStreamClientEndpoint:
        """
        From wherever one comes.
        """
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        It fails.
        """
        del protocolFactory
        return fail(self._error)


class Raw(Protocol):
    """
    Answers whatever is asked with the same bytes, and closes.
    """

    data = b""

    def dataReceived(self, _: bytes) -> None:
        """
        It is a request.
        """
        assert self.transport is not None
        self.transport.write(self.data)
        self.transport.loseConnection()
