"""
Hostile and broken neighbours: each is closed, and nobody else notices.
"""

import time

from tests.processes import ProcessTestCase, Settings, Swarm, random_bytes
from tests.raw_peer import (
    BITFIELD,
    CHOKE,
    HAVE,
    INTERESTED,
    NOT_INTERESTED,
    PIECE,
    REQUEST,
    UNCHOKE,
    RawMessage,
    RawPeer,
    bitfield,
    frame,
    handshake,
    packed,
    split,
)

_HEADER = b"P2PFILESHARINGPROJ"
_COUNT = 12
_PIECE_SIZE = 1000
_EMPTY = frame(bytes([BITFIELD]) + bitfield(_COUNT, []))

BAD_OPENINGS = {
    "another program": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a Java object stream": bytes.fromhex("aced0005") + bytes(28),
    "a TLS client": bytes.fromhex("16030100c8010000c40303") + bytes(32),
    "a misspelt header": b"P2PFILESHARINGPROX" + bytes(10) + packed(1003),
    "ASCII zeros": _HEADER + b"0" * 10 + packed(1003),
    "an ASCII id": _HEADER + bytes(10) + b"1003",
    "our own id": handshake(1001),
    "an id that is not in the list": handshake(1099),
    "id zero": handshake(0),
}

BAD_MESSAGES = {
    "length 0": packed(0),
    "length 0xFFFFFFFF": packed(0xFFFFFFFF) + bytes([PIECE]),
    "a piece of 2 GiB": packed(0x7FFFFFFF) + bytes([PIECE]) + packed(0),
    "an unknown type of 16 MiB": packed(16 << 20) + bytes([77]),
    "a choke with a payload": frame(bytes([CHOKE, 0])),
    "an unchoke with a payload": frame(bytes([UNCHOKE]) + packed(0)),
    "an interested with a payload": frame(bytes([INTERESTED, 1])),
    "a not interested with a payload": frame(bytes([NOT_INTERESTED]) * 9),
    "a have without an index": frame(bytes([HAVE])),
    "a have that is too short": frame(bytes([HAVE, 0, 0, 0])),
    "a have that is too long": frame(bytes([HAVE]) + bytes(5)),
    "a have beyond the last piece": frame(bytes([HAVE]) + packed(_COUNT)),
    "a have of piece 0xFFFFFFFF": frame(bytes([HAVE]) + packed(0xFFFFFFFF)),
    "a request with a length": frame(bytes([REQUEST]) + packed(0) * 3),
    "a request without an index": frame(bytes([REQUEST])),
    "a piece without an index": frame(bytes([PIECE])),
    "a piece beyond the last": frame(bytes([PIECE]) + packed(_COUNT) + bytes(1000)),
    "a piece never asked for": frame(bytes([PIECE]) + packed(1) + bytes(1000)),
    "only the head of such a piece": packed(1005) + bytes([PIECE]) + packed(1),
    "a piece that is too long": frame(bytes([PIECE]) + packed(1) + bytes(1001)),
    "a piece that is too short": frame(bytes([PIECE]) + packed(1) + bytes(999)),
    "a padded last piece": frame(bytes([PIECE]) + packed(11) + bytes(1000)),
    "a second bitfield": _EMPTY,
    "a second handshake": handshake(1003),
}

BAD_FIRST_MESSAGES = {
    "a bitfield that is too short": frame(bytes([BITFIELD]) + bytes(1)),
    "a bitfield that is too long": frame(bytes([BITFIELD]) + bytes(3)),
    "an empty bitfield": frame(bytes([BITFIELD])),
    "a bitfield with spare bits": frame(bytes([BITFIELD]) + b"\x00\x08"),
    "a bitfield of 4 GiB": packed(0xFFFFFFFF) + bytes([BITFIELD]),
    "a bitfield after a have": frame(bytes([HAVE]) + packed(0)) + _EMPTY,
}

CLOSE_SECONDS = 2.0


class HostileTestCase(ProcessTestCase):
    """
    The process 1001 with an honest neighbour 1002; 1003 is the hostile one's.
    """

    def start(self, *, has_file: bool, scripts: int = 2) -> Swarm:
        """
        A running process whose honest neighbour has everything, or nothing if
        the process C{has_file}.
        """
        data = random_bytes(_COUNT * _PIECE_SIZE - 300)
        settings = Settings(len(data), _PIECE_SIZE, unchoking=1, optimistic=60)
        swarm = self.make_swarm(
            settings,
            data,
            peers=1 + scripts,
            seeds=[1001] if has_file else [1002],
            scripts=range(1002, 1002 + scripts),
        )
        self.pieces = split(data, _PIECE_SIZE)
        swarm.start(1001)
        return swarm

    def start_leecher(self) -> tuple[Swarm, RawPeer]:
        """
        A leecher that waits for its honest seed to unchoke it.
        """
        swarm = self.start(has_file=False)
        honest = swarm.dial(1001, "honest seed")
        honest.open(1002, 1001, bitfield(_COUNT, range(_COUNT)), reads_first=True)
        honest.expect(INTERESTED, b"")
        return swarm, honest

    def expect_all_closed(self, swarm: Swarm, openings: dict[str, bytes]) -> None:
        """
        Each of the C{openings} gets its own connection closed, soon.
        """
        for name, data in openings.items():
            raw = swarm.dial(1001, name)
            raw.send_raw(data)
            raw.expect_handshake(1001)
            raw.expect_closed(CLOSE_SECONDS, by_reset_too=True)
            raw.close()


