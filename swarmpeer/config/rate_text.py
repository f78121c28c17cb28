"""
Rates and marks as people write them.
"""

from swarmpeer.quantities import parse_bytes, parse_rate
from swarmpeer.text import quoted, size_text

UNLIMITED = "unlimited"
LEAST_RATE = 1024
"""
Bytes a second.  With less, a conversation would hardly get beyond its greeting.
"""
MOST_RATE = 2**63 - 1

RATE_RIGHT = f"bytes a second such as '2 MiB/s', from 1 KiB/s on, or '{UNLIMITED}'"
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


def parse_speed(text: str) -> int | None:
    """
    A rate such as C{2 MiB/s}, C{2M}, C{20 Mbit/s} or C{unlimited}.

    @return: bytes a second, or C{None} for unlimited.
    @raise ValueError: if it is none, with what would be right.
    """
    if text == UNLIMITED:
        return None
    number = text.removesuffix("/s")
    try:
        if number.endswith("bit"):
            rate = round(parse_rate(number.replace(" ", "", 1)))
        else:
            rate = parse_bytes(number)
    except ValueError:
        rate = 0
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise ValueError(f"{quoted(text)} is no rate, {RATE_RIGHT} would be right")
    return rate


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
