"""
What C{swarmpeer check} makes of its options, and how it tells the results.
"""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import PeerInfo
from swarmpeer.conformance import checking
from swarmpeer.conformance.checking import scenarios
from swarmpeer.conformance.clauses import CLAUSES, Level
from swarmpeer.conformance.file_source import FileSource, find_file
from swarmpeer.conformance.plan import CheckError, make_plan
from swarmpeer.conformance.report import report_json, report_lines
from swarmpeer.conformance.results import Finding, conclude
from swarmpeer.conformance.subject import Patience, patience_for
from swarmpeer.test.conformance_swarm import DATA, LAYOUT, Source, run_check
from swarmpeer.test.deviants.framing import LongChoke
from swarmpeer.test.deviants.requests import PadsLast
from swarmpeer.verdicts import Verdict

MEMBERS = (
    PeerInfo(1001, "localhost", 6001, True),
    PeerInfo(1002, "localhost", 6002, False),
    PeerInfo(1003, "10.0.0.1", 6001, False),
    PeerInfo(1004, "10.0.0.2", 6001, False),
)


class PlanTests(SynchronousTestCase):
    """
    Whom to check, and as whom.
    """

    def test_by_address(self) -> None:
        """
        The peer is the one of the list that is there; C{localhost} has many names.
        """
        for address in ("LocalHost:6001", "127.0.0.1:6001", "[::1]:6002"):
            plan = make_plan(MEMBERS, address, None, (), ())
            self.assertEqual(plan.tested.port, plan.address.port)
            self.assertEqual(plan.tested.host, "localhost")
        self.assertEqual(len(plan.playable), 3)

    def test_by_id(self) -> None:
        """
        With an id it is called where the list says, or where the address says.
        """
        plan = make_plan(MEMBERS, None, 1003, (), ())
        self.assertEqual((plan.address.host, plan.address.port), ("10.0.0.1", 6001))
        plan = make_plan(MEMBERS, "there:7000", 1003, (), ())
        self.assertEqual((plan.address.host, plan.address.port), ("there", 7000))
        self.assertEqual(plan.tested, MEMBERS[2])

    def test_listening(self) -> None:
        """
        Who waits to be called has that port, and stands before the peer.
        """
        plan = make_plan(MEMBERS, None, 1003, (), (6001, 6002))
        self.assertEqual([each.peer_id for each in plan.listening], [1001, 1002])
        plan = make_plan(MEMBERS, None, 1004, (1003,), (6001,))
        self.assertEqual(plan.listening, (MEMBERS[2],))

    def test_refused(self) -> None:
        """
        What does not go together is told in one line.
        """
        for words, arguments in (
            ("say which peer", (None, None, (), ())),
            ("'x' is no address", ("x", None, (), ())),
            ("'h:0' is no address", ("h:0", None, (), ())),
            ("no peer of the list", ("h:7000", None, (), ())),
            ("several peers of the list", ("h:6001", None, (), ())),
            ("--id 7: no such peer", (None, 7, (), ())),
            ("--play 7: no such peer", (None, 1001, (7,), ())),
            ("--play 1001: that is", (None, 1001, (1001,), ())),
            ("--listen 7: no peer", (None, 1001, (), (7,))),
            ("1001 stands before 1002", (None, 1001, (), (6002,))),
            ("several peers have that port", (None, 1004, (), (6001,))),
        ):
            error = self.assertRaises(CheckError, make_plan, MEMBERS, *arguments)
            self.assertIn(words, str(error))
            self.assertTrue(str(error).isprintable())
        alone = MEMBERS[:1]
        error = self.assertRaises(CheckError, make_plan, alone, None, 1001, (), ())
        self.assertIn("no other peer", str(error))

    def test_patience(self) -> None:
        """
        Without more patience than usual all times are the usual ones; with less,
        answers take less, but not what others have a right to.
        """
        self.assertEqual(patience_for(Patience().answer), Patience())
        short, usual = patience_for(1.0), Patience()
        self.assertLess(short.quiet, usual.quiet)
        self.assertEqual(short.handshake, usual.handshake)
        self.assertGreater(patience_for(6.0).end, usual.end)


