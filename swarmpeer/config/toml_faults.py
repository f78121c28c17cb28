"""
What is wrong with a text that is no TOML, in words for who wrote it.

C{tomllib} says what it expected; most often a person forgot quotes.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from swarmpeer.text import printable, quoted

_MAX_SHOWN = 40
_WORD = re.compile(r"[^#,\]}]*")
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_ZEROS_IN_FRONT = re.compile("0+[0-9]+")
_CURLY_QUOTES = (
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{DOUBLE LOW-9 QUOTATION MARK}`"
)
_OTHER_COMMENTS = ("//", "/*", ";", "--", "<!--", "%")


class Fault(NamedTuple):
    """
    What is wrong, what would be right, and the column (from 1) where it is.
    """

    what: str
    right: str
    column: int


def syntax_fault(message: str, line: str, column: int) -> Fault:
    """
    @param message: of C{tomllib}, without the place.
    @param line: where it stopped reading.
    @param column: where in it, from 1.
    """
    for start, judge in _JUDGES:
        if message.startswith(start):
            return judge(message, line, column)
    shown = printable(message[:1].lower() + message[1 : 2 * _MAX_SHOWN])
    return Fault(shown, "TOML as https://toml.io tells it", column)


def _bad_value(_message: str, line: str, column: int) -> Fault:
    found = _WORD.match(line, column - 1)
    word = found[0].strip() if found else ""
    if not word:
        return Fault("there is no value", "a line 'key = value'", column)
    what = f"{quoted(word)} is no value"
    if word.lower() in ("true", "false"):
        return Fault(what, f"{word.lower()} in lower case", column)
    if (switch := _SWITCHES.get(word.lower())) is not None:
        return Fault(what, switch, column)
    if _ZEROS_IN_FRONT.fullmatch(word):
        return Fault(what, "a number without zeros in front", column)
    if word[0] in _CURLY_QUOTES:
        return Fault(what, 'plain quotes (") around it', column)
    if len(word) > _MAX_SHOWN or not word.isprintable() or set("\"'\\") & set(word):
        return Fault(what, "quotes (') around it", column)
    return Fault(what, f'"{word}" in quotes', column)


def _more_behind(message: str, line: str, column: int) -> Fault:
    """
    A value that began like one, such as a number, and goes on otherwise.
    """
    before, equals, value = line.partition("=")
    start = len(before) + len(equals) + len(value) - len(value.lstrip()) + 1
    rest = line[column - 1 :].strip()
    is_whole = line.startswith(("'", '"', "[", "{"), start - 1) or rest[:1] == ","
    if equals and start < column and not is_whole:
        return _bad_value(message, line, start)
    return Fault(f"{quoted(rest)} is too much", "one key and value a line", column)


def _no_equals(_message: str, line: str, column: int) -> Fault:
    if line[column - 1 : column] == ":":
        return Fault("there is a : behind the key", "a =", column)
    return Fault("there is no = behind the key", "a line 'key = value'", column)


def _open_quotes(_message: str, _line: str, column: int) -> Fault:
    what = "a text in quotes does not end"
    return Fault(what, "the same quotes at its end", column)


def _backslash(_message: str, _line: str, column: int) -> Fault:
    # It stopped behind the character after it.
    column = max(column - 2, 1)
    what = "a backslash in double quotes begins an escape"
    return Fault(what, "single quotes around the text", column)


def _again(_message: str, line: str, _column: int) -> Fault:
    line = line.rstrip()
    column = len(line) - len(line.lstrip()) + 1
    if line.lstrip().startswith("["):
        right = "only one of them, or two pairs of brackets around each of several,"
        return Fault("this table is here again", right, column)
    return Fault("this key is here again", "only one of them", column)


def _open_header(_message: str, _line: str, column: int) -> Fault:
    what = "the brackets are not closed"
    return Fault(what, "a line '[table]' or '[[table]]'", column)


def _no_statement(_message: str, line: str, column: int) -> Fault:
    rest = line[column - 1 :].strip()
    if rest.startswith(_OTHER_COMMENTS):
        return Fault(f"{quoted(rest)} is no comment", "one that begins with #", column)
    right = "a line 'key = value', a [table] or a # comment"
    return Fault(f"{quoted(rest)} begins no line", right, column)


_JUDGES: tuple[tuple[str, Callable[[str, str, int], Fault]], ...] = (
    ("Invalid value", _bad_value),
    ("Expected newline", _more_behind),
    ("Expected '='", _no_equals),
    ("Illegal character '\\n'", _open_quotes),
    ("Unterminated string", _open_quotes),
    ("Expected \"'", _open_quotes),
    ("Unescaped '\\'", _backslash),
    ("Cannot overwrite", _again),
    ("Cannot declare", _again),
    ("Cannot mutate", _again),
    ("Duplicate inline table key", _again),
    ("Expected ']", _open_header),
    ("Invalid statement", _no_statement),
)
