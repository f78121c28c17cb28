"""
The pure parts of the benchmarks.
"""

import importlib
import io
import json
import os
import re
import shlex
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import bench.__main__ as every
from bench import shaped, transfer
from bench.__main__ import commands, run_all
from bench.bare_copy import BareCopy
from bench.bound import Link, fluid_bound_seconds
from bench.command import INTERRUPTED, NOTHING_WAS_RUN, CannotRun, end_with
from bench.course import CASES, allowed_seconds
from bench.gauges import Memory
from bench.hollow_swarm import HollowSwarm, zeros_manifest
from bench.ours import Tables, swarm_text
from bench.peers import FILE_NAME, Host, PeerKind
from bench.processes import RunFailed
from bench.programs.tracker import tracker_answer
from bench.repeating import Tally
from bench.results import Run, by_peer, table
from bench.rounds import Stage, in_turn
from bench.shaped import links_of
from bench.sources import make_source, size_text
from bench.torrents import torrent_v1, torrent_v2
from swarmpeer.config import SwarmConfig
from swarmpeer.manifest import parse_manifest
from swarmpeer.manifest.bencode import decode
from swarmpeer.quantities import parse_size
from tests.processes import ROOT

_HOSTS = (Host("10.0.0.1", 20001), Host("10.0.0.2", 20002), Host("10.0.0.3", 20003))
_MIB = 1 << 20


def _run(peer: str, seconds: float, stall_ms: float | None = None) -> Run:
    return Run(
        peer=peer,
        round=0,
        leechers=1,
        size_bytes=_MIB,
        piece_size_bytes=_MIB,
        network="none",
        wall_seconds=seconds,
        done_seconds=[seconds],
        rate_mb_per_second=1.0,
        cpu_seconds_per_gib=1.0,
        cpu_seed_seconds=1.0,
        cpu_leechers_seconds=1.0,
        seed=Memory(),
        leecher=Memory(),
        late_ms=None,
        stall_ms=stall_ms,
        sent_bytes=[],
        bound_seconds=None,
    )


class BoundTests(SynchronousTestCase):
    """
    L{bench.bound}, with lines of 8 Mbit/s: a MB is a second.
    """

    def test_seeds_uplink(self) -> None:
        """
        Every byte leaves the seed once.
        """
        links = [Link(8, 8), Link(80, 80), Link(80, 80)]
        self.assertEqual(fluid_bound_seconds(10**6, links), 1)

    def test_slowest_downlink(self) -> None:
        """
        The slowest gets all of it, too.
        """
        links = [Link(80, 80), Link(80, 80), Link(80, 4)]
        self.assertEqual(fluid_bound_seconds(10**6, links), 2)

    def test_all_uplinks(self) -> None:
        """
        All lines together bear every copy.
        """
        links = [Link(16, 80), Link(1, 80), Link(1, 80), Link(6, 80)]
        self.assertEqual(fluid_bound_seconds(10**6, links), 1)

    def test_cases(self) -> None:
        """
        One is slow, or the seed sends at half the rate.
        """
        self.assertEqual(links_of("even", 2, 50), [Link(50, 50)] * 3)
        self.assertEqual(links_of("slow-host", 2, 50)[1:], [Link(50, 50), Link(10, 10)])
        self.assertEqual(links_of("half-seed", 2, 50)[0], Link(25, 50))


