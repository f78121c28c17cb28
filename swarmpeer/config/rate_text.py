"""
Rates and marks as people write them.
"""

import re

from swarmpeer.quantities import parse_bytes, parse_rate
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
    r"([0-9]+(?:\.[0-9]+)?) ?([kmg]?)i?(b|bits?|bytes?)(?: ?(?:ps|/ ?s|/ ?sec))?",
    re.IGNORECASE,
)


_NO_BITS = re.compile(r"0+(?:\.0+)? ?[kMG]?bit")


class RateError(ValueError):
    """
    Something is no rate.

    @ivar why: what is wrong with it, as a predicate; empty if it is nothing like one.
    @ivar right: what would be right.
    """

    def __init__(self, text: str, why: str, right: str = RATE_RIGHT) -> None:
        super().__init__(f"{text} {why or 'is no rate'}, {right} would be right")
        self.why = why
        self.right = right


def parse_speed(text: str) -> int | None:
    """
    A rate such as C{2 MiB/s}, C{2M}, C{20 Mbit/s} or C{unlimited}.

    @return: bytes a second, or C{None} for unlimited.
    @raise RateError: if it is none, with what would be right.
    """
    if text == UNLIMITED:
        return None
    number = text.removesuffix("/s")
    try:
        if not number.endswith("bit"):
            rate = parse_bytes(number)
        elif _NO_BITS.fullmatch(number):
            rate = 0
        else:
            rate = round(parse_rate(number.replace(" ", "", 1)))
    except ValueError:
        raise RateError(quoted(text), *_almost(text)) from None
    return usable_speed(rate, quoted(text))


def usable_speed(rate: int, text: str) -> int:
    """
    The rate itself.

    @param text: how it is written.
    @raise RateError: if a peer could do nothing with it.
    """
    if rate < 0:
        raise RateError(text, "")
    if rate == 0:
        raise RateError(
            text,
            "would let nothing through",
            f"'{UNLIMITED}', or to leave it out,",
        )
    if rate < LEAST_RATE:
        raise RateError(
            text,
            f"comes to {rate} bytes a second, with which a conversation would hardly "
            "get beyond its greeting",
            "1 KiB/s or more",
        )
    if rate > MOST_RATE:
        raise RateError(text, "is more than any line bears", f"'{UNLIMITED}'")
    return rate


def _almost(text: str) -> tuple[str, str]:
    """
    What is wrong with the unit, and what was meant, if that can be told.
    """
    match = _ALMOST.fullmatch(text)
    if match is None or not match[2]:
        return "", RATE_RIGHT
    number, unit = match[1], match[3].lower()
    prefix = match[2].upper().replace("K", "k")
    bits = f"'{number} {prefix}bit/s' for bits"
    octets = f"'{number} {prefix}B/s' for bytes"
    if unit.startswith("bit"):
        right = bits
    elif unit.startswith("byte"):
        right = octets
    else:
        right = f"{bits} or {octets}"
    return "has a unit that is not known here", right


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
