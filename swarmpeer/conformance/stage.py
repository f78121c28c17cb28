"""
All connections with the peer under test, the record of them, and what scenarios
need to wait and to judge.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure

from swarmpeer.conformance.entries import Entry
from swarmpeer.conformance.results import MOST_EVIDENCE, Finding
from swarmpeer.conformance.state import World
from swarmpeer.conformance.subject import Subject
from swarmpeer.conformance.talk import Talk
from swarmpeer.errors import SwarmPeerError
from swarmpeer.net.reasons import in_one_line

MOST_ENTRIES = 200_000
"""
More is not recorded: the check is given up.
"""
TOO_MUCH = f"so much was said ({MOST_ENTRIES} things) that the check was given up"

MOST_CAME = 16
"""
So many connections may wait for one that we play.
"""


class Unseen(Exception):
    """
    A scenario cannot go on, through no fault that it judges; tells why.
    """


class HadEnough(Exception):
    """
    So much was said that the check is given up.
    """


class Player(protocol.Factory):
    """
    A member that we play.

    @ivar peer_id: its id.
    @ivar waits: is it called by the peer under test, and does not call?
    @ivar talk: its newest connection that a scenario took.
    @ivar was_called: did the peer under test call it?
    @ivar is_forsaken: it was called once, and never again, so it calls itself.
    """

    noisy = False

    def __init__(self, stage: "Stage", peer_id: int, *, waits: bool) -> None:
        self.peer_id = peer_id
        self.waits = waits
        self.talk: Talk | None = None
        self.was_called = False
        self.is_forsaken = False
        self.came: list[Talk] = []
        self._stage = stage

    def buildProtocol(self, addr: IAddress | None) -> Talk | None:  # noqa: ARG002
        """
        A connection begins, unless there are too many, or the check was given up.
        """
        self.came = [each for each in self.came if each.is_open]
        if self._stage.is_full or len(self.came) >= MOST_CAME:
            return None
        talk = self._stage.new_talk(self.peer_id, we_called=not self.waits)
        if self.waits:
            self.was_called = True
            self.came.append(talk)
        return talk


class Stage:
    """
    What a scenario has to work with.

    @ivar subject: what is checked.
    @ivar clock: the time of everything.
    @ivar players: the members that we play, in the order in which they are to be
        taken.
    @ivar world: how things stand.
    @ivar entries: all that happened.
    @ivar findings: what the scenarios found.
    @ivar why: by clause, why it was not seen.
    """

    def __init__(
        self,
        subject: Subject,
        clock: IReactorTime,
        players: Mapping[int, bool],
        dial: Callable[[], IStreamClientEndpoint],
    ) -> None:
        """
        @param players: the ids, and whether they wait to be called.
        @param dial: the way to the peer under test, asked anew for each call.
        """
        self.subject = subject
        self.clock = clock
        self.world = World(subject.held)
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self.why: dict[str, str] = {}
        self.players = [
            Player(self, each, waits=waits) for each, waits in players.items()
        ]
        self._dial = dial
        self._began = clock.seconds()
        self._talks: list[Talk] = []
        self._waiters: list[tuple[Callable[[], bool], Deferred[bool]]] = []
        self._is_looking = False
        self._error: SwarmPeerError | HadEnough | None = None

    # Time.

    def now(self) -> float:
        """
        Seconds since the check began.
        """
        return self.clock.seconds() - self._began

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """
        Wait for something.

        @return: did it come in time?
        @raise HadEnough: once the peer said too much; no scenario goes on then.
        """
        if self._error is not None:
            raise self._error
        if condition():
            return True
        waiter: Deferred[bool] = Deferred()
        self._waiters.append((condition, waiter))
        timeout = self.clock.callLater(seconds, waiter.callback, False)
        try:
            return await waiter or condition()
        finally:
            self._waiters = [each for each in self._waiters if each[1] is not waiter]
            if timeout.active():
                timeout.cancel()

    def give_up(self, error: SwarmPeerError | HadEnough) -> None:
        """
        Whatever is waited for, the check ends with that.
        """
        self._error = error
        for _, waiter in self._waiters:
            if not waiter.called:
                waiter.errback(error)

    async def pause(self, seconds: float) -> None:
        """
        Let time pass.
        """
        await self.until(lambda: False, seconds)

    # Connections.

    async def meet(self, player: Player, *, fresh: bool = True) -> Talk:
        """
        A connection as C{player}, on which nothing was said yet.

        @param fresh: close the one that there is, if any; else it will do.
        @raise Unseen: if there is none to be had.
        """
        talk = player.talk
        if talk is not None and talk.is_open:
            if not fresh:
                return talk
            talk.leave()
            # They need a moment to notice.
            await self.pause(self.subject.patience.grace)
        player.talk = await self._connected(player)
        return player.talk

    async def _connected(self, player: Player) -> Talk:
        if player.waits and not player.is_forsaken:
            try:
                return await self._called(player)
            except Unseen:
                if not player.was_called:
                    raise
                player.is_forsaken = True
        return await self._call(Player(self, player.peer_id, waits=False))

    async def introduced(self, player: Player, *, fresh: bool = True) -> Talk:
        """
        A connection on which both handshakes were said.

        @param fresh: and nothing else; else the one that there is will do.
        @raise Unseen: if there is none to be had.
        """
        talk = await self.meet(player, fresh=fresh)
        if not talk.view.was_greeted:
            talk.greet()
        if not await self.until(
            lambda: talk.view.has_greeted or not talk.is_open,
            self.subject.patience.answer,
        ):
            raise Unseen("the peer said no handshake")
        if not talk.is_open:
            raise Unseen("the peer closed after our handshake")
        return talk

    @property
    def spare(self) -> Player:
        """
        Who can have a fresh connection with the least ado: one who calls.
        """
        callers = (player for player in self.players if not player.waits)
        return next(callers, self.players[0])

    async def is_reachable(self) -> bool:
        """
        Does the peer take connections?
        """
        probe = Player(self, self.players[0].peer_id, waits=False)
        try:
            talk = await self._call(probe)
        except Unseen:
            return False
        talk.leave()
        return True

    async def _call(self, player: Player) -> Talk:
        answered: list[object] = []
        call = self._dial().connect(player)
        call.addBoth(answered.append)
        call.addBoth(lambda _: self._look())
        await self.until(lambda: bool(answered), self.subject.patience.answer)
        if not answered:
            call.cancel()
            raise Unseen("the peer does not take our call")
        (talk,) = answered
        if isinstance(talk, Failure):
            raise Unseen(f"the peer cannot be called: {in_one_line(talk)}")
        assert isinstance(talk, Talk)
        return talk

    async def _called(self, player: Player) -> Talk:
        patience = self.subject.patience
        seconds = patience.call_again if player.was_called else patience.call

        def newest() -> Talk | None:
            is_new = (each for each in reversed(player.came) if each.is_open)
            return next((each for each in is_new if each is not player.talk), None)

        if not await self.until(lambda: newest() is not None, seconds):
            again = " again" if player.was_called else ""
            raise Unseen(f"the peer did not call {player.peer_id}{again}")
        talk = newest()
        if talk is None:
            raise Unseen(f"the peer called {player.peer_id} and left")
        return talk

    def new_talk(self, peer_id: int, *, we_called: bool) -> Talk:
        """
        A connection begins.
        """
        talk = Talk(self, peer_id, len(self._talks) + 1, we_called=we_called)
        self._talks.append(talk)
        return talk

    def close(self) -> None:
        """
        End all connections.
        """
        for talk in self._talks:
            talk.leave()

    @property
    def open_talks(self) -> list[Talk]:
        """
        Those that scenarios took, and that stand.
        """
        talks = [player.talk for player in self.players]
        return [talk for talk in talks if talk is not None and talk.is_open]

    @property
    def is_full(self) -> bool:
        """
        Was so much recorded that nothing more is?
        """
        return len(self.entries) >= MOST_ENTRIES

    # Judging.

    def record(self, entry: Entry, talk: Talk) -> None:
        """
        It happened.
        """
        self.world.learn(entry)
        if self.is_full:
            talk.reset()
            if self._error is None:
                self.give_up(HadEnough(TOO_MUCH))
            return
        self.entries.append(entry)
        self._look()

    def note(
        self,
        clause_id: str,
        kept: bool,
        expected: str,
        talk: Talk | None = None,
        since: int = 0,
    ) -> None:
        """
        A clause was looked at.

        @param talk: the connection that shows it.
        @param since: from which of its happenings on.
        """
        evidence: Sequence[Entry] = () if talk is None else talk.entries[since:]
        self.findings.append(
            Finding(clause_id, kept, expected, tuple(evidence[-MOST_EVIDENCE:]))
        )

    def excuse(self, clause_ids: Iterable[str], why: str) -> None:
        """
        Say why these are not seen, if they are not.
        """
        for clause_id in clause_ids:
            self.why.setdefault(clause_id, why)

    def lacking(self) -> list[int]:
        """
        The pieces that it lacks for certain.
        """
        count = self.subject.layout.piece_count
        return [each for each in range(count) if each not in self.world.maybe]

    def _look(self) -> None:
        """
        Wake who waits for what is now, once whoever runs is done.
        """
        if self._waiters and not self._is_looking:
            self._is_looking = True
            self.clock.callLater(0, self._wake)

    def _wake(self) -> None:
        self._is_looking = False
        for condition, waiter in list(self._waiters):
            if not waiter.called and condition():
                waiter.callback(True)
