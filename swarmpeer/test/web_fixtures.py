"""
Pictures of peers that never were, and a browser that asks for pages without a network.
"""

from collections.abc import Mapping
from socket import socket

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocolFactory, ISystemHandle
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.status.shape import Happening, Picture, Pictures
from swarmpeer.test.statuses import fetching


def picture(
    peer_id: int = 1001, held: int = 4, up_seconds: float = 10.0, *numbers: int
) -> Picture:
    """
    One of a peer that holds so much, with the happenings of these C{numbers}.
    """
    status = fetching(peer_id, held=held, up_seconds=up_seconds)
    happenings = tuple(
        Happening(number, float(number), "UnchokedBy", f"happening {number}")
        for number in numbers
    )
    return Picture(status, "AAAA", {}, happenings)


@implementer(ISystemHandle)
class _Transport(StringTransport):
    """
    @ivar is_aborted: was the conversation broken off?
    @ivar handle: the socket, if there is one.
    """

    is_aborted = False
    handle: socket | None = None

    def getHandle(self) -> object:
        """
        It.
        """
        return self.handle

    def abortConnection(self) -> None:
        self.is_aborted = True


class Visit:
    """
    One conversation of a browser on this machine with a site.
    """

    def __init__(self, site: IProtocolFactory) -> None:
        here = IPv4Address("TCP", "127.0.0.1", 8080)
        self.transport = _Transport(here, here)
        channel = site.buildProtocol(here)
        assert channel is not None
        self._channel = channel
        channel.makeConnection(self.transport)

    def ask(self, path: str, method: str = "GET", version: str = "1.0") -> None:
        """
        Ask for it; in HTTP 1.0 an answer comes as it is, and in one piece.
        """
        self.say(f"{method} {path} HTTP/{version}\r\nHost: 127.0.0.1\r\n\r\n")

    def say(self, text: str) -> None:
        """
        Send it as it is.
        """
        self._channel.dataReceived(text.encode())

    def said(self) -> str:
        """
        What came since the last time.
        """
        text = str(self.transport.value(), "utf-8")
        self.transport.clear()
        return text

    def leave(self) -> None:
        """
        Close the page.
        """
        self._channel.connectionLost(Failure(connectionDone.value))


class ToldPictures:
    """
    A source that tells what the test says.

    @ivar peers: it.
    @ivar made: how often pictures were made.
    """

    def __init__(self) -> None:
        self.peers: tuple[Picture, ...] = (picture(),)
        self.made = 0

    def mark(self) -> object:
        """
        All of it.
        """
        return self.peers

    def pictures(self, after: Mapping[int, int]) -> Pictures:
        """
        With those happenings that are not known.
        """
        self.made += 1
        return Pictures(
            tuple(
                Picture(
                    one.status,
                    one.map,
                    one.neighbor_maps,
                    tuple(
                        each
                        for each in one.happenings
                        if each.number > after.get(one.status.peer_id, 0)
                    ),
                )
                for one in self.peers
            )
        )
