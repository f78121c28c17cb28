"""
Where each key and value of a TOML text stands, which C{tomllib} does not tell.

The scanner only looks where things begin and end.  It is for texts that C{tomllib}
has read: what they mean and whether they are right is settled by then.
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""
The keys and, in arrays, the positions that lead to a value from the top.
"""

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHORT_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"' "|" r"'[^'\n]*'")
_LONG_TEXT = re.compile(
    # Up to two quotes more than the last three belong to the text.
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' "|" r"'''.*?'''(?:'{0,2})",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """
    A line and a column in it, both counted from 1.
    """

    line: int
    column: int


@dataclass(slots=True)
class Places:
    """
    @ivar keys: where a key, or the header of a table, stands first.
    @ivar values: where what is behind it begins; for a table with a header the
        header.
    """

    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)


def find_places(text: str) -> Places:
    """
    @param text: which C{tomllib} has read; its lines end with C{"\\n"}.
    @raise RecursionError: if it is too deeply nested after all.
    """
    return _Scanner(text).scan()


def place_of_offset(text: str, offset: int) -> Place:
    """
    The place of one character.
    """
    return _Lines(text).place(offset)


class _Lines:
    """
    Where the lines of a text begin.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        """
        The place of one character.
        """
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


class _Scanner:
    """
    Goes through a text once.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = _Lines(text)
        self._at = 0
        self._places = Places()
        # How many elements each array of tables has so far.
        self._table_counts: dict[KeyPath, int] = {}

    def scan(self) -> Places:
        """
        Statement by statement.
        """
        table: KeyPath = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._array_header()
            elif self._text.startswith("[", self._at):
                table = self._table_header()
            else:
                self._key_and_value(table)
            self._skip(_GAP)
        return self._places

    def _table_header(self) -> KeyPath:
        start, names = self._header("[", "]")
        return self._enter((), names, start)

    def _array_header(self) -> KeyPath:
        start, names = self._header("[[", "]]")
        array = (*self._enter((), names[:-1], start), names[-1])
        position = self._table_counts.get(array, 0)
        self._table_counts[array] = position + 1
        self._note(array, start, start)
        self._note((*array, position), start, start)
        return (*array, position)

    def _header(self, opening: str, closing: str) -> tuple[int, list[str]]:
        start = self._at
        self._at += len(opening)
        self._skip(_BLANK)
        names = [name for name, _ in self._dotted_key()]
        self._at += len(closing)
        return start, names

    def _enter(self, path: KeyPath, names: list[str], start: int) -> KeyPath:
        """
        The table that the names lead to, from C{path} on: of an array of tables
        its last one.
        """
        for name in names:
            path = (*path, name)
            self._note(path, start, start)
            if path in self._table_counts:
                path = (*path, self._table_counts[path] - 1)
        return path

    def _key_and_value(self, path: KeyPath) -> None:
        parts = self._dotted_key()
        self._at += len("=")
        self._skip(_BLANK)
        for name, start in parts:
            path = (*path, name)
            self._note(path, start, self._at)
        self._value(path)

    def _dotted_key(self) -> list[tuple[str, int]]:
        """
        The names with where each begins; goes on to what is behind them and
        blanks.
        """
        parts = []
        while True:
            start = self._at
            pattern = _SHORT_TEXT if self._text[start] in "\"'" else _BARE_KEY
            name = self._skip(pattern)
            if pattern is _SHORT_TEXT:
                name = tomllib.loads(f"name = {name}")["name"]
            parts.append((name, start))
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return parts
            self._at += len(".")
            self._skip(_BLANK)

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif self._text.startswith(('"""', "'''"), self._at):
            self._skip(_LONG_TEXT)
        else:
            self._skip(_SHORT_TEXT if first in "\"'" else _BARE_VALUE)

    def _array(self, path: KeyPath) -> None:
        position = 0
        self._at += len("[")
        self._skip(_GAP)
        while self._text[self._at] != "]":
            if self._text[self._at] == ",":
                self._at += len(",")
            else:
                self._note((*path, position), self._at, self._at)
                self._value((*path, position))
                position += 1
            self._skip(_GAP)
        self._at += len("]")

    def _inline_table(self, path: KeyPath) -> None:
        self._at += len("{")
        # From TOML 1.1 on there may be more than blanks.
        self._skip(_GAP)
        while self._text[self._at] != "}":
            if self._text[self._at] == ",":
                self._at += len(",")
            else:
                self._key_and_value(path)
            self._skip(_GAP)
        self._at += len("}")

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """
        Go behind what C{pattern} matches here.

        @return: what that is.
        """
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError("tomllib has not read this text")
        self._at = found.end()
        return found[0]

    def _note(self, path: KeyPath, key_start: int, value_start: int) -> None:
        self._places.keys.setdefault(path, self._lines.place(key_start))
        self._places.values.setdefault(path, self._lines.place(value_start))
