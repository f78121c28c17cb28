"""
Tests of L{swarmpeer.lab.gathering}.
"""

from base64 import b64decode
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StatusError
from swarmpeer.lab.gathering import PEERS_PER_TICK, SILENT_SECONDS, Gathering
from swarmpeer.status.encoding import encode
from swarmpeer.status.shape import Pictures, PreferredRound, State
from swarmpeer.test.statuses import NEIGHBOR
from swarmpeer.test.web_fixtures import picture
from swarmpeer.web.events_page import TICK_SECONDS


class GatheringTests(SynchronousTestCase):
    """
    Two peers that answer when the test lets them, in virtual time.
    """

    def setUp(self) -> None:
        """
        They are asked for the first time.
        """
        self.clock = Clock()
        self.asked: list[tuple[int, int]] = []
        self.answers: dict[int, Deferred[bytes]] = {}
        self.gathering = Gathering([1002, 1001], self.ask, self.clock)
        self.gathering.start()

    def ask(self, peer_id: int, after: int) -> Deferred[bytes]:
        """
        Remember it.
        """
        self.asked.append((peer_id, after))
        self.answers[peer_id] = Deferred()
        return self.answers[peer_id]

    def answer(self, *numbers: int, held: int = 4, up_seconds: float = 10.0) -> None:
        """
        Both answer, with the happenings of these C{numbers}.
        """
        for peer_id in (1001, 1002):
            told = encode(picture(peer_id, held, up_seconds, *numbers))
            self.answers.pop(peer_id).callback(told)

    def shown(self, **after: int) -> Pictures:
        """
        What there is to show.
        """
        return self.gathering.pictures(
            {int(name.removeprefix("p")): number for name, number in after.items()}
        )

    def test_gathers(self) -> None:
        """
        The last picture of each peer is shown, by id, once it told one.
        """
        self.assertEqual(self.shown().peers, ())
        self.assertEqual(self.shown().members, (1001, 1002))
        self.answer(held=5)
        held = [(one.status.peer_id, one.status.held) for one in self.shown().peers]
        self.assertEqual(held, [(1001, 5), (1002, 5)])
        self.assertEqual(self.shown().silent, ())

    def test_news_only(self) -> None:
        """
        A peer is asked only for what is not known yet, and a reader told only that.
        """
        self.answer(1, 2)
        self.clock.advance(TICK_SECONDS)
        self.assertEqual(self.asked[2:], [(1001, 2), (1002, 2)])
        self.answer(3)
        numbers = [
            [each.number for each in one.happenings]
            for one in self.shown(p1001=2, p1002=0).peers
        ]
        self.assertEqual(numbers, [[3], [1, 2, 3]])

    def test_waits(self) -> None:
        """
        Nobody is asked again before all answered.
        """
        self.clock.pump([TICK_SECONDS] * 3)
        self.assertEqual(len(self.asked), 2)
        self.answer()
        self.clock.advance(TICK_SECONDS)
        self.assertEqual(len(self.asked), 4)

    def test_mark(self) -> None:
        """
        The mark changes when something does, and not with time alone.
        """
        self.answer()
        mark = self.gathering.mark()
        for up_seconds in (11.0, 12.0):
            self.clock.advance(TICK_SECONDS)
            self.answer(up_seconds=up_seconds)
        self.assertEqual(self.gathering.mark(), mark)
        self.clock.advance(TICK_SECONDS)
        self.answer(held=5)
        self.assertNotEqual(self.gathering.mark(), mark)

    def test_silent(self) -> None:
        """
        Of a peer that does not answer for some seconds, or answers nonsense, the last
        picture is shown, and that it is silent, until it answers again.
        """
        self.answer(held=5)
        for wrong in (StatusError("cut off"), b"[]", b"\xff"):
            mark = self.gathering.mark()
            for _ in range(int(SILENT_SECONDS / TICK_SECONDS) + 1):
                self.assertEqual(self.gathering.mark(), mark)
                self.assertEqual(self.shown().silent, ())
                self.clock.advance(TICK_SECONDS)
                other = self.answers.pop(1002)
                if isinstance(wrong, bytes):
                    self.answers.pop(1001).callback(wrong)
                else:
                    self.answers.pop(1001).errback(wrong)
                other.callback(encode(picture(1002, 5)))
            self.assertEqual(self.shown().silent, (1001,))
            self.assertEqual(len(self.shown().peers), 2)
            self.assertNotEqual(self.gathering.mark(), mark)
            self.clock.advance(TICK_SECONDS)
            self.answer(held=5)
            self.assertEqual(self.shown().silent, ())

    def test_ended(self) -> None:
        """
        A peer that ended well is shown as complete, one that did not as it was; neither
        is asked any more.
        """
        self.answer(held=7)
        self.gathering.end(1001, is_complete=True)
        self.gathering.end(1002, is_complete=False)
        well, badly = self.shown().peers
        self.assertEqual((well.status.state, well.status.held), (State.COMPLETE, 10))
        self.assertEqual(b64decode(well.map), b"\xff" * 10)
        self.assertEqual(well.status.missing.count, 0)
        self.assertEqual((badly.status.state, badly.status.held), (State.FETCHING, 7))
        self.assertEqual(badly.status.receive_rate, 0)
        self.assertEqual(self.shown().silent, (1001, 1002))
        asked = len(self.asked)
        self.clock.advance(TICK_SECONDS)
        self.assertEqual(len(self.asked), asked)

    def test_what_was(self) -> None:
        """
        What is told of a peer that ended has its neighbours and its last round, and
        grows old.
        """
        told = picture(1001, 7)
        held = PreferredRound(2, 1.0, True, (), None)
        status = replace(told.status, preferred_round=held, neighbors=(NEIGHBOR,))
        self.answers[1001].callback(encode(replace(told, status=status)))
        self.gathering.end(1001, is_complete=True)
        self.clock.advance(7.0)
        (shown,) = self.shown().peers
        self.assertEqual(shown.status.preferred_round, held)
        self.assertEqual(shown.status.neighbors, (NEIGHBOR,))
        self.assertEqual(shown.age_seconds, 7.0)
        self.assertEqual(self.shown().ended, (1001,))

    def test_late_answer(self) -> None:
        """
        What a peer told before it ended and comes after that changes nothing.
        """
        self.answer(held=7)
        self.clock.advance(TICK_SECONDS)
        self.gathering.end(1001, is_complete=True)
        self.answer(held=8)
        self.assertEqual(self.shown().peers[0].status.held, 10)

    def test_many(self) -> None:
        """
        Many peers are asked less often.
        """
        asked: list[int] = []

        def ask(peer_id: int, _: int) -> Deferred[bytes]:
            asked.append(peer_id)
            answer: Deferred[bytes] = Deferred()
            answer.callback(encode(picture(peer_id)))
            return answer

        clock = Clock()
        gathering = Gathering(range(PEERS_PER_TICK * 4), ask, clock)
        gathering.start()
        clock.pump([TICK_SECONDS] * 3)
        self.assertEqual(len(asked), PEERS_PER_TICK * 4)
        clock.advance(TICK_SECONDS)
        self.assertEqual(len(asked), PEERS_PER_TICK * 8)
        gathering.stop()
        self.assertEqual(clock.getDelayedCalls(), [])
