"""
What is written into files, line by line.
"""

import os
from contextlib import ExitStack, suppress

from swarmpeer.console import OutputError
from swarmpeer.simulate.replay import ScenarioError
from swarmpeer.text import printable


class OutputFile:
    """
    A file that is written line by line, beside its place; it takes the place of
    what was there only when something was written and no more will come.
    """

    def __init__(self, name: str, at_the_end: ExitStack) -> None:
        """
        @param at_the_end: puts what there is in place, if nothing else does.
        @raise ScenarioError: if it cannot be written there.
        """
        self._name = name
        self._place = os.path.realpath(name)
        self._has_lines = False
        try:
            self._written = self._beside()
            self._file = open(self._written, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise ScenarioError(self._fault(error)) from error
        at_the_end.callback(self._close_quietly)

    def write_line(self, line: str) -> None:
        """
        @raise OutputError: if the disk is full, say.
        """
        self._has_lines = True
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
            self._put_in_place()
        except OSError as error:
            raise OutputError(self._fault(error)) from error

    def _beside(self) -> str:
        """
        Where to write: beside the place, but for what is no file, a pipe say.
        """
        if os.path.exists(self._place) and not os.path.isfile(self._place):
            return self._place
        if os.path.exists(self._place):
            # What must not be written must not be replaced either.
            with open(self._place, "ab"):
                pass
        return f"{self._place}.{os.getpid()}.part"

    def _put_in_place(self) -> None:
        if self._written != self._place and os.path.exists(self._written):
            if self._has_lines:
                os.replace(self._written, self._place)
            else:
                os.unlink(self._written)

    def _close_quietly(self) -> None:
        # What matters was told before.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._put_in_place()

    def _fault(self, error: OSError) -> str:
        return f"{printable(self._name)}: {error.strerror}"
