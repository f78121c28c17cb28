"""
Tests of C{tools/scale.py}, its table and its picture.
"""

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.scenario import Scenario
from tools.scale import (
    CRASHING,
    MIXED,
    NEIGHBORS,
    SWARMS,
    computed,
    crashes_of,
    main,
    run_one,
    scenario_of,
)
from tools.scale_plot import plot
from tools.scale_table import Run, json_line, read_lines, table


def small(swarm: str, peers: int = 5, uplinks: str = "equal") -> Scenario:
    """
    The same swarm, with a file of ten pieces.
    """
    return scenario_of(swarm, peers, uplinks, pieces=10)


class ScaleTests(SynchronousTestCase):
    """
    What is run, and what is made of it.
    """

    def test_scenarios(self) -> None:
        """
        A verified swarm is bounded where there are enough for that; of mixed uplinks
        the mean is that of equal ones.
        """
        self.assertEqual(scenario_of("fleet", 100, "equal").most_neighbors, NEIGHBORS)
        self.assertIsNone(scenario_of("fleet", 10, "equal").most_neighbors)
        self.assertEqual(scenario_of("server", 10, "equal").free_riders, 10)
        self.assertEqual(sum(MIXED), len(MIXED))

    def test_crashes(self) -> None:
        """
        A twentieth of those that fetch, each once, and all come back.
        """
        scenario = scenario_of("fleet", 100, "equal")
        faults = crashes_of(scenario, 50.0)
        self.assertEqual(len(faults), round(100 * CRASHING))
        self.assertEqual(len({fault.peer_id for fault in faults}), len(faults))
        self.assertTrue(all(fault.peer_id > 1001 for fault in faults))
        self.assertEqual(faults, crashes_of(scenario, 50.0))

    def test_a_run(self) -> None:
        """
        Nobody is faster than the bound, with or without crashes.
        """
        for swarm in ("fleet", "classic", "server"):
            run = run_one(small(swarm), swarm, "equal", crashing=swarm == "fleet")
            self.assertGreaterEqual(run.ratio, 1.0)
            self.assertLessEqual(run.half_seconds, run.seconds)
            self.assertGreaterEqual(run.seed_share, 1.0)
            self.assertEqual((run.peers, run.pieces), (5, 10))

    def test_a_server(self) -> None:
        """
        What is computed of one that nobody helps is the least that it takes.
        """
        run = run_one(small("server"), "server", "equal", crashing=False)
        least = computed(5, pieces=10)
        self.assertEqual(least.pieces, run.pieces)
        self.assertAlmostEqual(least.bound_seconds, run.bound_seconds)
        self.assertLessEqual(least.seconds, run.seconds)

    def test_lines(self) -> None:
        """
        What was printed is read again.
        """
        run = computed(1000)
        self.assertEqual(read_lines([json_line(run), "\n"]), [run])

    def test_old_lines(self) -> None:
        """
        So is what was printed when the random seed had another name.
        """
        run = replace(computed(1000), random_seed=7)
        line = json_line(run).replace('"random_seed"', '"seed"')
        self.assertEqual(read_lines([line]), [run])

    def test_bad_lines(self) -> None:
        """
        What is no such line is told by its number.
        """
        line = json_line(computed(1000))
        for bad in (
            "foo",
            "[]",
            "5",
            "{}",
            line.replace('"peers": 1000', '"peers": "x"'),
            line.replace('"peers": 1000', '"peers": 0'),
            re.sub('"bound_seconds": [0-9.]+', '"bound_seconds": 0', line),
            re.sub('"seconds": [0-9.]+', '"seconds": 0', line),
        ):
            fault = self.assertRaises(ValueError, read_lines, [line, "", bad])
            self.assertEqual(str(fault), "line 3 is no run of a swarm")

    def test_table(self) -> None:
        """
        One row for each kind and number of pieces, of the run in the middle.
        """
        runs = [
            replace(computed(10), seconds=5120.0 * n, random_seed=n) for n in (1, 3, 2)
        ]
        rows = list(table([*runs, computed(10, pieces=1000)], SWARMS))
        self.assertEqual(len(rows), 4)
        self.assertIn("| 10,240.0 s, computed | 20.00 |", rows[2])

    def test_picture(self) -> None:
        """
        Every kind that was run has its line, and its name below.
        """
        runs: list[Run] = [computed(peers) for peers in (10, 100, 1000)]
        points = [("server", run.peers, run.seconds, run.bound_seconds) for run in runs]
        points += [("fleet, equal", n, 60.0, 50.0) for n in (10, 100, 1000)]
        picture = plot(points)
        ElementTree.fromstring(picture)
        for words in ("a server that nobody helps", ">fleet<", "the fluid bound"):
            self.assertIn(words, picture)
        self.assertNotIn("classic policy<", picture)
        self.assertEqual(len(re.findall("<path", picture)), 5)


