"""
When a seed unchokes and chokes: on its two timers, and only on change.
"""

import time

from tests.processes import ProcessTestCase, Settings, Swarm, random_bytes
from tests.raw_peer import (
    CHOKE,
    INTERESTED,
    NOT_INTERESTED,
    UNCHOKE,
    RawPeer,
    bitfield,
)


class ChokingTests(ProcessTestCase):
    """
    Scripts count and time what a seed says about choking.
    """

    def start_seed(
        self, scripts: int, preferred: int, unchoking: int, optimistic: int
    ) -> tuple[Swarm, list[RawPeer]]:
        """
        A seed, and leechers that have met it and are not interested yet.
        """
        data = random_bytes(250)
        settings = Settings(250, 100, preferred, unchoking, optimistic)
        ids = range(1002, 1002 + scripts)
        swarm = self.make_swarm(settings, data, peers=scripts + 1, scripts=ids)
        swarm.start(1001)
        leechers = []
        for peer_id in ids:
            raw = swarm.dial(1001, f"leecher {peer_id}")
            raw.open(peer_id, 1001, bitfield(3, []), reads_first=True)
            raw.expect(NOT_INTERESTED, b"")
            leechers.append(raw)
        return swarm, leechers

    def test_unchoked_at_the_interval(self) -> None:
        """
        Whoever becomes interested after a round waits for the next, a whole
        interval later; nobody is unchoked in between.
        """
        _, (first, second) = self.start_seed(2, preferred=2, unchoking=2, optimistic=60)
        first.send(INTERESTED)
        first.expect(UNCHOKE, b"")
        round_at = time.monotonic()
        second.send(INTERESTED)
        second.expect(UNCHOKE, b"")
        waited_seconds = time.monotonic() - round_at
        self.assertTrue(1.5 < waited_seconds < 2.5, f"{waited_seconds}")
        first.expect_silence(0.1)

    def test_first_round_is_one_interval_after_the_start(self) -> None:
        """
        A neighbour that is there from the start is not unchoked before the
        first interval is over.
        """
        began = time.monotonic()
        _, (raw,) = self.start_seed(1, preferred=1, unchoking=3, optimistic=60)
        raw.send(INTERESTED)
        raw.expect(UNCHOKE, b"")
        self.assertGreater(time.monotonic() - began, 3.0)

    def test_nothing_is_repeated(self) -> None:
        """
        While the same neighbours are chosen round after round, nothing is said;
        one that lost its interest is choked once, at the next round.
        """
        swarm, (first, second) = self.start_seed(
            2, preferred=2, unchoking=1, optimistic=1
        )
        for raw in (first, second):
            raw.send(INTERESTED)
            raw.expect(UNCHOKE, b"")
        first.expect_silence(2.5)
        second.expect_silence(0.1)
        first.send(NOT_INTERESTED)
        first.expect(CHOKE, b"")
        first.expect_silence(1.5)
        second.expect_silence(0.1)
        log = swarm.processes[1001].log
        self.assertEqual(log.count("has the preferred neighbors"), 3)

    def test_optimistic_turns(self) -> None:
        """
        Beyond the preferred one, exactly one of the others is unchoked, at the
        optimistic interval, and is choked when the next one gets its turn.
        """
        swarm, leechers = self.start_seed(3, preferred=1, unchoking=60, optimistic=1)
        for raw in leechers:
            raw.send(INTERESTED)
        process = swarm.processes[1001]
        process.wait_until(
            lambda: process.log.count("optimistically unchoked") >= 4, "four turns"
        )
        opened = closed = 0
        for raw in leechers:
            kinds = [message.kind for message in raw.hear_for(0.03)]
            turns = ([UNCHOKE, CHOKE] * len(kinds))[: len(kinds)]
            self.assertEqual(kinds, turns)
            opened += kinds.count(UNCHOKE)
            closed += kinds.count(CHOKE)
        self.assertGreaterEqual(opened, 4)
        self.assertEqual(opened - closed, 1)

    def test_places(self) -> None:
        """
        With more interested neighbours than places, the preferred ones and the
        optimistic one are open, and nobody else.
        """
        swarm, leechers = self.start_seed(5, preferred=2, unchoking=1, optimistic=2)
        for raw in leechers:
            raw.send(INTERESTED)
        swarm.processes[1001].wait_for_log("has the optimistically unchoked")
        last = [raw.hear_for(0.03)[-1:] for raw in leechers]
        is_open = [said[0].kind == UNCHOKE for said in last if said]
        self.assertEqual(sum(is_open), 3)
