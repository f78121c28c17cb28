"""
Tests of L{swarmpeer.command_line} and L{swarmpeer.lab.command}, with processes that
play the peers where there have to be any.
"""

import io
import os
import select
import signal
import stat
import subprocess
import sys
import textwrap
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 20

LAB = textwrap.dedent(
    """
    import sys
    from swarmpeer.command_line import build_parser, flushed
    from swarmpeer.lab import command

    PEER, *options = sys.argv[1:]

    def argv(peer_id, folder):
        return [sys.executable, "-c", PEER, str(peer_id), str(folder)]

    sys.exit(flushed(command.run(build_parser().parse_args(options), argv)))
    """
)
"""The command, with another program for the peers."""

PEER_HEAD = textwrap.dedent(
    """
    import os, shutil, signal, sys
    peer_id, folder = int(sys.argv[1]), sys.argv[2]
    alive = open(os.environ["ALIVE"], "w")
    print(peer_id, file=alive, flush=True)
    """
)
"""A peer that tells that it lives, and as long as it lives."""

FETCHING_PEER = PEER_HEAD + textwrap.dedent(
    """
    if peer_id != 1001:
        shutil.copy(f"{folder}/peer_1001/file", f"{folder}/peer_{peer_id}/file")
        with open(f"{folder}/log_peer_{peer_id}.log", "w") as log:
            log.write(
                f"[2026-11-25 13:43:14]: Peer {peer_id} "
                "has downloaded the complete file.\\n"
            )
    """
)

FAILING_PEER = PEER_HEAD + "sys.exit('no way' if peer_id == 1002 else signal.pause())"

IDLE_PEER = PEER_HEAD + "signal.pause()"

WATCHING_PEER = PEER_HEAD + textwrap.dedent(
    """
    from swarmpeer.lab.peer_process import end_with
    end_with(0)
    """
)


class UsageTests(SynchronousTestCase):
    """
    What cannot be done as asked.
    """

    def outcome(self, *arguments: str) -> tuple[object, str]:
        """
        The exit status and what was said about it.
        """
        errors = io.StringIO()
        status: object
        with redirect_stderr(errors), redirect_stdout(io.StringIO()):
            try:
                status = main(arguments)
            except SystemExit as exit:
                status = exit.code
        return status, errors.getvalue()

    def test_wrong(self) -> None:
        """
        Each mistake gets one line and status 2.
        """
        work = Path(self.mktemp())
        work.mkdir()
        file = work / "file"
        file.write_bytes(b"x")
        lab = ["lab", str(file)]
        for arguments, expected in (
            ([], "arguments are required: COMMAND"),
            (["lob"], "invalid choice: 'lob'"),
            (["lab"], "arguments are required: FILE"),
            (["lab", str(work / "none")], "none: No such file or directory"),
            (["lab", str(work)], "is a directory"),
            ([*lab, "--peers", "1"], "'1' is no whole number from 2 to 64"),
            ([*lab, "--peers", "65"], "'65' is no whole number from 2 to 64"),
            ([*lab, "--peers", "6.5"], "'6.5' is no whole number from 2 to 64"),
            ([*lab, "--seeds", "0"], "'0' is no whole number at least 1"),
            ([*lab, "--seeds", "7"], "--seeds 7 is more than --peers 6"),
            ([*lab, "--piece-size", "-1"], "'-1' is no whole number from 1"),
            ([*lab, "--preferred", "9" * 5000], "is no whole number at least 1"),
            ([*lab, "--unchoking", "9" * 15], "UnchokingInterval is"),
            ([*lab, "--stay"], "add --web"),
            ([*lab, "--web-token-file", str(file)], "add --web"),
            ([*lab, "--web", "none"], "127.0.0.1, or FILE before --web"),
            (
                [*lab, "--web", "systemd:domain=INET:name=x"],
                "no such socket was handed",
            ),
            ([*lab, "--web", "tcp:0"], "could be read from other machines"),
            ([*lab, "--web", "--web-token-file", str(file)], "no token"),
            ([*lab, "--keep", str(work)], "is not empty"),
            ([*lab, "--keep", str(file)], "is not a folder"),
            ([*lab, "--keep", str(file / "below")], "Not a directory"),
        ):
            status, error = self.outcome(*arguments)
            self.assertEqual((status, error.count("\n")), (2, 1), error)
            self.assertTrue(error.startswith("swarmpeer"), error)
            self.assertIn(expected, error)
        self.assertEqual(list(work.iterdir()), [file])

    def test_help(self) -> None:
        """
        Help is there at both levels and says how to begin.
        """
        for arguments in (["--help"], ["lab", "--help"]):
            output = io.StringIO()
            with redirect_stdout(output):
                error = self.assertRaises(SystemExit, main, arguments)
            self.assertEqual(error.code, 0)
            self.assertIn("\n  swarmpeer lab ", output.getvalue())


