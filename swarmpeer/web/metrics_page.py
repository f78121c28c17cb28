"""
The metrics of a peer, for Prometheus.
"""

from collections.abc import Callable
from http import HTTPStatus

from twisted.web.server import Request

from swarmpeer.web.pages import Page
from swarmpeer.web.plain import answer, content

METRICS = "text/plain; version=0.0.4; charset=utf-8"
"""
The text format of Prometheus.
"""


class MetricsPage(Page):
    """
    C{/metrics}.
    """

    def __init__(self, text: Callable[[], bytes]) -> None:
        super().__init__()
        self._text = text

    def render_GET(self, request: Request) -> bytes:
        """
        Tell them.
        """
        return content(request, METRICS, self._text())


class NoMetricsPage(Page):
    """
    C{/metrics} where the package for them is not installed.
    """

    def render_GET(self, request: Request) -> bytes:
        """
        Say what is missing.
        """
        return answer(
            request,
            HTTPStatus.NOT_IMPLEMENTED,
            "metrics need the extra of that name: pip install '.[metrics]' in a clone",
        )
