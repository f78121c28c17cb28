"""
Tests of L{swarmpeer.simulate.summary}, L{swarmpeer.simulate.tally} and
L{swarmpeer.simulate.json_line}.
"""

import json
from dataclasses import fields, replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.json_line import json_line
from swarmpeer.simulate.summary import (
    MOST_ROWS,
    breach_line,
    breach_lines,
    run_summary,
    scenario_line,
    verdict_line,
)
from swarmpeer.simulate.tally import Tally
from swarmpeer.test.made_up_runs import made_up_outcome
from swarmpeer.testing.outcome import Breach, PeerOutcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario

BREACH = Breach(12.5, 1003, "liveness", "1003 holds 3\nof 40")

SMALL = Scenario(
    seed=4,
    peers=3,
    free_riders=1,
    hostile=("liar",),
    up_rate=1e6,
    faults=FaultLevel.WILD,
    skipped_faults=frozenset([5, 1]),
)


class RunSummaryTests(SynchronousTestCase):
    """
    One run.
    """

    def test_whole(self) -> None:
        """
        Everything that was measured stands in its line.
        """
        self.maxDiff = None
        peers = (
            PeerOutcome(1001, "seed", 1e6, None, 0.0, 0.0, 0, 1_310_720, 0, 40, 1),
            PeerOutcome(1002, "leecher", 1e6, None, 7.0, 5.5, 655_360, 0, 0, 40, 2),
            PeerOutcome(
                1003, "free rider", 1e6, None, 9.0, 6.5, 671_744, 0, 16_384, 40, 1
            ),
            PeerOutcome(1004, "liar", 1e6, None, None, None, 0, 0, 0, 0, 1, did=1234),
        )
        outcome = replace(
            made_up_outcome(SMALL),
            peers=peers,
            virtual_seconds=100.0,
            real_seconds=0.25,
            events=3000,
            faults={FaultKind.CUT: 3, FaultKind.CRASH: 1},
            last_fault_at=33.25,
        )
        self.assertEqual(
            run_summary(outcome).splitlines(),
            [
                "time          100.0 s of virtual time in 0.25 s: 400 times as fast",
                "events        3,000, 12,000 per second",
                "faults        4 of 12 took effect: crash 1, cut 3; healed at 33.2 s",
                "complete      2 of 2: first 7.00 s, half 8.00 s, 90% 8.80 s, "
                "last 9.00 s; first piece, half: 6.00 s",
                "distribution  9.00 s; fluid bound 0.66 s: 13.73 times",
                "fairness      Jain 1.000 by what leechers gave, "
                "1.000 by what they got",
                "bytes         1.33 MB of pieces received, 16.4 kB of them for nothing",
                "",
                "peer  role        first piece  complete  received     sent  "
                "duplicate  pieces  starts    did",
                "1001  seed             0.00 s    0.00 s       0 B  1.31 MB        "
                "0 B      40       1      -",
                "1002  leecher          5.50 s    7.00 s    655 kB      0 B        "
                "0 B      40       2      -",
                "1003  free rider       6.50 s    9.00 s    672 kB      0 B    "
                "16.4 kB      40       1      -",
                "1004  liar                  -         -         -        -        "
                "  -       -       -  1,234",
            ],
        )

    def test_scenario(self) -> None:
        """
        What is simulated is told in one line.
        """
        self.assertEqual(
            scenario_line(
                replace(SMALL, neighbors=5, seed_up_rate=1000.3, jitter_seconds=0.05)
            ),
            "3 peers, with the file: 1; free riders: 1; hostile: 1; 640K in 40 pieces "
            "of 16K; policy classic, up 8Mbit, seeds up 1000.3 B/s, latency 10ms, "
            "jitter 50ms, told of 5 others, faults wild, seed 4",
        )

    def test_nothing_to_measure(self) -> None:
        """
        A run in which nobody got anything has a summary too.
        """
        outcome = made_up_outcome(Scenario())
        peers = tuple(
            replace(peer, completed_at=None, first_piece_at=None, received_bytes=0)
            for peer in outcome.peers
        )
        outcome = replace(outcome, peers=peers, real_seconds=0.0, virtual_seconds=60.0)
        lines = run_summary(outcome).splitlines()
        self.assertEqual(
            lines[:5],
            [
                "time          60.0 s of virtual time in 0.00 s",
                "events        6,000",
                "faults        none",
                "complete      0 of 5",
                "distribution  not everybody has it; without limits to rates there is "
                "no fluid bound",
            ],
        )

    def test_nobody_fetches(self) -> None:
        """
        If all have the file from the start, nothing else is told of it.
        """
        lines = run_summary(made_up_outcome(Scenario(peers=2, seeds=2))).splitlines()
        self.assertEqual(lines[3:5], ["complete  nobody had anything to fetch", ""])

    def test_many_peers(self) -> None:
        """
        The table has an end.
        """
        lines = run_summary(made_up_outcome(Scenario(peers=100))).splitlines()
        self.assertEqual(lines[-1], "... and 76 more; --json has them all")
        self.assertEqual(lines[-2].split()[0], str(1000 + MOST_ROWS))

    def test_breach(self) -> None:
        """
        A breach is one line, whatever its words.
        """
        self.assertEqual(
            breach_line(BREACH),
            r"12.500000 s: peer 1003: liveness: 1003 holds 3\nof 40",
        )
        self.assertEqual(
            breach_line(replace(BREACH, peer_id=None, detail="x")),
            "12.500000 s: liveness: x",
        )

    def test_breaches(self) -> None:
        """
        Of many the first twenty are told.
        """
        some = made_up_outcome(SMALL, *[BREACH] * 20)
        self.assertEqual(breach_lines(some), [breach_line(BREACH)] * 20)
        many = made_up_outcome(SMALL, *[BREACH] * 1234)
        self.assertEqual(breach_lines(many)[-1], "... and 1,214 more")
        self.assertEqual(breach_lines(many)[:-1], breach_lines(some))

    def test_verdict(self) -> None:
        """
        Good or not, in one line.
        """
        for breaches, expected in (
            ((), "OK: every rule held"),
            ((BREACH,), "FAILED: 1 breach"),
            ((BREACH, BREACH), "FAILED: 2 breaches"),
        ):
            outcome = made_up_outcome(SMALL, *breaches)
            self.assertEqual(verdict_line(outcome), expected)
        self.assertEqual(
            verdict_line(made_up_outcome(SMALL), checks=False),
            "done; no rule was looked at",
        )
        failed = made_up_outcome(SMALL, BREACH)
        self.assertEqual(verdict_line(failed, checks=False), "FAILED: 1 breach")


