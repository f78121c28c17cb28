"""
A configuration text in TOML as values that know where they stand.

What they mean is L{swarmpeer.config.swarm}'s.
"""

import re
import tomllib

from swarmpeer.config.toml_faults import syntax_fault
from swarmpeer.config.toml_lines import (
    KeyPath,
    Place,
    Places,
    find_places,
    place_of_offset,
)
from swarmpeer.errors import ConfigError
from swarmpeer.text import printable

MAX_TOML_BYTES = 2**22
"""
The longest text that is read, tens of thousands of peers; a longer one is something
else.
"""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WANTS_QUOTE = re.compile('^(?:Expected "(\'+)"|Unterminated string)')
_AT = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")


class TomlText:
    """
    A text that C{tomllib} can read.

    @ivar values: what it says.
    @ivar end: the start of the line after the last.
    """

    def __init__(self, text: str | bytes, name: str) -> None:
        """
        @param name: the path shown in errors.
        @raise ConfigError: if it is no TOML.
        """
        self._name = printable(name)
        if len(text) > MAX_TOML_BYTES:
            raise self.error(
                Place(1, 1), "longer than 4 MiB", "a text that lists one swarm"
            )
        self._text = self._decoded(text)
        lines = self._text.removesuffix("\n").split("\n")
        self.end = Place(len(lines) + bool(self._text), 1)
        self.values: dict[str, object]
        self._places: Places
        self.values, self._places = self._read(lines)

    def error(self, place: Place, what: str, right: str) -> ConfigError:
        """
        The error that says C{what} is wrong there, and what would be C{right}.
        """
        return ConfigError(f"{self.where(place)}: {what}, {right} would be right")

    def where(self, place: Place) -> str:
        """
        How an error begins that is about C{place}.
        """
        return f"{self._name}:{place.line}:{place.column}"

    def key_place(self, path: KeyPath) -> Place:
        """
        Where the key stands, or the header of the table.
        """
        return self._places.keys[path]

    def value_place(self, path: KeyPath) -> Place:
        """
        Where the value begins; of a table with a header the header.
        """
        return self._places.values[path]

    def _decoded(self, text: str | bytes) -> str:
        """
        Without a byte order mark, and with one kind of line ends.
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        if found := _HALF_CHARACTER.search(text):
            code = ord(found[0])
            is_byte = 0xDC80 <= code <= 0xDCFF
            raise self.error(
                place_of_offset(text, found.start()),
                f"the byte 0x{code - 0xDC00:02x} is no UTF-8"
                if is_byte
                else "half a character is no UTF-8",
                "a text saved as UTF-8",
            )
        return text

    def _read(self, lines: list[str]) -> tuple[dict[str, object], Places]:
        try:
            return tomllib.loads(self._text), find_places(self._text)
        except RecursionError:
            raise self.error(
                Place(1, 1), "too deeply nested", "tables of plain values"
            ) from None
        except ValueError as error:
            raise self._syntax_error(lines, str(error)) from None

    def _syntax_error(self, lines: list[str], message: str) -> ConfigError:
        found = _AT.search(message)
        if found is None:
            # A number of thousands of digits; its place is not told.
            return self.error(Place(1, 1), "a number is too long", "a shorter one")
        if found[1] is not None:
            place = Place(int(found[1]), int(found[2]))
        elif (quote := _WANTS_QUOTE.search(message)) is not None:
            # It looked for the end of a text up to the end of all, so there is no
            # such quote behind the one that begins it.
            place = place_of_offset(self._text, self._text.rindex(quote[1] or '"'))
        else:
            place = Place(len(lines), len(lines[-1]) + 1)
        line, column = lines[place.line - 1], place.column
        fault = syntax_fault(message[: found.start()], line, column)
        return self.error(Place(place.line, fault.column), fault.what, fault.right)
