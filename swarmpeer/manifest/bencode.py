"""
Bencoding, read strictly: each value has one spelling, and no other is taken.

So to encode what was decoded gives the very same bytes back, and a digest of them
is a digest of the value.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from swarmpeer.errors import ManifestError

Bencoded: TypeAlias = "int | bytes | list[Bencoded] | dict[bytes, Bencoded]"
Encodable: TypeAlias = "int | bytes | Sequence[Encodable] | Mapping[bytes, Encodable]"

MAX_DEPTH = 128
"""
How deep lists and dictionaries may lie in each other.
"""
MAX_VALUES = 2**20
"""
How many values there may be, which bounds the memory that they take.
"""
MAX_NUMBER = 2**63 - 1
"""
The largest number, and with a minus before it the smallest.
"""

_MAX_DIGITS = len(str(MAX_NUMBER))
_DIGITS = frozenset(b"0123456789")


def decode(data: bytes) -> Bencoded:
    """
    The one value that C{data} is.

    @raise ManifestError: if it is none, or not in its only spelling, or beyond a
        limit: C{byte N: what is wrong}.
    """
    decoder = _Decoder(data)
    value = decoder.value(0)
    if decoder.at != len(data):
        raise decoder.fault("more follows after the end")
    return value


def encode(value: Encodable) -> bytes:
    """
    The one spelling of C{value}.
    """
    out: list[bytes] = []
    _encode(value, out)
    return b"".join(out)


def _encode(value: Encodable, out: list[bytes]) -> None:
    if isinstance(value, int):
        out.append(b"i%de" % value)
    elif isinstance(value, bytes):
        out += (b"%d:" % len(value), value)
    elif isinstance(value, Mapping):
        out.append(b"d")
        for key in sorted(value):
            _encode(key, out)
            _encode(value[key], out)
        out.append(b"e")
    else:
        out.append(b"l")
        for item in value:
            _encode(item, out)
        out.append(b"e")


class _Decoder:
    """
    A place in the bytes, which moves on.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0
        self.at = 0

    def fault(self, what: str, at: int | None = None) -> ManifestError:
        """
        What is wrong here, or at C{at}.
        """
        return ManifestError(f"byte {self.at if at is None else at}: {what}")

    def value(self, depth: int) -> Bencoded:
        """
        Read the value that begins here.
        """
        self._values += 1
        if self._values > MAX_VALUES:
            raise self.fault(f"more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise self.fault(f"nested more than {MAX_DEPTH} deep")
        kind = self._data[self.at : self.at + 1]
        if kind == b"i":
            return self._number()
        if kind == b"l":
            return self._list(depth)
        if kind == b"d":
            return self._dictionary(depth)
        return self._string()

    def _number(self) -> int:
        start = self.at
        self.at += 1
        minus = self._skip(b"-")
        number = self._digits(b"e")
        if minus and not number:
            raise self.fault("zero with a minus", start)
        if number > MAX_NUMBER:
            raise self.fault("a number beyond 63 bits", start)
        return -number if minus else number

    def _string(self) -> bytes:
        start = self.at
        size = self._digits(b":")
        if size > len(self._data) - self.at:
            raise self.fault("a string that goes on after the end", start)
        self.at += size
        return self._data[self.at - size : self.at]

    def _list(self, depth: int) -> list[Bencoded]:
        self.at += 1
        found: list[Bencoded] = []
        while not self._skip(b"e"):
            found.append(self.value(depth + 1))
        return found

    def _dictionary(self, depth: int) -> dict[bytes, Bencoded]:
        self.at += 1
        found: dict[bytes, Bencoded] = {}
        last = None
        while not self._skip(b"e"):
            start = self.at
            key = self._string()
            if last is not None and key <= last:
                what = "a key twice" if key == last else "keys out of order"
                raise self.fault(what, start)
            last = key
            found[key] = self.value(depth + 1)
        return found

    def _skip(self, byte: bytes) -> bool:
        """
        Go over C{byte} if it is here.
        """
        if self._data[self.at : self.at + 1] != byte:
            return False
        self.at += 1
        return True

    def _digits(self, end: bytes) -> int:
        """
        Read a number without a sign, and the C{end} behind it.
        """
        start = self.at
        while self.at - start <= _MAX_DIGITS and self._is_digit():
            self.at += 1
        digits = self._data[start : self.at]
        if not digits:
            is_cut = start == len(self._data)
            raise self.fault("it ends too early" if is_cut else "no value")
        if len(digits) > _MAX_DIGITS:
            raise self.fault("a number beyond 63 bits", start)
        if digits.startswith(b"0") and digits != b"0":
            raise self.fault("a number with a zero before it", start)
        if not self._skip(end):
            what = (
                "no end of a number"
                if self.at < len(self._data)
                else "it ends too early"
            )
            raise self.fault(what)
        return int(digits)

    def _is_digit(self) -> bool:
        return self.at < len(self._data) and self._data[self.at] in _DIGITS
