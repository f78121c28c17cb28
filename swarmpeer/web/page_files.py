"""
The page that people look at.
"""

from importlib.resources import files
from pathlib import PurePosixPath

from twisted.web.resource import Resource
from twisted.web.server import Request

from swarmpeer.web.pages import Page
from swarmpeer.web.plain import content

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""
What a browser lets the page do: nothing with anybody else.
"""
_INDEX = "index.html"


class PageFile(Page):
    """
    One file of the page, as it was when the program started.
    """

    def __init__(self, kind: str, data: bytes) -> None:
        super().__init__()
        self._kind = kind
        self._data = data

    def render_GET(self, request: Request) -> bytes:
        """
        Give it.
        """
        request.setHeader("content-security-policy", _POLICY)
        request.setHeader("referrer-policy", "no-referrer")
        return content(request, self._kind, self._data)


def put_page(root: Resource) -> None:
    """
    Put the page at C{/}, and what it consists of beside it.
    """
    for file in (files("swarmpeer.web") / "page").iterdir():
        kind = _KINDS.get(PurePosixPath(file.name).suffix)
        if kind is not None:
            name = "" if file.name == _INDEX else file.name
            root.putChild(name.encode(), PageFile(kind, file.read_bytes()))
