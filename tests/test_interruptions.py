"""
Swarms in which processes die at the worst moment and come back.
"""

import os
import re

from tests.processes import PeerProcess, ProcessTestCase, Settings, Swarm, random_bytes

_COUNT = 4096
_TAIL_BYTES = 1 << 14
_COUNTS = re.compile(r"the number of pieces it has is (\d+)\.\n")


def _held(process: PeerProcess) -> int:
    """
    How many pieces the end of the log of C{process} tells of; it is looked at
    often, so only at its end.
    """
    if not process.log_path.exists():
        return 0
    with process.log_path.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - _TAIL_BYTES))
        counts = _COUNTS.findall(log.read().decode())
    return int(counts[-1]) if counts else 0


class InterruptionTests(ProcessTestCase):
    """
    Files of many small pieces, so that there is a middle to be hit.
    """

    def start(self, peers: int, piece_size: int = 16_384) -> Swarm:
        """
        A running swarm with one seed.
        """
        data = random_bytes(_COUNT * piece_size)
        settings = Settings(len(data), piece_size, preferred=3)
        swarm = self.make_swarm(settings, data, peers=peers)
        swarm.start_all()
        return swarm

    def wait_for_half(self, swarm: Swarm) -> None:
        """
        Wait until one of the leechers has half of the file.
        """
        leechers = [swarm.processes[line.peer_id] for line in swarm.lines[1:]]
        swarm.processes[1001].wait_until(
            lambda: max(map(_held, leechers)) >= _COUNT // 2, "half of the file"
        )

    def test_seed_dies_at_half(self) -> None:
        """
        Of six peers the only seed is killed when half of the file is out, and
        started again: all finish.
        """
        swarm = self.start(6)
        self.wait_for_half(swarm)
        swarm.processes[1001].kill()
        self.assertFalse(any("complete file" in p.log for p in swarm.all_processes))
        swarm.start(1001)
        swarm.expect_finished(is_consistent=False, killed=[1001])

    def test_leecher_dies_at_half(self) -> None:
        """
        A leecher that is killed in the middle of its download and started again
        with the same command finishes, and so do all others.
        """
        swarm = self.start(4)
        victim = swarm.processes[1003]
        victim.wait_until(lambda: _held(victim) >= _COUNT // 2, "half of its file")
        victim.kill()
        self.assertFalse(swarm.file_path(1003).exists())
        swarm.start(1003)
        swarm.expect_finished(is_consistent=False, killed=[1003])

    def test_complete_leecher_comes_back(self) -> None:
        """
        A leecher that is killed when it is complete, while others still wait
        for a late peer, comes back complete.
        """
        data = random_bytes(100_000)
        swarm = self.make_swarm(Settings(len(data), 1000), data, peers=3)
        swarm.start(1001)
        leecher = swarm.start(1002)
        path = swarm.file_path(1002)
        leecher.wait_until(path.exists, "the whole file in place")
        leecher.kill()
        again = swarm.start(1002)
        # To the seed it is complete already, and would not be waited for.
        again.wait_until(lambda: "connected with 1001" in again.stdout, "the seed")
        swarm.start(1003)
        swarm.expect_finished(is_consistent=False, killed=[1002])
