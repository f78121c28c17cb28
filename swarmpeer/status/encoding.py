"""
A status as JSON and back.
"""

from typing import TypeVar

import msgspec

from swarmpeer.errors import StatusError
from swarmpeer.status.shape import VERSION, Picture, Pictures, Status
from swarmpeer.text import printable

_Any = TypeVar("_Any")


class _Versioned(msgspec.Struct):
    version: int


def encode(shape: Status | Picture | Pictures) -> bytes:
    """
    It as JSON, in UTF-8.
    """
    return msgspec.json.encode(shape)


def decode_status(data: bytes) -> Status:
    """
    The status that a peer told.

    @raise StatusError: if it is none, or of another version.
    """
    version = _decode(data, _Versioned).version
    if version != VERSION:
        raise StatusError(
            f"it is a status of version {version}, and version {VERSION} is known "
            "here; use the swarmpeer that the peer uses"
        )
    return _decode(data, Status)


def decode_picture(data: bytes) -> Picture:
    """
    The same for a picture.

    @raise StatusError: if it is none.
    """
    return _decode(data, Picture)


def _decode(data: bytes, shape: type[_Any]) -> _Any:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        reason = printable(error)
        raise StatusError(f"it is no status of a peer: {reason}") from error
