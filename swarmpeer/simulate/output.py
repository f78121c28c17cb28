"""
What is written into files, line by line.
"""

from contextlib import ExitStack, suppress

from swarmpeer.console import OutputError
from swarmpeer.simulate.replay import ScenarioError
from swarmpeer.text import printable


class OutputFile:
    """
    A file that is written line by line.
    """

    def __init__(self, name: str, at_the_end: ExitStack) -> None:
        """
        @param at_the_end: closes it, if nothing else does.
        @raise ScenarioError: if it cannot be opened.
        """
        self._name = name
        try:
            self._file = open(name, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise ScenarioError(self._fault(error)) from error
        at_the_end.callback(self._close_quietly)

    def write_line(self, line: str) -> None:
        """
        @raise OutputError: if the disk is full, say.
        """
        try:
            self._file.write(line + "\n")
        except OSError as error:
            raise OutputError(self._fault(error)) from error

    def close(self) -> None:
        """
        @raise OutputError: if not all of it could be written.
        """
        try:
            self._file.close()
        except OSError as error:
            raise OutputError(self._fault(error)) from error

    def _close_quietly(self) -> None:
        # What matters was told before.
        with suppress(OSError):
            self._file.close()

    def _fault(self, error: OSError) -> str:
        return f"{printable(self._name)}: {error.strerror}"
