"""
Tables of a TOML text, key by key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import TypeVar

from swarmpeer.config.toml_lines import KeyPath
from swarmpeer.config.toml_text import TomlText
from swarmpeer.errors import ConfigError
from swarmpeer.quantities import parse_size
from swarmpeer.text import quoted

T = TypeVar("T")

MAX_SECONDS = 2**31 - 1
MAX_BYTES = 2**63 - 1

_LONGEST_NUMBER = 10**30

_SIZE = re.compile("([0-9.]+ ?)([A-Za-z]+)")
_UNITS = {
    unit.lower(): unit
    for unit in (*"KMGT", "KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB")
}


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One value and where it stands.
    """

    source: TomlText
    path: KeyPath
    value: object

    def error(self, right: str, what: str | None = None) -> ConfigError:
        """
        The error that says what would be C{right}.

        @param what: is wrong; by default that the value is what it is.
        """
        if what is None:
            what = f"{self.path[-1]} is {shown_value(self.value)}"
        return self.source.error(self.source.value_place(self.path), what, right)

    @property
    def where(self) -> str:
        """
        How an error about it begins that is found out later.
        """
        return self.source.where(self.source.value_place(self.path))


Reader = Callable[[Entry], T]
"""
From an entry to what it means; raises C{ConfigError}.
"""


class Table:
    """
    One table, of which all keys are known.

    @ivar path: leads to it from the top.
    @ivar values: its keys and what is behind them.
    """

    def __init__(
        self, source: TomlText, path: KeyPath, values: Mapping[str, object]
    ) -> None:
        self._source = source
        self.values = values
        self.path = path

    def has(self, key: str) -> bool:
        """
        Is it there?
        """
        return key in self.values

    def entry(self, key: str) -> Entry:
        """
        The value of a key that is there.
        """
        return Entry(self._source, (*self.path, key), self.values[key])

    def line_of(self, key: str) -> int:
        """
        The line of a key that is there.
        """
        return self._source.key_place((*self.path, key)).line

    def error(self, what: str, right: str) -> ConfigError:
        """
        The error that says what is wrong with the table.
        """
        return self._source.error(self._source.key_place(self.path), what, right)

    def read(self, key: str, read: Reader[T], usual: T) -> T:
        """
        What the key says, or the usual if it is not there.
        """
        return read(self.entry(key)) if self.has(key) else usual

    def need(self, key: str, read: Reader[T], example: str) -> T:
        """
        What the key says.

        @param example: of a value.
        @raise ConfigError: if it is not there.
        """
        if self.has(key):
            return read(self.entry(key))
        raise self.error(f"{key} is missing here", f"a line '{key} = {example}'")


def shown_value(value: object) -> str:
    """
    A value as it could stand in a text, of bounded length.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int():
            is_short = -_LONGEST_NUMBER < value < _LONGEST_NUMBER
            return str(value) if is_short else "a very long number"
        case dict():
            return "a table"
        case list():
            return "an array"
        case date() | time():
            return "a date or time"
    return str(value)


def read_switch(entry: Entry) -> bool:
    """
    C{true} or C{false}.
    """
    if not isinstance(entry.value, bool):
        raise entry.error("true or false without quotes")
    return entry.value


def read_words(entry: Entry) -> str:
    """
    Any text but an empty one or one that is no line.
    """
    if not isinstance(entry.value, str):
        raise entry.error("a text in quotes")
    if not entry.value.strip() or any(map(_is_control, entry.value)):
        raise entry.error("a text of visible characters")
    return entry.value


def read_seconds(entry: Entry) -> float:
    """
    A time above 0.
    """
    value = entry.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise entry.error("a number of seconds without quotes and unit")
    if not 0 < value <= MAX_SECONDS:
        raise entry.error(f"seconds above 0 and up to {MAX_SECONDS}")
    return float(value)


def whole(least: int, most: int) -> Reader[int]:
    """
    @return: what reads whole numbers from C{least} to C{most}.
    """

    def read(entry: Entry) -> int:
        value = entry.value
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or not least <= value <= most
        ):
            quotes = " without quotes" if isinstance(value, str) else ""
            raise entry.error(f"a whole number from {least} to {most}{quotes}")
        return value

    return read


def read_size(entry: Entry) -> int:
    """
    A number of bytes above 0.
    """
    return _bytes(entry, entry.value, 1, "bytes above 0 such as 65536 or '64 KiB'")


def read_bytes_per_second(entry: Entry) -> int:
    """
    A number of bytes, 0 as well.
    """
    value = entry.value
    if isinstance(value, str):
        value = value.removesuffix("/s")
    right = "bytes a second such as 65536, '1 MiB', or 0 for none"
    return _bytes(entry, value, 0, right)


def _bytes(entry: Entry, value: object, least: int, right: str) -> int:
    size = value
    if isinstance(value, str):
        try:
            size = parse_size(value)
        except ValueError:
            raise entry.error(_respelt(value) or right) from None
    if not isinstance(size, int) or isinstance(size, bool):
        raise entry.error(right)
    if not least <= size <= MAX_BYTES:
        raise entry.error(right)
    return size


def _respelt(size: str) -> str | None:
    """
    What is meant, if only upper and lower case are wrong in it.
    """
    match = _SIZE.fullmatch(size)
    unit = match and _UNITS.get(match[2].lower())
    return (
        f"'{match[1]}{unit}' (upper and lower case matter)" if match and unit else None
    )


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"
