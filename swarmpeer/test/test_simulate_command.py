"""
Tests of L{swarmpeer.simulate.command} and L{swarmpeer.simulate.session}, with
runs that are over at once.
"""

import io
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import OneLineParser
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.errors import Interrupted
from swarmpeer.events import Candidate
from swarmpeer.simulate import command
from swarmpeer.simulate.runs import Simulate
from swarmpeer.test.made_up_runs import made_up_outcome
from swarmpeer.testing import swarm
from swarmpeer.testing.outcome import Breach, Outcome
from swarmpeer.testing.scenario import FaultLevel, Scenario

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 20

Trace = Callable[[str], None] | None
Progress = Callable[[float, int, int], None] | None


def simulate(
    scenario: Scenario,
    *,
    checks: bool = True,  # noqa: ARG001
    trace: Trace = None,
    progress: Progress = None,
) -> Outcome:
    """
    A run that fails when fault 7 is present, there are three peers or more, and
    the seed is odd.
    """
    if trace is not None:
        trace("0.000000 begins")
        trace("1.000000 ends")
    if progress is not None:
        progress(1.0, 1, 6)
    is_failing = (
        scenario.faults is not FaultLevel.NONE
        and 7 not in scenario.skipped_faults
        and scenario.peers >= 3
        and scenario.seed % 2
    )
    if is_failing:
        breach = Breach(7.5, 1002, "liveness", "1002 holds 3 of 40")
        return made_up_outcome(scenario, breach)
    return made_up_outcome(scenario)


def hang(
    scenario: Scenario,
    *,
    checks: bool = True,  # noqa: ARG001
    trace: Trace = None,  # noqa: ARG001
    progress: Progress = None,  # noqa: ARG001
) -> Outcome:
    """
    A run that tells that it began, as long as its process lives, and never ends.
    """
    with open(os.environ["ALIVE"], "w") as alive:
        print(scenario.seed, file=alive, flush=True)
        while True:
            signal.pause()


def parse_and_run(*options: str, simulate: Simulate = simulate) -> int:
    """
    C{swarmpeer simulate} with these options.

    @return: its exit status.
    """
    parser = OneLineParser(prog="swarmpeer")
    command.add_parser(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["simulate", *options])
    return command.run(arguments, simulate)


SMALLEST = (
    "swarmpeer simulate --peers 3 --file-size 16K --faults wild "
    "--skip-faults 0-6,8-11 --seed 1"
)


class CommandTestCase(SynchronousTestCase):
    """
    With what is needed to look at a command.
    """

    def call(self, *options: str) -> tuple[object, list[str], str]:
        """
        @return: the exit status, the lines that it printed, and what it told of
            what went wrong.
        """
        output, errors = io.StringIO(), io.StringIO()
        status: object
        with redirect_stdout(output), redirect_stderr(errors):
            try:
                status = parse_and_run(*options)
            except SystemExit as exit:
                status = exit.code
        return status, output.getvalue().splitlines(), errors.getvalue()

    def folder(self) -> Path:
        """
        A new one.
        """
        work = Path(self.mktemp()).absolute()
        work.mkdir()
        return work


