"""
Whether something is new, or only time went by.
"""

from dataclasses import is_dataclass
from functools import cache
from typing import get_args, get_type_hints

from swarmpeer.status.shape import Seconds

_TOLD = frozenset({"expected_seconds"})
"""
The times that do not grow by themselves.
"""


def timeless(value: object) -> object:
    """
    What is left of a status without the times that grow by themselves: it equals that
    of an earlier one if nothing happened in between.
    """
    if isinstance(value, tuple):
        return tuple(map(timeless, value))
    shape: type = type(value)
    names = _lasting(shape)
    if names is None:
        return value
    return tuple(timeless(getattr(value, name)) for name in names)


@cache
def _lasting(shape: type) -> tuple[str, ...] | None:
    """
    The fields that time alone does not change; C{None} if it is a plain value.
    """
    if not is_dataclass(shape):
        return None
    hints = get_type_hints(shape, include_extras=True)
    return tuple(
        name
        for name, hint in hints.items()
        # It may be optional.
        if name in _TOLD or Seconds not in (hint, *get_args(hint))
    )