class OptionTests(SynchronousTestCase):
    """
    Options that would end in a traceback, or in nothing.
    """

    def test_plain_mistakes(self) -> None:
        """
        Each is told in one line, which names the option.
        """
        for module, option, value, fault in (
            ("transfer", "--runs", "0", "'0' is no whole number at least 1"),
            ("transfer", "--leechers", "-1", "'-1' is no whole number at least 1"),
            ("transfer", "--data", "/nonexistent", "'/nonexistent' is no folder"),
            ("transfer", "--picking", "foo", "'foo': no policy and no plugin is"),
            ("transfer", "--choking", "no:It", "'no:It': ModuleNotFoundError"),
            ("shaped", "--leechers", "8,x", "'x' is no whole number at least 1"),
            ("memory", "--neighbors", "0", "'0' is no whole number at least 1"),
            ("rates", "--data", "", "'' is no folder"),
            ("transfer", "--piece", "100K", "'100K' is no power of two from 16K to"),
            ("transfer", "--piece", "0", "'0' is no power of two from 16K to"),
            ("transfer", "--size", "16M,0", "'0' is no size above 0"),
            ("transfer", "--size", "foo", "'foo' is no size: 64M"),
            ("transfer", "--interval", "0", "'0' is no number of seconds from 0.001"),
            ("transfer", "--timeout", "-1", "'-1' is no number of seconds from 0.1"),
            ("transfer", "--settings", "5", "'5' is no object of JSON"),
            ("transfer", "--settings", "foo", "'foo' is no object of JSON"),
            ("transfer", "--peers", "foo", "no kind 'foo'; there are swarmpeer,"),
            ("shaped", "--rates", "50,0", "'0' is no number of Mbit/s from 0.1 to"),
            ("shaped", "--rates", "-5", "'-5' is no number of Mbit/s from 0.1 to"),
            ("shaped", "--rates", "nan", "'nan' is no number of Mbit/s from 0.1 to"),
            ("memory", "--limits", "foo", "'foo' is no size: 64M"),
            ("memory", "--served", "0", "'0' is no size above 0"),
            ("idle", "--seconds", "0", "'0' is no number of seconds from 0.1 to"),
            ("rates", "--seconds", "nan", "'nan' is no number of seconds from 0.1"),
            ("__main__", "--runs", "0.5", "'0.5' is no whole number at least 1"),
        ):
            said = io.StringIO()
            self.patch(sys, "argv", [module, f"{option}={value}"])
            with redirect_stderr(said):
                main = importlib.import_module(f"bench.{module}").main
                self.assertRaises(SystemExit, main)
            *_, line = said.getvalue().splitlines()
            self.assertIn(f"error: argument {option}: {fault}", line)

    def test_together(self) -> None:
        """
        What does not go together, a size and its pieces above all, is told before
        anything is made.
        """
        for module, words, fault in (
            ("transfer", ["--size=1T", "--piece=16K"], "1T are more than 8,388,608"),
            ("shaped", ["--size=1T", "--piece=16K"], "1T are more than 8,388,608"),
            ("shaped", ["--cases=slow-host", "--leechers=8,1"], "slow-host is of two"),
            ("resume", ["--size=5"], "5 are not two or more whole pieces of 4M"),
            ("idle", ["--size=1M"], "1M are not two or more whole pieces of 1M"),
            ("memory", ["--served=40M"], "40M are not two or more whole pieces of 16M"),
        ):
            said = io.StringIO()
            self.patch(sys, "argv", [module, *words])
            with redirect_stderr(said):
                main = importlib.import_module(f"bench.{module}").main
                self.assertRaises(SystemExit, main)
            self.assertIn(f"error: {fault}", said.getvalue())

    def test_places(self) -> None:
        """
        What cannot be made for the results is told in a line, too, at the start.
        """
        taken = Path(self.mktemp())
        taken.touch()
        for module, option in (
            ("__main__", "--results"),
            ("course", "--profile"),
        ):
            words = [f"{option}={taken / 'x'}"]
            if module == "course":
                words.append("--network=host")
            self.patch(sys, "argv", [module, *words])
            main = importlib.import_module(f"bench.{module}").main
            self.assertIn(option, str(self.assertRaises(CannotRun, main)))


