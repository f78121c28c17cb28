"""
The rules of a whole simulated swarm, looked at after every event.
"""

from collections.abc import Iterable, Mapping

from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import (
    ConnectionRefused,
    FilePlaced,
    OptimisticRoundHeld,
    PreferredRoundHeld,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.testing.host import FILE_NAME, SimulatedHost
from swarmpeer.testing.hostile import HostilePeer
from swarmpeer.testing.invariants import Finding, NodeChecker
from swarmpeer.testing.log_rules import check_log
from swarmpeer.testing.members import Members, host_name
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.outcome import Breach
from swarmpeer.testing.round_rules import check_round
from swarmpeer.testing.source import Source
from swarmpeer.testing.virtual_time import VirtualTime
from swarmpeer.testing.wire_rules import SpokenSide
from swarmpeer.wire.codec import MessageCodec

MOST_BREACHES = 20
"""
So many are told; after that a run is stopped.
"""

_STEPS_A_TURN = 4
_TIMERS_PER_CONNECTION = 4
_TIMERS_PER_PEER = 6
_CONNECTIONS_PER_PEER = 4
_CONNECTIONS_PER_HOSTILE = 80
_BUFFER_BYTES = 512 * 1024


_IMPOSTORS = frozenset(["id-thief", "self-dialler"])
_OFTEN_ENOUGH = 10
"""
So often a rule of the wire is not broken without that anybody hears of it, even
if much is lost on the way.
"""


@implementer(ILogObserver)
class SwarmChecks:
    """
    Notes every breach of a rule, once for each peer and rule.

    After each event the peers are looked at to which something happened, and now
    and then one in turn, so that nobody is left out for long.

    @ivar breaches: what was found.
    """

    def __init__(
        self,
        members: Members,
        hosts: Mapping[int, SimulatedHost],
        network: SimulatedNetwork,
        source: Source,
        layout: PieceLayout,
        time: VirtualTime,
        *,
        most_preferred: int,
        is_honest_bytes: bool,
    ) -> None:
        """
        @param most_preferred: how many neighbours may be preferred.
        @param is_honest_bytes: can every byte be expected to be right?  The
            course protocol cannot tell a liar's pieces from others.
        """
        self.breaches: list[Breach] = []
        self._members = members
        self._hosts = hosts
        self._network = network
        self._source = source
        self._layout = layout
        self._time = time
        self._most_preferred = most_preferred
        self._is_honest_bytes = is_honest_bytes
        self._codec = MessageCodec(layout)
        self._by_name = {host_name(peer): peer for peer in hosts}
        self._checkers: dict[int, NodeChecker] = {}
        self._touched: dict[int, None] = {}
        self._steps = 0
        self._seen: set[tuple[int | None, str]] = set()
        self._speakers: dict[tuple[int, str], SpokenSide] = {}
        self._violations: set[str] = set()
        self._has_impostor = not _IMPOSTORS.isdisjoint(members.hostile.values())

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
        node = host.service.node
        if node is not None:
            self._checkers[host.peer_id] = NodeChecker(node, self._most_preferred)
            self._touched[host.peer_id] = None

    def ended(self, host: SimulatedHost) -> None:
        """
        A process is gone.
        """
        self._checkers.pop(host.peer_id, None)
        self._touched.pop(host.peer_id, None)

    def happened(self, host: SimulatedHost, event: SwarmEvent) -> None:
        """
        A peer published an event.
        """
        peer_id = host.peer_id
        self._touched[peer_id] = None
        match event:
            case FilePlaced():
                self._check_bytes(host, must_exist=True)
            case PreferredRoundHeld() | OptimisticRoundHeld():
                node = host.service.node
                if node is not None:
                    rules = check_round(event, node.choking, self._most_preferred)
                    self._note_all(peer_id, rules)
            case ViolationSeen(peer_id=other):
                self._violations.add(event.reason)
                if other in self._hosts and not self._has_impostor:
                    self.note(peer_id, ("no honest peer is blamed", str(event)))
            case ConnectionRefused(peer_id=other) if (
                other in self._hosts and not self._has_impostor
            ):
                self._check_refusal(host, other)

    def spoken(self, connection: int, speaker: str, listener: str, data: bytes) -> None:
        """
        A host wrote bytes to a connection.
        """
        peer_id = self._by_name.get(speaker)
        if peer_id is None:
            return
        side = self._speakers.get((connection, speaker))
        if side is None:
            side = SpokenSide(peer_id, self._layout, self._codec)
            self._speakers[connection, speaker] = side
            other = self._speakers.get((connection, listener))
            if other is not None:
                side.other, other.other = other, side
        for finding in side.hear(data):
            self.note(peer_id, finding)

    def __call__(self, event: LogEvent) -> None:
        """
        Twisted's log was told something: see L{ILogObserver}.
        """
        if "log_failure" in event:
            self.note(None, ("no mistake of our own", _in_one_line(event)))

    def after_step(self) -> None:
        """
        An event is over.
        """
        for peer_id in self._touched:
            self._look_at(peer_id)
        self._touched.clear()
        self._steps += 1
        if self._checkers and self._steps % _STEPS_A_TURN == 0:
            peers = tuple(self._checkers)
            peer_id = peers[self._steps // _STEPS_A_TURN % len(peers)]
            self._look_at(peer_id)
            self._check_budgets(peer_id)

    def at_rest(self) -> None:
        """
        Everybody is done, no fault is left, and time was given to find together.
        """
        for peer_id, host in self._hosts.items():
            service = host.service
            for other in service.config.others:
                if (
                    host.is_running
                    and other.peer_id in self._hosts
                    and service.node is not None
                    and not service.node.registry.is_connected(other.peer_id)
                ):
                    self.note(peer_id, ("everybody together", f"not {other.peer_id}"))

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
        for peer_id, host in self._hosts.items():
            if host.is_running:
                self.note(peer_id, ("stops in time", "it still runs"))
            if host.timers_left:
                self.note(peer_id, ("no timer left", f"{host.timers_left} are"))
            self._check_bytes(host, must_exist=False)
            for finding in check_log(
                host.log,
                peer_id,
                self._layout.piece_count,
                self._most_preferred,
                seed=host.is_seed,
            ):
                self.note(peer_id, finding)

    # Inside.

    def _look_at(self, peer_id: int) -> None:
        checker = self._checkers.get(peer_id)
        if checker is not None:
            self._note_all(peer_id, checker.check())

    def _note_all(self, peer_id: int, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.note(peer_id, finding)

    def _check_refusal(self, host: SimulatedHost, other: int | None) -> None:
        """
        Of two that call each other, the later one's call survives.
        """
        node, config = host.service.node, host.config
        if node is None or other is None:
            return
        present = node.registry.find(other)
        if present is not None:
            is_ours = present.network.is_dialled
            if is_ours is not (config.position(host.peer_id) > config.position(other)):
                self.note(host.peer_id, ("the later caller wins", f"not {other}'s"))

    def _check_budgets(self, peer_id: int) -> None:
        host = self._hosts[peer_id]
        name = host.network.name
        connections = self._network.open_connections(name)
        most = _CONNECTIONS_PER_PEER * len(self._hosts)
        most += _CONNECTIONS_PER_HOSTILE * len(self._members.hostile)
        if connections > most:
            self.note(peer_id, ("few connections", f"{connections}, not {most}"))
        timers = host.clock.pending
        if timers > _TIMERS_PER_PEER + _TIMERS_PER_CONNECTION * max(
            connections, len(self._members.configs)
        ):
            self.note(peer_id, ("few timers", f"{timers} with {connections} lines"))
        buffered = self._network.buffered_bytes(name)
        if buffered > connections * (_BUFFER_BYTES + self._layout.size(0)):
            self.note(peer_id, ("small buffers", f"{buffered} bytes wait"))

    def _check_bytes(self, host: SimulatedHost, *, must_exist: bool) -> None:
        if not self._is_honest_bytes:
            return
        for ghost in host.ghosts:
            if ghost.wrong:
                self.note(host.peer_id, ("right bytes", f"wrong: {ghost.wrong}"))
        if not host.is_on_disk:
            return
        content = host.disk.content(host.folder, FILE_NAME)
        if content is None:
            if must_exist:
                self.note(host.peer_id, ("file in place", "there is none"))
        elif content != self._source.whole():
            self.note(host.peer_id, ("right bytes", "its file differs"))


def _in_one_line(event: LogEvent) -> str:
    failure = event["log_failure"]
    where = ""
    if failure.frames:
        method, path, line, *_ = failure.frames[-1]
        where = f" at {path.rpartition('/')[2]}:{line} in {method}"
    return f"{formatEvent(event)}: {failure.type.__name__}: {failure.value}{where}"
