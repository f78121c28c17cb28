"""
A peer as a service, with a test that plays the service manager: readiness, watchdog,
sockets that are handed over, and logs in the foreground and as a daemon.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from tests.processes import PATIENCE_SECONDS, TWISTD, PeerProcess, child_environment
from tests.verified_swarms import VerifiedSwarm, VerifiedTestCase, single_file

_HAND_OVER = """\
import os, sys
for number, fd in enumerate(map(int, sys.argv[1].split(","))):
    os.dup2(fd, 3 + number)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""
"""
Sockets are handed over from 3 on, to the process with the id that is told.
"""
_HIGH = 50


class Manager:
    """
    A service manager.

    @ivar told: what it was told, by line.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)

    def hear(self) -> list[str]:
        """
        All that it was told so far.
        """
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told += self._socket.recv(4096).decode().split("\n")
        return self.told

    def is_told_within(self, seconds: float) -> bool:
        """
        Is it told anything more before so long is over?
        """
        readable, _, _ = select.select([self._socket], [], [], seconds)
        return bool(readable)

    def close(self) -> None:
        """
        It is no more.
        """
        self._socket.close()


class ServiceTests(VerifiedTestCase):
    """
    C{twistd} with what systemd gives it.
    """

    def start(
        self,
        swarm: VerifiedSwarm,
        manager: Manager,
        *options: str,
        **sockets: socket.socket,
    ) -> PeerProcess:
        """
        Start the seed as a service manager would.

        @param sockets: to hand over, by name.
        """
        fds = [fcntl.fcntl(each, fcntl.F_DUPFD, _HIGH) for each in sockets.values()]
        for fd in fds:
            self.addCleanup(os.close, fd)
        peer = [*TWISTD, "--nodaemon", "--pidfile=", "swarmpeer", "--id", "1001"]
        command = [*peer, "--swarm", "swarm.toml", "--stay", *options]
        hand_over = [sys.executable, "-c", _HAND_OVER, ",".join(map(str, fds))]
        environment = {
            **child_environment(),
            "NOTIFY_SOCKET": str(manager.path),
            "WATCHDOG_USEC": "400000",
            "LISTEN_FDS": str(len(fds)),
            "LISTEN_FDNAMES": ":".join(sockets),
        }
        if fds:
            command = [*hand_over, *command]
        return self.start_command(command, swarm.folder, environment, fds)

    def swarm_and_manager(self) -> tuple[VerifiedSwarm, Manager]:
        """
        A seed, a leecher, and who manages the seed.
        """
        swarm = self.make_verified(single_file(20), peers=2)
        manager = Manager(swarm.folder)
        self.addCleanup(manager.close)
        return swarm, manager

    def test_life(self) -> None:
        """
        A peer takes the sockets that are handed over, by their names, for others and
        for its pages; it is ready once it takes part, feeds the watchdog, tells how it
        is, and says that it stops.
        """
        swarm, manager = self.swarm_and_manager()
        ((port,),) = [[m.holder for m in swarm.members if m.peer_id == 1001]]
        port.listen()
        pages = socket.socket(socket.AF_UNIX)
        self.addCleanup(pages.close)
        place = swarm.folder / "web"
        pages.bind(str(place))
        pages.listen()
        seed = self.start(
            swarm,
            manager,
            "--listen=systemd:domain=INET:name=peer",
            "--web=systemd:domain=UNIX:name=web",
            web=pages,
            peer=port,
        )
        seed.wait_until(lambda: "READY=1" in manager.hear(), "READY=1")
        self.assertIn("listening at ", seed.stdout)
        self.assertEqual(_get(place, "/healthz"), (200, "ok\n"))
        leecher = swarm.start(1002)
        self.assertEqual(leecher.wait_for_exit(), 0)
        swarm.expect_whole(1002)
        seed.wait_until(lambda: manager.hear().count("WATCHDOG=1") > 3, "a watchdog")
        done = "STATUS=complete, 0 others are not known to be"
        seed.wait_until(lambda: done in manager.hear(), done)
        status, text = _get(place, "/metrics")
        self.assertEqual(status, 200)
        self.assertIn("\nswarmpeer_complete 1.0\n", text)
        self.assertIn("\nswarmpeer_sent_pieces_total 20.0\n", text)
        self.assertEqual(manager.hear().count("READY=1"), 1)
        complete = "STATUS=complete, 0 others are not known to be"
        seed.wait_until(lambda: complete in manager.hear(), complete)
        seed.signal(signal.SIGTERM)
        self.assertEqual(seed.wait_for_exit(), -signal.SIGTERM)
        told = manager.hear()
        self.assertEqual(told[-2:], ["STOPPING=1", "STATUS=stops"])

    def test_stuck(self) -> None:
        """
        A reactor that stands still does not feed the watchdog.
        """
        swarm, manager = self.swarm_and_manager()
        seed = self.start(swarm, manager)
        seed.wait_until(lambda: "WATCHDOG=1" in manager.hear(), "a watchdog")
        seed.signal(signal.SIGSTOP)
        # What is on its way arrives; then nothing does for longer than it may.
        seed.wait_until(lambda: _state(seed.pid) == "T", "a standstill")
        before = len(manager.hear())
        self.assertFalse(manager.is_told_within(0.8), manager.hear())
        seed.signal(signal.SIGCONT)
        seed.wait_until(lambda: len(manager.hear()) > before, "a watchdog again")

    def test_cannot_start(self) -> None:
        """
        A socket that was not handed over is one line; nobody is told that it is ready.
        """
        swarm, manager = self.swarm_and_manager()
        for words in ("name=peer", "index=0"):
            option = f"--listen=systemd:domain=INET:{words}"
            seed = self.start(swarm, manager, option)
            self.expect_refusal(seed, words, "no such socket was handed over")
        self.assertNotIn("READY=1", manager.hear())


class LogTests(VerifiedTestCase):
    """
    Where the log of C{twistd} goes.
    """

    def test_foreground(self) -> None:
        """
        With C{--log-format json} every line on standard output is an object; with a
        file as well, nothing is said on standard output.
        """
        swarm = self.make_verified(single_file(3), peers=2)
        seed = swarm.start(1001, "--log-format", "json")
        leecher = swarm.start(
            1002, "--log-format", "json", "--log-file", "peer.log", "--log-keep", "1"
        )
        self.assertEqual((seed.wait_for_exit(), leecher.wait_for_exit()), (0, 0))
        self.assertEqual((leecher.stdout, leecher.stderr), ("", ""))
        for peer_id, text in (
            (1001, seed.stdout),
            (1002, (swarm.folder / "peer.log").read_text()),
        ):
            lines = [json.loads(line) for line in text.splitlines()]
            self.assertEqual({line["peer"] for line in lines}, {peer_id})
            kinds = [line["event"] for line in lines if line["event"]]
            self.assertEqual(kinds[0], "ListeningStarted")
            self.assertIn("SwarmCompleted", kinds)

    def test_daemon(self) -> None:
        """
        A daemon writes to its log file, and not to that of C{twistd}.
        """
        swarm = self.make_verified(single_file(3), peers=1)
        log, pid_file = swarm.folder / "peer.log", swarm.folder / "peer.pid"
        command = [*TWISTD, "--pidfile=peer.pid", "swarmpeer", "--id", "1001"]
        options = ["--swarm", "swarm.toml", "--log-file", "peer.log", "--stay"]
        starter = self.run_command([*command, *options], swarm.folder)
        self.assertEqual((starter.wait_for_exit(), starter.stderr), (0, ""))
        pid = int(pid_file.read_text())
        self.addCleanup(_end, pid)
        process = os.pidfd_open(pid)
        self.addCleanup(os.close, process)
        placed = "the whole file is in place"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while placed not in log.read_text():
            self.assertLess(time.monotonic(), deadline, log.read_text())
            self.assertFalse(_has_ended(process, 0.05), log.read_text())
        os.kill(pid, signal.SIGTERM)
        self.assertTrue(_has_ended(process, PATIENCE_SECONDS), log.read_text())
        self.assertIn("Server Shut Down.", log.read_text())
        self.assertFalse((swarm.folder / "twistd.log").exists())

    def test_refusals(self) -> None:
        """
        What cannot be is one line.
        """
        swarm = self.make_verified(single_file(3), peers=1)
        for before, after, words in (
            ([], ["--log-file", "none/peer.log"], "the log none/peer.log cannot be"),
            ([], ["--log-size", "1k"], "--log-size: '1k' is too small"),
            (["--logfile", "x"], ["--log-file", "y"], "--log-file stands for twistd's"),
        ):
            command = [*TWISTD, "-n", "--pidfile=", *before, "swarmpeer", "--id=1001"]
            process = self.start_command(
                [*command, "--swarm", "swarm.toml", *after], swarm.folder
            )
            self.expect_refusal(process, words)


def _get(place: Path, path: str) -> tuple[int, str]:
    """
    What is at that path of the pages at a local socket: status and text.
    """
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(str(place))
        caller.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        data = b"".join(iter(lambda: caller.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def _state(pid: int) -> str:
    """
    What a process is about, as Linux has it.
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _has_ended(process: int, seconds: float) -> bool:
    """
    Does a process that is not ours end before so long is over?

    @param process: its descriptor.
    """
    readable, _, _ = select.select([process], [], [], seconds)
    return bool(readable)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
