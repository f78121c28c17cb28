"""
Where lines go, and in which form.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial

from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from swarmpeer.log_output.lines import json_line, text_line


class Form(StrEnum):
    """
    What a line looks like.
    """

    TEXT = "text"
    JSON = "json"


@implementer(ILogObserver)
class LogOutput:
    """
    Writes each event of C{twisted.logger} as a line.
    """

    def __init__(
        self, write: Callable[[str], object], form: Form, peer_id: int | None
    ) -> None:
        """
        @param write: takes a line, with its end.
        @param peer_id: whose log it is.
        """
        self._write = write
        self._line: Callable[[LogEvent], str] = text_line
        if form is Form.JSON:
            self._line = partial(json_line, peer_id=peer_id)

    def __call__(self, event: LogEvent) -> None:
        """
        Write it.
        """
        self._write(self._line(event))
