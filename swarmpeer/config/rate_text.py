"""
Rates and marks as people write them.
"""

import re

from swarmpeer.quantities import parse_rate, parse_size
from swarmpeer.text import quoted, size_text

UNLIMITED = "unlimited"
LEAST_RATE = 1024
"""
Bytes a second.  With less, a conversation would hardly get beyond its greeting.
"""
MOST_RATE = 2**63 - 1

RATE_RIGHT = (
    "bytes a second such as 65536, '2 MiB/s' or '2 MB/s', or bits such as '16 Mbit/s', "
    f"from 1 KiB/s on, or '{UNLIMITED}'"
)
DSCP_RIGHT = "a whole number from 0 to 63, or a name such as 'cs1', 'af11' or 'le'"

MAX_DSCP = 63
_DSCP_NAMES = {
    **{f"cs{group}": group << 3 for group in range(8)},
    **{
        f"af{group}{drop}": group << 3 | drop << 1
        for group in range(1, 5)
        for drop in range(1, 4)
    },
    "ef": 46,
    "le": 1,
}


# As people write it where they do not know of our units.
_ALMOST = re.compile(
    r"([0-9]+(?:\.[0-9]+)?) ?([kmg])(?:(i)(?:b|bytes?)|(b|bits?|bytes?))"
    r"(?: ?(?:ps|/ ?s|/ ?sec))?",
    re.IGNORECASE,
)


class RateError(ValueError):
    """
    Something is no rate, and what would be right.
    """


def parse_speed(text: str) -> int | None:
    """
    A rate such as C{2 MiB/s}, C{2M}, C{20 Mbit/s} or C{unlimited}.

    @return: bytes a second, or C{None} for unlimited.
    @raise RateError: if it is none.
    """
    if text == UNLIMITED:
        return None
    number = text.removesuffix("/s")
    try:
        rate = parse_rate(number) if number.endswith("bit") else parse_size(number)
    except ValueError:
        if meant := _meant(text):
            why = f"has a unit that is not known here, {meant}"
        else:
            why = f"is no rate, {RATE_RIGHT}"
        raise RateError(f"{quoted(text)} {why} would be right") from None
    return usable_speed(round(rate), quoted(text))


def usable_speed(rate: int, text: str) -> int:
    """
    The rate itself.

    @param text: how it is written.
    @raise RateError: if a peer could do nothing with it.
    """
    if rate < 0:
        raise RateError(f"{text} is no rate, {RATE_RIGHT} would be right")
    if rate == 0:
        raise RateError(
            f"{text} would let nothing through, '{UNLIMITED}' or no rate at all would "
            "be right"
        )
    if rate < LEAST_RATE:
        raise RateError(
            f"{text} comes to {rate} bytes a second, with which a conversation would "
            "hardly get beyond its greeting, 1 KiB/s or more would be right"
        )
    if rate > MOST_RATE:
        raise RateError(
            f"{text} is more than any line bears, '{UNLIMITED}' would be right"
        )
    return rate


def _meant(text: str) -> str:
    """
    The rate with a unit that is known, if it can be told which was meant.
    """
    match = _ALMOST.fullmatch(text)
    if match is None:
        return ""
    number, prefix, binary, unit = match.groups()
    prefix = prefix.upper()
    if binary:
        return f"'{number} {prefix}iB/s'"
    prefix = prefix.replace("K", "k")
    bits = f"'{number} {prefix}bit/s' for bits"
    octets = f"'{number} {prefix}B/s' for bytes"
    match unit.lower():
        case "b":
            return f"{bits} or {octets}"
        case "bit" | "bits":
            return bits
    return octets


def parse_dscp(text: str) -> int:
    """
    The mark of a packet: one of the names that the standards have, or its number.

    @raise ValueError: if it is none, with what would be right.
    """
    named = _DSCP_NAMES.get(text.lower())
    if named is not None:
        return named
    if text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) <= MAX_DSCP:
        return int(text)
    raise ValueError(f"{quoted(text)} is no DSCP, {DSCP_RIGHT} would be right")


def format_speed(rate: int | None) -> str:
    """
    A rate for people, in powers of a thousand.
    """
    return UNLIMITED if rate is None else f"{size_text(rate)}/s"
