"""
What a piece costs in calls: of Python's functions, and from them of those in C.

Calls are no seconds, but they are the same at each run, and seconds follow them: a
way through the code that grew longer is seen here on any machine, however busy.

The figures are those of C{python -m tests.test_cost}, which prints them anew; whoever
makes the code quicker, or slower for a good reason, puts them into C{RECORDED}.
"""

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import layout_of
from swarmpeer.core.piece_pickers import PIECE_PICKERS
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.manifest import merkle
from swarmpeer.seam import Piece
from swarmpeer.test.verified_fixtures import Content, Peer, chance_bytes
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate
from swarmpeer.wire.bitfield import Bitfield
from tests.core_swarm import CoreSwarm
from tests.served_file import ServedFile

PIECES = 256
LEECHERS = 4
TOLERANCE = 0.04
"""
So much more or less is not looked into.
"""
GROWTH_TOLERANCE = 0.05
"""
So much more may a piece cost where there are many times as many.
"""


def count_calls(run: Callable[[], object]) -> int:
    """
    Run it.

    @return: how many functions were called.
    """
    calls = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    before = sys.getprofile()
    # What the collector finds is somebody else's, and found at any time.
    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


def core_calls(pieces: int, leechers: int, picking: str, most_in_run: int = 1) -> float:
    """
    What the logic at both ends does for a piece that is delivered, haves to everybody
    included.

    @param most_in_run: so many pieces come together, if they can.
    """
    swarm = CoreSwarm(pieces, leechers, PIECE_PICKERS[picking], most_in_run)
    return count_calls(swarm.run) / (pieces * leechers)


def kept_calls(most_in_run: int) -> float:
    """
    What it takes to keep a piece of a verified swarm, from the store to the disk and
    back.

    @param most_in_run: so many come together.
    """
    size = merkle.BLOCK_BYTES
    content = Content({("data",): chance_bytes(1, (PIECES + 1) * size)})
    kept: list[Piece] = []
    with TemporaryDirectory() as folder:
        peer = Peer(content, folder, inline_limit_bytes=size)
        peer.start()
        layout = layout_of(content.manifest)
        store = VerifiedStore(layout, peer.storage, Bitfield(layout.piece_count))
        pieces = [Piece(index, data) for index, data in enumerate(peer.pieces)]
        for piece in pieces:
            store.begin_storing(piece.index)

        def keep(begin: int, end: int) -> None:
            for start in range(begin, end, most_in_run):
                run = pieces[start : min(end, start + most_in_run)]
                store.put(run, kept.extend, lambda *_: None)

        # With the first one the file is made.
        keep(0, 1)
        calls = count_calls(lambda: keep(1, PIECES + 1))
        peer.close()
    assert kept == pieces
    return calls / PIECES


def have_calls() -> float:
    """
    What the logic does for a have from somebody who holds nothing that we lack.
    """
    swarm = CoreSwarm(PIECES, 1)
    conversation = swarm.nodes[0].conversations[0]

    def hear() -> None:
        for index in range(PIECES):
            conversation.on_haves([index])

    return count_calls(hear) / PIECES


def served_calls(most_in_run: int) -> float:
    """
    What a seed does for a piece that is asked for, until it waits for the socket.

    @param most_in_run: so many pieces are asked for at once.
    """
    with TemporaryDirectory() as folder:
        served = ServedFile(Path(folder), PIECES)
        try:
            return served.serve(most_in_run, count_calls)
        finally:
            served.close()


def simulated_calls(*, is_verified: bool) -> float:
    """
    What all of it does for a piece that is delivered: wire, logic, storage, log, and
    the simulator under them.
    """
    scenario = Scenario(
        peers=4,
        file_size_bytes=128 * 16384,
        piece_size_bytes=16384,
        files=1 if is_verified else None,
        unchoking_interval_seconds=1,
        optimistic_interval_seconds=2,
        policy="classic",
    )
    pieces = 128 * (scenario.peers - 1)
    return count_calls(lambda: simulate(scenario, checks=False)) / pieces


