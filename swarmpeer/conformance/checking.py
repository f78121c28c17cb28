"""
A whole check: the scenarios one after the other, then the verdicts.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from twisted.internet.interfaces import (
    IListeningPort,
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)

from swarmpeer.conformance import (
    breaches,
    conversation,
    crowd,
    ending,
    interruptions,
)
from swarmpeer.conformance.clauses import CLAUSES
from swarmpeer.conformance.entries import Entry
from swarmpeer.conformance.judging import judge_record
from swarmpeer.conformance.results import Result, conclude
from swarmpeer.conformance.slips import known_slips
from swarmpeer.conformance.stage import TOO_MUCH, HadEnough, Stage, Unseen
from swarmpeer.conformance.subject import Subject
from swarmpeer.verdicts import Verdict


@dataclass(frozen=True)
class Scenario:
    """
    Something that makes the peer show whether it keeps to some clauses.

    @ivar name: what is done, for who waits.
    @ivar clauses: those that cannot be seen without it.
    """

    name: str
    clauses: Collection[str]
    run: Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Report:
    """
    What became of a check.

    @ivar slips: the known families of slips that were seen, with what shows them.
    @ivar was_met: did a connection ever stand?
    @ivar given_up: why it ended before it was through, if it did.
    @ivar players: as whom we talked; true for who waited to be called.
    """

    subject: Subject
    players: Mapping[int, bool]
    results: tuple[Result, ...]
    slips: Mapping[str, Entry]
    seconds: float
    was_met: bool
    given_up: str = ""

    @property
    def verdicts(self) -> list[Verdict]:
        """
        On each clause that was asked for.
        """
        return [result.verdict for result in self.results]

    @property
    def is_good(self) -> bool:
        """
        Was no clause broken that must be kept, as far as a whole check goes?
        """
        return not self.given_up and Verdict.FAIL not in self.verdicts


def scenarios() -> tuple[Scenario, ...]:
    """
    All of them, in an order in which each finds what it needs.
    """
    half = breaches.Breaches()
    return (
        Scenario(
            "One conversation, and a second neighbour that listens",
            conversation.CLAUSES,
            conversation.conversation,
        ),
        Scenario(
            "Half a piece, then a reset; then the same neighbour again",
            interruptions.RESET,
            interruptions.reset_midway,
        ),
        Scenario(
            "Everything is said byte by byte",
            interruptions.DRIBBLE,
            interruptions.dribble,
        ),
        Scenario(
            "Half a handshake, which keeps nobody waiting",
            ("W-HS-8", "W-HS-9"),
            half.half_handshake,
        ),
        Scenario(
            "Calls with wrong handshakes",
            {breach.clause_id for breach in breaches.HANDSHAKES},
            breaches.handshakes,
        ),
        Scenario(
            "Messages that no peer may say",
            breaches.MESSAGE_CLAUSES,
            breaches.messages,
        ),
        Scenario(
            "All are interested, for some rounds; then one that was choked asks",
            crowd.CROWD,
            crowd.crowd,
        ),
        Scenario(
            "Half a handshake is closed sooner or later",
            ("W-HS-9",),
            half.half_handshake_ends,
        ),
        Scenario(
            "Wrong handshakes where it calls",
            ("W-HS-4", "W-HS-7"),
            breaches.answers,
        ),
        Scenario(
            "The rest of the file; all are complete but one, then that one",
            ending.ENDING,
            ending.ending,
        ),
    )


async def check(
    subject: Subject,
    clock: IReactorTime,
    dial: Callable[[], IStreamClientEndpoint],
    callers: Collection[int],
    listening: Mapping[int, IStreamServerEndpoint],
    *,
    only: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """
    Check a peer that runs, or will soon; what is between us and it is given.

    @param dial: the way to it, asked anew for each call.
    @param callers: as whom we call it.
    @param listening: as whom we wait to be called, and where.
    @param only: the clauses that are asked for; none: all.
    @param progress: told what is done.
    """
    players = {each: True for each in listening} | {each: False for each in callers}
    stage = Stage(subject, clock, players, dial)
    ports: list[IListeningPort] = []
    try:
        for player in stage.players:
            if player.waits:
                ports.append(await listening[player.peer_id].listen(player))
        for scenario in scenarios():
            if only and not set(scenario.clauses) & set(only):
                continue
            progress(scenario.name)
            try:
                await scenario.run(stage)
            except Unseen as reason:
                stage.excuse(scenario.clauses, str(reason))
                if not stage.entries:
                    # Nobody is there, and nobody came.
                    break
            except HadEnough:
                break
        seconds = stage.now()
    finally:
        stage.close()
        for port in ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
    given_up = TOO_MUCH if stage.is_full else ""
    if given_up:
        stage.excuse(CLAUSES, given_up)
    findings = [*stage.findings, *judge_record(subject, stage.entries, seconds)]
    wanted = [each for each in CLAUSES if not only or each in only]
    return Report(
        subject,
        players,
        conclude(findings, stage.why, wanted),
        known_slips(subject, stage.entries),
        seconds,
        was_met=bool(stage.entries),
        given_up=given_up,
    )
