"""
Tests of L{swarmpeer.asking}; what is made of the answers of others is tested with
L{swarmpeer.status_commands.asking}.
"""

from errno import ENOENT

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.asking import Asker, NoSocket, TokenWanted
from swarmpeer.errors import StatusError
from swarmpeer.status_commands.asking import StatusAsker
from swarmpeer.status_commands.places import parse_place
from swarmpeer.test.http_pages import TOKEN
from swarmpeer.test.told_pages import Nowhere, PagesEndpoint, Raw


class Peer(Protocol):
    """
    Answers every question with the same, and stays.
    """

    def dataReceived(self, _: bytes) -> None:
        """
        It is a question.
        """
        assert self.transport is not None
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n01234")


class CountingEndpoint(PagesEndpoint):
    """
    @ivar connected: how often.
    """

    connected = 0

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Now.
        """
        self.connected += 1
        return super().connect(protocolFactory)


class AskerTests(SynchronousTestCase):
    """
    L{Asker}.
    """

    def get(
        self, asker: Asker, endpoint: PagesEndpoint, most_bytes: int = 5
    ) -> Deferred[bytes]:
        """
        Ask there.
        """
        told = asker.get(endpoint, "http://peer-1/x", most_bytes)
        assert endpoint.pump is not None
        endpoint.pump.flush()
        return told

    def test_limit(self) -> None:
        """
        An answer is taken up to the length that who asks allows.
        """
        for most_bytes in (5, 4):
            endpoint = PagesEndpoint(Factory.forProtocol(Peer))
            told = self.get(Asker(MemoryReactorClock()), endpoint, most_bytes)
            if most_bytes == 5:
                self.assertEqual(self.successResultOf(told), b"01234")
            else:
                error = self.failureResultOf(told, StatusError).value
                self.assertEqual(str(error), "its answer is too long")

    def test_token(self) -> None:
        """
        Who wants a token is told from who wants another one; where one gets it is
        for those to say who ask.
        """
        refusal = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
        for token, words in ((None, "a token"), (TOKEN, "another token")):
            refusing = type("_Refusing", (Raw,), {"data": refusal})
            endpoint = PagesEndpoint(Factory.forProtocol(refusing))
            told = self.get(Asker(MemoryReactorClock(), token), endpoint)
            error = self.failureResultOf(told, TokenWanted).value
            self.assertEqual(str(error), f"it wants {words}")

    def test_no_socket(self) -> None:
        """
        Where there is no socket, that is said, and to whom asks for a status also what
        to do.
        """
        nowhere = Nowhere(ConnectError(ENOENT, "x"))
        told = Asker(MemoryReactorClock()).get(nowhere, "http://peer-1/x", 5)
        error = self.failureResultOf(told, NoSocket).value
        self.assertEqual(str(error), "there is no such socket")
        asker = StatusAsker(MemoryReactorClock(), None, nowhere.way)
        error = self.failureResultOf(
            asker.ask(parse_place("unix:/nope"), False), StatusError
        ).value
        self.assertEqual(
            str(error),
            "there is no such socket; start the peer with --web unix:/nope, or name "
            "the path that it has",
        )

    def test_keeps(self) -> None:
        """
        The connection is there for the next question only if that is wanted.
        """
        for keeps, connected in ((True, 1), (False, 2)):
            endpoint = CountingEndpoint(Factory.forProtocol(Peer))
            asker = Asker(MemoryReactorClock(), keeps=keeps)
            for _ in range(2):
                self.successResultOf(self.get(asker, endpoint))
            self.assertEqual(endpoint.connected, connected)