class TallyTests(SynchronousTestCase):
    """
    Many runs.
    """

    def test_good(self) -> None:
        """
        Sums, spreads, and that all was well.
        """
        tally = Tally()
        for seed in range(3):
            outcome = made_up_outcome(replace(SMALL, seed=seed))
            peers = tuple(
                replace(peer, completed_at=10.0 + seed, sent_bytes=1)
                for peer in outcome.peers
            )
            tally.add(replace(outcome, peers=peers, virtual_seconds=100.0))
        self.assertEqual(
            tally.summary(2.0).splitlines(),
            [
                "runs          3",
                "time          300.0 s of virtual time in 2.00 s: 150 times as fast",
                "events        9,000, 4,500 per second",
                "faults        crash 3, cut 9",
                "distribution  10.00 to 12.00 s, half below 11.00",
                "              15.26 to 18.31 times, half below 16.78 the fluid bound",
                "fairness      1.00 to 1.00, half below 1.00 by what leechers gave",
            ],
        )
        self.assertEqual(tally.verdict(), "OK: every rule held in 3 runs")
        self.assertEqual(
            tally.verdict(checks=False), "done; no rule was looked at in 3 runs"
        )
        self.assertEqual((tally.events, tally.virtual_seconds), (9000, 300.0))

    def test_failed(self) -> None:
        """
        Seeds that failed are named, the first ten of them.
        """
        tally = Tally()
        for seed in range(20):
            breaches = (BREACH,) if seed > 7 else ()
            tally.add(made_up_outcome(Scenario(seed=seed), *breaches))
        self.assertEqual(tally.failed_seeds, list(range(8, 20)))
        self.assertEqual(
            tally.verdict(),
            "FAILED: 12 of 20 runs, "
            "with seed 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, ...",
        )


class JsonTests(SynchronousTestCase):
    """
    L{json_line}.
    """

    def test_whole(self) -> None:
        """
        One line of strict JSON has all that the outcome has but its history, and
        the figures.
        """
        outcome = made_up_outcome(SMALL, BREACH)
        line = json_line(outcome, checks=True, smallest=Scenario(seed=4, peers=2))
        self.assertNotIn("\n", line)
        value = json.loads(line)
        self.assertEqual(
            list(value),
            [
                "scenario",
                "is_good",
                "breaches",
                "virtual_seconds",
                "real_seconds",
                "events",
                "faults",
                "faults_planned",
                "last_fault_at",
                "fetchers",
                "completions",
                "distribution_seconds",
                "bound_seconds",
                "jain_given",
                "jain_got",
                "received_bytes",
                "duplicate_bytes",
                "peers",
                "digest",
                "replay",
                "smallest",
            ],
        )
        scenario = value["scenario"]
        self.assertEqual(list(scenario), [field.name for field in fields(Scenario)])
        self.assertEqual(scenario["skipped_faults"], [1, 5])
        self.assertEqual(scenario["faults"], "wild")
        self.assertEqual(scenario["hostile"], ["liar"])
        self.assertEqual(value["is_good"], False)
        self.assertEqual(
            value["breaches"],
            [
                {
                    "at_seconds": 12.5,
                    "peer_id": 1003,
                    "rule": "liveness",
                    "detail": "1003 holds 3\nof 40",
                }
            ],
        )
        self.assertEqual(list(value["faults"]), [kind.value for kind in FaultKind])
        self.assertEqual((value["faults"]["cut"], value["faults"]["move"]), (3, 0))
        self.assertEqual(
            list(value["peers"][0]), [field.name for field in fields(PeerOutcome)]
        )
        self.assertEqual(
            value["replay"],
            "swarmpeer simulate --peers 3 --free-riders 1 --hostile liar --up 8Mbit "
            "--faults wild --skip-faults 1,5 --seed 4",
        )
        self.assertEqual(value["smallest"], "swarmpeer simulate --peers 2 --seed 4")

    def test_good(self) -> None:
        """
        A good run has no breaches and no smaller one, and what is not there is
        null.
        """
        outcome = replace(made_up_outcome(Scenario()), digest=None)
        value = json.loads(json_line(outcome, checks=False, smallest=None))
        self.assertEqual((value["is_good"], value["breaches"]), (True, []))
        for key in ("smallest", "digest", "bound_seconds"):
            self.assertIsNone(value[key])
        self.assertEqual(value["replay"], "swarmpeer simulate --no-checks")

    def test_no_infinity(self) -> None:
        """
        A bound that is never reached is no number in JSON.
        """
        outcome = made_up_outcome(Scenario(up_rate=1.0))
        peers = tuple(peer for peer in outcome.peers if peer.role != "seed")
        riders = tuple(replace(peer, role="free rider") for peer in peers)
        line = json_line(replace(outcome, peers=riders), checks=True, smallest=None)
        self.assertIsNone(json.loads(line)["bound_seconds"])
