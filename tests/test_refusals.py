"""
What a process refuses to start with: one clear line on stderr, soon, a status
that is not 0, and nothing done.
"""

import os
import resource
import socket

from tests.processes import (
    TWISTD,
    PeerLine,
    ProcessTestCase,
    Settings,
    Swarm,
    random_bytes,
    reserve_port,
)

_SIZE = 2500


class RefusalTests(ProcessTestCase):
    """
    A swarm of two that something is wrong with.
    """

    def make(self) -> Swarm:
        """
        A good swarm.
        """
        return self.make_swarm(Settings(_SIZE, 1000), random_bytes(_SIZE), peers=2)

    def test_port_is_taken(self) -> None:
        """
        A busy port is named with its host, with no more than a second of work beyond
        what a start takes anyway.
        """
        swarm = self.make()
        line = swarm.line(1002)
        blocker = socket.create_server(("", line.port), reuse_port=False)
        self.addCleanup(blocker.close)
        began = _child_seconds()
        self.run_command([*TWISTD, "-n", "swarmpeer", "--help"], swarm.folder)
        start_seconds = _child_seconds() - began
        began = _child_seconds()
        self.expect_refusal(swarm.start(1002), f"127.0.0.1:{line.port}")
        self.assertLess(_child_seconds() - began, start_seconds + 1)

    def test_common_configuration(self) -> None:
        """
        A wrong value, a missing, doubled or unknown key in Common.cfg is named
        with its place, and nothing is listening or written.
        """
        good = self.make().settings.lines()
        doubled = "\n".join(f"{key} {value}" for key, value in good.items())
        for changes, words in (
            ({"PieceSize": "0"}, ["Common.cfg:6:", "PieceSize"]),
            ({"UnchokingInterval": "-5"}, ["Common.cfg:2:", "UnchokingInterval"]),
            ({"FileSize": "many"}, ["Common.cfg:5:", "FileSize"]),
            ({"FileName": "../escape"}, ["Common.cfg:4:", "FileName"]),
            ({"FileName": "/etc/passwd"}, ["Common.cfg:4:", "FileName"]),
            ({"FileName": "a/b"}, ["Common.cfg:4:", "FileName"]),
            ({"PieceSize": None}, ["Common.cfg:", "PieceSize"]),
            ({"Colour": "blue"}, ["Common.cfg:7:", "Colour"]),
            (doubled + "\nFileSize 1\n", ["Common.cfg:7:", "FileSize"]),
        ):
            swarm = self.make()
            if isinstance(changes, str):
                text = changes
            else:
                values = {**good, **changes}
                text = "".join(f"{k} {v}\n" for k, v in values.items() if v is not None)
            (swarm.folder / "Common.cfg").write_text(text)
            before = self.listing(swarm)
            self.expect_refusal(swarm.start(1002), *words)
            self.assertEqual(self.listing(swarm), before)

    def test_list_of_peers(self) -> None:
        """
        A wrong line of PeerInfo.cfg is named with its place.
        """
        for lines, place in (
            (["1001 localhost 6001 1", "1001 localhost 6002 0"], "PeerInfo.cfg:2:"),
            (["1001 localhost 6001 1", "1002 localhost 99999 0"], "PeerInfo.cfg:2:"),
            (["1001 localhost 6001 2", "1002 localhost 6002 0"], "PeerInfo.cfg:1:"),
            (["1001 localhost 6001 1", "1002 localhost"], "PeerInfo.cfg:2:"),
            (["1001 localhost 6001 0", "1002 localhost 6002 0"], "PeerInfo.cfg:"),
            (["1001 localhost 6001 1"], "1002"),
            ([], "PeerInfo.cfg"),
        ):
            swarm = self.make()
            (swarm.folder / "PeerInfo.cfg").write_text("\n".join(lines))
            self.expect_refusal(swarm.start(1002), place)

    def test_no_configuration(self) -> None:
        """
        A missing configuration file is named.
        """
        swarm = self.make()
        (swarm.folder / "Common.cfg").unlink()
        self.expect_refusal(swarm.start(1002), "Common.cfg")

    def test_unusable_seed_file(self) -> None:
        """
        A seed whose file is missing, too short, too long or no file at all does
        not start, and is never heard of.
        """
        for spoil in ("missing", "short", "long", "folder", "link"):
            swarm = self.make()
            path = swarm.file_path(1001)
            path.unlink()
            if spoil == "short":
                path.write_bytes(bytes(_SIZE - 1))
            elif spoil == "long":
                path.write_bytes(bytes(_SIZE + 1))
            elif spoil == "folder":
                path.mkdir()
            elif spoil == "link":
                (swarm.folder / "elsewhere").write_bytes(bytes(_SIZE))
                path.symlink_to(swarm.folder / "elsewhere")
            self.expect_refusal(swarm.start(1001), "peer_1001/TheFile.dat")

    def test_symlinks_are_not_followed(self) -> None:
        """
        A leecher whose folder, or whose file's place, is a symlink does not
        start, and what the link shows is left as it was.
        """
        swarm = self.make()
        outside = swarm.folder / "outside"
        outside.mkdir()
        (swarm.folder / "peer_1002").symlink_to(outside)
        self.expect_refusal(swarm.start(1002), "peer_1002")
        self.assertEqual(os.listdir(outside), [])
        (swarm.folder / "peer_1002").unlink()
        (swarm.folder / "peer_1002").mkdir()
        precious = outside / "precious"
        precious.write_bytes(b"precious")
        swarm.file_path(1002).symlink_to(precious)
        self.expect_refusal(swarm.start(1002), "TheFile.dat")
        self.assertEqual(precious.read_bytes(), b"precious")

    def test_started_twice(self) -> None:
        """
        The second start on one folder names the process that has it; when that
        one is killed, the next start goes on, even if the lock was cut to
        nothing.
        """
        swarm = self.make()
        first = swarm.start(1002)
        swarm.dial(1002, "knock").close()
        with reserve_port() as spare:
            line = swarm.line(1002)
            other = PeerLine(1002, has_file=False, holder=spare)
            text = (swarm.folder / "PeerInfo.cfg").read_text()
            moved = text.replace(str(line), str(other))
            (swarm.folder / "Moved.cfg").write_text(moved)
            second = swarm.start(1002, "--peers", "Moved.cfg")
            self.expect_refusal(second, str(first.pid))
        first.kill()
        locks = list(swarm.file_path(1002).parent.glob("*.lock"))
        locks += swarm.file_path(1002).parent.glob(".*.lock")
        self.assertNotEqual(locks, [])
        locks[0].write_bytes(b"")
        third = swarm.start(1002)
        swarm.start(1001)
        self.assertEqual(third.wait_for_exit(), 0)

    def listing(self, swarm: Swarm) -> list[str]:
        """
        Everything below the swarm's folder but the output of its processes.
        """
        return sorted(
            str(path)
            for path in swarm.folder.rglob("*")
            if not path.name.startswith("output_")
        )


def _child_seconds() -> float:
    """
    How long processes that ended kept a processor busy, which does not depend on
    what else the machine does.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
