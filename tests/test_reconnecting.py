"""
Connections that are lost, doubled, crossed, or hard to make.
"""

import socket

from tests.processes import ProcessTestCase, Settings, Swarm, random_bytes
from tests.raw_peer import (
    BITFIELD,
    INTERESTED,
    NOT_INTERESTED,
    UNCHOKE,
    RawListener,
    RawPeer,
    bitfield,
)

_ONE = bitfield(1, [0])


class ReconnectingTests(ProcessTestCase):
    """
    A process and a script with a file of one piece.
    """

    def start(
        self, own: int, *, has_file: bool, hosts: dict[int, str] | None = None
    ) -> Swarm:
        """
        Run the process C{own}, 1001 or 1002; the other is the script.
        """
        script = 2003 - own
        data = random_bytes(100)
        swarm = self.make_swarm(
            Settings(100, 100, optimistic=60),
            data,
            peers=2,
            seeds=[own if has_file else script],
            scripts=[script],
            hosts=hosts,
        )
        swarm.start(own)
        return swarm

    def expect_served(self, raw: RawPeer, swarm: Swarm) -> None:
        """
        The conversation works: the script gets the piece that it asks for.
        """
        raw.send(INTERESTED)
        raw.expect(UNCHOKE, b"")
        raw.send_request(0)
        assert swarm.data is not None
        raw.expect_piece(0, swarm.data)

    def test_the_newer_connection_wins(self) -> None:
        """
        A neighbour that comes back before its old connection is known to be
        dead is served on the new one within a second; the old one is closed.
        """
        swarm = self.start(1001, has_file=True)
        old = swarm.dial(1001, "old")
        old.open(1002, 1001, bytes(1), reads_first=True)
        old.expect(NOT_INTERESTED, b"")
        new = swarm.dial(1001, "new")
        new.open(1002, 1001, bytes(1), reads_first=True)
        new.expect(NOT_INTERESTED, b"", seconds=1.0)
        old.expect_closed(1.0, by_reset_too=True)
        self.expect_served(new, swarm)

    def test_nothing_stays_at_the_dead_one(self) -> None:
        """
        What was asked of the old connection is asked again on the new one.
        """
        swarm = self.start(1001, has_file=False)
        for name in ("old", "new", "newest"):
            raw = swarm.dial(1001, name)
            raw.open(1002, 1001, _ONE, reads_first=True)
            raw.expect(INTERESTED, b"", seconds=1.0)
            raw.send(UNCHOKE)
            self.assertEqual(raw.expect_request(), 0)
        assert swarm.data is not None
        raw.send_piece(0, swarm.data)
        self.assertEqual(swarm.processes[1001].wait_for_exit(), 0)

    def test_lost_connection_is_dialled_again(self) -> None:
        """
        A neighbour that a process dialled and lost, in good order or by a
        reset, is dialled again and served anew.
        """
        swarm = self.start(1002, has_file=True)
        for leave in ("close", "reset"):
            raw = swarm.accept(1001, leave)
            raw.open(1001, 1002, bytes(1), reads_first=True)
            raw.expect(NOT_INTERESTED, b"")
            if leave == "close":
                raw.close()
            else:
                raw.reset()
        raw = swarm.accept(1001, "back")
        raw.open(1001, 1002, bytes(1), reads_first=True)
        raw.expect(NOT_INTERESTED, b"")
        self.expect_served(raw, swarm)

    def test_crossed_dial_after_ours(self) -> None:
        """
        When both have dialled, the connection of the one that stands later in
        the list survives: here ours, which was there first.
        """
        swarm = self.start(1002, has_file=True)
        dialled = swarm.accept(1001, "dialled by the process")
        dialled.open(1001, 1002, bytes(1), reads_first=True)
        dialled.expect(NOT_INTERESTED, b"")
        crossed = swarm.dial(1002, "dialled by the script")
        crossed.expect_handshake(1002)
        crossed.send_handshake(1001)
        self.assertEqual(crossed.expect_closed(2.0, by_reset_too=True), [])
        self.expect_served(dialled, swarm)

    def test_crossed_dial_before_ours(self) -> None:
        """
        The same when the other connection was there first: it gives way.
        """
        swarm = self.start(1002, has_file=True)
        dialled = swarm.accept(1001, "dialled by the process")
        dialled.expect_handshake(1002)
        crossed = swarm.dial(1002, "dialled by the script")
        crossed.open(1001, 1002, bytes(1), reads_first=True)
        crossed.expect(NOT_INTERESTED, b"")
        dialled.send_handshake(1001)
        dialled.expect(BITFIELD, _ONE)
        dialled.send(BITFIELD, bytes(1))
        dialled.expect(NOT_INTERESTED, b"")
        crossed.expect_closed(2.0, by_reset_too=True)
        self.expect_served(dialled, swarm)

    def test_late_listener(self) -> None:
        """
        A process that finds nobody at an earlier peer's address calls until
        somebody listens there.
        """
        data = random_bytes(100)
        swarm = self.make_swarm(Settings(100, 100), data, peers=2)
        leecher = swarm.start(1002)
        leecher.wait_until(
            lambda: "1001" in leecher.stdout and "refused" in leecher.stdout,
            "a refused call",
        )
        swarm.start(1001)
        swarm.expect_finished()

    def test_ipv6(self) -> None:
        """
        An address may be one of IPv6.
        """
        try:
            RawListener("::1").close()
        except OSError:
            self.skipTest("this machine has no IPv6 loopback")
        swarm = self.start(1002, has_file=True, hosts={1001: "::1"})
        raw = swarm.accept(1001, "far away")
        raw.open(1001, 1002, bytes(1), reads_first=True)
        raw.expect(NOT_INTERESTED, b"")
        self.expect_served(raw, swarm)

    def test_one_address_of_a_name_is_dead(self) -> None:
        """
        A name with several addresses of which only the last answers is reached.
        """
        families = {info[0] for info in socket.getaddrinfo("localhost", 80)}
        if socket.AF_INET6 not in families:
            self.skipTest("localhost has one address here")
        swarm = self.start(1002, has_file=True, hosts={1001: "localhost"})
        raw = swarm.accept(1001, "at 127.0.0.1 only")
        raw.open(1001, 1002, bytes(1), reads_first=True)
        raw.expect(NOT_INTERESTED, b"")