class FileTests(SynchronousTestCase):
    """
    The file of the swarm.
    """

    def setUp(self) -> None:
        """
        In an empty folder.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def put(self, folder: str, data: bytes) -> Path:
        """
        A file in the folder of a peer.
        """
        (self.folder / folder).mkdir()
        path = self.folder / folder / "file"
        path.write_bytes(data)
        return path

    def test_pieces(self) -> None:
        """
        Pieces are those of the file.
        """
        source = FileSource(self.put("peer_1", DATA), LAYOUT)
        self.addCleanup(source.close)
        for index in range(LAYOUT.piece_count):
            self.assertEqual(source.piece(index), Source().piece(index))

    def test_refused(self) -> None:
        """
        A file that is not there, is none or has another length is told of.
        """
        path = self.put("peer_1", DATA[1:])
        for wrong, words in (
            (path, "has 9499 bytes, but FileSize is 9500"),
            (self.folder, "is no file"),
            (self.folder / "no", "No such file"),
            (self.folder / "a\0b", "cannot be read"),
        ):
            error = self.assertRaises(CheckError, FileSource, wrong, LAYOUT)
            self.assertIn(words, str(error))
            self.assertTrue(str(error).isprintable())

    def test_shortened(self) -> None:
        """
        So is one that becomes shorter.
        """
        path = self.put("peer_1", DATA)
        source = FileSource(path, LAYOUT)
        self.addCleanup(source.close)
        path.write_bytes(b"")
        error = self.assertRaises(CheckError, source.piece, 3)
        self.assertIn("became shorter", str(error))

    def test_found(self) -> None:
        """
        It is found in either kind of folder, of the first that has it.
        """
        short = self.put("1003", DATA)
        self.assertEqual(find_file(self.folder, (1002, 1003), "file"), short)
        usual = self.put("peer_1002", DATA)
        self.assertEqual(find_file(self.folder, (1002, 1003), "file"), usual)
        error = self.assertRaises(CheckError, find_file, self.folder, (1,), "file")
        self.assertIn("--file", str(error))


class Shortened(Source):
    """
    A file of which the last piece is gone.
    """

    def piece(self, index: int) -> bytes:
        """
        All others.
        """
        if index == LAYOUT.piece_count - 1:
            raise CheckError("it became shorter")
        return super().piece(index)


class ShortenedTests(SynchronousTestCase):
    """
    The file changes while the check runs.
    """

    def test_giving_and_taking(self) -> None:
        """
        The check ends with that error, whether the piece was to be sent or came.
        """
        for is_seed in (False, True):
            error = self.assertRaises(
                CheckError, run_check, is_seed=is_seed, source=Shortened()
            )
            self.assertIn("became shorter", str(error))


class ResultTests(SynchronousTestCase):
    """
    Verdicts, and how they are told.
    """

    def test_verdicts(self) -> None:
        """
        One failure fails a clause; what was not looked at was not seen, and why.
        """
        good = Finding("W-HS-1", True, "a")
        bad = Finding("W-HS-1", False, "b")
        wanted = ("W-HS-1", "W-HS-2", "W-HS-3")
        first, second, third = conclude([good, bad, good], {"W-HS-2": "why"}, wanted)
        self.assertEqual((first.verdict, first.finding), (Verdict.FAIL, bad))
        self.assertEqual((second.verdict, second.why), (Verdict.NOT_SEEN, "why"))
        self.assertTrue(third.why)
        (passed,) = conclude([good, good], {}, ["W-HS-1"])
        self.assertEqual((passed.verdict, passed.times), (Verdict.PASS, 2))

    def test_lines(self) -> None:
        """
        A failure is followed by what was expected and by the bytes that show it; so
        is what passed, if that is wanted.
        """
        report = run_check(PadsLast())
        lines = list(report_lines(report, is_verbose=False))
        at = next(at for at, line in enumerate(lines) if line.startswith("FAIL"))
        self.assertIn("W-PC-2  must", lines[at])
        self.assertIn("expected: what is left of the file", lines[at + 1])
        self.assertTrue(any("00 00 03 ed 07 00 00 00 09" in line for line in lines))
        self.assertIn("52 passed, 1 failed, 0 not seen", lines[-1])
        self.assertTrue(all(line.isprintable() for line in lines))
        verbose = list(report_lines(report, is_verbose=True))
        self.assertEqual(sum("expected:" in line for line in verbose), len(CLAUSES))

    def test_may(self) -> None:
        """
        What may be done otherwise fails no check.
        """
        report = run_check(LongChoke())
        self.assertTrue(report.is_good)
        lines = list(report_lines(report, is_verbose=False))
        self.assertIn("1 done otherwise", lines[-1])
        (otherwise,) = (n for n, line in enumerate(lines) if "OTHERWISE" in line)
        self.assertRegex(lines[otherwise], r"^OTHERWISE W-\S+ +may   ")
        self.assertIn("expected: ", lines[otherwise + 1])
        self.assertFalse(any(line.startswith("FAIL") for line in lines))
        verdicts = [
            each["verdict"] for each in json.loads(report_json(report))["clauses"]
        ]
        self.assertEqual(verdicts.count("otherwise"), 1)
        self.assertNotIn("fail", verdicts)

    def test_json(self) -> None:
        """
        The JSON has each clause, with its verdict and its evidence.
        """
        value = json.loads(report_json(run_check(PadsLast())))
        self.assertEqual((value["format"], value["version"]), ("swarmpeer-check", 1))
        self.assertEqual([each["id"] for each in value["clauses"]], list(CLAUSES))
        self.assertFalse(value["is_good"])
        self.assertEqual(value["counts"]["failed"], 1)
        (failed,) = (each for each in value["clauses"] if each["verdict"] == "fail")
        self.assertEqual(failed["id"], "W-PC-2")
        self.assertEqual(failed["evidence"][-1]["hex"][:18], "000003ed0700000009")

    def test_only(self) -> None:
        """
        Who asks for some clauses gets these, and only what they take is done.
        """
        report = run_check(only=("W-HS-4",))
        (result,) = report.results
        self.assertEqual(result.verdict, Verdict.PASS)
        self.assertLess(report.seconds, 5.0)

    def test_progress(self) -> None:
        """
        Each scenario has a name for who waits; no docstring is read for it, as under
        C{-OO} there are none.
        """
        names = [scenario.name for scenario in scenarios()]
        self.assertEqual(len(set(names)), len(names))
        self.assertTrue(all(name and not name.endswith(".") for name in names))
        source = Path(checking.__file__).parent
        readers = [p.name for p in source.glob("*.py") if "__doc__" in p.read_text()]
        self.assertEqual(readers, [])

    def test_levels(self) -> None:
        """
        There are both kinds of clauses.
        """
        levels = {clause.level for clause in CLAUSES.values()}
        self.assertEqual(levels, set(Level))
