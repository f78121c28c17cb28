"""
A configuration text as words that know where they stand.

Layout ends here: blanks, tabs, line ends, comments and a byte order mark are
gone, and what is left are lines of words.  What the words mean is
L{swarmpeer.config.common}'s and L{swarmpeer.config.peers}'s.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from swarmpeer.errors import ConfigError
from swarmpeer.text import printable

_LINE_END = re.compile("\r\n|\r|\n")
_WORD = re.compile("[^ \t]+")
# Bytes that are no UTF-8, as Python's surrogateescape keeps them.
_ODD_BYTE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Word:
    """
    One word and the place of its first character, both counted from 1.
    """

    text: str
    line: int
    column: int

    def after(self) -> "Word":
        """
        The empty word right behind this one, where a missing one would stand.
        """
        return Word("", self.line, self.column + len(self.text))


class ConfigText:
    """
    The lines of a text that say something.

    A line ends with CR, LF or both; words are parted by blanks and tabs; a word
    that begins with C{#} and all behind it is a comment, which may hold any
    bytes.

    @ivar lines: one tuple of words for each line that has any.
    @ivar end: the empty word at the start of the line after the last.
    """

    def __init__(
        self, text: str | bytes, name: str, raw_key: str | None = None
    ) -> None:
        """
        @param name: the path shown in errors.
        @param raw_key: the word after this one, at the start of a line, may
            hold bytes that are no UTF-8.
        @raise ConfigError: if another word holds such bytes.
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        lines = _LINE_END.split(text.removeprefix("\ufeff"))
        if not lines[-1]:
            lines.pop()
        self._name = printable(name)
        self.end = Word("", len(lines) + 1, 1)
        self.lines: list[tuple[Word, ...]] = []
        for number, line in enumerate(lines, start=1):
            if words := self._split(line, number):
                raw = words[1:2] if words[0].text == raw_key else ()
                self._refuse_odd_bytes(word for word in words if word not in raw)
                self.lines.append(words)

    def error(self, word: Word, what: str, right: str) -> ConfigError:
        """
        The error that says C{what} is wrong with C{word}, and what would be
        C{right}.
        """
        return ConfigError(
            f"{self._name}:{word.line}:{word.column}: {what}, {right} would be right"
        )

    @staticmethod
    def _split(line: str, number: int) -> tuple[Word, ...]:
        words = []
        for found in _WORD.finditer(line):
            if found[0].startswith("#"):
                break
            words.append(Word(found[0], number, found.start() + 1))
        return tuple(words)

    def _refuse_odd_bytes(self, words: Iterable[Word]) -> None:
        for word in words:
            if found := _ODD_BYTE.search(word.text):
                place = Word("", word.line, word.column + found.start())
                raise self.error(
                    place,
                    f"the byte 0x{ord(found[0]) - 0xDC00:02x} is no UTF-8",
                    "a text saved as UTF-8",
                )