class EndTests(SynchronousTestCase):
    """
    How a benchmark ends.
    """

    def ended(self, main: Callable[[], int]) -> tuple[object, str]:
        """
        @return: the status of C{main}, and what was said on the standard error.
        """
        said = io.StringIO()
        with redirect_stderr(said):
            end = self.assertRaises(SystemExit, end_with, main)
        return end.code, said.getvalue()

    def test_interrupted(self) -> None:
        """
        Ctrl-C is told in a line, after what was made until then.
        """
        shown: list[Sequence[Link]] = []

        def stop() -> Link:
            raise KeyboardInterrupt

        def main() -> int:
            tally = Tally()
            tally.repeat([("one", lambda: Link(1, 2)), ("two", stop)], shown.append)
            return tally.status

        with redirect_stdout(io.StringIO()):
            self.assertEqual(self.ended(main), (130, "interrupted\n"))
        self.assertEqual(shown, [[Link(1, 2)]])

    def test_nobody_left(self) -> None:
        """
        Where every chosen kind is missing, that is said before anything is made.
        """
        self.patch(os, "environ", {"PATH": self.mktemp()})
        for module in ("transfer", "growth"):
            words = ["--peers=rtorrent,aria2", "--network=host"]
            self.patch(sys, "argv", [module, *words])
            main = importlib.import_module(f"bench.{module}").main
            status, said = self.ended(main)
            self.assertEqual(status, NOTHING_WAS_RUN)
            rtorrent, aria2, last = said.splitlines()
            self.assertTrue(rtorrent.startswith("rtorrent is left out: "))
            self.assertTrue(aria2.startswith("aria2 is left out: "))
            self.assertEqual(last, "none of --peers is left to be run")

    def test_no_room(self) -> None:
        """
        What does not fit is left out with a word; a run of nothing is not right.
        """
        handler = signal.getsignal(signal.SIGTERM)
        self.addCleanup(signal.signal, signal.SIGTERM, handler)
        words = ["--size=1000T", "--piece=256M", "--peers=bare-copy", "--network=host"]
        self.patch(sys, "argv", ["transfer", *words])
        status, said = self.ended(transfer.main)
        self.assertEqual(status, NOTHING_WAS_RUN)
        self.assertEqual(
            said,
            "1000 TiB to 1 in pieces of 256 MiB is left out: the disk is too small\n",
        )

    def test_bad_source(self) -> None:
        """
        So is a file that the system does not let be written.
        """
        place = Path(self.mktemp()) / "missing"
        self.assertRaises(CannotRun, make_source, place, 1)

    def test_no_shaped(self) -> None:
        """
        Where there can be no slow lines, nothing was run.
        """
        self.patch(shaped, "why_not", lambda: "no root")
        self.patch(sys, "argv", ["shaped"])
        self.assertEqual(
            self.ended(shaped.main),
            (NOTHING_WAS_RUN, "bench.shaped is left out: no root\n"),
        )

    def test_all(self) -> None:
        """
        Of all benchmarks the last lines tell which failed and which could not be run;
        the latter are no failure, unless it is all of them.
        """
        right, wrong, nothing = "growth", "rates", "shaped"
        statuses = {right: 0, wrong: 1, nothing: NOTHING_WAS_RUN}

        def run(argv: Sequence[str], _: object) -> int:
            return statuses[argv[-1].removeprefix("bench.")]

        self.patch(every, "_run", run)
        failed = f"failed: python -m bench.{wrong}"
        left_out = f"left out: python -m bench.{nothing}"
        for chosen, status, words in (
            ([right, nothing, wrong], 1, [left_out, failed]),
            ([right, nothing], 0, [left_out]),
            ([nothing], NOTHING_WAS_RUN, [left_out]),
            ([right], 0, [f"python -m bench.{right}"]),
        ):
            ended, said = self.ended(partial(run_all, chosen, io.BytesIO()))
            self.assertEqual(ended, status)
            self.assertEqual(said.splitlines()[-len(words) :], words)

    def test_all_interrupted(self) -> None:
        """
        They tell so of those before Ctrl-C, too.
        """

        def run(argv: Sequence[str], _: object) -> int:
            if argv[-1] == "bench.growth":
                sys.exit(INTERRUPTED)
            return 1

        self.patch(every, "_run", run)
        chosen = ["rates", "growth", "shaped"]
        ended, said = self.ended(partial(run_all, chosen, io.BytesIO()))
        self.assertEqual(ended, INTERRUPTED)
        self.assertEqual(said.splitlines()[-1], "failed: python -m bench.rates")


class ProfileTests(SynchronousTestCase):
    """
    What is asked for with C{--profile}.
    """

    def test_hollow_swarm(self) -> None:
        """
        The peer that is watched makes a profile, too, if one is wanted.
        """
        for profiles in (None, Path("profiles")):
            place = Path(self.mktemp())
            place.mkdir()
            stage = Stage(place, "none", lambda _: _HOSTS[:2], 1.0, profiles=profiles)
            swarm = HollowSwarm.make(stage, 1, 4 * _MIB, _MIB)
            words = swarm.the_one(is_seed=True).argv
            option = "--profile=profiles/swarmpeer_1001.prof"
            self.assertEqual(option in words, profiles is not None, words)


