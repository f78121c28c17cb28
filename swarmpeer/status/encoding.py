"""
A status as JSON and back.
"""

from typing import TypeVar

import msgspec

from swarmpeer.errors import StatusError
from swarmpeer.status.sense import nonsense
from swarmpeer.status.shape import VERSION, Picture, Pictures, Status
from swarmpeer.text import in_few_words

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

    @raise StatusError: if it is none, contradicts itself, or is of another version.
    """
    version = _decode(data, _Versioned).version
    if version != VERSION:
        raise StatusError(
            f"it is a status of version {version}, and version {VERSION} is known "
            "here; use the swarmpeer that the peer uses"
        )
    return _sensible(_decode(data, Status))


def decode_picture(data: bytes) -> Picture:
    """
    The same for a picture.

    @raise StatusError: if it is none, or its status contradicts itself.
    """
    picture: Picture = _decode(data, Picture)
    _sensible(picture.status)
    return picture


def _sensible(status: Status) -> Status:
    if fault := nonsense(status):
        raise StatusError(f"it is no status of a peer: {fault}")
    return status


def _decode(data: bytes, shape: type[_Any]) -> _Any:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        # It may quote what was told, which may be long.
        reason = in_few_words(error, str)
        raise StatusError(f"it is no status of a peer: {reason}") from error