FIGURES: dict[str, Callable[[], float]] = {
    "a have": have_calls,
    "a piece to 1, random": lambda: core_calls(PIECES, 1, "random"),
    "a piece to 1, rarest": lambda: core_calls(PIECES, 1, "rarest"),
    "a piece to 1, sequential": lambda: core_calls(PIECES, 1, "sequential"),
    "a piece to 1 in runs of 16, rarest": lambda: core_calls(PIECES, 1, "rarest", 16),
    "a piece to each of 4, rarest": lambda: core_calls(PIECES, LEECHERS, "rarest"),
    "a piece kept alone": lambda: kept_calls(1),
    "a piece kept in runs of 16": lambda: kept_calls(16),
    "a piece served": lambda: served_calls(1),
    "a piece served in runs of 16": lambda: served_calls(16),
    "a piece simulated, classic": lambda: simulated_calls(is_verified=False),
    "a piece simulated, verified": lambda: simulated_calls(is_verified=True),
}

RECORDED: dict[tuple[int, int], dict[str, float]] = {
    (3, 11): {
        "a have": 14.1,
        "a piece to 1, random": 172.8,
        "a piece to 1, rarest": 176.1,
        "a piece to 1, sequential": 175.6,
        "a piece to 1 in runs of 16, rarest": 58.6,
        "a piece to each of 4, rarest": 260.8,
        "a piece kept alone": 81.0,
        "a piece kept in runs of 16": 14.4,
        "a piece served": 91.9,
        "a piece served in runs of 16": 32.1,
        "a piece simulated, classic": 764.4,
        "a piece simulated, verified": 582.5,
    },
}
"""
By version of Python, since each calls other functions of its own.

What a run of pieces takes is done once for all of them: a piece that comes alone bears
it alone.  One of sixteen takes a third of what it takes alone, to serve one as well; to
keep one takes a fifth.
"""


def warm_up() -> None:
    """
    What is done once, at the first time, is no part of any figure.
    """
    for picking in PIECE_PICKERS:
        CoreSwarm(8, 2, PIECE_PICKERS[picking]).run()
    kept_calls(1)
    served_calls(16)
    simulated_calls(is_verified=False)
    simulated_calls(is_verified=True)


class CostTests(SynchronousTestCase):
    """
    What a piece costs is known, and does not change unnoticed.
    """

    def setUp(self) -> None:
        """
        Everything was done once.
        """
        warm_up()

    def test_as_recorded(self) -> None:
        """
        Each figure is the one that was recorded for this version of Python, give or
        take a little.
        """
        recorded = RECORDED.get(sys.version_info[:2])
        if recorded is None:
            self.skipTest(f"nothing was recorded for Python {sys.version_info[:2]}")
        self.assertEqual(set(recorded), set(FIGURES))
        changed = {
            name: f"{calls:.1f} calls, not {recorded[name]}"
            for name, count in FIGURES.items()
            if abs((calls := count()) / recorded[name] - 1) > TOLERANCE
        }
        self.assertEqual(changed, {})

    def test_repeatable(self) -> None:
        """
        The same transfer takes the same calls each time.
        """
        for name, count in FIGURES.items():
            self.assertEqual(count(), count(), name)

    def test_runs(self) -> None:
        """
        Pieces that come together cost less than half each, and so do those that go
        together.
        """
        alone, together = (
            core_calls(PIECES, 1, "rarest", most_in_run) for most_in_run in (1, 16)
        )
        self.assertLess(together, alone / 2)
        self.assertLess(served_calls(16), served_calls(1) / 2)

    def test_kept_runs(self) -> None:
        """
        To keep one of many pieces that came together takes less than a quarter of what
        it takes to keep one alone.
        """
        self.assertLess(kept_calls(16), kept_calls(1) / 4)

    def test_number_of_pieces(self) -> None:
        """
        A piece costs no more where there are sixteen times as many.
        """
        for picking in PIECE_PICKERS:
            few, many = (
                core_calls(count, LEECHERS, picking)
                for count in (PIECES // 4, 4 * PIECES)
            )
            self.assertLess(many, few * (1 + GROWTH_TOLERANCE), picking)

    def test_number_of_peers(self) -> None:
        """
        With each neighbour more a piece costs a have more at both ends, and not more
        than that: nothing grows with the square of their number.
        """
        one, five, nine = (core_calls(PIECES, count, "rarest") for count in (1, 5, 9))
        self.assertLess(nine - five, (five - one) * 1.25)


if __name__ == "__main__":
    warm_up()
    for figure, counted in FIGURES.items():
        print(f'        "{figure}": {counted():.1f},')
