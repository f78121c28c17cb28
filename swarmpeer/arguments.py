"""
What the words of a command may be: types of arguments for C{argparse}.

What each raises, C{argparse.ArgumentTypeError}, is shown as it is; of a
C{ValueError} the words would be lost.
"""

import argparse
import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from swarmpeer.quantities import parse_whole
from swarmpeer.text import quoted

T = TypeVar("T")

_LARGEST_ID = 2**32 - 1


def type_of(parse: Callable[[str], T]) -> Callable[[str], T]:
    """
    What C{parse} reads, with errors that are shown.

    @param parse: raises C{ValueError} with what is wrong.
    """

    def parse_or_tell(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse_or_tell


def whole_type(least: int, most: int | None = None) -> Callable[[str], int]:
    """
    A whole number.
    """
    return type_of(partial(parse_whole, least=least, most=most))


port_type = whole_type(1, 65535)


def number_type(unit: str, least: float, most: float) -> Callable[[str], float]:
    """
    A number of whatever C{unit} says.
    """

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if least <= number <= most:
            return number
        raise ValueError(
            f"{quoted(text)} is no number of {unit} from {least:.10g} to {most:.10g}"
        )

    return type_of(parse)


def seconds_type(least: float, most: float) -> Callable[[str], float]:
    """
    A number of seconds.
    """
    return number_type("seconds", least, most)


def parse_id(text: str) -> int:
    """
    The id of a peer.

    @raise ValueError: if it is none.
    """
    try:
        return parse_whole(text, 0, _LARGEST_ID)
    except ValueError:
        raise ValueError(
            f"{quoted(text)} is no id, a whole number such as 1001 would be right"
        ) from None


id_type = type_of(parse_id)


@type_of
def ids_type(text: str) -> tuple[int, ...]:
    """
    Ids with commas between them, each once.
    """
    try:
        return tuple(dict.fromkeys(map(parse_id, text.split(","))))
    except ValueError:
        raise ValueError(
            f"{quoted(text)} are no ids, 1001,1002 would be right"
        ) from None


@type_of
def path_type(text: str) -> str:
    """
    A path with something in it, which it has not when a variable of a script is empty;
    to the system that would be the folder we are in, or nothing.
    """
    if not text:
        raise ValueError("an empty path")
    return text