class OptionTests(SynchronousTestCase):
    """
    The command line.
    """

    def refused(self, *words: str) -> str:
        """
        @return: the last line of what is said of a command that is refused.
        """
        said = io.StringIO()
        self.patch(sys, "argv", ["scale", *words])
        with redirect_stderr(said):
            end = self.assertRaises(SystemExit, main)
        self.assertEqual(end.code, 2)
        return said.getvalue().splitlines()[-1].partition("error: ")[2]

    def test_mistakes(self) -> None:
        """
        Each is told in a line before anything is run.
        """
        file = Path(self.mktemp())
        file.write_text("foo\n")
        other = Path(self.mktemp())
        other.write_text(json_line(replace(computed(10), swarm="foo")))
        uplinks = Path(self.mktemp())
        uplinks.write_text(json_line(replace(computed(10), uplinks="foo")))
        for option, value, fault in (
            ("--uplinks", "foo", "no kind of uplinks 'foo'; there are equal, mixed"),
            (
                "--swarms",
                "fleet,foo",
                "no swarm 'foo'; there are fleet, classic, server",
            ),
            ("--sizes", "10,x", "'x' is no whole number at least 1"),
            ("--sizes", "0", "'0' is no whole number at least 1"),
            ("--pieces", "0", "'0' is no whole number at least 1"),
            ("--seeds", "0", "'0' is no whole number at least 1"),
            ("--read", "/nonexistent", "/nonexistent: No such file or directory"),
            ("--read", str(file), f"{file}: line 1 is no run of a swarm"),
            ("--read", str(other), f"{other}: has a swarm 'foo'"),
            ("--read", str(uplinks), f"{uplinks}: has uplinks 'foo'"),
            ("--plot", "/nonexistent/x", "'/nonexistent/x' is no file in a folder"),
        ):
            said = self.refused(f"{option}={value}")
            self.assertTrue(said.startswith(f"argument {option}: {fault}"), said)

    def test_nothing_to_run(self) -> None:
        """
        Nor is a choice taken that leaves nothing to run.
        """
        for words in (("--uplinks=mixed",), ("--crashing=yes",)):
            self.assertEqual(
                self.refused("--swarms=server", *words),
                "server is run with equal uplinks and without crashes only",
            )

    def test_no_picture(self) -> None:
        """
        The picture is of files of one number of pieces only.
        """
        file = Path(self.mktemp())
        file.write_text(json_line(computed(10, pieces=10)))
        plot_ = f"--plot={self.mktemp()}"
        self.assertEqual(
            self.refused("--pieces=10", plot_), "--plot is of 250 pieces, not of 10"
        )
        self.assertEqual(
            self.refused(f"--read={file}", plot_), "--plot: no run is of 250 pieces"
        )

    def test_help(self) -> None:
        """
        The help names every swarm and every kind of uplinks.
        """
        said = io.StringIO()
        self.patch(sys, "argv", ["scale", "--help"])
        with redirect_stdout(said):
            self.assertRaises(SystemExit, main)
        for word in ("fleet,classic,server", "equal,mixed", "10,100,1000"):
            self.assertIn(word, said.getvalue())
