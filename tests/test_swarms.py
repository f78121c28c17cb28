"""
Swarms of processes that run undisturbed: identical files, exact logs, and every
process ends by itself.
"""

from tests.processes import ProcessTestCase, Settings, random_bytes


class SwarmTests(ProcessTestCase):
    """
    Peers only; each swarm in one folder.
    """

    def test_course_settings(self) -> None:
        """
        Six peers with 2,167,705 bytes in pieces of 16,384 (k = 3, p = 5, m = 10)
        and, beside them, six with 10,000,232 bytes in pieces of 32,768 (k = 2,
        p = 5, m = 15) all finish.
        """
        swarms = [
            self.make_swarm(settings, random_bytes(settings.file_size), peers=6)
            for settings in (
                Settings(2_167_705, 16_384, 3, unchoking=5, optimistic=10),
                Settings(10_000_232, 32_768, 2, unchoking=5, optimistic=15),
            )
        ]
        for swarm in swarms:
            swarm.start_all()
        for swarm in swarms:
            swarm.expect_finished(90)

    def test_two_seeds(self) -> None:
        """
        Six peers, two of them seeds, which need not be the first, finish.
        """
        data = random_bytes(10_000_232)
        settings = Settings(len(data), 32_768)
        swarm = self.make_swarm(settings, data, peers=6, seeds=[1002, 1005])
        swarm.start_all()
        swarm.expect_finished()
        for seed in (1002, 1005):
            self.assertIn("has the preferred", swarm.processes[seed].log)

    def test_any_order_of_start(self) -> None:
        """
        Peers that are started in the wrong order find each other.
        """
        data = random_bytes(200_000)
        swarm = self.make_swarm(Settings(len(data), 10_000), data, peers=4)
        for peer_id in (1003, 1004, 1002, 1001):
            swarm.start(peer_id)
        swarm.expect_finished()

    def test_late_peer(self) -> None:
        """
        A peer that starts when all others are complete gets the file, and the
        others wait for it.
        """
        data = random_bytes(500_000)
        swarm = self.make_swarm(Settings(len(data), 10_000), data, peers=5)
        for peer_id in (1001, 1002, 1003, 1005):
            swarm.start(peer_id)
        for peer_id in (1002, 1003, 1005):
            swarm.processes[peer_id].wait_for_log("the complete file")
        self.assertTrue(all(each.is_running for each in swarm.all_processes))
        swarm.start(1004)
        swarm.expect_finished()

    def test_sizes(self) -> None:
        """
        Files of no byte, one byte, a piece and one byte less or more, whole
        pieces and one byte more arrive exactly.
        """
        piece = 4096
        sizes = (0, 1, piece - 1, piece, piece + 1, 4 * piece, 4 * piece + 1)
        swarms = []
        for size in sizes:
            data = random_bytes(size)
            swarms.append(self.make_swarm(Settings(size, piece), data, peers=2))
            swarms[-1].start_all()
        for swarm in swarms:
            swarm.expect_finished()

    def test_options(self) -> None:
        """
        The folder, both configuration files and the folder of the log may be
        named on the command line.
        """
        data = random_bytes(50_000)
        swarm = self.make_swarm(Settings(len(data), 1000), data, peers=2)
        logs = self.make_folder()
        (swarm.folder / "Common.cfg").rename(logs / "c.cfg")
        (swarm.folder / "PeerInfo.cfg").rename(logs / "p.cfg")
        elsewhere = self.make_folder()
        for peer_id in (1001, 1002):
            swarm.start(
                peer_id,
                *("--dir", str(swarm.folder), "--log-dir", str(logs)),
                *("--common", str(logs / "c.cfg"), "--peers", str(logs / "p.cfg")),
                log_path=logs / f"log_peer_{peer_id}.log",
                cwd=elsewhere,
            )
        swarm.expect_finished()
        self.assertEqual(list(swarm.folder.glob("*.log")), [])

    def test_forgiving_configuration(self) -> None:
        """
        Carriage returns, tabs, blanks, comments, a byte order mark, another
        order of keys and a missing last newline change nothing.
        """
        data = random_bytes(50_000)
        swarm = self.make_swarm(Settings(len(data), 1000), data, peers=2)
        lines = [f"{key}\t {value}  " for key, value in swarm.settings.lines().items()]
        common = "\ufeff# a comment\r\n\r\n" + "\r\n".join(reversed(lines))
        (swarm.folder / "Common.cfg").write_bytes(common.encode())
        peers = "\r\n\r\n".join(f"  {line}\t" for line in swarm.lines)
        (swarm.folder / "PeerInfo.cfg").write_bytes(peers.encode())
        swarm.start_all()
        swarm.expect_finished()