class HostileTests(HostileTestCase):
    """
    One connection is closed, soon, for whatever breaks the protocol; the honest
    neighbour's is untouched, and memory stays.
    """

    def expect_unharmed(self, swarm: Swarm, honest: RawPeer) -> None:
        """
        The honest neighbour heard nothing, and can give a piece.
        """
        honest.expect_silence(0.1)
        honest.send(UNCHOKE)
        index = honest.expect_request()
        honest.send_piece(index, self.pieces[index])
        honest.hear_until(lambda heard: heard == RawMessage(HAVE, packed(index)))
        self.assertNotIn("Traceback", swarm.processes[1001].stdout)

    def test_openings(self) -> None:
        """
        Whoever opens with anything but the handshake of a listed neighbour is
        closed.
        """
        swarm, honest = self.start_leecher()
        self.expect_all_closed(swarm, BAD_OPENINGS)
        self.expect_unharmed(swarm, honest)

    def test_messages(self) -> None:
        """
        A message that no neighbour may send closes its connection, whether it
        comes with the handshake in one write or later, and a thousand of them
        cost no memory.
        """
        swarm, honest = self.start_leecher()
        opening = handshake(1003)
        bad = {name: opening + _EMPTY + data for name, data in BAD_MESSAGES.items()}
        bad |= {name: opening + data for name, data in BAD_FIRST_MESSAGES.items()}
        self.expect_all_closed(swarm, bad)
        process = swarm.processes[1001]
        before = process.private_bytes
        for _ in range(5):
            self.expect_all_closed(swarm, bad)
        self.assertLess(process.private_bytes - before, 1_000_000)
        self.expect_unharmed(swarm, honest)

    def test_after_the_opening(self) -> None:
        """
        A wrong message in the middle of a conversation closes it too, and the
        request that was outstanding there goes to the honest neighbour.
        """
        swarm = self.start(has_file=False)
        bad = swarm.dial(1001, "bad")
        bad.open(1003, 1001, bitfield(_COUNT, [3]), reads_first=True)
        bad.expect(INTERESTED, b"")
        bad.send(UNCHOKE)
        self.assertEqual(bad.expect_request(), 3)
        honest = swarm.dial(1001, "honest")
        honest.open(1002, 1001, bitfield(_COUNT, [3]), reads_first=True)
        honest.expect(INTERESTED, b"")
        honest.send(UNCHOKE)
        honest.expect_silence(0.2)
        bad.send_piece(4, self.pieces[4])
        bad.expect_closed(CLOSE_SECONDS, by_reset_too=True)
        self.assertEqual(honest.expect_request(), 3)

    def test_reasons_are_told(self) -> None:
        """
        The process says on its own output why it closed a neighbour.
        """
        swarm, _ = self.start_leecher()
        openings = {
            "header": BAD_OPENINGS["a misspelt header"],
            "length": handshake(1003) + _EMPTY + packed(0),
        }
        self.expect_all_closed(swarm, openings)
        process = swarm.processes[1001]
        reasons = {"bad-handshake", "bad-length"}
        process.wait_until(
            lambda: all(reason in process.stdout for reason in reasons), str(reasons)
        )

    def test_wrong_id_at_a_dialled_address(self) -> None:
        """
        Who answers a call with another id than the one called is closed.
        """
        data = random_bytes(100)
        swarm = self.make_swarm(
            Settings(100, 100), data, peers=3, scripts=[1001, 1002], seeds=[1001]
        )
        swarm.start(1003)
        raw = swarm.accept(1001, "impostor")
        raw.expect_handshake(1003)
        raw.send_handshake(1002)
        raw.expect_closed(CLOSE_SECONDS, by_reset_too=True)


class CrowdTests(HostileTestCase):
    """
    Many connections that say next to nothing.
    """

    def test_silent_crowd(self) -> None:
        """
        While 500 connections are silent, or say a byte, an honest neighbour
        comes and gets the file; all the silent ones are closed in the time that
        a handshake may take.
        """
        swarm = self.start(has_file=True)
        crowd = [swarm.dial(1001, f"silent {number}") for number in range(500)]
        began = time.monotonic()
        for raw in crowd[::2]:
            raw.send_raw(b"P")
        honest = swarm.dial(1001, "honest")
        honest.open(1002, 1001, bitfield(_COUNT, []), reads_first=True)
        honest.expect(NOT_INTERESTED, b"")
        self.assertEqual(honest.fetch_file(_COUNT), b"".join(self.pieces))
        for raw in crowd:
            raw.expect_gone()
        self.assertLess(time.monotonic() - began, 14)
        again = swarm.dial(1001, "honest again")
        again.open(1002, 1001, bitfield(_COUNT, []), reads_first=True)
