"""
Tests for L{swarmpeer.net.parts_gathered}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.parts_gathered import WINDOW_PARTS, PartsGathered
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    ManifestPartMessage,
    manifest_part_count,
)


class GatherTests(SynchronousTestCase):
    """
    Part by part becomes the whole.
    """

    @settings(deadline=None, max_examples=30)
    @given(st.integers(1, 20 * MANIFEST_PART_BYTES))
    def test_whole(self, total_bytes: int) -> None:
        """
        Every part is asked for once, a window ahead of those that came, and what is
        handed over is what was cut.
        """
        manifest = (b"manifest" * (total_bytes // 8 + 1))[:total_bytes]
        count = manifest_part_count(total_bytes)
        parts = PartsGathered()
        asked = [*parts.ask()]
        self.assertEqual(asked, [0])
        for number in range(count):
            self.assertFalse(parts.is_whole)
            parts.expect()
            message = ManifestPartMessage.cut(manifest, number)
            parts.take(message.total_bytes, number, bytes(message.data))
            asked += parts.ask()
            self.assertEqual(len(asked), min(count, number + 1 + WINDOW_PARTS))
        self.assertEqual(asked, [*range(count)])
        self.assertTrue(parts.is_whole)
        self.assertEqual(parts.size_bytes, total_bytes)
        self.assertRaises(ProtocolViolation, parts.expect)
        self.assertEqual(parts.hand_over(), manifest)
        self.assertEqual(parts.size_bytes, 0)

    def test_refused(self) -> None:
        """
        A part that was not asked for, is not the next one, or is of another length
        of manifest is refused; nothing of it is kept.
        """
        parts = PartsGathered()
        self.assertRaises(ProtocolViolation, parts.expect)
        parts.ask()
        total = 3 * MANIFEST_PART_BYTES
        parts.take(total, 0, b"a")
        for total_bytes, number in ((total, 0), (total, 2), (total + 1, 1)):
            violation = self.assertRaises(
                ProtocolViolation, parts.take, total_bytes, number, b"b"
            )
            self.assertIs(violation.reason, ViolationReason.BAD_MANIFEST)
        self.assertEqual(parts.size_bytes, 1)

    def test_drop(self) -> None:
        """
        What nobody wants takes no room.
        """
        parts = PartsGathered()
        parts.ask()
        parts.take(MANIFEST_PART_BYTES + 1, 0, bytes(MANIFEST_PART_BYTES))
        parts.drop()
        self.assertEqual(parts.size_bytes, 0)
