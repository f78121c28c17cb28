"""
Tests of L{swarmpeer.simulate.run_figures}.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.run_figures import RunFigures, quantile
from swarmpeer.test.made_up_runs import made_up_outcome
from swarmpeer.testing.outcome import Outcome, PeerOutcome
from swarmpeer.testing.scenario import Scenario


def peer(
    peer_id: int,
    role: str,
    *,
    completed_at: float | None = None,
    first_piece_at: float | None = None,
    received_bytes: int = 1000,
    sent_bytes: int = 0,
    duplicate_bytes: int = 0,
) -> PeerOutcome:
    """
    One that got 1000 bytes and gave none, except where told otherwise.
    """
    return PeerOutcome(
        peer_id=peer_id,
        role=role,
        up_rate=100.0,
        down_rate=None,
        completed_at=completed_at,
        first_piece_at=first_piece_at,
        received_bytes=received_bytes,
        sent_bytes=sent_bytes,
        duplicate_bytes=duplicate_bytes,
        held=0,
        starts=1,
    )


def outcome(*peers: PeerOutcome) -> Outcome:
    """
    Of a file of 1000 bytes.
    """
    scenario = Scenario(file_size_bytes=1000, piece_size_bytes=10)
    return replace(made_up_outcome(scenario), peers=peers)


class RunFiguresTests(SynchronousTestCase):
    """
    L{RunFigures}.
    """

    def test_all(self) -> None:
        """
        Who fetches is who is honest and began without the file; of fairness it
        is the leechers; hostile peers count nowhere, and a free rider's line
        carries nothing.
        """
        figures = RunFigures.of(
            outcome(
                peer(1, "seed", completed_at=0.0, received_bytes=0, sent_bytes=2500),
                peer(2, "leecher", completed_at=20.0, first_piece_at=6.0, sent_bytes=1),
                peer(3, "leecher", completed_at=15.0, first_piece_at=7.0, sent_bytes=2),
                peer(4, "free rider", completed_at=40.0, duplicate_bytes=50),
                peer(5, "poisoner", completed_at=1.0, duplicate_bytes=9),
            )
        )
        self.assertEqual(
            figures,
            RunFigures(
                fetchers=3,
                completions=(15.0, 20.0, 40.0),
                first_pieces=(6.0, 7.0),
                distribution_seconds=40.0,
                # The seed's 100, the two leechers' 200, for three times 1000.
                bound_seconds=10.0,
                jain_given=0.9,
                jain_got=1.0,
                received_bytes=3000,
                duplicate_bytes=50,
            ),
        )

    def test_not_everybody(self) -> None:
        """
        As long as somebody lacks the file it is not distributed.
        """
        figures = RunFigures.of(
            outcome(
                peer(1, "seed"),
                peer(2, "leecher", completed_at=3.0),
                peer(3, "leecher"),
            )
        )
        self.assertEqual(figures.completions, (3.0,))
        self.assertIsNone(figures.distribution_seconds)

    def test_nobody(self) -> None:
        """
        Where nobody fetches there is nothing to tell.
        """
        figures = RunFigures.of(outcome(peer(1, "seed", completed_at=0.0)))
        self.assertEqual((figures.fetchers, figures.completions), (0, ()))
        self.assertIsNone(figures.distribution_seconds)
        self.assertIsNone(figures.bound_seconds)


class QuantileTests(SynchronousTestCase):
    """
    L{quantile}.
    """

    def test_known(self) -> None:
        """
        The ends, the middle, and between two values in proportion.
        """
        for share, expected in ((0.0, 1.0), (0.5, 3.0), (0.9, 8.4), (1.0, 10.0)):
            self.assertAlmostEqual(
                quantile([1.0, 2.0, 3.0, 6.0, 10.0], share), expected
            )
        self.assertEqual(quantile([4.0], 0.3), 4.0)

    @given(st.lists(st.integers(0, 1000), min_size=1), st.floats(0, 1))
    def test_within(self, values: list[int], share: float) -> None:
        """
        It is never beyond the least and the greatest.
        """
        ordered = sorted(values)
        found = quantile(ordered, share)
        self.assertTrue(ordered[0] <= found <= ordered[-1] + 1e-9)
