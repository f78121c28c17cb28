"""
Tests for L{swarmpeer.storage.verified.resume}.
"""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.storage.verified.resume import FileIdentity, Record, RecordFault
from swarmpeer.wire.bitfield import Bitfield

LAYOUT = PieceLayout.of_files((35, 0, 10), 10)
INFOHASH = bytes(range(32))

identities = st.builds(
    FileIdentity,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
)


def a_record() -> Record:
    """
    One of two files, in one of which the disk refused bytes.
    """
    record = Record(INFOHASH, Bitfield(5))
    for index in (0, 3, 4):
        record.held.add(index)
    record.files[0] = FileIdentity(7, 35, 1_700_000_000_123_456_789)
    record.files[2] = FileIdentity(2**40, 10, -1)
    record.refused.add(2)
    return record


def fault_of(data: bytes) -> str:
    """
    Why these bytes are of no use.
    """
    try:
        Record.decode(data, INFOHASH, LAYOUT)
    except RecordFault as fault:
        return str(fault)
    raise AssertionError("it was taken")


def sealed(body: bytes) -> bytes:
    """
    With the right checksum.
    """
    return body + hashlib.sha256(body).digest()


class RecordTests(SynchronousTestCase):
    """
    The record as bytes.
    """

    def test_bytes(self) -> None:
        """
        The bytes are those that the module tells of.
        """
        body = (
            b"swarmpeer resume\x00\x01"
            + INFOHASH
            + bytes.fromhex("00000005 00000002")
            + bytes.fromhex("00000000 00 0000000000000007 0000000000000023")
            + bytes.fromhex("17979cfe3d85cd15")
            + bytes.fromhex("00000002 01 0000010000000000 000000000000000a")
            + bytes.fromhex("ffffffffffffffff")
            + b"\x98"
        )
        self.assertEqual(a_record().encode().hex(), sealed(body).hex())
        self.assertLessEqual(len(a_record().encode()), Record.longest(LAYOUT))

    @given(
        held=st.sets(st.integers(0, 4)),
        files=st.dictionaries(st.integers(0, 2), identities),
        data=st.data(),
    )
    @settings(deadline=None, max_examples=50)
    def test_round_trip(
        self,
        held: set[int],
        files: dict[int, FileIdentity],
        data: st.DataObject,
    ) -> None:
        """
        What was saved is read again.
        """
        refused = data.draw(st.sets(st.sampled_from(sorted(files)))) if files else set()
        record = Record(INFOHASH, Bitfield(5), files, refused)
        for index in held:
            record.held.add(index)
        self.assertEqual(Record.decode(record.encode(), INFOHASH, LAYOUT), record)

    def test_any_bit(self) -> None:
        """
        A record in which any bit is flipped is of no use.
        """
        data = a_record().encode()
        for position in range(len(data)):
            for bit in range(8):
                broken = bytearray(data)
                broken[position] ^= 1 << bit
                fault_of(bytes(broken))

    def test_cut(self) -> None:
        """
        A record that is empty, cut anywhere or longer is of no use.
        """
        data = a_record().encode()
        self.assertEqual(fault_of(b""), "it is empty")
        for length in range(1, len(data)):
            fault_of(data[:length])
        self.assertEqual(fault_of(data + b"\0"), "it is damaged")

    def test_faults(self) -> None:
        """
        What is wrong is told: the version, the owner, the contents.
        """
        body = a_record().encode()[:-32]
        self.assertEqual(
            fault_of(sealed(body[:17] + b"\x02" + body[18:])),
            "it is of version 2, 1 is known",
        )
        self.assertEqual(
            fault_of(sealed(body[:18] + b"x" + body[19:])),
            "it belongs to another manifest",
        )
        for broken in (
            body[:-1] + b"\x99",
            body + b"\0",
            body[:57] + b"\x01" + body[58:],
        ):
            self.assertEqual(fault_of(sealed(broken)), "it is damaged")
        far = Record(INFOHASH, Bitfield(5), {3: FileIdentity(1, 1, 1)})
        self.assertEqual(fault_of(far.encode()), "it is damaged")

    @given(data=st.binary(max_size=300), is_sealed=st.booleans())
    @settings(deadline=None, max_examples=100)
    def test_any_bytes(self, data: bytes, is_sealed: bool) -> None:
        """
        Any bytes are a record or a fault, also if the checksum is right.
        """
        head = a_record().encode()[:54]
        for tried in (data, head + data):
            try:
                Record.decode(sealed(tried) if is_sealed else tried, INFOHASH, LAYOUT)
            except RecordFault as fault:
                self.assertNotIn("\n", str(fault))


class IdentityTests(SynchronousTestCase):
    """
    What a file is known by.
    """

    def test_same_file(self) -> None:
        """
        A file that was changed is the same file, unless its size is another.
        """
        file = FileIdentity(1, 2, 3)
        self.assertTrue(file.is_same_file(FileIdentity(1, 2, 4)))
        self.assertFalse(file.is_same_file(FileIdentity(1, 3, 3)))
        self.assertFalse(file.is_same_file(FileIdentity(2, 2, 3)))
