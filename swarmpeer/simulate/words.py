"""
The words of the options: what each may be, and what it means.

All that read one raise C{ValueError} with what is wrong and what would be right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from random import Random

from swarmpeer.quantities import (
    format_numbers,
    format_seconds,
    format_size,
    parse_rate,
    parse_seconds,
    parse_size,
    parse_whole,
)
from swarmpeer.testing.names import PICKING_NAMES, POLICY_NAMES, ROLE_NAMES
from swarmpeer.testing.scenario import MOST_LATENCY_SECONDS, FaultLevel
from swarmpeer.text import quoted

_MOST_FAULTS = 999_999
_MOST_HOSTILE_SHARE = 10


@dataclass(frozen=True, slots=True)
class HostileShare:
    """
    So many hostile peers for each honest one, in roles drawn from the seed.
    """

    share: float

    def roles(self, peers: int, seed: int) -> tuple[str, ...]:
        """
        Draw the roles, all different as long as there are enough.
        """
        if not self.share:
            return ()
        # Not the seed itself: a simulation begins with that.
        rng = Random(f"hostile {seed}")
        drawn: list[str] = []
        count = max(1, round(self.share * peers))
        while len(drawn) < count:
            drawn += rng.sample(sorted(ROLE_NAMES), len(ROLE_NAMES))
        return tuple(drawn[:count])


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """
    What reads a whole number within bounds.
    """
    return partial(parse_whole, least=least, most=most)


def bounded_size(text: str, most: int) -> int:
    """
    A size of 1 to C{most} bytes.
    """
    size = parse_size(text)
    if not 1 <= size <= most:
        raise ValueError(f"{quoted(text)} is not from 1 to {format_size(most)}")
    return size


def read_rate(text: str) -> float:
    """
    What a line can carry, in bytes per second.
    """
    rate = parse_rate(text)
    if not rate:
        raise ValueError("a rate of 0 lets nothing through")
    return rate


def read_latency(text: str) -> float:
    """
    Seconds that a byte may be under way.
    """
    seconds = parse_seconds(text)
    if seconds > MOST_LATENCY_SECONDS:
        most = format_seconds(MOST_LATENCY_SECONDS)
        raise ValueError(f"{quoted(text)} is more than {most}")
    return seconds


def read_policy(text: str) -> str:
    """
    The name of a policy: one that the simulator brings along, or as in a
    C{swarm.toml}.
    """
    if text not in POLICY_NAMES:
        # Others may be anywhere, and to look needs more than our own names do.
        from swarmpeer.policies import find_choking, look_here_too
        from swarmpeer.testing.policies import POLICIES

        look_here_too()
        find_choking(text, POLICIES)
    return text


def read_picking(text: str) -> str:
    """
    The name of a way to choose the next piece, as in a C{swarm.toml}.
    """
    if text not in PICKING_NAMES:
        from swarmpeer.policies import find_picker, look_here_too

        look_here_too()
        find_picker(text)
    return text


def read_level(text: str) -> FaultLevel:
    """
    How much goes wrong.
    """
    try:
        return FaultLevel(text)
    except ValueError:
        known = ", ".join(FaultLevel)
        raise ValueError(f"{quoted(text)} is none of {known}") from None


def read_factors(text: str) -> tuple[float, ...]:
    """
    Numbers above 0: C{0.5,1,2}.
    """
    factors = []
    for part in text.split(","):
        try:
            factor = float(part)
        except ValueError:
            factor = 0.0
        if not 0 < factor < inf:
            raise ValueError(f"{quoted(part)} is no number above 0")
        factors.append(factor)
    return tuple(factors)


def write_factors(factors: tuple[float, ...]) -> str:
    """
    The text that L{read_factors} reads as C{factors}.
    """
    return ",".join(repr(factor).removesuffix(".0") for factor in factors)


def read_fault_numbers(text: str) -> frozenset[int]:
    """
    Numbers and spans of them: C{0,3,7-9}.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = parse_whole(first, 0, _MOST_FAULTS)
        high = parse_whole(last, low, _MOST_FAULTS) if dash else low
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def write_fault_numbers(numbers: frozenset[int]) -> str:
    """
    The text that L{read_fault_numbers} reads as C{numbers}.
    """
    return format_numbers(sorted(numbers))


def read_hostile(text: str) -> HostileShare | tuple[str, ...]:
    """
    A share such as C{0.25} or C{25%}, or the roles themselves.
    """
    number, percent = (text[:-1], 100) if text.endswith("%") else (text, 1)
    if number.replace(".", "", 1).isdecimal() and number.isascii():
        share = float(number) / percent
        if share > _MOST_HOSTILE_SHARE:
            raise ValueError(f"{quoted(text)}: ten for each honest peer at most")
        return HostileShare(share)
    roles = tuple(text.split(","))
    for role in roles:
        if role not in ROLE_NAMES:
            raise ValueError(
                f"{quoted(role)} is neither a share, such as 0.2, nor one of "
                + ", ".join(sorted(ROLE_NAMES))
            )
    return roles
