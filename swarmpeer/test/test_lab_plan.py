"""
Tests of L{swarmpeer.lab.plan}.
"""

import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig, Config
from swarmpeer.core.layout import PieceLayout
from swarmpeer.lab.plan import (
    LabPlan,
    carried_name,
    choose_piece_size,
    peer_argv,
    plan_peers,
)

MEBIBYTE = 1024 * 1024


def common(name: str) -> CommonConfig:
    """
    A configuration for a file called C{name}.
    """
    return CommonConfig(3, 1, 3, name, 100, 16384)


class LabPlanTests(SynchronousTestCase):
    """
    A plan as what its peers will read.
    """

    def test_written(self) -> None:
        """
        The texts are those of the protocol, seeds first, one port each.
        """
        plan = LabPlan(common("a.iso"), plan_peers([7001, 7002, 7003], 2))
        self.assertEqual(
            plan.configuration(),
            {
                "Common.cfg": "NumberOfPreferredNeighbors 3\n"
                "UnchokingInterval 1\n"
                "OptimisticUnchokingInterval 3\n"
                "FileName a.iso\n"
                "FileSize 100\n"
                "PieceSize 16384\n",
                "PeerInfo.cfg": "1001 127.0.0.1 7001 1\n"
                "1002 127.0.0.1 7002 1\n"
                "1003 127.0.0.1 7003 0\n",
            },
        )

    def test_read_back(self) -> None:
        """
        A peer reads exactly what was planned.
        """
        plan = LabPlan(common("a.iso"), plan_peers([7001, 7002], 1))
        texts = plan.configuration()
        self.assertEqual(
            Config.parse(1002, texts["Common.cfg"], texts["PeerInfo.cfg"]),
            Config(1002, plan.common, plan.peers),
        )


class ChoosePieceSizeTests(SynchronousTestCase):
    """
    The piece size for a file.
    """

    @settings(deadline=None)
    @given(st.integers(0, 2**45))
    def test_range(self, size_bytes: int) -> None:
        """
        It is a power of two from 16 KiB to 4 MiB, and files that are neither tiny
        nor huge get some hundred pieces.
        """
        piece_size_bytes = choose_piece_size(size_bytes)
        self.assertEqual(piece_size_bytes.bit_count(), 1)
        self.assertTrue(16 * 1024 <= piece_size_bytes <= 4 * MEBIBYTE)
        pieces = PieceLayout(size_bytes, piece_size_bytes).piece_count
        if size_bytes > 20 * MEBIBYTE:
            self.assertGreaterEqual(pieces, 300)
        if size_bytes < 2000 * 4 * MEBIBYTE // 2:
            self.assertLessEqual(pieces, 2000)


class CarriedNameTests(SynchronousTestCase):
    """
    The name of the file in the swarm.
    """

    def test_kept(self) -> None:
        """
        A name that the configuration can carry is kept.
        """
        for name in ("a.iso", "T\u00e4st-1_(2).tar.gz", "-x", "odd\udcff"):
            self.assertEqual(carried_name(common(name)), name)

    def test_replaced(self) -> None:
        """
        What it cannot carry becomes an underscore.
        """
        names = ["my file.iso", "a\nFileSize 1", "tab\there", "x\x07"]
        self.assertEqual(
            [carried_name(common(name)) for name in names],
            ["my_file.iso", "a_FileSize_1", "tab_here", "x"],
        )
        self.assertEqual(carried_name(common("  ")), "file")

    @settings(deadline=None)
    @given(st.text(min_size=1, max_size=255))
    def test_always(self, name: str) -> None:
        """
        Whatever the name, the one in the swarm can be written down.
        """
        carried = common(carried_name(common(name)))
        self.assertEqual(CommonConfig.parse(carried.format()), carried)


class PeerArgvTests(SynchronousTestCase):
    """
    The command of one peer.
    """

    def test_twistd(self) -> None:
        """
        It is this interpreter's twistd, with a process id file of its own.
        """
        argv = peer_argv(1003, Path("/swarm"))
        self.assertEqual(argv[0], sys.executable)
        self.assertEqual(
            argv[-5:],
            [
                "--nodaemon",
                "--pidfile=/swarm/peer_1003.pid",
                "swarmpeer",
                "--id=1003",
                "--dir=/swarm",
            ],
        )
