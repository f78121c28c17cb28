"""
The parts of a manifest that were asked for, and those of them that came.
"""

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.extension import manifest_part_count

WINDOW_PARTS = 8
"""
So many parts are asked for before the first of them is in.
"""


class PartsGathered:
    """
    One manifest on its way, part by part, in their order.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._total_bytes = 0
        self._asked = 0
        self._arrived = 0

    @property
    def size_bytes(self) -> int:
        """
        How much of it is here.
        """
        return len(self._data)

    @property
    def is_whole(self) -> bool:
        """
        Is all of it here?
        """
        return self._arrived == manifest_part_count(self._total_bytes) > 0

    def ask(self) -> range:
        """
        Which parts to ask for now, beyond those that were asked for.
        """
        # How many there are, the first one tells.
        count = manifest_part_count(self._total_bytes) or 1
        begin, self._asked = self._asked, min(count, self._arrived + WINDOW_PARTS)
        return range(begin, self._asked)

    def expect(self) -> None:
        """
        A part has begun to come: may it be kept?

        @raise ProtocolViolation: if none was asked for.
        """
        if self._arrived == self._asked:
            raise _bad_manifest("a part of the manifest that was not asked for")

    def take(self, total_bytes: int, part: int, data: bytes) -> None:
        """
        A part came.

        @param total_bytes: how long the manifest is, they say.
        @raise ProtocolViolation: if it is not the next one, or of something else.
        """
        if part != self._arrived:
            raise _bad_manifest(f"part {part} came instead of part {self._arrived}")
        if self._arrived == 0:
            self._total_bytes = total_bytes
        if total_bytes != self._total_bytes:
            raise _bad_manifest(
                f"it had {self._total_bytes} bytes, and has {total_bytes} now"
            )
        self._data += data
        self._arrived += 1

    def hand_over(self) -> bytes:
        """
        @return: what is here.  It is not kept any longer.
        """
        data, self._data = bytes(self._data), bytearray()
        return data

    def drop(self) -> None:
        """
        Nobody wants it any more.
        """
        self._data = bytearray()


def _bad_manifest(detail: str) -> ProtocolViolation:
    return ProtocolViolation(ViolationReason.BAD_MANIFEST, detail)
