"""
What the rules and the promises make of a record.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from swarmpeer.conformance.entries import Entry
from swarmpeer.conformance.promises import ANY, PROMISES, Promise
from swarmpeer.conformance.results import MOST_EVIDENCE, Finding
from swarmpeer.conformance.rules import RULES
from swarmpeer.conformance.state import View, World
from swarmpeer.conformance.subject import Subject


class _Judge:
    """
    Goes along the record once, when all is over.  A rule is told how things stood
    before a happening, so they are learned anew here.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._world = World(subject.held)
        self._open: list[tuple[str, Promise]] = []
        self._before: dict[int, deque[Entry]] = {}
        self.findings: list[Finding] = []
        self._passes: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def hear(self, entry: Entry) -> None:
        """
        Judge one happening.
        """
        self.expire(entry.seconds)
        world, subject = self._world, self._subject
        view = world.view(entry)
        before = self._before.setdefault(entry.talk, deque(maxlen=MOST_EVIDENCE - 1))
        if not view.is_spoiled:
            for clause_id, expected, judge in RULES:
                kept = judge(subject, world, view, entry)
                if kept is not None:
                    self._conclude(clause_id, kept, expected, (*before, entry))
            for expected, promising in PROMISES:
                for each in promising(subject, world, view, entry):
                    self._open.append((expected, each))
        world.learn(entry)
        self._settle(entry, view)
        before.append(entry)

    def expire(self, now: float) -> None:
        """
        It is so late.
        """
        if not self._open:
            return
        left = []
        for expected, promise in self._open:
            if now <= promise.cause.seconds + promise.seconds:
                left.append((expected, promise))
                continue
            heard = [
                each
                for each in self._before.get(promise.talk, ())
                if each.seconds >= promise.cause.seconds and each is not promise.cause
            ]
            said = f"{expected}, within {promise.seconds:g} s"
            evidence = (promise.cause, *heard)
            self._conclude(promise.clause_id, False, said, evidence)
        self._open = left

    def _settle(self, entry: Entry, view: View) -> None:
        """
        Which promises does it keep or break?
        """
        is_over = not view.is_open or view.is_spoiled
        left = []
        for expected, promise in self._open:
            kept = None
            if promise.talk in (entry.talk, ANY):
                kept = promise.kept(self._world, view, entry)
            if kept is not None:
                evidence = (promise.cause, entry)
                self._conclude(promise.clause_id, kept, expected, evidence)
            elif promise.talk != entry.talk or not is_over:
                left.append((expected, promise))
        self._open = left

    def _conclude(
        self, clause_id: str, kept: bool, expected: str, evidence: tuple[Entry, ...]
    ) -> None:
        """
        The first of each kind is told, and how many there were.
        """
        counter = self._passes if kept else self._failures
        counter[clause_id] += 1
        if counter[clause_id] == 1:
            self.findings.append(Finding(clause_id, kept, expected, evidence))

    def counted(self) -> list[Finding]:
        """
        The findings, each with how often it was so.
        """
        return [
            replace(
                each,
                times=(self._passes if each.is_kept else self._failures)[
                    each.clause_id
                ],
            )
            for each in self.findings
        ]


def judge_record(
    subject: Subject, record: Sequence[Entry], end_seconds: float
) -> list[Finding]:
    """
    What the rules say of all that happened.

    @param record: in the order in which it happened.
    @param end_seconds: until when was something recorded?
    """
    judge = _Judge(subject)
    for entry in record:
        judge.hear(entry)
    judge.expire(end_seconds)
    return judge.counted()
