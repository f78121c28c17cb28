"""
A file beyond 2 GiB, which takes no room at the seed.
"""

import random
from pathlib import Path

from swarmpeer.test.thoroughness import tries
from tests.processes import PATIENCE_SECONDS, ProcessTestCase, Settings, roomy_place

_SIZE = 2_500_000_000
_PIECE_SIZE = 1 << 20
_CHUNK = 1 << 22
_ISLANDS = (0, (1 << 30) + 77, (1 << 31) - 500, _SIZE - 1000)
_ISLAND_SIZE = 1000
_LEECHERS = 5
_FEW_LEECHERS = 2
_MEMORY_LIMIT_BYTES = 100 << 20


class LargeFileTests(ProcessTestCase):
    """
    Zeros with a few islands of data: at both ends, in the middle, and where a
    signed 32-bit offset would turn over.
    """

    def expect_same(self, path: Path) -> None:
        """
        The file has the right size, the islands, and nothing but zeros between.
        """
        self.assertEqual(path.stat().st_size, _SIZE)
        rest = _SIZE
        islands = {at // _CHUNK for at in _ISLANDS} | {
            (at + _ISLAND_SIZE - 1) // _CHUNK for at in _ISLANDS
        }
        zeros = bytes(_CHUNK)
        with path.open("rb", buffering=0) as file:
            for number in range(-(-_SIZE // _CHUNK)):
                chunk = file.read(_CHUNK)
                rest -= len(chunk)
                if number not in islands:
                    self.assertTrue(zeros.startswith(chunk), f"{path}: chunk {number}")
            for at in _ISLANDS:
                file.seek(at)
                data = random.Random(at).randbytes(_ISLAND_SIZE)
                self.assertEqual(file.read(_ISLAND_SIZE), data)
        self.assertEqual(rest, 0)

    def test_sparse_file(self) -> None:
        """
        2.5 GB go from one seed to some leechers exactly, and no peer takes much
        memory.  Where there is no room for so many files, there are fewer.
        """
        leechers = tries(_FEW_LEECHERS, _LEECHERS)
        if roomy_place((1 + leechers) * _SIZE) is None:
            print(f"no room for {leechers} leechers, only for {_FEW_LEECHERS}")
            leechers = _FEW_LEECHERS
        folder = self.make_folder(needs_bytes=(1 + leechers) * _SIZE)
        settings = Settings(_SIZE, _PIECE_SIZE, preferred=leechers)
        swarm = self.make_swarm(settings, None, peers=1 + leechers, folder=folder)
        seed = swarm.file_path(1001)
        seed.parent.mkdir()
        with seed.open("wb") as file:
            for at in _ISLANDS:
                file.seek(at)
                file.write(random.Random(at).randbytes(_ISLAND_SIZE))
        swarm.start_all()
        half = f"it has is {_SIZE // _PIECE_SIZE // 2}."
        swarm.processes[1002].wait_for_log(half, 2 * PATIENCE_SECONDS)
        for process in swarm.all_processes:
            self.assertLess(process.private_bytes, _MEMORY_LIMIT_BYTES)
        swarm.expect_finished(3 * PATIENCE_SECONDS)
        for peer_id in range(1002, 1002 + leechers):
            self.expect_same(swarm.file_path(peer_id))
