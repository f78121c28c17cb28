"""
Sizes, rates and times as people write them, read and written exactly.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from swarmpeer.text import quoted

_BINARY = {
    "T": Fraction(2**40),
    "G": Fraction(2**30),
    "M": Fraction(2**20),
    "K": Fraction(2**10),
}
_DECIMAL = {
    "GB": Fraction(10**9),
    "MB": Fraction(10**6),
    "kB": Fraction(10**3),
}
_SIZES = {
    "": Fraction(1),
    **_BINARY,
    **{f"{letter}iB": unit for letter, unit in _BINARY.items()},
    "k": _BINARY["K"],
    "TB": Fraction(10**12),
    **_DECIMAL,
}
_RATES = {
    "Gbit": Fraction(10**9, 8),
    "Mbit": Fraction(10**6, 8),
    "kbit": Fraction(10**3, 8),
    **_DECIMAL,
    "": Fraction(1),
}
_TIMES = {"s": Fraction(1), "ms": Fraction(1, 1000), "": Fraction(1)}

_NUMBER = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,40})?)([A-Za-z]*)")
_BLANK_BEFORE_UNIT = re.compile("(?<=[0-9]) (?=[A-Za-z])")
_LONGEST_NUMBER = 6
_MOST_DIGITS = 19


def parse_whole(text: str, least: int, most: int | None = None) -> int:
    """
    A whole number in plain digits.

    @raise ValueError: if it is none, or not within the bounds.
    """
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        value = int(text)
        if value >= least and (most is None or value <= most):
            return value
    bounds = f"at least {least}" if most is None else f"from {least} to {most}"
    raise ValueError(f"{quoted(text)} is no whole number {bounds}")


def parse_size(text: str) -> int:
    """
    A size such as C{64M}, C{1 MiB}, C{500 kB} or C{1000}, as every option and every
    file has it.  In C{kB} and the like the letters are powers of 1000, else of 1024.

    @return: bytes.
    @raise ValueError: if it is none, with what is wrong.
    """
    what = "size: 64M, 1.5 MiB, 500 kB, or 1000 for bytes"
    size = _parse(_BLANK_BEFORE_UNIT.sub("", text), _SIZES, what)
    if size.denominator != 1:
        raise ValueError(f"{quoted(text)} is no whole number of bytes")
    return int(size)


def format_size(size_bytes: int) -> str:
    """
    The shortest text that L{parse_size} reads as C{size_bytes}.
    """
    for letter, unit in _BINARY.items():
        if size_bytes >= unit and size_bytes % unit == 0:
            return f"{size_bytes // unit}{letter}"
    return str(size_bytes)


def parse_rate(text: str) -> float:
    """
    A rate such as C{50Mbit}, C{1.5 MB} or C{1000}; the prefixes are powers of
    1000.

    @return: bytes per second.
    @raise ValueError: if it is none, with what is wrong.
    """
    what = "rate: 50Mbit, 1MB, or 1000 for bytes per second"
    return float(_parse(_BLANK_BEFORE_UNIT.sub("", text), _RATES, what))


def format_rate(rate: float) -> str:
    """
    A short text that L{parse_rate} reads as exactly C{rate}.
    """
    return _format(rate, _RATES)


def parse_seconds(text: str) -> float:
    """
    A time such as C{10ms}, C{0.5s} or C{2}.

    @return: seconds.
    @raise ValueError: if it is none, with what is wrong.
    """
    return float(_parse(text, _TIMES, "time: 10ms, 0.5s, or 2 for seconds"))


def format_seconds(seconds: float) -> str:
    """
    A short text that L{parse_seconds} reads as exactly C{seconds}.
    """
    return _format(seconds, _TIMES)


def format_count(number: int, thing: str) -> str:
    """
    So many things, in words.
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def format_numbers(numbers: Iterable[int], separator: str = ",") -> str:
    """
    Whole numbers with a dash for a row of them: C{0,3,7-9}.

    @param numbers: ascending, none twice.
    """
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return format_runs(spans, separator)


def format_runs(runs: Iterable[tuple[int, int]], separator: str = ",") -> str:
    """
    The same for runs of numbers, the first and the last of each.
    """
    return separator.join(
        str(low) if low == high else f"{low}-{high}" for low, high in runs
    )


def format_some(runs: Sequence[tuple[int, int]], count: int, most: int) -> str:
    """
    The first C{most} of the runs of C{count} numbers: C{0,3,7-9 and 12 more}.

    @param runs: all of them, or the first ones.
    """
    first_runs = runs[:most]
    more = count - sum(last - first + 1 for first, last in first_runs)
    return format_runs(first_runs) + (f" and {more} more" if more > 0 else "")


def _parse(text: str, units: Mapping[str, Fraction], what: str) -> Fraction:
    match = _NUMBER.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(f"{quoted(text)} is no {what}")
    return Fraction(match[1]) * units[match[2]]


def _format(value: float, units: Mapping[str, Fraction]) -> str:
    """
    In the first unit in which it is a short number from 1 on, else in digits.
    """
    for name, unit in units.items():
        number = f"{float(Fraction(value) / unit):.3f}".rstrip("0").rstrip(".")
        if (
            value >= unit
            and len(number) <= _LONGEST_NUMBER
            and float(Fraction(number) * unit) == value
        ):
            return number + name
    # All digits that tell it from other floats, without an exponent.
    return format(Decimal(repr(value)), "f")
