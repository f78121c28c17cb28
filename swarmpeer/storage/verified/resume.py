"""
The resume record: which pieces of which files are safe on the disk, as bytes and
as a value.

Numbers are unsigned and big-endian but for the time::

    16  "swarmpeer resume"
     2  version, 1
    32  infohash
     4  how many pieces there are
     4  how many files are told of; of each, by ascending number:
         4  its number in the manifest
         1  1 if the disk refused bytes of it, else 0
         8  inode
         8  size
         8  time of the last change in nanoseconds, signed
        one bit for each piece, as in a bitfield of the wire
    32  SHA-256 of all before
"""

import hashlib
import os
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation
from swarmpeer.wire.bitfield import Bitfield

VERSION = 1

_MAGIC = b"swarmpeer resume"
_HEAD = struct.Struct(">16sH32sII")
_ENTRY = struct.Struct(">IBQQq")
_DIGEST_BYTES = 32


class FileIdentity(NamedTuple):
    """
    What changes when a file becomes another or gets other contents.
    """

    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileIdentity":
        """
        That of a file with such a status.
        """
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)

    def is_same_file(self, other: "FileIdentity") -> bool:
        """
        Is C{other} that file, whatever is in it, and as long?
        """
        return self[:2] == other[:2]


class RecordFault(Exception):
    """
    Why a record is of no use, in words.
    """


@dataclass(slots=True)
class Record:
    """
    What a later run may rely on.

    @ivar infohash: of the manifest that it belongs to.
    @ivar held: the pieces that are right and durable.
    @ivar files: each file that any of them is in, by its number, as it was.
    @ivar refused: the numbers of files of which the disk refused bytes.  What of
        such a file is not held must be written again, though it may seem to be
        there: memory still shows what the disk will never get.
    """

    infohash: bytes
    held: Bitfield
    files: dict[int, FileIdentity] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    @classmethod
    def decode(cls, data: bytes, infohash: bytes, layout: PieceLayout) -> "Record":
        """
        Read what C{encode} made.

        @raise RecordFault: if a bit of it is wrong, or it is another manifest's.
        """
        if not data.startswith(_MAGIC):
            raise RecordFault("it is empty" if not data else "it is no record")
        if len(data) < _HEAD.size + _DIGEST_BYTES:
            raise RecordFault("it is cut short")
        _, version, owner, piece_count, file_count = _HEAD.unpack_from(data)
        if version != VERSION:
            raise RecordFault(f"it is of version {version}, {VERSION} is known")
        body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            raise RecordFault("it is damaged")
        if owner != infohash or piece_count != layout.piece_count:
            raise RecordFault("it belongs to another manifest")
        end = _HEAD.size + file_count * _ENTRY.size
        try:
            held = Bitfield.from_bytes(piece_count, body[end:])
        except ProtocolViolation as error:
            raise RecordFault("it is damaged") from error
        record = cls(infohash, held)
        for number, is_refused, *identity in _ENTRY.iter_unpack(body[_HEAD.size : end]):
            if number >= len(layout.file_sizes_bytes):
                raise RecordFault("it is damaged")
            record.files[number] = FileIdentity(*identity)
            if is_refused:
                record.refused.add(number)
        return record

    @classmethod
    def longest(cls, layout: PieceLayout) -> int:
        """
        How many bytes a record takes at most.
        """
        entries = len(layout.file_sizes_bytes) * _ENTRY.size
        return _HEAD.size + entries + layout.bitfield_size_bytes + _DIGEST_BYTES

    def encode(self) -> bytes:
        """
        The bytes to save.
        """
        parts = [
            _HEAD.pack(_MAGIC, VERSION, self.infohash, self.held.size, len(self.files))
        ]
        for number, identity in sorted(self.files.items()):
            parts.append(_ENTRY.pack(number, number in self.refused, *identity))
        parts.append(self.held.to_bytes())
        body = b"".join(parts)
        return body + hashlib.sha256(body).digest()
