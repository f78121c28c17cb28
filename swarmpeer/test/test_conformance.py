"""
The conformance check: our own peer passes, and who breaks a clause fails it, and no
other.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.conformance import stage
from swarmpeer.conformance.checking import Report
from swarmpeer.conformance.clauses import CLAUSES, Level
from swarmpeer.conformance.report import report_json, report_lines
from swarmpeer.test.conformance_swarm import (
    BETWEEN_ID,
    FIRST_ID,
    LAST_ID,
    Deviant,
    Line,
    run_check,
)
from swarmpeer.test.deviants.catalogue import DEVIANTS
from swarmpeer.test.deviants.parts import CHOKE, UNCHOKE, frame, is_handshake, kind_of
from swarmpeer.verdicts import Verdict

BROKEN = (Verdict.FAIL, Verdict.OTHERWISE)


def told(report: Report, *verdicts: Verdict) -> list[str]:
    """
    The clauses with one of these verdicts, and what was said of them.
    """
    return [
        f"{result.clause.id}: {result.why or result.finding}"
        for result in report.results
        if result.verdict in verdicts
    ]


class OwnPeerTests(SynchronousTestCase):
    """
    Our own peer.
    """

    def test_all_clauses(self) -> None:
        """
        One that calls some and is called by others shows that it keeps each clause.
        """
        report = run_check()
        self.assertEqual(told(report, *BROKEN), [])
        self.assertEqual(told(report, Verdict.NOT_SEEN), [])
        self.assertEqual([each.clause.id for each in report.results], list(CLAUSES))
        self.assertEqual(report.slips, {})

    def test_every_place(self) -> None:
        """
        With the file or without, first of the list, between others or last, it
        breaks none.
        """
        for is_seed in (False, True):
            for tested_id in (FIRST_ID, BETWEEN_ID, LAST_ID):
                report = run_check(is_seed=is_seed, tested_id=tested_id)
                self.assertEqual(told(report, *BROKEN), [])
                self.assertTrue(report.is_good)


class CallsOnce(Deviant):
    """
    Calls nobody again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls_again = False


class Silent(Deviant):
    """
    Says nothing.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Nothing at all.
        """
        return []


class Garbled(Deviant):
    """
    Says something else now and then.
    """

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self._rng = rng

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        Cut, spoilt, made up, said twice or not at all.
        """
        rng = self._rng
        at = rng.randrange(len(data))
        spoilt = data[:at] + rng.randbytes(1) + data[at + 1 :]
        ways = [[spoilt], [data[:at]], [rng.randbytes(at)], [data, data], []]
        return rng.choice(ways) if rng.random() < 0.1 else [data]


class Flood(Deviant):
    """
    Never stops to speak.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Chokes and unchokes behind each message.
        """
        line.state["said"] = line.state.get("said", 0) + 1
        noise = (frame(CHOKE) + frame(UNCHOKE)) * 100
        return [data, noise] if kind_of(data) >= 0 else [data]


class EndlessFlood(Deviant):
    """
    Greets, and then never stops to speak, whatever it hears.
    """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Chokes and unchokes for ever, once it greeted.
        """
        if is_handshake(data):
            self.later(0.05, self._go_on, line)
        return [data]

    def _go_on(self, line: Line) -> None:
        if line in self.lines:
            line.tell((frame(CHOKE) + frame(UNCHOKE)) * 50)
            self.later(0.05, self._go_on, line)


class StrangeManners(SynchronousTestCase):
    """
    Peers with which no conversation is to be had.
    """

    def test_silent(self) -> None:
        """
        Who says nothing fails the handshake, and the rest is not seen.
        """
        report = run_check(Silent())
        self.assertFalse(report.is_good)
        (failed,) = told(report, *BROKEN)
        self.assertTrue(failed.startswith("W-HS-1"))

    def test_garbled(self) -> None:
        """
        Whatever is said, there is a verdict on each clause in bounded time, and all
        of it can be shown.
        """
        bad = 0
        for seed in range(12):
            report = run_check(Garbled(Random(seed)))
            self.assertEqual(len(report.results), len(CLAUSES))
            lines = list(report_lines(report, is_verbose=True))
            self.assertTrue(all(line.isprintable() for line in lines))
            bad += not report.is_good
        self.assertGreater(bad, 6)

    def test_flood(self) -> None:
        """
        Nor is a flood more than can be judged.
        """
        report = run_check(Flood())
        self.assertEqual(len(report.results), len(CLAUSES))
        self.assertFalse(report.is_good)

    def test_had_enough(self) -> None:
        """
        Who speaks for ever is not called unreachable: the check is given up, which is
        said, and is not good, even if nothing was broken until then.
        """
        self.patch(stage, "MOST_ENTRIES", 1_000)
        report = run_check(EndlessFlood())
        self.assertIn("the check was given up", report.given_up)
        unseen = told(report, Verdict.NOT_SEEN)
        self.assertTrue(any("given up" in each for each in unseen))
        self.assertFalse(any("cannot be called" in each for each in unseen))
        self.assertIn(report.given_up, list(report_lines(report, is_verbose=False))[-1])
        value = json.loads(report_json(report))
        self.assertEqual(
            (value["is_good"], value["given_up"]), (False, report.given_up)
        )
        self.assertFalse(replace(report, results=()).is_good)

    def test_had_enough_of_calls(self) -> None:
        """
        Nor does it seem to take no calls any more, as at the end it should.
        """
        self.patch(stage, "MOST_ENTRIES", 1_000)
        report = run_check(EndlessFlood(), only=("W-EN-2",))
        self.assertNotIn(Verdict.PASS, report.verdicts)
        self.assertFalse(report.is_good)


class OtherManners(SynchronousTestCase):
    """
    Peers that do some things otherwise, as they may.
    """

    def test_calls_once(self) -> None:
        """
        Who calls only once shows all clauses but the one that takes another call.
        """
        report = run_check(CallsOnce())
        self.assertEqual(told(report, *BROKEN), [])
        self.assertEqual(
            told(report, Verdict.NOT_SEEN), ["W-HS-7: the peer calls 1001 only once"]
        )


class DeviantTests(SynchronousTestCase):
    """
    Peers that break one clause each.
    """

    def test_each_clause(self) -> None:
        """
        Each fails exactly its clause; and there is one for each.
        """
        self.assertEqual(list(DEVIANTS), list(CLAUSES))
        wrong = {}
        for clause_id, deviant in DEVIANTS.items():
            report = run_check(deviant())
            failed = [
                each.clause.id for each in report.results if each.verdict in BROKEN
            ]
            if failed != [clause_id]:
                wrong[clause_id] = told(report, *BROKEN)
            is_must = CLAUSES[clause_id].level is Level.MUST
            self.assertEqual(report.is_good, not is_must, clause_id)
        self.assertEqual(wrong, {})