class OneRunTests(CommandTestCase):
    """
    One run.
    """

    def test_good(self) -> None:
        """
        What is simulated, what came of it, and that it was good.
        """
        status, lines, errors = self.call("--peers", "4", "--seed", "8")
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(
            lines[0],
            "4 peers, with the file: 1; 640K in 40 pieces of 16K; "
            "policy classic, latency 10ms, faults none, seed 8",
        )
        self.assertTrue(lines[1].startswith("time "), lines)
        self.assertEqual(lines[-1], "OK: every rule held")

    def test_failing(self) -> None:
        """
        Each breach has a line, and the last line is the command that replays the
        smallest run that was found to fail in the same way.
        """
        status, lines, errors = self.call("--faults", "wild", "--seed", "1")
        self.assertEqual((status, errors), (1, ""))
        breach = "7.500000 s: peer 1002: liveness: 1002 holds 3 of 40"
        self.assertEqual(lines[-6:-3], [breach, "FAILED: 1 breach", ""])
        self.assertRegex(
            lines[-3],
            r"the smallest run that fails so \(\d+ tried\): 3 peers, with the file: 1; "
            r"16K in 1 piece of 16K; faults: 1",
        )
        self.assertEqual(lines[-2:], [breach, SMALLEST])

    def test_replayed(self) -> None:
        """
        The command that was printed fails too, and cannot be made smaller.
        """
        status, lines, _ = self.call(*shlex.split(SMALLEST)[2:])
        self.assertEqual((status, lines[-1]), (1, SMALLEST))

    def test_no_shrinking(self) -> None:
        """
        If no smaller one is wanted, the command is that of the run itself.
        """
        options = ["--peers", "7", "--faults", "wild", "--seed", "1"]
        status, lines, _ = self.call(*options, "--no-shrink")
        self.assertEqual(
            (status, lines[-2:]),
            (1, ["FAILED: 1 breach", f"swarmpeer simulate {' '.join(options)}"]),
        )

    def test_json(self) -> None:
        """
        One object is all that is printed, with the command for the smallest.
        """
        for seed, expected, smallest in (("2", 0, None), ("1", 1, SMALLEST)):
            status, lines, errors = self.call("--json", "--faults=wild", "--seed", seed)
            self.assertEqual((status, len(lines), errors), (expected, 1, ""))
            value = json.loads(lines[0])
            self.assertEqual(value["is_good"], not expected)
            self.assertEqual(value["smallest"], smallest)

    def test_signal_that_is_swallowed(self) -> None:
        """
        A signal ends the run also if it comes while something is at work that logs
        whatever it meets and goes on.
        """
        rounds = []

        class Stopping(ChokingManager):
            def choose_preferred(
                self, candidates: Sequence[Candidate], *, by_rate: bool
            ) -> Sequence[int]:
                rounds.append(by_rate)
                signal.raise_signal(signal.SIGTERM)
                return super().choose_preferred(candidates, by_rate=by_rate)

        run = partial(swarm.simulate, policies={"classic": Stopping})
        for more in ([], ["--no-checks"], ["--runs", "3"]):
            rounds.clear()
            output = io.StringIO()
            with redirect_stdout(output):
                status = parse_and_run(
                    "--policy", "classic", "--file-size", "64K", *more, simulate=run
                )
            self.assertEqual(status, 128 + signal.SIGTERM)
            self.assertTrue(rounds)
            self.assertNotIn("rule", output.getvalue())
            self.assertTrue(self.flushLoggedErrors(Interrupted))

    def test_files(self) -> None:
        """
        The trace has a line per event, and the plot is a picture.
        """
        work = self.folder()
        trace, picture = work / "trace.txt", work / "swarm.svg"
        status, _, _ = self.call("--trace", str(trace), "--plot", str(picture))
        self.assertEqual(status, 0)
        self.assertEqual(trace.read_text(), "0.000000 begins\n1.000000 ends\n")
        self.assertTrue(ElementTree.parse(picture).getroot().tag.endswith("svg"))

    def test_files_are_kept_until_the_end(self) -> None:
        """
        What is there already stays until the run is over; of a run that is
        stopped there is the trace, as far as it came, and no picture.
        """
        work = self.folder()
        trace, picture = work / "trace.txt", work / "swarm.svg"
        options = ["--trace", str(trace), "--plot", str(picture)]

        def stop_after(*lines: str) -> None:
            def run(
                scenario: Scenario,  # noqa: ARG001
                *,
                checks: bool = True,  # noqa: ARG001
                trace: Trace = None,
                progress: Progress = None,  # noqa: ARG001
            ) -> Outcome:
                assert trace is not None
                for line in lines:
                    trace(line)
                raise Interrupted(signal.SIGINT)

            output = io.StringIO()
            with redirect_stdout(output):
                self.assertEqual(parse_and_run(*options, simulate=run), 130)

        for path in (trace, picture):
            path.write_text("old")
        stop_after()
        self.assertEqual((trace.read_text(), picture.read_text()), ("old", "old"))
        stop_after("0.000000 begins")
        self.assertEqual(
            (trace.read_text(), picture.read_text()), ("0.000000 begins\n", "old")
        )
        self.assertEqual(sorted(work.iterdir()), [picture, trace])

    def test_refused_file(self) -> None:
        """
        If one of the two files cannot be written, the other is left as it is.
        """
        work = self.folder()
        there = work / "there"
        there.write_text("old")
        for options in (
            ["--trace", str(there), "--plot", str(work)],
            ["--plot", str(there), "--trace", str(work)],
        ):
            status, _, _ = self.call(*options)
            self.assertEqual((status, there.read_text()), (2, "old"))
            self.assertEqual(list(work.iterdir()), [there])

    def test_link_and_pipe(self) -> None:
        """
        A link goes on leading to the file, and what is no file is written as it is.
        """
        work = self.folder()
        trace, link = work / "trace.txt", work / "link"
        trace.write_text("old")
        link.symlink_to(trace)
        self.assertEqual(self.call("--trace", str(link), "--plot", "/dev/null")[0], 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(trace.read_text(), "0.000000 begins\n1.000000 ends\n")
        self.assertTrue(Path("/dev/null").is_char_device())

    def test_files_of_a_failing_run(self) -> None:
        """
        Files are of the run that was asked for, not of smaller ones.
        """
        trace = self.folder() / "trace.txt"
        status, _, _ = self.call("--faults=wild", "--seed=1", "--trace", str(trace))
        self.assertEqual((status, trace.read_text().count("\n")), (1, 2))


class ManyRunsTests(CommandTestCase):
    """
    Many runs.
    """

    def test_failing(self) -> None:
        """
        Each failing run has its breaches and its command, in the order of seeds;
        then all of them together; and the last line replays the smallest.
        """
        status, lines, _ = self.call("--faults=wild", "--seed=4", "--runs=4")
        breach = "7.500000 s: peer 1002: liveness: 1002 holds 3 of 40"
        expected = []
        for seed in (5, 7):
            expected += [
                f"seed {seed}: FAILED: 1 breach",
                breach,
                f"swarmpeer simulate --faults wild --seed {seed}",
                "",
            ]
        self.assertEqual((status, lines[:8]), (1, expected))
        self.assertEqual(lines[8], "runs          4")
        self.assertIn("FAILED: 2 of 4 runs, with seed 5, 7", lines)
        self.assertEqual(lines[-1], SMALLEST.replace("--seed 1", "--seed 5"))

    def test_jobs(self) -> None:
        """
        Several processes say the same as one, but for the time it took.
        """
        options = ["--faults=wild", "--seed=4", "--runs=5", "--hostile=0.5", "--json"]
        alone = self.call(*options)
        shared = self.call(*options, "--jobs=2")
        self.assertEqual(shared, alone)
        seeds = [json.loads(line)["scenario"]["seed"] for line in alone[1]]
        self.assertEqual(seeds, [4, 5, 6, 7, 8])

    def test_good(self) -> None:
        """
        If all are good, there is only what they come to.
        """
        status, lines, _ = self.call("--runs=3")
        self.assertEqual((status, lines[0]), (0, "runs          3"))
        self.assertEqual(lines[-1], "OK: every rule held in 3 runs")


class UsageTests(CommandTestCase):
    """
    What cannot be done as asked.
    """

    def test_wrong(self) -> None:
        """
        Each mistake gets one line and status 2, and nothing is run.
        """
        work = self.folder()
        for options, expected in (
            (["--peers", "1"], "'1' is no whole number from 2 to 10000"),
            (["--seeds", "7"], "--seeds 7 is more than --peers 6"),
            (["--runs", "0"], "'0' is no whole number from 1"),
            (["--jobs", "1000"], "'1000' is no whole number from 1 to 256"),
            (["--faults", "some"], "'some' is none of none, mild, wild"),
            (["--runs=2", "--trace=t"], "--trace is for one run, not for --runs"),
            (["--runs=2", "--plot=p"], "--plot is for one run, not for --runs"),
            (["--plot", str(work)], f"{work}: Is a directory"),
            (["--trace", f"{work}/a/b"], f"{work}/a/b: No such file or directory"),
            (["--trace", ""], "argument --trace: an empty path"),
            (["--plot="], "argument --plot: an empty path"),
            (
                ["--trace", f"{work}/a", "--plot", f"{work}/../{work.name}/a"],
                "--trace and --plot name the same file",
            ),
            (["--latency=3s"], "'3s' is more than 2s"),
            (
                ["extra"],
                "swarmpeer simulate: unrecognized arguments: extra (see swarmpeer "
                "simulate --help)",
            ),
        ):
            status, lines, error = self.call(*options)
            self.assertEqual((status, lines, error.count("\n")), (2, [], 1), error)
            self.assertTrue(error.startswith("swarmpeer"), error)
            self.assertIn(expected, error)

    def test_full_disk(self) -> None:
        """
        A file that cannot take all of it is told in one line, with status 1.
        """
        for option in ("--plot", "--trace"):
            status, _, error = self.call(option, "/dev/full")
            self.assertEqual(
                (status, error),
                (1, "swarmpeer simulate: /dev/full: No space left on device\n"),
            )

    def test_help(self) -> None:
        """
        Help says how to begin, and what each option is without a word.
        """
        status, lines, _ = self.call("--help")
        self.assertEqual(status, 0)
        text = " ".join(" ".join(lines).split())
        for expected in (
            "swarmpeer simulate --faults wild",
            "(default: 640K)",
            "(default: no limit)",
            "(0.2 or 20%)",
            "late-replayer, length-bomb",
        ):
            self.assertIn(expected, text)


MAIN = textwrap.dedent(
    """
    import sys
    from swarmpeer.command_line import OneLineParser
    from swarmpeer.simulate import command
    from swarmpeer.test.test_simulate_command import hang

    if __name__ == "__main__":
        parser = OneLineParser(prog="swarmpeer")
        command.add_parser(parser.add_subparsers(required=True))
        sys.exit(command.run(parser.parse_args(sys.argv[1:]), hang))
    """
)
"""The command, with runs that never end."""


class ProcessTests(SynchronousTestCase):
    """
    The command in a process of its own, and its helpers in theirs.
    """

    def start(self, *options: str) -> None:
        """
        Start runs that never end, and wait for two of them.
        """
        work = Path(self.mktemp()).absolute()
        work.mkdir()
        (work / "main.py").write_text(MAIN)
        os.mkfifo(work / "alive")
        # Opened before anybody writes, so that the end of the last writer shows.
        self.alive = os.open(work / "alive", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.alive)
        self.process = subprocess.Popen(
            [sys.executable, work / "main.py", "simulate", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "ALIVE": str(work / "alive")},
        )
        self.addCleanup(self.process.kill)

    def await_lines(self, count: int | None) -> None:
        """
        Wait until so many runs have begun; C{None}: until no process is left.
        """
        told = b""
        poll = select.poll()
        poll.register(self.alive, select.POLLIN)
        while count is None or told.count(b"\n") < count:
            if not poll.poll(WAIT_SECONDS * 1000):
                self.fail(f"only {told!r} after {WAIT_SECONDS} s")
            data = os.read(self.alive, 4096)
            if not data:
                break
            told += data

    def test_interrupted(self) -> None:
        """
        Ctrl-C and SIGTERM end all of it at once, quietly, with their status.
        """
        for jobs in ("1", "2"):
            for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
                self.start("--runs=9", f"--jobs={jobs}")
                self.await_lines(int(jobs))
                self.process.send_signal(number)
                output, _ = self.process.communicate(timeout=WAIT_SECONDS)
                self.assertEqual((self.process.returncode, output), (expected, b""))
                self.await_lines(None)

    def test_killed(self) -> None:
        """
        Even if it is gone without a word, no helper goes on.
        """
        self.start("--runs=9", "--jobs=2")
        self.await_lines(2)
        self.process.kill()
        self.process.wait()
        self.await_lines(None)
