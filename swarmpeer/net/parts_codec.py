"""
What a neighbour may say to who knows neither the manifest nor, so, how long anything
else should be.
"""

from collections.abc import Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import FrameKind, bad_length
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.extension import ExtensionType

HEARD_TYPES = frozenset((ExtensionType.GOODBYE, ExtensionType.MANIFEST_PART))
"""
All others are skipped.
"""

# A bitfield of as many pieces as any manifest tells of, and a margin.
_MAX_SKIPPED_LENGTH = 2**21


class PartsCodec(ExtendedCodec):
    """
    Judges parts of a manifest and goodbyes as its base class does; all else is
    unknown.
    """

    def __init__(self) -> None:
        super().__init__(PieceLayout(0, 1))

    def check_frame(self, length: int, head: WireBytes) -> FrameKind:
        """
        See L{ExtendedCodec.check_frame}.
        """
        if not 1 <= length <= _MAX_SKIPPED_LENGTH:
            raise bad_length(f"a frame of {length} bytes")
        if not head:
            return FrameKind.UNDECIDED
        if head[0] in HEARD_TYPES:
            return self._check_further_frame(length, head)
        return FrameKind.UNKNOWN

    def have_indexes(self, frames: WireBytes) -> Sequence[int]:
        """
        See L{ExtendedCodec.have_indexes}; here there may be any piece.
        """
        return self.request_indexes(frames)
