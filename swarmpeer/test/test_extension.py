"""
Tests of L{swarmpeer.wire.extension}.
"""

from dataclasses import FrozenInstanceError

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import manifest
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_GOODBYE_BYTES,
    MAX_MANIFEST_BYTES,
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    ExtensionType,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
    manifest_part_count,
    manifest_part_size,
)
from swarmpeer.wire.messages import MessageType

ONE_OF_EACH: tuple[ExtensionMessage, ...] = (
    KeepAliveMessage(),
    RejectMessage(5),
    CancelMessage(5),
    HaveAllMessage(),
    HaveNoneMessage(),
    WithdrawMessage(5),
    BadPieceMessage(5),
    GoodbyeMessage(GoodbyeCode.STOPPING, "stopped"),
    ManifestRequestMessage(0),
    ManifestPartMessage(4, 0, b"data"),
)


class MessageTests(SynchronousTestCase):
    """
    The further messages are values, as the eight are.
    """

    def test_types(self) -> None:
        """
        Each kind has its own type; they begin where the eight end.
        """
        types = [message.type for message in ONE_OF_EACH]
        self.assertEqual(types, list(ExtensionType))
        self.assertEqual(
            [*MessageType, *types], list(range(len(MessageType) + len(types)))
        )

    def test_equality(self) -> None:
        """
        Messages are equal if they are of one kind and say the same.
        """
        self.assertEqual(RejectMessage(5), RejectMessage(5))
        self.assertNotEqual(RejectMessage(5), RejectMessage(6))
        self.assertNotEqual(RejectMessage(5), CancelMessage(5))
        self.assertEqual(len(set(ONE_OF_EACH)), len(ONE_OF_EACH))

    def test_frozen(self) -> None:
        """
        A message cannot be changed, nor can anything be added to it.
        """
        message = RejectMessage(5)
        self.assertRaises(FrozenInstanceError, setattr, message, "index", 6)
        self.assertFalse(hasattr(message, "__dict__"))

    def test_codes(self) -> None:
        """
        The codes of a goodbye are what they are in every version.
        """
        self.assertEqual(
            {code.name: code.value for code in GoodbyeCode},
            {
                "OTHER": 0,
                "STOPPING": 1,
                "REPLACED": 2,
                "UNKNOWN_PEER": 3,
                "VIOLATION": 4,
                "BAD_PIECES": 5,
                "OTHER_SWARM": 6,
                "CLASSIC_REFUSED": 7,
                "INTERNAL": 8,
                "FULL": 9,
                "COMPLETE": 10,
            },
        )


class GoodbyeTests(SynchronousTestCase):
    """
    A goodbye can be said in any words.
    """

    @settings(deadline=None)
    @given(st.text(st.characters()) | st.text(max_size=8).map(lambda text: text * 40))
    @example("x" * (MAX_GOODBYE_BYTES - 1) + "\N{EURO SIGN}")
    def test_any_words(self, words: str) -> None:
        """
        What is said is one printable line that fits; short printable words are
        not changed.
        """
        said = GoodbyeMessage.saying(GoodbyeCode.OTHER, words).words
        self.assertTrue(said.isprintable(), said)
        size = len(said.encode())
        self.assertLessEqual(size, MAX_GOODBYE_BYTES)
        if words.isprintable():
            self.assertTrue(words.startswith(said))
            if len(words.encode()) <= MAX_GOODBYE_BYTES:
                self.assertEqual(said, words)
            else:
                # At most the rest of one character is missing.
                self.assertGreater(size, MAX_GOODBYE_BYTES - 4)

    def test_by_example(self) -> None:
        """
        What would break the line, or cannot be encoded, is written as an escape.
        """
        self.assertEqual(
            GoodbyeMessage.saying(9, "one\ntwo\x1b[0m \udcff"),
            GoodbyeMessage(9, "one\\ntwo\\x1b[0m \\udcff"),
        )


class ManifestPartTests(SynchronousTestCase):
    """
    A manifest is sent in parts of one size.
    """

    @settings(deadline=None)
    @given(
        st.integers(1, 5 * MANIFEST_PART_BYTES)
        | st.builds(
            lambda parts, beyond: parts * MANIFEST_PART_BYTES + beyond,
            st.integers(1, 4),
            st.sampled_from([-1, 0, 1]),
        )
    )
    def test_cut(self, total: int) -> None:
        """
        The parts, one behind the other, are the manifest; all but the last are
        full, none is empty, and there are no others.
        """
        whole = bytes(range(251)) * (total // 251 + 1)
        whole = whole[:total]
        count = manifest_part_count(total)
        parts = [ManifestPartMessage.cut(whole, part) for part in range(count)]
        self.assertEqual(b"".join(each.data for each in parts), whole)
        sizes = [len(each.data) for each in parts]
        self.assertEqual(sizes[:-1], [MANIFEST_PART_BYTES] * (count - 1))
        self.assertTrue(0 < sizes[-1] <= MANIFEST_PART_BYTES)
        self.assertEqual(sizes, [manifest_part_size(total, n) for n in range(count)])
        self.assertEqual(
            [(each.total_bytes, each.part) for each in parts],
            [(total, part) for part in range(count)],
        )
        for part in (-1, count, 2**32 - 1):
            self.assertEqual(manifest_part_size(total, part), 0)
            self.assertRaises(ValueError, ManifestPartMessage.cut, whole, part)

    def test_empty(self) -> None:
        """
        A manifest of nothing has no part.
        """
        self.assertEqual(manifest_part_count(0), 0)
        self.assertRaises(ValueError, ManifestPartMessage.cut, b"", 0)

    def test_longest(self) -> None:
        """
        Every manifest that can be read can be sent.
        """
        self.assertEqual(MAX_MANIFEST_BYTES, manifest.MAX_MANIFEST_BYTES)
