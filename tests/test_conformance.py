"""
C{swarmpeer check} as a process, with a peer of ours and with scripts of other kinds.
"""

import json
import signal
import sys

from tests.processes import (
    PeerProcess,
    ProcessTestCase,
    Settings,
    Swarm,
    random_bytes,
)
from tests.raw_peer import RawPeer

_CHECK = [sys.executable, "-m", "swarmpeer", "check"]
_SETTINGS = Settings(9500, 1000, preferred=1, unchoking=1, optimistic=2)
_CLAUSES = 53


class CheckTests(ProcessTestCase):
    """
    Whole checks.
    """

    def check(self, swarm: Swarm, *options: str) -> PeerProcess:
        """
        Start one in the swarm's folder.
        """
        return self.start_command([*_CHECK, *options], swarm.folder)

    def make(self, *, seeds: tuple[int, ...], scripts: tuple[int, ...] = ()) -> Swarm:
        """
        Four peers, of which none runs, and the file.
        """
        data = random_bytes(_SETTINGS.file_size)
        swarm = self.make_swarm(_SETTINGS, data, peers=4, seeds=seeds, scripts=scripts)
        (swarm.folder / "file").write_bytes(data)
        return swarm

    def test_own_peer(self) -> None:
        """
        A peer of ours keeps every clause, calling and being called, and ends with the
        check; another one, which has the file and calls nobody, breaks none.
        """
        leecher, seed = self.make(seeds=(1001,)), self.make(seeds=(1001,))
        leecher.start(1002)
        port = leecher.line(1001).port
        both = self.check(
            leecher, "--id", "1002", "--listen", str(port), "--patience", "1", "--json"
        )
        process = seed.start(1001)
        process.wait_until(lambda: self._listens(seed), "a listener")
        called = self.check(
            seed, f"localhost:{seed.line(1001).port}", "--patience", "1"
        )
        self.assertEqual(called.wait_for_exit(), 0)
        self.assertIn(" passed, 0 failed, ", called.stdout.splitlines()[-1])
        self.assertNotIn("FAIL", called.stdout)
        self.assertEqual(both.wait_for_exit(), 0)
        value = json.loads(both.stdout)
        self.assertEqual(value["counts"]["passed"], _CLAUSES, both.stdout)
        self.assertEqual(value["slips"], [])
        for ended in (leecher.processes[1002], process):
            self.assertEqual(ended.wait_for_exit(), 0)

    def _listens(self, swarm: Swarm) -> bool:
        try:
            RawPeer.dial(swarm.line(1001).port, "look").close()
        except ConnectionRefusedError:
            return False
        return True

    def test_java_stream(self) -> None:
        """
        A peer that talks in Java objects fails, and that is named with its bytes.
        """
        swarm = self.make(seeds=(1001,), scripts=(1001,))
        check = self.check(
            swarm,
            *("--id", "1001", "--file", "file", "--play", "1002,1003"),
            *("--only", "W-HS-1", "--patience", "0.3"),
        )
        swarm.accept(1001, "java").send_raw(bytes.fromhex("aced000573720003") * 8)
        self.assertEqual(check.wait_for_exit(), 1)
        self.assertIn("FAIL      W-HS-1  must", check.stdout)
        self.assertIn("a stream of Java objects (ac ed 00 05)", check.stdout)
        self.assertIn("00000000  ac ed 00 05 73 72 00 03", check.stdout)
        self.assertEqual(check.stderr, "")

    def test_nobody_there(self) -> None:
        """
        A peer that does not run is told in one line.
        """
        swarm = self.make(seeds=(1001,))
        check = self.check(swarm, "--id", "1001")
        self.expect_refusal(check, "peer 1001 was not met", "does it run?")
        self.assertEqual(check.wait_for_exit(), 2)

    def test_interrupted(self) -> None:
        """
        A signal ends a check that waits.
        """
        swarm = self.make(seeds=(1001,))
        port = swarm.line(1001).port
        check = self.check(swarm, "--id", "1002", "--listen", str(port))
        check.wait_until(lambda: self._listens(swarm), "a listener")
        check.signal(signal.SIGINT)
        self.assertEqual(check.wait_for_exit(), 130)
        self.assertEqual((check.stdout, check.stderr), ("", ""))
