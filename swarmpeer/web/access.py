"""
Who may look.
"""

import hmac
from http import HTTPStatus

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

from swarmpeer.config.rules import loopback_address
from swarmpeer.web.pages import Page, Refusal
from swarmpeer.web.plain import answer

TOKEN_COOKIE = b"swarmpeer-token"
"""
Where a browser keeps the token once it was in an address.
"""


def needs_token(address: object) -> bool:
    """
    May somebody on another machine come to what listens at C{address}?
    """
    if isinstance(address, IPv4Address | IPv6Address):
        return loopback_address(address.host) is None
    return False


class OpenPage(Page):
    """
    One that has something for everybody, also for who may not look.
    """

    def for_anybody(self) -> Resource:
        """
        What they get.
        """
        return self


@implementer(IResource)
class Guarded:
    """
    Lets those through who may look: with a token, those who have it; without one,
    whoever is on this machine.  Others get what an L{OpenPage} has for anybody, such
    as the probes of a container, which know no token.

    The token comes as C{Authorization: Bearer TOKEN}, or once as C{?token=TOKEN}, which
    a browser then keeps as a cookie.  Without one the name under which we were asked
    has to be one of this machine, or the page of a stranger could have the browser of
    somebody here read ours (DNS rebinding).
    """

    isLeaf = False

    def __init__(self, inner: Resource, token: str | None) -> None:
        self._inner = inner
        self._token = None if token is None else token.encode()

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """
        What stands under that name, or a refusal.
        """
        child: IResource = self._inner.getChildWithDefault(name, request)
        if self._may_look(request):
            return child
        if isinstance(child, OpenPage) and not request.postpath:
            return child.for_anybody()
        if self._token is None:
            return Refusal(HTTPStatus.FORBIDDEN, "ask for 127.0.0.1, or set a token")
        request.setHeader(b"www-authenticate", b'Bearer realm="swarmpeer"')
        return Refusal(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")

    def putChild(self, path: bytes, child: IResource) -> None:
        """
        Put it below what is guarded.
        """
        self._inner.putChild(path, child)

    def render(self, request: Request) -> bytes:
        """
        Never called: there is a child for the empty name.
        """
        return answer(request, HTTPStatus.NOT_FOUND, "there is nothing here")

    def _may_look(self, request: Request) -> bool:
        if self._token is None:
            return _is_local_name(request)
        return self._has_token(request, self._token)

    def _has_token(self, request: Request, token: bytes) -> bool:
        scheme, _, sent = (request.getHeader(b"authorization") or b"").partition(b" ")
        if scheme.lower() == b"bearer" and _is_same(sent.strip(), token):
            return True
        if _is_same((request.args or {}).get(b"token", [b""])[0], token):
            request.addCookie(
                TOKEN_COOKIE, token, httpOnly=True, sameSite="strict", path="/"
            )
            return True
        return _is_same(request.getCookie(TOKEN_COOKIE) or b"", token)


def _is_same(given: bytes, token: bytes) -> bool:
    return hmac.compare_digest(given, token)


def _is_local_name(request: Request) -> bool:
    address = request.getHost()
    # A unix socket has no name of its own; whoever may open it may look.
    if not isinstance(address, IPv4Address | IPv6Address):
        return True
    if needs_token(address):
        return False
    host: bytes = request.getRequestHostname()
    name = host.decode("ascii", "replace").strip("[]")
    return loopback_address(name) is not None
