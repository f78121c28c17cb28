"""
What is said in verified swarms alone, and when anything was said last.
"""

from collections.abc import Sequence

from swarmpeer.net.beat import Beat
from swarmpeer.net.sending import MessageSender
from swarmpeer.seam import PieceContent
from swarmpeer.wire.extended_codec import encode_manifest_head
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    HaveAllMessage,
    HaveNoneMessage,
    ManifestPartMessage,
    RejectMessage,
    WithdrawMessage,
)

LATER_HAVE_SECONDS = 0.25
"""
Haves that the neighbour has no use for yet are gathered for so long, unless something
else is sent to it before: then they leave with that, and wake nobody up.
"""


class FurtherSender(MessageSender):
    """
    The C{send_*} of L{swarmpeer.verified_seam.VerifiedNetworkSide} beyond those of
    L{MessageSender}.  They do nothing where the neighbour does not know them.

    @ivar _later_beat: when haves that can wait leave.
    """

    _is_verified = False
    _later_beat: Beat
    _spoke_at: float

    @property
    def is_verified(self) -> bool:
        """
        Do both sides speak more than the eight messages?
        """
        return self._is_verified

    def send_haves(self, indexes: Sequence[int], *, can_wait: bool = False) -> None:
        """
        Tell them that we hold pieces.
        """
        if not can_wait:
            super().send_haves(indexes)
        elif not self._gate.is_finished:
            if not self._haves:
                self._later_beat.join(self.flush_haves)
            self._haves += indexes

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Send pieces.
        """
        self._spoke_at = self._clock.seconds()
        super().send_pieces(indexes, contents)

    def send_reject(self, index: int) -> None:
        """
        Tell them that a piece will not come.
        """
        self._send_further(RejectMessage(index))

    def send_cancel(self, index: int) -> None:
        """
        Tell them that a piece need not come.
        """
        self._send_further(CancelMessage(index))

    def send_have_all(self) -> None:
        """
        Tell them that we hold every piece.
        """
        self._send_further(HaveAllMessage())

    def send_have_none(self) -> None:
        """
        Tell them that we hold no piece.
        """
        self._send_further(HaveNoneMessage())

    def send_withdrawal(self, index: int) -> None:
        """
        Tell them that we hold a piece no more.
        """
        if index in self._haves:
            # They were not told of it yet.
            self._haves.remove(index)
        else:
            self._send_further(WithdrawMessage(index))

    def send_bad_piece(self, index: int) -> None:
        """
        Tell them that a piece was wrong.
        """
        self._send_further(BadPieceMessage(index))

    def send_manifest_part(self, part: int, manifest: bytes) -> None:
        """
        Send them a part of the manifest.

        @raise ValueError: if there is no such part.
        """
        if self._is_verified:
            self.flush_haves()
            message = ManifestPartMessage.cut(manifest, part)
            size = len(message.data)
            head = encode_manifest_head(message.total_bytes, part, size)
            self._spoke_at = self._clock.seconds()
            self._gate.write_pieces((head,), (message.data,))

    def _write(self, data: bytes) -> None:
        self._spoke_at = self._clock.seconds()
        super()._write(data)

    def _send_further(self, message: ExtensionMessage) -> None:
        if self._is_verified:
            self._send(message)
