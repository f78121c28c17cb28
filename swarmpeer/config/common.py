"""
What C{Common.cfg} says.
"""

import difflib
from dataclasses import dataclass
from typing import Self

from swarmpeer.config.rules import read_file_name, read_number
from swarmpeer.config.text import ConfigText, Word
from swarmpeer.errors import ConfigError
from swarmpeer.text import quoted
from swarmpeer.wire.codec import MAX_PIECE_COUNT, MAX_PIECE_SIZE_BYTES
from swarmpeer.wire.handshake import MAX_PEER_ID

COMMON_NAME = "Common.cfg"
"""
What the file is called, unless it is said otherwise.
"""

_FILE_NAME = "FileName"

# What stands after each key: the least and the most of a number and its unit, or
# a file name.  In the order of the course's own files, since some programs read
# by position.
_KEYS: dict[str, tuple[int, int, str] | None] = {
    "NumberOfPreferredNeighbors": (1, MAX_PEER_ID, "neighbours"),
    "UnchokingInterval": (1, 2**31 - 1, "seconds"),
    "OptimisticUnchokingInterval": (1, 2**31 - 1, "seconds"),
    _FILE_NAME: None,
    "FileSize": (0, 2**63 - 1, "bytes"),
    "PieceSize": (1, MAX_PIECE_SIZE_BYTES, "bytes"),
}


@dataclass(frozen=True, slots=True)
class CommonConfig:
    """
    What all peers of one swarm agree on.

    @ivar preferred_neighbors: how many neighbors are served for what they give.
    @ivar unchoking_interval_seconds: the time between two choices of them.
    @ivar optimistic_unchoking_interval_seconds: the time between two draws of
        the one that is served by lot.
    @ivar file_name: a plain name; bytes that are no UTF-8 stand in it as
        C{os.fsdecode} puts them.
    """

    preferred_neighbors: int
    unchoking_interval_seconds: float
    optimistic_unchoking_interval_seconds: float
    file_name: str
    file_size_bytes: int
    piece_size_bytes: int

    @classmethod
    def parse(cls, text: str | bytes, name: str = COMMON_NAME) -> Self:
        """
        Read the text of a C{Common.cfg}.

        @param name: the path shown in errors.
        @raise ConfigError: for the first thing that is wrong.
        """
        source = ConfigText(text, name, raw_key=_FILE_NAME)
        values = _values_by_key(source)
        numbers = {
            key: read_number(source, values[key], key, *allowed)
            for key, allowed in _KEYS.items()
            if allowed is not None
        }
        file_size_bytes, piece_size_bytes = numbers["FileSize"], numbers["PieceSize"]
        if file_size_bytes > MAX_PIECE_COUNT * piece_size_bytes:
            raise source.error(
                values["PieceSize"],
                f"PieceSize {piece_size_bytes} cuts FileSize {file_size_bytes} into "
                f"more than {MAX_PIECE_COUNT} pieces",
                f"at least {-(-file_size_bytes // MAX_PIECE_COUNT)}",
            )
        return cls(
            numbers["NumberOfPreferredNeighbors"],
            float(numbers["UnchokingInterval"]),
            float(numbers["OptimisticUnchokingInterval"]),
            read_file_name(source, values[_FILE_NAME], _FILE_NAME),
            file_size_bytes,
            piece_size_bytes,
        )

    def format(self) -> str:
        """
        Write the text that L{parse} reads back as this very value.  Like the
        course's own files it has no line end after the last line.

        @raise ConfigError: if there is no such text, as with half a second or
            a blank in the file name.
        """
        values = (
            str(self.preferred_neighbors),
            _whole(self.unchoking_interval_seconds),
            _whole(self.optimistic_unchoking_interval_seconds),
            self.file_name,
            str(self.file_size_bytes),
            str(self.piece_size_bytes),
        )
        text = "\n".join(
            f"{key} {value}" for key, value in zip(_KEYS, values, strict=True)
        )
        if CommonConfig.parse(text) != self:
            raise ConfigError(
                f"{COMMON_NAME}:4:10: FileName {quoted(self.file_name)} reads back as "
                "another one, a name without blanks would be right"
            )
        return text


def _values_by_key(source: ConfigText) -> dict[str, Word]:
    """
    The one word behind each key; all keys are there.
    """
    values: dict[str, Word] = {}
    for key, *rest in source.lines:
        if key.text not in _KEYS:
            raise source.error(key, f"{quoted(key.text)} is no key", _nearest(key.text))
        if key.text in values:
            raise source.error(
                key,
                f"{key.text} is here again",
                f"only the one on line {values[key.text].line}",
            )
        if not rest:
            raise source.error(
                key.after(), f"{key.text} has no value", f"a line {_key_line(key.text)}"
            )
        value, *extra = rest
        if extra:
            raise source.error(
                extra[0],
                f"{quoted(extra[0].text)} is a second value of {key.text}",
                "one value without blanks in it",
            )
        values[key.text] = value
    for name in _KEYS:
        if name not in values:
            raise source.error(
                source.end, f"{name} is missing", f"a line {_key_line(name)}"
            )
    return values


def _key_line(key: str) -> str:
    allowed = _KEYS[key]
    return f"'{key} <{allowed[2] if allowed else 'name'}>'"


def _nearest(typed: str) -> str:
    """
    The key that was most likely meant, else all of them.
    """
    by_lower_case = {key.lower(): key for key in _KEYS}
    if (same := by_lower_case.get(typed.lower())) is not None:
        return f"{same} (upper and lower case matter)"
    near = difflib.get_close_matches(typed.lower(), by_lower_case, n=1)
    return by_lower_case[near[0]] if near else f"one of {', '.join(_KEYS)}"


def _whole(seconds: float) -> str:
    return f"{seconds:.0f}" if float(seconds).is_integer() else str(seconds)
