"""
How a process ends: when every peer of the list is complete, in good order.
"""

import signal

from tests.processes import ProcessTestCase, Settings, Swarm, random_bytes
from tests.raw_peer import (
    CHOKE,
    HAVE,
    INTERESTED,
    NOT_INTERESTED,
    RawMessage,
    RawPeer,
    bitfield,
    packed,
    split,
)

_COUNT = 5


class EndingTests(ProcessTestCase):
    """
    One process and scripts that become complete.
    """

    def start(
        self, own: int, peers: int = 2, seeds: tuple[int, ...] = (1001,), *options: str
    ) -> Swarm:
        """
        Run the process C{own}; all others are scripts.
        """
        data = random_bytes(_COUNT * 1000 - 1)
        scripts = [peer for peer in range(1001, 1001 + peers) if peer != own]
        swarm = self.make_swarm(
            Settings(len(data), 1000, optimistic=60),
            data,
            peers=peers,
            seeds=seeds,
            scripts=scripts,
        )
        self.pieces = split(data, 1000)
        swarm.start(own, *options)
        return swarm

    def leech(self, swarm: Swarm, peer_id: int = 1002) -> RawPeer:
        """
        A script that has nothing meets the seed 1001.
        """
        raw = swarm.dial(1001, f"leecher {peer_id}")
        raw.open(peer_id, 1001, bitfield(_COUNT, []), reads_first=True)
        raw.expect(NOT_INTERESTED, b"")
        return raw

    def test_leecher_that_dials(self) -> None:
        """
        A leecher that has got everything closes in good order and exits with
        status 0; the file is whole and every log line exact.
        """
        swarm = self.start(1002)
        raw = swarm.accept(1001, "seed")
        full = bitfield(_COUNT, range(_COUNT))
        raw.open(1001, 1002, full, reads_first=False)
        raw.serve_file(self.pieces)
        self.assertEqual(raw.expect_closed(), [])
        swarm.expect_finished(is_consistent=False)
        folder = swarm.file_path(1002).parent
        self.assertEqual([path.name for path in folder.iterdir()], ["TheFile.dat"])

    def test_leecher_that_is_dialled(self) -> None:
        """
        The same for a leecher that was called.
        """
        swarm = self.start(1001, seeds=(1002,))
        raw = swarm.dial(1001, "seed")
        full = bitfield(_COUNT, range(_COUNT))
        raw.open(1002, 1001, full, reads_first=True)
        raw.serve_file(self.pieces)
        self.assertEqual(raw.expect_closed(), [])
        swarm.expect_finished(is_consistent=False)

    def test_seed(self) -> None:
        """
        A seed closes in good order, and exits with status 0, when its leecher
        has told the last piece.
        """
        swarm = self.start(1001)
        raw = self.leech(swarm)
        self.assertEqual(raw.fetch_file(_COUNT), swarm.data)
        self.assertEqual(raw.expect_closed(), [])
        swarm.expect_finished(is_consistent=False)

    def test_log(self) -> None:
        """
        The log of a seed with one leecher has exactly the lines of what
        happened, in order.
        """
        swarm = self.start(1001)
        raw = self.leech(swarm)
        raw.fetch_file(_COUNT)
        raw.expect_closed()
        swarm.processes[1001].wait_for_exit()
        said = [
            line.split("]: ", 1)[1]
            for line in swarm.processes[1001].log.splitlines()
            if "'not interested'" not in line
        ]
        haves = [
            f"Peer 1001 received the 'have' message from 1002 for the piece {index}."
            for index in range(_COUNT)
        ]
        self.assertEqual(
            said,
            [
                "Peer 1001 is connected from Peer 1002.",
                "Peer 1001 received the 'interested' message from 1002.",
                "Peer 1001 has the preferred neighbors 1002.",
                *haves,
            ],
        )

    def test_no_reset_while_they_speak(self) -> None:
        """
        A neighbour that goes on speaking after its last piece still sees a FIN
        and no reset.
        """
        swarm = self.start(1001)
        raw = self.leech(swarm)
        haves = [RawMessage(HAVE, packed(index)) for index in range(_COUNT)]
        chatter = [RawMessage(INTERESTED), RawMessage(NOT_INTERESTED)] * 5000
        raw.send_all([*haves, *chatter])
        raw.expect_closed()
        self.assertEqual(swarm.processes[1001].wait_for_exit(), 0)

    def test_complete_from_the_start(self) -> None:
        """
        Where everybody has the file, the process ends as soon as all have met.
        """
        swarm = self.start(1002, seeds=(1001, 1002))
        raw = swarm.accept(1001, "seed")
        raw.open(1001, 1002, bitfield(_COUNT, range(_COUNT)), reads_first=True)
        raw.expect(NOT_INTERESTED, b"")
        self.assertEqual(raw.expect_closed(), [])
        self.assertEqual(swarm.processes[1002].wait_for_exit(), 0)

    def test_waits_for_all(self) -> None:
        """
        A neighbour that is complete and gone counts as complete, in good order
        or reset; the process ends only when the last one is complete too.
        """
        swarm = self.start(1001, peers=4)
        first, second = self.leech(swarm, 1002), self.leech(swarm, 1003)
        haves = [RawMessage(HAVE, packed(index)) for index in range(_COUNT)]
        for raw, leave in ((first, first.close), (second, second.reset)):
            raw.send_all(haves)
            number = raw.name[-4:]
            swarm.processes[1001].wait_for_log(f"from {number} for the piece 4")
            leave()
        last = self.leech(swarm, 1004)
        last.expect_silence(0.3)
        self.assertEqual(last.fetch_file(_COUNT), swarm.data)
        self.assertEqual(last.expect_closed(), [])
        self.assertEqual(swarm.processes[1001].wait_for_exit(), 0)

    def test_column_is_not_trusted(self) -> None:
        """
        A neighbour that is listed with the file but says that it has nothing is
        not taken for complete.
        """
        swarm = self.start(1001, seeds=(1001, 1002))
        raw = self.leech(swarm)
        raw.expect_silence(1.0)
        self.assertEqual(raw.fetch_file(_COUNT), swarm.data)
        raw.expect_closed()

    def test_stay(self) -> None:
        """
        With --stay the process goes on serving when all are complete, and a
        terminate signal ends it in good order.
        """
        swarm = self.start(1001, 2, (1001,), "--stay")
        raw = self.leech(swarm)
        self.assertEqual(raw.fetch_file(_COUNT), swarm.data)
        raw.expect(CHOKE, b"")
        raw.expect_silence(1.5)
        raw.close()
        again = self.leech(swarm)
        self.assertEqual(again.fetch_file(_COUNT), swarm.data)
        swarm.processes[1001].signal(signal.SIGTERM)
        self.assertEqual(again.expect_closed(), [])
        status = swarm.processes[1001].wait_for_exit()
        self.assertIn(status, (0, -signal.SIGTERM))

    def test_terminated_half_way(self) -> None:
        """
        A leecher that is terminated half way closes in good order and leaves
        nothing under the file's own name.
        """
        swarm = self.start(1002)
        raw = swarm.accept(1001, "seed")
        raw.open(1001, 1002, bitfield(_COUNT, range(_COUNT)), reads_first=False)
        raw.expect(INTERESTED, b"")
        swarm.processes[1002].signal(signal.SIGTERM)
        self.assertEqual(raw.expect_closed(), [])
        swarm.processes[1002].wait_for_exit()
        self.assertFalse(swarm.file_path(1002).exists())