class ProcessTests(SynchronousTestCase):
    """
    The whole command in a process of its own, its peers in theirs.
    """

    def start(self, peer: str, *options: str) -> None:
        """
        Start a lab of three whose peers run the program C{peer}.
        """
        work = Path(self.mktemp()).absolute()
        self.temporary = work / "tmp"
        self.temporary.mkdir(parents=True)
        self.file = work / "file"
        self.file.write_bytes(b"what all want")
        os.mkfifo(work / "alive")
        # Opened before anybody writes, so that the end of the last writer shows.
        self.alive = os.open(work / "alive", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.alive)
        lab = ["lab", str(self.file), "--peers=3", *options]
        self.lab = subprocess.Popen(
            [sys.executable, "-c", LAB, peer, *lab],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(self.temporary),
                "ALIVE": str(work / "alive"),
            },
        )
        self.addCleanup(self.lab.kill)

    def await_peers(self, all_gone: bool = False) -> set[str]:
        """
        Wait until all three peers run, or until none does any more.

        @return: who told that it runs.
        """
        told = b""
        poll = select.poll()
        poll.register(self.alive, select.POLLIN)
        while all_gone or told.count(b"\n") < 3:
            if not poll.poll(WAIT_SECONDS * 1000):
                self.fail(f"only {told!r} after {WAIT_SECONDS} s")
            data = os.read(self.alive, 4096)
            if not data:
                break
            told += data
        return set(told.decode().split())

    def finish(self) -> tuple[int, list[str]]:
        """
        Wait for the end of the lab.

        @return: its exit status and what it printed.
        """
        output, _ = self.lab.communicate(timeout=WAIT_SECONDS)
        return self.lab.returncode, output.splitlines()

    def check_nothing_left(self) -> None:
        """
        No peer runs, no temporary folder is there, the file is as it was.
        """
        self.await_peers(all_gone=True)
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertEqual(self.file.read_bytes(), b"what all want")

    def test_success(self) -> None:
        """
        Peers that get the file and end make a success; what was to be kept is.
        """
        work = Path(self.mktemp()).absolute()
        self.start(FETCHING_PEER, f"--keep={work}")
        status, lines = self.finish()
        self.assertEqual(
            (status, lines[0], lines[1], lines[-1]),
            (
                0,
                "file: 13 B, pieces of 16384 bytes: 1; peers: 3, with the file: 1",
                f"everything is kept in {work}",
                "OK: 3 identical files, every peer ended by itself",
            ),
        )
        self.assertEqual((work / "peer_1003" / "file").read_bytes(), b"what all want")
        self.check_nothing_left()

    def test_failure(self) -> None:
        """
        A peer that fails fails the lab, and takes the others with it.
        """
        self.start(FAILING_PEER)
        status, lines = self.finish()
        self.assertEqual(
            (status, lines[1:]), (1, ["peer 1002 died (exit status 1):", "    no way"])
        )
        self.check_nothing_left()

    def test_interrupted(self) -> None:
        """
        After Ctrl-C or SIGTERM nothing is left, and the status tells it.
        """
        for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            self.start(IDLE_PEER)
            self.await_peers()
            self.lab.send_signal(number)
            status, lines = self.finish()
            self.assertEqual((status, lines[1:]), (expected, ["stopping all peers"]))
            self.check_nothing_left()

    def test_page(self) -> None:
        """
        The page of a lab may be at a local socket, which is nothing for strangers, and
        is there until Ctrl-C if that is wanted.
        """
        # Trial's own folder has a name that is too long on some machines.
        socket = Path(os.path.relpath(self.mktemp()))
        self.start(FETCHING_PEER, f"--web=unix:{socket}", "--stay")
        assert self.lab.stdout is not None
        stays = "the page stays until Ctrl-C\n"
        lines = list(iter(self.lab.stdout.readline, stays))
        self.assertIn(f"page: {socket}\n", lines)
        self.assertEqual(stat.filemode(socket.stat().st_mode), "srw-rw----")
        self.lab.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(), (0, []))
        self.assertFalse(socket.exists())
        self.check_nothing_left()

    def test_killed(self) -> None:
        """
        Peers end by themselves when the lab is gone without a word.
        """
        self.start(WATCHING_PEER)
        self.assertEqual(self.await_peers(), {"1001", "1002", "1003"})
        self.lab.kill()
        self.finish()
        self.await_peers(all_gone=True)

    def test_reader_gone(self) -> None:
        """
        When nobody reads the output any more, everything is stopped.
        """
        self.start(IDLE_PEER)
        self.await_peers()
        if self.lab.stdout is not None:
            self.lab.stdout.close()
        self.assertEqual(self.lab.wait(WAIT_SECONDS), 1)
        self.check_nothing_left()
