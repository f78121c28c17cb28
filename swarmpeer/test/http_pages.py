"""
Requests to the pages of a peer, as bytes, and the answers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from swarmpeer.web.site import Pages, PagesSite

HERE = IPv4Address("TCP", "127.0.0.1", 8080)
TOKEN = "0123456789abcdef"


class _Transport(StringTransport):
    """
    One that may be asked to forget a producer which it never had, as others may.
    """

    def unregisterProducer(self) -> None:
        """
        There is none any more.
        """
        self.producer = None


@dataclass(frozen=True)
class Answer:
    """
    What came back.

    @ivar code: 0 if nothing did.
    """

    code: int
    headers: dict[str, str]
    body: bytes
    is_cut_off: bool

    @property
    def value(self) -> Any:
        """
        The body as JSON.
        """
        return json.loads(self.body)


def request(
    pages: Pages,
    path: str = "/status.json",
    *,
    method: str = "GET",
    token: str | None = None,
    host: str | None = "localhost:8080",
    address: IAddress = HERE,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """
    Ask once.

    @param token: that of the pages.
    @param address: where the request comes in.
    @param headers: further ones.
    """
    site = PagesSite(pages, token, Clock())
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [] if host is None else [f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ask(site, lines, body, address)


def ask(
    site: IProtocolFactory,
    lines: list[str],
    body: bytes = b"",
    address: IAddress = HERE,
) -> Answer:
    """
    Send these lines to a site, and what goes with them.
    """
    protocol = site.buildProtocol(HERE)
    assert protocol is not None
    transport = _Transport(hostAddress=address)
    protocol.makeConnection(transport)
    protocol.dataReceived("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
    head, _, rest = transport.value().partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    code = int(first.split()[1]) if first else 0
    found = dict(field.lower().split(": ", 1) for field in fields)
    return Answer(code, found, rest, transport.disconnecting)