class CourseTests(SynchronousTestCase):
    """
    What the rules of the classic protocol allow.
    """

    def test_only_the_seed(self) -> None:
        """
        With as many slots as leechers all are served in the seed's first round.
        """
        self.assertEqual(allowed_seconds([0, 0, 0], 2, 5, 10), [5, 5])

    def test_seed_first(self) -> None:
        """
        Those that the seed serves pass it on in their own rounds, just after.
        """
        times = allowed_seconds([0, 1, 1, 1], 1, 5, 10)
        self.assertEqual(times, [5, 6, 6])

    def test_seed_last(self) -> None:
        """
        Their rounds of the same time were over: they pass it on in the next ones.
        """
        self.assertEqual(allowed_seconds([1, 0, 0], 1, 5, 100), [6, 10])

    def test_optimistic(self) -> None:
        """
        An optimistic round serves one more.
        """
        self.assertEqual(allowed_seconds([0, 4, 4], 1, 5, 7), [5, 7])

    def test_course(self) -> None:
        """
        Three slots of one seed are too few for five: the others wait for somebody's
        next round.
        """
        first, last = CASES["seed first"], CASES["seed last"]
        self.assertEqual(allowed_seconds(first, 3, 5, 10), [5, 5, 5, 5.5, 5.5])
        self.assertEqual(allowed_seconds(last, 3, 5, 10), [5.5, 5.5, 5.5, 10, 10])


class FilesTests(SynchronousTestCase):
    """
    What the peers are given.
    """

    def test_sizes(self) -> None:
        """
        Sizes are read, and told, in binary units.
        """
        self.assertEqual(parse_size("2.5G"), 5 * 2**29)
        self.assertEqual(parse_size("1000"), 1000)
        self.assertEqual(size_text(3 * _MIB), "3 MiB")
        self.assertEqual(size_text(1000), "1000 bytes")

    def test_torrents(self) -> None:
        """
        Both torrents tell of the same file.
        """
        with TemporaryDirectory() as folder:
            source = Path(folder) / FILE_NAME
            make_source(source, 100_000)
            first = torrent_v1(source, 65536, "http://10.0.0.1:1/announce")
            second = parse_manifest(torrent_v2(source, 65536))
        torrent = decode(first)
        assert isinstance(torrent, dict)
        info = torrent[b"info"]
        assert isinstance(info, dict)
        hashes = info[b"pieces"]
        assert isinstance(hashes, bytes)
        self.assertEqual(
            (info[b"name"], info[b"length"], info[b"piece length"], len(hashes)),
            (FILE_NAME.encode(), 100_000, 65536, 40),
        )
        self.assertEqual(torrent[b"announce"], b"http://10.0.0.1:1/announce")
        self.assertEqual(
            (second.name, second.size_bytes, second.piece_size_bytes),
            (FILE_NAME, 100_000, 65536),
        )

    def test_zeros(self) -> None:
        """
        The manifest of zeros is the one that looking at them gives.
        """
        with TemporaryDirectory() as folder:
            source = Path(folder) / FILE_NAME
            make_source(source, 3 * _MIB, is_sparse=True)
            looked_at = parse_manifest(torrent_v2(source, _MIB))
        self.assertEqual(zeros_manifest(3 * _MIB, _MIB).infohash, looked_at.infohash)

    def test_swarm(self) -> None:
        """
        The C{swarm.toml} names every host, the seed first.
        """
        tables: Tables = {
            "policy": {"choking": "classic"},
            "": {"protocol_log": False},
            "limits": {"preferred_neighbors": 2},
        }
        swarm = SwarmConfig.parse(swarm_text(_HOSTS, tables))
        self.assertEqual(
            [(member.host, member.port, member.seed) for member in swarm.members],
            [
                ("10.0.0.1", 20001, True),
                ("10.0.0.2", 20002, False),
                ("10.0.0.3", 20003, False),
            ],
        )
        self.assertEqual((swarm.choking, swarm.preferred_neighbors), ("classic", 2))
        self.assertFalse(swarm.writes_protocol_log)


class CommandTests(SynchronousTestCase):
    """
    What C{make bench} runs.
    """

    def test_known(self) -> None:
        """
        Each benchmark knows every option that it is given there.
        """

        class Parsed(Exception):
            """
            Its options are right; no more is wanted of it.
            """

        parse_args = ArgumentParser.parse_args

        def parse(*what: Any, **more: Any) -> None:
            parse_args(*what, **more)
            raise Parsed

        self.patch(ArgumentParser, "parse_args", parse)
        disk = Path(self.mktemp()) / "a disk"
        disk.mkdir(parents=True)
        for command in commands(str(disk)):
            module, *words = shlex.split(f"{command} --runs 1")
            self.patch(sys, "argv", [module, *words])
            main = importlib.import_module(f"bench.{module}").main
            self.assertRaises(Parsed, main)


