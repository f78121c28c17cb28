"""
The rules of a whole simulated swarm, looked at after every event.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from math import inf

from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from swarmpeer.events import (
    BadPieceReceived,
    ConnectionRefused,
    FileCompleted,
    FilePlaced,
    InterestedReceived,
    NeighborConnected,
    NeighborDisconnected,
    NotInterestedReceived,
    OptimisticRoundHeld,
    PeerShutOut,
    PieceWithdrawn,
    PolicyReplaced,
    PreferredRoundHeld,
    SwarmCompleted,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.testing.budget_rules import check_budgets
from swarmpeer.testing.byte_rules import check_bytes
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.hostile import HostilePeer
from swarmpeer.testing.invariants import Finding, NodeChecker
from swarmpeer.testing.log_rules import check_log
from swarmpeer.testing.meeting_rules import MeetingRules
from swarmpeer.testing.members import host_name
from swarmpeer.testing.outcome import Breach
from swarmpeer.testing.round_rules import RoundRules
from swarmpeer.testing.verified_rules import VerifiedRules
from swarmpeer.testing.verified_wire_rules import VerifiedSpokenSide
from swarmpeer.testing.wire_rules import SpokenSide
from swarmpeer.testing.world import World
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec

MOST_BREACHES = 20
"""
So many are told; after that a run is stopped.
"""

_STEPS_A_TURN = 4
_OFTEN_ENOUGH = 3
"""
A rule of the wire that is broken so often is seen broken at least once, however
much is lost on the way.
"""


@implementer(ILogObserver)
class SwarmChecks:
    """
    Notes every breach of a rule, once for each peer and rule.

    After each event the peers are looked at to which something happened, and now
    and then one in turn, so that nobody is left out for long.

    @ivar breaches: what was found.
    @ivar calm_from: from this time on nothing happens to the honest peers;
        infinity if their lines are so slow that something may at any time.
    """

    def __init__(
        self,
        world: World,
        *,
        most_preferred: int,
        are_bytes_true: bool,
        crossed: Collection[frozenset[int | None]],
        calm_from: float,
    ) -> None:
        """
        @param most_preferred: how many neighbours may be preferred.
        @param are_bytes_true: can every byte be expected to be right?  The
            course protocol cannot tell a liar's pieces from others.
        @param crossed: the pairs of which somebody calls out of turn.
        """
        self.breaches: list[Breach] = []
        self._members, self._hosts = world.members, world.hosts
        self._network, self._time = world.network, world.time
        self._contents, self._layout = world.contents, world.contents.layout
        self._most_preferred = most_preferred
        self._are_bytes_true = are_bytes_true
        self._world = world
        self._meetings = MeetingRules(world, crossed)
        self.calm_from = calm_from
        self._is_ever_calm = calm_from < inf
        self._codec, self._side = MessageCodec(self._layout), SpokenSide
        if self._contents.manifest is not None:
            self._codec, self._side = ExtendedCodec(self._layout), VerifiedSpokenSide
        self._by_name = {host_name(peer): peer for peer in world.hosts}
        self._checkers: dict[int, NodeChecker] = {}
        self._rounds: dict[int, RoundRules] = {}
        self._verified: dict[int, VerifiedRules] = {}
        # Those that were stopped when all was calm.
        self._leaving: dict[int, VerifiedRules] = {}
        # By whom and to whom: what was said last, and when.
        self._lines: dict[tuple[int, str], tuple[SpokenSide, float]] = {}
        self._touched: dict[int, None] = {}
        self._steps = 0
        self._seen: set[tuple[int | None, str]] = set()
        self._speakers: dict[tuple[int, str], SpokenSide] = {}
        # By whom and to whom.
        self._given_bytes: Counter[tuple[int, int]] = Counter()
        # Those that said that everybody is done.
        self._told_end: set[int] = set()
        # Those that held everything once, and those that put it in place.
        self._whole = {peer for peer, host in world.hosts.items() if host.is_seed}
        self._placed: set[int] = set()
        self._violations: set[str] = set()
        self._has_impostor = world.has_impostor

    @property
    def is_enough(self) -> bool:
        """
        Was so much found that there is no use in going on?
        """
        return len(self.breaches) >= MOST_BREACHES

    def note(self, peer_id: int | None, finding: Finding) -> None:
        """
        A rule does not hold.
        """
        rule, detail = finding
        if (peer_id, rule) not in self._seen:
            self._seen.add((peer_id, rule))
            self.breaches.append(Breach(self._time.seconds(), peer_id, rule, detail))

    # What happens.

    def began(self, host: SimulatedHost) -> None:
        """
        A peer runs.
        """
        peer_id = host.peer_id
        if self._contents.manifest is not None and host.is_on_disk:
            self._verified[peer_id] = VerifiedRules(
                host, partial(self._line, peer_id), self._time.seconds()
            )
        self._touched[peer_id] = None
        self._meet(host)
        self._check_bytes(host)

    def _meet(self, host: SimulatedHost) -> None:
        """
        Look at the mind of a peer from when it has one: a verified one looks first
        what is on its disk.
        """
        node, peer_id = host.node, host.peer_id
        if node is None or peer_id in self._checkers:
            return
        self._checkers[peer_id] = NodeChecker(node, self._most_preferred)
        self._rounds[peer_id] = RoundRules(
            node.choking,
            self._most_preferred,
            partial(self._given_to, peer_id),
        )

    def ended(self, host: SimulatedHost) -> None:
        """
        A process is gone.
        """
        self._checkers.pop(host.peer_id, None)
        self._rounds.pop(host.peer_id, None)
        self._verified.pop(host.peer_id, None)
        self._told_end.discard(host.peer_id)
        self._meetings.ended(host.peer_id)
        self._touched.pop(host.peer_id, None)

    def happened(self, host: SimulatedHost, event: SwarmEvent) -> None:
        """
        A peer published an event.
        """
        peer_id = host.peer_id
        self._touched[peer_id] = None
        if host.is_running:
            self._meet(host)
        if peer_id in self._verified:
            now = self._time.seconds()
            self._note_all(peer_id, self._verified[peer_id].hear(event, now))
        match event:
            case FilePlaced():
                self._placed.add(peer_id)
                self._check_bytes(host)
            case FileCompleted():
                self._whole.add(peer_id)
            case PreferredRoundHeld() | OptimisticRoundHeld():
                if peer_id in self._rounds:
                    self._note_all(peer_id, self._rounds[peer_id].hear(event))
                self._check_order(host, event)
            case InterestedReceived(peer_id=other):
                self._check_heard(host, other, is_interested=True)
            case NotInterestedReceived(peer_id=other):
                self._check_heard(host, other, is_interested=False)
            case PieceWithdrawn() if peer_id in self._checkers:
                self._checkers[peer_id].note_lost()
            case PeerShutOut(peer_id=other) | BadPieceReceived(peer_id=other) if (
                other in self._hosts
            ):
                if not self._has_impostor and not self._hosts[other].disk.rotten:
                    self.note(peer_id, ("no honest peer is blamed", str(event)))
            case SwarmCompleted():
                self._told_end.add(peer_id)
                listed = {peer_id, *(each.peer_id for each in host.config.others)}
                waiting = sorted((listed & self._hosts.keys()) - self._whole)
                if waiting and not self._has_impostor:
                    self.note(peer_id, ("the end is true", f"not for {waiting}"))
            case NeighborConnected():
                self._note_all(peer_id, self._meetings.connected(host, event))
            case NeighborDisconnected():
                is_calm = self._time.seconds() >= self.calm_from
                found = self._meetings.disconnected(host, event, is_calm=is_calm)
                self._note_all(peer_id, found)
            case ViolationSeen(peer_id=other):
                self._violations.add(event.reason)
                if other in self._hosts and not self._has_impostor:
                    self.note(peer_id, ("no honest peer is blamed", str(event)))
            case ConnectionRefused(peer_id=other):
                self._note_all(peer_id, self._meetings.refused(host, other))
            case PolicyReplaced(policy=policy, method=method, fault=fault):
                said = f"{policy} failed in {method}: it {fault}"
                self.note(peer_id, ("no mistake of our own", said))

    def spoken(self, connection: int, speaker: str, listener: str, data: bytes) -> None:
        """
        A host wrote bytes to a connection.
        """
        peer_id = self._by_name.get(speaker)
        if peer_id is None:
            return
        side = self._speakers.get((connection, speaker))
        if side is None:
            handshake = self._contents.handshake(peer_id)
            holds = partial(_holds, self._hosts[peer_id])
            side = self._side(handshake, self._layout, self._codec, holds)
            self._speakers[connection, speaker] = side
            other = self._speakers.get((connection, listener))
            if other is not None:
                side.other, other.other = other, side
        self._lines[peer_id, listener] = side, self._time.seconds()
        before = side.given_bytes
        for finding in side.hear(data):
            self.note(peer_id, finding)
        if side.given_bytes > before and listener in self._by_name:
            to = self._by_name[listener]
            self._given_bytes[peer_id, to] += side.given_bytes - before

    def __call__(self, event: LogEvent) -> None:
        """
        Twisted's log was told something: see C{ILogObserver}.
        """
        if "log_failure" in event:
            self.note(None, ("no mistake of our own", _in_one_line(event)))

    def after_step(self) -> None:
        """
        An event is over.
        """
        for peer_id in self._touched:
            self._look_at(peer_id)
            if peer_id in self._verified:
                self._note_all(peer_id, self._verified[peer_id].after_step())
        self._touched.clear()
        self._steps += 1
        if self._checkers and self._steps % _STEPS_A_TURN == 0:
            peers = tuple(self._checkers)
            peer_id = peers[self._steps // _STEPS_A_TURN % len(peers)]
            self._look_at(peer_id)
            budgets = check_budgets(self._world, self._hosts[peer_id])
            self._note_all(peer_id, budgets)

    def stopping(self) -> None:
        """
        From now on everybody is stopped, and it is calm no more.
        """
        if self._time.seconds() >= self.calm_from:
            self._leaving = dict(self._verified)
            for rules in self._leaving.values():
                rules.stopping()
        self.calm_from = inf

    def at_rest(self) -> None:
        """
        Everybody is done, no fault is left, and time was given to find together.
        """
        for peer_id, host in self._hosts.items():
            node = host.node
            if not host.is_running or node is None:
                continue
            together = self._meetings.together(
                host, node, is_ever_calm=self._is_ever_calm
            )
            self._note_all(peer_id, together)
            if peer_id in self._verified:
                found = self._verified[peer_id].at_rest(
                    self._time.seconds(), is_prompt=self._is_ever_calm
                )
                self._note_all(peer_id, found)
            is_told = self._is_ever_calm and not self._members.hostile
            if is_told and peer_id not in self._told_end:
                self.note(peer_id, ("everybody hears the end", "it does not"))

    def at_end(self, hostile: Mapping[int, HostilePeer]) -> None:
        """
        Everybody was stopped.
        """
        # Two of them may say it all to each other.
        for peer_id, offender in hostile.items() if len(hostile) == 1 else ():
            for reason, times in offender.offences.items():
                if times >= _OFTEN_ENOUGH and reason not in self._violations:
                    role = self._members.hostile[peer_id]
                    said = f"{role} {peer_id}: {times} times {reason}"
                    self.note(None, ("violations are seen", said))
        for peer_id, rules in self._leaving.items():
            self._note_all(peer_id, rules.at_end())
        for peer_id, host in self._hosts.items():
            if host.is_running:
                self.note(peer_id, ("stops in time", "it still runs"))
            if host.timers_left:
                self.note(peer_id, ("no timer left", f"{host.timers_left} are"))
            self._check_bytes(host)
            for finding in check_log(
                host.log,
                peer_id,
                self._layout.piece_count,
                self._most_preferred,
                seed=host.is_seed,
                resumes=self._contents.manifest is not None,
            ):
                self.note(peer_id, finding)

    # Inside.

    def _line(self, peer_id: int, to: int) -> tuple[VerifiedSpokenSide, float] | None:
        """
        What a peer said last to another one, and when; not where somebody poses as
        that one, on lines of his own.
        """
        if self._has_impostor:
            return None
        side, spoke_at = self._lines.get((peer_id, host_name(to)), (None, 0.0))
        return (side, spoke_at) if isinstance(side, VerifiedSpokenSide) else None

    def _given_to(self, peer_id: int, by: int) -> int | None:
        """
        What an honest neighbour gave; whoever poses as one gives too.
        """
        if by not in self._hosts or self._has_impostor:
            return None
        return self._given_bytes[by, peer_id]

    def _look_at(self, peer_id: int) -> None:
        checker = self._checkers.get(peer_id)
        if checker is not None:
            self._note_all(peer_id, checker.check())

    def _note_all(self, peer_id: int, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.note(peer_id, finding)

    def _check_order(self, host: SimulatedHost, event: SwarmEvent) -> None:
        """
        Tit for tat until the file is complete, lots from then on.
        """
        node = host.node
        if node is not None and isinstance(event, PreferredRoundHeld):
            is_due = node.choking.ranks_by_rate and not node.store.is_complete
            if event.by_rate is not is_due:
                self.note(host.peer_id, ("tit for tat", f"by rate: {event.by_rate}"))

    def _check_heard(
        self, host: SimulatedHost, other: int, *, is_interested: bool
    ) -> None:
        """
        What a neighbour says of its interest is what we take for it.
        """
        conversation = None if host.node is None else host.node.registry.find(other)
        if conversation is not None:
            neighbor = conversation.neighbor
            if neighbor.peer_interested is not is_interested:
                said = f"{other} said {is_interested}"
                self.note(host.peer_id, ("interest is heard", said))

    def _check_bytes(self, host: SimulatedHost) -> None:
        if not self._are_bytes_true:
            return
        is_placed = host.peer_id in self._placed
        self._note_all(
            host.peer_id, check_bytes(self._world, host, is_placed=is_placed)
        )


def _holds(host: SimulatedHost, index: int) -> bool:
    node = host.node
    return node is not None and index in node.store.bits


def _in_one_line(event: LogEvent) -> str:
    failure = event["log_failure"]
    where = ""
    if failure.frames:
        method, path, line, *_ = failure.frames[-1]
        where = f" at {path.rpartition('/')[2]}:{line} in {method}"
    return f"{formatEvent(event)}: {failure.type.__name__}: {failure.value}{where}"
