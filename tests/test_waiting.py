"""
Asking whole processes how far they are, and waiting for them.
"""

import json
import re
import shlex
import signal
import sys
from pathlib import Path

from tests.processes import PeerProcess, random_bytes, reserve_port
from tests.verified_swarms import PIECE_SIZE, Tables, VerifiedSwarm, VerifiedTestCase

_COMMAND = [sys.executable, "-m", "swarmpeer"]
_PIECES = 64


def make(folder: Path) -> Path:
    """
    A file of so many pieces.
    """
    path = folder / "data"
    path.write_bytes(random_bytes(_PIECES * PIECE_SIZE))
    return path


class WaitingTests(VerifiedTestCase):
    """
    C{swarmpeer status} and C{swarmpeer wait} as a user runs them.
    """

    def swarm(self, rates: str) -> VerifiedSwarm:
        """
        A seed and two leechers with pages, none of which runs yet.

        @param rates: how fast each sends.
        """
        tables: Tables = {
            "": {"manifest": "data.torrent", "folder": "{id}"},
            "timing": {"unchoking_interval": 0.25, "optimistic_interval": 0.5},
            "rates": {"up": rates},
        }
        swarm = self.make_verified(make, peers=3, tables=tables)
        for member in swarm.members:
            holder = reserve_port()
            self.addCleanup(holder.close)
            member.web_port = int(holder.getsockname()[1])
        swarm.write()
        return swarm

    def command(self, swarm: VerifiedSwarm, *arguments: str) -> PeerProcess:
        """
        Run a command in the folder of the swarm.
        """
        return self.start_command([*_COMMAND, *arguments], swarm.folder)

    def test_all_done(self) -> None:
        """
        It ends with 0 although the peers end in the moment in which all are done.
        """
        # Slow enough for each to be asked before it ends.
        swarm = self.swarm("300 kB/s")
        swarm.start(1001)
        waiting = self.command(swarm, "wait", "--timeout", "60")
        # Else all could be over before it begins to ask.
        waiting.wait_until(lambda: "1003 does not" in waiting.stderr, "word of 1003")
        swarm.start(1002)
        swarm.start(1003)
        self.assertEqual(waiting.wait_for_exit(), 0, waiting.stdout)
        self.assertEqual(waiting.stdout, "all 3 peers are complete\n")
        for process in swarm.processes.values():
            self.assertEqual(process.wait_for_exit(), 0)

    def test_only_holder_dies(self) -> None:
        """
        When the only holder is killed half-way, whoever waits hears within the time
        which pieces nobody has, and who had them last.
        """
        swarm = self.swarm("100 kB/s")
        for peer_id in (1001, 1002, 1003):
            swarm.start(peer_id)
        waiting = self.command(swarm, "wait", "--timeout", "18")
        for peer_id in (1002, 1003):
            self.wait_for_pieces(swarm.processes[peer_id], _PIECES // 4)
        swarm.processes[1001].signal(signal.SIGKILL)
        self.assertEqual(waiting.wait_for_exit(), 1)
        lines = waiting.stdout.splitlines()
        self.assertEqual([line[:4] for line in lines[:-1]], ["1002", "1003"], lines)
        nowhere = set()
        for line in lines[:-1]:
            found = re.search(
                r"nobody who answers has (\d+) pieces? \((\S+?)(?: and \d+ more)?\), "
                r"1001 had (\d+) of them and left \d+ s ago",
                line,
            )
            assert found is not None, line
            self.assertEqual(found[1], found[3])
            nowhere.add(found[2])
        self.assertEqual(len(nowhere), 1)
        self.assertTrue(lines[-1].startswith("1 of 3 complete"))
        self.assertIn("1002: cannot reach 1001: ", waiting.stderr)
        self.assertIn("no neighbour has the pieces", waiting.stderr)
        missing = self.missing(nowhere.pop())
        for peer_id in (1002, 1003):
            log = swarm.processes[peer_id].log
            held = set(map(int, re.findall(r"downloaded the piece (\d+)", log)))
            told = set(range(max(missing) + 1))
            self.assertEqual(held & told, told - missing)
        status = self.command(swarm, "status", "--json")
        self.assertEqual(status.wait_for_exit(), 1)
        value = json.loads(status.stdout)
        self.assertEqual((value["asked"], value["answered"]), (3, 2))
        self.assertIn("refused", value["peers"][0]["error"])

    def wait_for_pieces(self, process: PeerProcess, count: int) -> None:
        """
        Until it has so many.
        """
        process.wait_until(
            lambda: process.log.count("has downloaded the piece") >= count,
            f"{count} pieces",
        )

    def test_closed_streams(self) -> None:
        """
        Without a standard output or error a command ends with 1, and no traceback.
        """
        for command in ("status", "wait --timeout 0"):
            for closed in (">&-", "2>&-"):
                words = f"{shlex.join(_COMMAND)} {command} --at 127.0.0.1:1 {closed}"
                ended = self.start_command(["sh", "-c", words], Path.cwd())
                self.assertEqual(ended.wait_for_exit(), 1)
                self.assertNotIn("Traceback", ended.stderr)
                is_told = "connection refused" in ended.stdout
                self.assertEqual(is_told, closed == "2>&-")

    def missing(self, text: str) -> set[int]:
        """
        The pieces of runs as they are written.
        """
        found: set[int] = set()
        for run in text.split(","):
            first, _, last = run.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
        return found

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends with the same lines, and the status of the signal.
        """
        swarm = self.swarm("1 MB/s")
        waiting = self.command(swarm, "wait")
        waiting.wait_until(lambda: "1001 does not" in waiting.stderr, "word of 1001")
        waiting.signal(signal.SIGINT)
        self.assertEqual(waiting.wait_for_exit(), 130)
        self.assertEqual(waiting.stdout.count("connection refused"), 3)
        self.assertNotIn("Traceback", waiting.stderr)
