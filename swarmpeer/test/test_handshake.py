"""
Tests of L{swarmpeer.wire.handshake}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.handshake import (
    HANDSHAKE_SIZE,
    HEADER,
    MAX_PEER_ID,
    SWARM_BYTES,
    Feature,
    Handshake,
)

WIRE_1001 = bytes.fromhex(
    "50325046494c4553484152494e4750524f4a00000000000000000000000003e9"
)
TEXT_1001 = b"P2PFILESHARINGPROJ00000000001001"
SWARM = bytes.fromhex("00112233445566ff")
VERIFIED_1001 = bytes.fromhex(
    "50325046494c4553484152494e4750524f4a000300112233445566ff000003e9"
)

PEER_IDS = st.integers(1, MAX_PEER_ID)
SWARMS = st.binary(min_size=SWARM_BYTES, max_size=SWARM_BYTES)
BOTH = Feature.VERIFIED | Feature.MANIFEST


def changed(position: int, byte: int) -> bytes:
    """
    The handshake of 1001 with one byte replaced.
    """
    data = bytearray(WIRE_1001)
    data[position] = byte
    return bytes(data)


class HandshakeTests(SynchronousTestCase):
    """
    The 32 bytes, and nothing else, introduce a peer.
    """

    def refused(self, data: bytes, lenient: bool = False) -> str:
        """
        Why C{data} is no handshake.
        """
        violation = self.assertRaises(
            ProtocolViolation, Handshake.decode, data, lenient=lenient
        )
        self.assertEqual(violation.reason, ViolationReason.BAD_HANDSHAKE)
        return str(violation.detail)

    def test_bytes(self) -> None:
        """
        Header, ten zero bytes, and the id as a big-endian number.
        """
        self.assertEqual(len(WIRE_1001), HANDSHAKE_SIZE)
        self.assertEqual(Handshake(1001).encode(), WIRE_1001)
        self.assertEqual(Handshake.decode(WIRE_1001), Handshake(1001))

    @settings(deadline=None)
    @given(PEER_IDS)
    def test_round_trip(self, peer_id: int) -> None:
        """
        Every id survives the way to bytes, of whatever type, and back.
        """
        wire = Handshake(peer_id).encode()
        self.assertEqual(len(wire), HANDSHAKE_SIZE)
        for data in (wire, bytearray(wire), memoryview(wire)):
            self.assertEqual(Handshake.decode(data), Handshake(peer_id))

    def test_id_range(self) -> None:
        """
        An id is a positive 32-bit number.
        """
        self.assertRaises(ValueError, Handshake, 0)
        self.assertRaises(ValueError, Handshake, -1)
        self.assertRaises(ValueError, Handshake, MAX_PEER_ID + 1)
        self.assertEqual(
            Handshake.decode(Handshake(MAX_PEER_ID).encode()).peer_id, 2**32 - 1
        )

    def test_id_zero(self) -> None:
        """
        Nobody is number 0.
        """
        self.assertIn(
            "the peer id is 0: b'P2P", self.refused(WIRE_1001[:28] + bytes(4))
        )
        self.assertIn("the peer id is 0", self.refused(HEADER + b"0" * 14, True))

    @settings(deadline=None)
    @given(st.binary(max_size=40), st.booleans())
    def test_any_bytes(self, data: bytes, lenient: bool) -> None:
        """
        Bytes that do not begin with the header are refused and shown, in a
        bounded printable line.
        """
        detail = self.refused(data, lenient)
        self.assertTrue(detail.isprintable() and len(detail) < 250, detail)
        self.assertTrue(detail.endswith(repr(data[:32])), detail)

    @settings(deadline=None)
    @given(st.integers(0, 27), st.integers(0, 255))
    def test_one_wrong_byte(self, position: int, byte: int) -> None:
        """
        One wrong byte before the id spoils a handshake, as soon as it is there
        and no sooner.
        """
        data = changed(position, byte)
        Handshake.check_prefix(data[:position])
        if data == WIRE_1001:
            Handshake.check_prefix(data)
        else:
            self.refused(data)
            self.assertRaises(
                ProtocolViolation, Handshake.check_prefix, data[: position + 1]
            )

    @settings(deadline=None)
    @given(PEER_IDS, st.integers(0, 31))
    def test_cut_anywhere(self, peer_id: int, end: int) -> None:
        """
        A handshake that is still coming is no violation, but it is no handshake
        either.
        """
        data = Handshake(peer_id).encode()[:end]
        Handshake.check_prefix(data)
        self.assertIn(f"{end} bytes instead of 32", self.refused(data))

    def test_more_behind(self) -> None:
        """
        What follows a handshake is not looked at while it is being checked.
        """
        Handshake.check_prefix(WIRE_1001 + b"\x00\x00\x00\x01\x02")
        self.assertIn("33 bytes instead of 32", self.refused(WIRE_1001 + b"\x00"))


class OtherKindsTests(SynchronousTestCase):
    """
    Wrong ways to introduce oneself that are known are called by their names.
    """

    def complaint(self, data: bytes) -> str:
        """
        What is said about bytes that come first, whole or not.
        """
        violation = self.assertRaises(ProtocolViolation, Handshake.check_prefix, data)
        return str(violation)

    def test_java_stream(self) -> None:
        """
        A stream of Java objects is recognised by its first four bytes.
        """
        self.assertEqual(
            self.complaint(bytes.fromhex("aced0005")),
            "bad-handshake: a Java object stream instead of plain bytes: "
            r"b'\xac\xed\x00\x05'",
        )

    def test_other_header(self) -> None:
        """
        Another protocol's first line is shown.
        """
        self.assertEqual(
            self.complaint(b"GET / HTTP/1.1\r\n"),
            r"bad-handshake: the header is wrong: b'GET / HTTP/1.1\r\n'",
        )

    def test_text_padding(self) -> None:
        """
        Text zeros are told from the first of them on; an id in text, once it is
        there.
        """
        self.assertIn(
            "text zeros instead of zero bytes: ", self.complaint(TEXT_1001[:19])
        )
        self.assertIn(
            "text zeros instead of zero bytes and the id as text digits: ",
            self.complaint(TEXT_1001),
        )

    def test_other_padding(self) -> None:
        """
        Other bytes than zeros behind the header are told.
        """
        self.assertIn("behind the header are not zero", self.complaint(changed(27, 1)))

    def test_text_id_is_a_number(self) -> None:
        """
        Four text digits behind zero bytes are a binary id like any other.
        """
        self.assertEqual(
            Handshake.decode(WIRE_1001[:28] + b"1001"), Handshake(0x31303031)
        )


class LenientTests(SynchronousTestCase):
    """
    On demand, two common slips are let pass.
    """

    def test_text_accepted(self) -> None:
        """
        Text zeros, text digits, and each of them alone, are accepted.
        """
        for data in (
            WIRE_1001,
            TEXT_1001,
            TEXT_1001[:28] + WIRE_1001[28:],
            WIRE_1001[:28] + TEXT_1001[28:],
        ):
            Handshake.check_prefix(data, lenient=True)
            self.assertEqual(Handshake.decode(data, lenient=True), Handshake(1001))

    def test_no_more(self) -> None:
        """
        Zeros of both kinds, mixed, and other bytes stay wrong.
        """
        for padding in (b"0" * 9 + b"\x00", b"\x00" * 9 + b"0", b"1" * 10):
            data = HEADER + padding + b"1001"
            for read in (Handshake.decode, Handshake.check_prefix):
                self.assertRaises(ProtocolViolation, read, data, lenient=True)

    @settings(deadline=None)
    @given(PEER_IDS)
    def test_binary_ids(self, peer_id: int) -> None:
        """
        An id is read as binary unless all of its bytes are text digits.
        """
        wire = Handshake(peer_id).encode()
        id_bytes = wire[28:]
        if id_bytes.isdigit() and int(id_bytes):
            peer_id = int(id_bytes)
        self.assertEqual(Handshake.decode(wire, lenient=True), Handshake(peer_id))


class VerifiedTests(SynchronousTestCase):
    """
    In a verified swarm the ten bytes tell what a peer knows, and of which swarm
    it is.
    """

    def refused(self, data: bytes, lenient: bool = False) -> str:
        """
        Why C{data} is no handshake where one of a verified swarm would be taken.
        """
        violation = self.assertRaises(
            ProtocolViolation,
            Handshake.decode,
            data,
            lenient=lenient,
            verified=True,
        )
        self.assertEqual(violation.reason, ViolationReason.BAD_HANDSHAKE)
        return str(violation.detail)

    def test_bytes(self) -> None:
        """
        Two bytes of features, eight of the swarm, then the id as ever.
        """
        handshake = Handshake(1001, BOTH, SWARM)
        self.assertEqual(handshake.encode(), VERIFIED_1001)
        self.assertEqual(Handshake.decode(VERIFIED_1001, verified=True), handshake)
        self.assertTrue(handshake.is_verified)

    @settings(deadline=None)
    @given(PEER_IDS, SWARMS, st.sampled_from([Feature.VERIFIED, BOTH]), st.booleans())
    def test_round_trip(
        self, peer_id: int, swarm: bytes, features: Feature, lenient: bool
    ) -> None:
        """
        Every swarm and every id survives the way to bytes, of whatever type, and
        back, also where text would be taken of a classic peer.
        """
        handshake = Handshake(peer_id, features, swarm)
        wire = handshake.encode()
        for data in (wire, bytearray(wire), memoryview(wire)):
            Handshake.check_prefix(data, lenient=lenient, verified=True)
            self.assertEqual(
                Handshake.decode(data, lenient=lenient, verified=True), handshake
            )

    @settings(deadline=None)
    @given(PEER_IDS)
    def test_classic(self, peer_id: int) -> None:
        """
        The ten zero bytes of a classic peer are taken, too, and known as such.
        """
        classic = Handshake(peer_id)
        self.assertFalse(classic.is_verified)
        self.assertEqual(Handshake.decode(classic.encode(), verified=True), classic)

    @settings(deadline=None)
    @given(st.integers(0, 2**16 - 1))
    def test_unknown_features(self, features: int) -> None:
        """
        Features that nobody here knows do not count.
        """
        handshake = Handshake(1, Feature(features | Feature.VERIFIED), SWARM)
        known = Handshake(1, Feature.VERIFIED | Feature(features & BOTH), SWARM)
        wire = handshake.encode()
        self.assertEqual(wire[18:20], (features | 1).to_bytes(2, "big"))
        self.assertEqual(Handshake.decode(wire, verified=True), known)

    @settings(deadline=None)
    @given(st.binary(min_size=10, max_size=10), PEER_IDS, st.booleans())
    def test_any_ten_bytes(self, ten: bytes, peer_id: int, lenient: bool) -> None:
        """
        Whatever stands in the ten bytes, no prefix is refused; the whole becomes
        a handshake exactly if it is classic, or says that it is verified.
        """
        wire = HEADER + ten + peer_id.to_bytes(4, "big")
        for end in range(HANDSHAKE_SIZE + 1):
            Handshake.check_prefix(wire[:end], lenient=lenient, verified=True)
        if ten[1] & Feature.VERIFIED:
            handshake = Handshake.decode(wire, lenient=lenient, verified=True)
            self.assertEqual((handshake.swarm, handshake.peer_id), (ten[2:], peer_id))
        elif any(ten) and not (lenient and ten == b"0" * 10):
            self.assertIn("behind the header are not zero", self.refused(wire, lenient))
        else:
            handshake = Handshake.decode(wire, lenient=lenient, verified=True)
            self.assertFalse(handshake.is_verified, ten)

    @settings(deadline=None)
    @given(st.integers(0, 17), st.integers(0, 255))
    def test_header(self, position: int, byte: int) -> None:
        """
        The header is compared as ever, from its first wrong byte on.
        """
        data = bytearray(VERIFIED_1001)
        Handshake.check_prefix(data[: position + 1], verified=True)
        if data[position] != byte:
            data[position] = byte
            self.assertIn("the header is wrong", self.refused(bytes(data)))
            self.assertRaises(
                ProtocolViolation,
                Handshake.check_prefix,
                data[: position + 1],
                verified=True,
            )

    def test_refused_as_classic(self) -> None:
        """
        Who takes only classic peers is told what called, once all ten bytes are
        in; with fewer, only that they are not zero.
        """
        for end, words in (
            (32, "are not zero, but those of a verified swarm: b'P2P"),
            (28, "are not zero, but those of a verified swarm: b'P2P"),
            (27, "are not zero: b'P2P"),
            (20, "are not zero: b'P2P"),
        ):
            for lenient in (False, True):
                violation = self.assertRaises(
                    ProtocolViolation,
                    Handshake.check_prefix,
                    VERIFIED_1001[:end],
                    lenient=lenient,
                )
                self.assertIn(
                    f"the ten bytes behind the header {words}", str(violation)
                )
        self.assertRaises(ProtocolViolation, Handshake.decode, VERIFIED_1001)

    def test_text(self) -> None:
        """
        A classic peer that writes text is taken only where that is forgiven; a
        verified one writes numbers.
        """
        self.assertIn("text zeros instead of zero bytes", self.refused(TEXT_1001))
        self.assertEqual(
            Handshake.decode(TEXT_1001, lenient=True, verified=True), Handshake(1001)
        )
        self.assertEqual(
            Handshake.decode(
                VERIFIED_1001[:28] + b"1001", lenient=True, verified=True
            ).peer_id,
            0x31303031,
        )

    def test_wrong_ends(self) -> None:
        """
        One that is too short, or whose id is 0, is refused as ever.
        """
        self.assertIn("31 bytes instead of 32", self.refused(VERIFIED_1001[:31]))
        self.assertIn(
            "the peer id is 0", self.refused(VERIFIED_1001[:28] + bytes(4), True)
        )

    def test_own_mistakes(self) -> None:
        """
        No handshake is made that nobody could read as it was meant.
        """
        for features, swarm in (
            (Feature.VERIFIED, SWARM[:7]),
            (Feature.VERIFIED, SWARM + b"x"),
            (Feature(2**16 + 1), SWARM),
            (Feature.MANIFEST, SWARM),
            (Feature.MANIFEST, bytes(8)),
            (Feature(0), SWARM),
        ):
            self.assertRaises(ValueError, Handshake, 1001, features, swarm)
