"""
Tests of L{swarmpeer.status_commands.asking}.
"""

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.asking import ANSWER_SECONDS
from swarmpeer.errors import StatusError
from swarmpeer.status.shape import Status
from swarmpeer.status_commands.asking import MOST_ANSWER_BYTES, StatusAsker
from swarmpeer.status_commands.places import Place, parse_place
from swarmpeer.test.http_pages import TOKEN
from swarmpeer.test.statuses import fetching
from swarmpeer.test.told_members import place
from swarmpeer.test.told_pages import Nowhere, PagesEndpoint, Raw
from swarmpeer.test.web_fixtures import ToldPictures
from swarmpeer.web.site import Pages, PagesSite
from swarmpeer.web.status_pages import StatusPage


class StatusAskerTests(SynchronousTestCase):
    """
    L{StatusAsker}.
    """

    def ask(
        self, server: IProtocolFactory, token: str | None = None
    ) -> Deferred[Status]:
        """
        Ask there.
        """
        self.reactor = MemoryReactorClock()
        endpoint = PagesEndpoint(server)
        asker = StatusAsker(self.reactor, token, lambda _: endpoint)
        told = asker.ask(Place("x:80", "http://localhost:80", "x", 80), True)
        assert endpoint.pump is not None
        endpoint.pump.flush()
        return told

    def raw(self, data: bytes) -> str:
        """
        What is made of such an answer.
        """
        factory = Factory.forProtocol(type("_Raw", (Raw,), {"data": data}))
        return str(self.failureResultOf(self.ask(factory), StatusError).value)

    def pages(self, token: str | None = None) -> IProtocolFactory:
        """
        A peer's.
        """
        clock = Clock()
        root = Pages(ToldPictures(), clock)
        root.putChild(b"status.json", StatusPage(lambda p: fetching(held=6 + p)))
        return PagesSite(root, token, clock)

    def test_told(self) -> None:
        """
        A peer tells its status, if it is given its token.
        """
        self.assertEqual(self.successResultOf(self.ask(self.pages())).held, 7)
        told = self.ask(self.pages(TOKEN), TOKEN)
        self.assertEqual(self.successResultOf(told).held, 7)
        for token, words in (
            (None, "it wants a token; give"),
            (TOKEN + "x", "it wants another token; give"),
        ):
            told = self.ask(self.pages(TOKEN), token)
            error = self.failureResultOf(told, StatusError).value
            self.assertIn(words, str(error))
            self.assertIn("--token-file", str(error))

    def test_answers_of_others(self) -> None:
        """
        Whatever else answers is one line that says so.
        """
        head = b"HTTP/1.1 200 OK\r\nContent-Length: "
        for data, words in (
            (b"", "does not speak HTTP"),
            (b"SSH-2.0-x\r\n", "does not speak HTTP"),
            (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "no pages of a peer"),
            (
                b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\no\x1bh",
                "answers 500: o\\x1bh",
            ),
            (b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "302"),
            (head + b"2\r\n\r\n{}", "no status of a peer"),
            (head + b"9\r\n\r\n{}", "broke off"),
        ):
            self.assertIn(words, self.raw(data))

    def test_long_answers(self) -> None:
        """
        An answer without end is not kept.
        """
        data = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_ANSWER_BYTES + 1)
        self.assertIn("too long", self.raw(data))

    def test_silence(self) -> None:
        """
        Who does not answer in time does not answer.
        """
        told = self.ask(Factory.forProtocol(Protocol))
        self.reactor.advance(ANSWER_SECONDS - 0.1)
        self.assertNoResult(told)
        self.reactor.advance(0.1)
        error = self.failureResultOf(told, StatusError).value
        self.assertEqual(str(error), "no answer in 5 s")

    def test_unreachable(self) -> None:
        """
        Nor does who cannot be reached.
        """
        missing = ConnectError(2, "No such file or directory")
        asker = StatusAsker(MemoryReactorClock(), None, Nowhere(missing).way)
        told = asker.ask(parse_place("unix:/nope"), False)
        self.assertEqual(
            str(self.failureResultOf(told, StatusError).value),
            "there is no such socket; start the peer with --web unix:/nope, or name "
            "the path that it has",
        )
        for error, words in (
            (ConnectionRefusedError(), "connection refused"),
            (DNSLookupError("no\nname."), "no such name"),
        ):
            endpoint = Nowhere(error)
            asker = StatusAsker(MemoryReactorClock(), None, endpoint.way)
            told = asker.ask(place(1001), False)
            self.assertEqual(str(self.failureResultOf(told, StatusError).value), words)

    def test_wrong_peer(self) -> None:
        """
        Another peer is not taken for the one that is meant.
        """
        endpoint = PagesEndpoint(self.pages())
        asker = StatusAsker(MemoryReactorClock(), None, lambda _: endpoint)
        told = asker.ask(replace(place(1002), url="http://localhost"), False)
        assert endpoint.pump is not None
        endpoint.pump.flush()
        error = self.failureResultOf(told, StatusError).value
        self.assertEqual(str(error), "peer 1001 answers at h1002:80")