class MapTests(SynchronousTestCase):
    """
    The table of modules in C{bench/README.md}.
    """

    def test_whole(self) -> None:
        """
        Every module has its place there, and there is no other.
        """
        bench = ROOT / "bench"
        rows = (bench / "README.md").read_text().partition("## The modules")[2]
        named = {
            name
            for row in re.findall("^\\| `.*", rows, re.MULTILINE)
            for name in re.findall("`(\\w+)`", row.split("|")[1])
        }
        modules = {path.stem for path in bench.glob("*.py")}
        self.assertEqual(named, modules - {"__init__", "__main__"} | {"programs"})
        programs = rows.partition("| `programs` |")[2].partition("\n")[0]
        for path in (bench / "programs").glob("[a-z]*.py"):
            self.assertIn(f"`{path.stem}`", programs)


class TableTests(SynchronousTestCase):
    """
    What several runs are worth together.
    """

    def test_medians(self) -> None:
        """
        A row for each kind, and how many times the first kind's figures are those of
        each other one; what no run of a kind tells is left open.
        """
        runs = [_run("one", seconds, stall_ms=2.5) for seconds in (1.0, 9.0, 3.0)]
        runs += [_run("two", seconds) for seconds in (6.0, 6.0)]
        self.assertEqual(list(by_peer(runs)), ["one", "two"])
        _, one, two, ratio = table(runs)
        self.assertEqual(one.split()[:3], ["one", "3", "3.000"])
        self.assertTrue(one.endswith("2.5"))
        self.assertTrue(two.endswith("-"))
        self.assertEqual(ratio, "one / two: wall 0.50, CPU 1.00")


class RunsTests(SynchronousTestCase):
    """
    How runs are made.
    """

    def test_turns(self) -> None:
        """
        Every kind runs once a round, and they take turns in going first.
        """
        kinds: list[PeerKind] = [BareCopy(name) for name in ("one", "two", "three")]
        one, two, three = kinds
        self.assertEqual(
            list(in_turn(kinds, 2)),
            [(0, one), (0, two), (0, three), (1, two), (1, three), (1, one)],
        )

    def test_failed_run(self) -> None:
        """
        A run that fails is counted and told with why; the others are made and printed.
        """

        def fail() -> Link:
            raise RunFailed("no DONE from all")

        tally = Tally()
        shown: list[Sequence[Link]] = []
        told, why = io.StringIO(), io.StringIO()
        with redirect_stdout(told), redirect_stderr(why):
            tally.repeat(
                [
                    ("one", lambda: Link(1, 2)),
                    ("two", fail),
                    ("three", lambda: Link(3, 4)),
                ],
                shown.append,
            )
        self.assertEqual(shown, [[Link(1, 2), Link(3, 4)]])
        self.assertEqual((tally.made, tally.failed, tally.status), (2, 1, 1))
        lines = [json.loads(line) for line in told.getvalue().splitlines()]
        self.assertEqual(lines, [{"up": 1, "down": 2}, {"up": 3, "down": 4}])
        self.assertEqual(why.getvalue(), "two: no DONE from all\n")

    def test_cannot_run(self) -> None:
        """
        What cannot be run at all ends a benchmark; behind a run that could be made, or
        failed, it is a run that fails.
        """

        def fail() -> Link:
            raise RunFailed("no DONE from all")

        def refuse() -> Link:
            raise CannotRun("the disk is full")

        def told(*makes: Callable[[], Link]) -> list[str]:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as why:
                tally.repeat([("one", make) for make in makes], lambda _: None)
            return why.getvalue().splitlines()

        tally = Tally()
        self.assertRaises(CannotRun, told, refuse)
        self.assertEqual(tally.status, NOTHING_WAS_RUN)
        full = "one: the disk is full"
        self.assertEqual(told(lambda: Link(1, 2), refuse), [full])
        self.assertEqual((tally.made, tally.failed, tally.status), (1, 1, 1))
        tally = Tally()
        self.assertEqual(told(fail, refuse), ["one: no DONE from all", full])

    def test_tracker(self) -> None:
        """
        The tracker tells each member of those before it.
        """
        hosts = [(host.address, host.port) for host in _HOSTS]
        answer = decode(tracker_answer(hosts, 20002))
        assert isinstance(answer, dict)
        self.assertEqual(answer[b"peers"], b"\x0a\0\0\x01" + (20001).to_bytes(2, "big"))
