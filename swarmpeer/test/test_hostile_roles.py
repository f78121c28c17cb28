"""
Tests for L{swarmpeer.testing.hostile}: each role against real peers.  A role is
good if it does its evil thing, and if the honest ones are seen to notice.
"""

from collections import Counter

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.events import (
    BitfieldReceived,
    ChokedBy,
    ConnectionRefused,
    GivenBackReason,
    HaveReceived,
    IgnoredReason,
    NeighborConnected,
    NeighborDisconnected,
    PieceSent,
    PieceStored,
    RequestGivenBack,
    RequestIgnored,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.test.hostile_swarm import FIRST, LAST, LEECHER, SEED, HostileSwarm
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.hostile.breaking import LengthBomb
from swarmpeer.testing.storage import HeldStorage

_PLACES = (FIRST, LAST)
_NEEDS_A_WISH = {"liar", "poisoner", "black-hole", "slow-drip", "late-replayer"}
"""
The roles that wait to be asked for something.
"""


def violations(swarm: HostileSwarm, peer_id: int) -> set[str]:
    """
    The codes of what C{peer_id} saw broken.
    """
    return {
        event.reason
        for event in swarm.events[peer_id]
        if isinstance(event, ViolationSeen)
    }


def ignored(swarm: HostileSwarm, peer_id: int) -> set[IgnoredReason]:
    """
    Why C{peer_id} did not give the hostile one what it asked for.
    """
    return {event.reason for event in swarm.heard(peer_id, RequestIgnored)}


def given_back(swarm: HostileSwarm, reason: GivenBackReason) -> set[int]:
    """
    The pieces that the leecher gave up to get from the hostile one.
    """
    return {
        event.index
        for event in swarm.heard(LEECHER, RequestGivenBack)
        if event.reason is reason
    }


class EveryRoleTests(SynchronousTestCase):
    """
    What holds for all roles, whether the hostile peer is called or calls.
    """

    def test_acts_and_stops(self) -> None:
        """
        Each role acts, goes on for as long as it runs, and leaves no timer,
        connection or port when it is stopped; a second stop is nothing.
        """
        for name in ROLES:
            for place in _PLACES:
                swarm = HostileSwarm({place: name}).start().run(20)
                early = swarm.did
                self.assertGreater(early, 0, name)
                if name not in _NEEDS_A_WISH:
                    self.assertGreater(swarm.run(20).did, early, name)
                hostile = swarm.hostile[place]
                hostile.stop()
                done = hostile.did
                self.assertNotIn(place, swarm.network.factories)
                self.assertEqual(hostile.conversations, [])
                swarm.run(1)
                for service in swarm.honest:
                    here = [one.peer_id for one in service.progress().neighbors]
                    self.assertNotIn(place, here, name)
                swarm.stop_honest()
                self.assertEqual(swarm.clock.getDelayedCalls(), [], name)
                self.assertEqual(hostile.did, done, name)
                hostile.stop()

    def test_honest_finish(self) -> None:
        """
        Beside every role but the poisoner, whom the protocol cannot tell from
        a seed, the honest leechers end with the right file.
        """
        for name in ROLES:
            for place in _PLACES:
                swarm = HostileSwarm({place: name}, honest=(SEED, LEECHER, 35))
                swarm.start().run(40)
                for peer_id in (LEECHER, 35):
                    whole = swarm.has_file(peer_id)
                    self.assertEqual(whole, name != "poisoner", (name, peer_id))

    def test_offences_are_seen(self) -> None:
        """
        What a role counts as an offence is seen by the honest, each code of it,
        and nothing else is taken for one.
        """
        for name in ROLES:
            for place in _PLACES:
                for count in (16, 29):
                    swarm = HostileSwarm({place: name}, piece_count=count)
                    swarm.start().run(30)
                    seen = violations(swarm, SEED) | violations(swarm, LEECHER)
                    offences = {str(code) for code in swarm.hostile[place].offences}
                    self.assertEqual(seen, offences, (name, place))

    def test_same_again(self) -> None:
        """
        The same seed of chance brings about the same events; another seed does
        not.
        """

        def events(name: str, seed: int) -> dict[int, list[SwarmEvent]]:
            return HostileSwarm({LAST: name}, seed=seed).start().run(10).events

        for name in ROLES:
            self.assertEqual(events(name, 1), events(name, 1), name)
        self.assertNotEqual(events("flapper", 1), events("flapper", 2))

    def test_bounded(self) -> None:
        """
        No role makes more than a few connections a second, or does its evil
        more than two hundred times a second.
        """
        for name in ROLES:
            swarm = HostileSwarm({35: name}, honest=(20, 30, 31, 40, 41))
            swarm.start().run(10)
            connections, done = len(swarm.network.pumps), swarm.did
            swarm.run(10)
            self.assertLess(len(swarm.network.pumps) - connections, 40, name)
            self.assertLessEqual(swarm.did - done, 2000, name)

    def test_early(self) -> None:
        """
        A role that finds nobody calls again soon.
        """
        swarm = HostileSwarm({LAST: "spare-bit-setter"})
        swarm.hostile[LAST].start()
        swarm.run(3)
        for service in swarm.honest:
            service.startService()
        swarm.run(1)
        self.assertEqual(swarm.did, 2)

    def test_starts_again(self) -> None:
        """
        A role that was stopped may be started again, and keeps one line to each
        peer that it calls.
        """
        swarm = HostileSwarm({LAST: "black-hole"}).start().run(2)
        hostile = swarm.hostile[LAST]
        for _ in range(3):
            hostile.stop()
            hostile.start()
            swarm.run(4)
        self.assertEqual(len(hostile.conversations), 2)

    def test_nothing_to_do(self) -> None:
        """
        A role that is alone, or in a swarm about an empty file, does no harm to
        itself.
        """
        for name in ROLES:
            alone = HostileSwarm({FIRST: name}, honest=()).start().run(3)
            alone.hostile[FIRST].stop()
            self.assertEqual(alone.clock.getDelayedCalls(), [])
            HostileSwarm({LAST: name}, piece_count=0).start().run(3)

    def test_among_themselves(self) -> None:
        """
        A swarm of all roles at once does not break, and the leecher gets the
        pieces that nobody spoilt.
        """
        names = [name for name in ROLES if name != "poisoner"]
        for names_in_turn in (names, names[::-1]):
            roles = dict(enumerate(names_in_turn, 24))
            swarm = HostileSwarm(roles, honest=(SEED, 50)).start().run(40)
            self.assertTrue(swarm.has_file(50))
            for hostile in swarm.hostile.values():
                hostile.stop()
            swarm.stop_honest()
            self.assertEqual(swarm.clock.getDelayedCalls(), [])


class ClaimantTests(SynchronousTestCase):
    """
    Those who claim to have the file.
    """

    def test_black_hole(self) -> None:
        """
        The leecher asks, waits in vain, and takes the piece from somebody else.
        """
        for place in _PLACES:
            swarm = HostileSwarm({place: "black-hole"}).start().run(30)
            self.assertNotEqual(given_back(swarm, GivenBackReason.STALL), set())
            self.assertEqual(swarm.heard(LEECHER, PieceStored), [])
            self.assertTrue(swarm.has_file(LEECHER))

    def test_liar(self) -> None:
        """
        The leecher hears of all pieces, gets some, and waits in vain for
        others.
        """
        swarm = HostileSwarm({FIRST: "liar"}).start().run(30)
        (told,) = swarm.heard(LEECHER, BitfieldReceived)
        boasts = swarm.heard(LEECHER, HaveReceived)
        self.assertEqual((told.held, len(boasts)), (7, 6))
        self.assertNotEqual(swarm.heard(LEECHER, PieceStored), [])
        self.assertNotEqual(given_back(swarm, GivenBackReason.STALL), set())

    def test_poisoner(self) -> None:
        """
        What the leecher has of it is one byte wrong in each piece, which it
        cannot know.
        """
        swarm = HostileSwarm({LAST: "poisoner"}).start().run(10)
        stored = swarm.heard(LEECHER, PieceStored)
        self.assertEqual(len(stored), swarm.did)
        content = swarm.storages[LEECHER].contents()
        wrong = Counter(
            at // 20 for at, byte in enumerate(content) if byte != swarm.source.data[at]
        )
        self.assertEqual(wrong, Counter(event.index for event in stored))

    def test_slow_drip(self) -> None:
        """
        Its bytes are no progress: the leecher takes the piece from somebody
        else, and does not cut the connection.
        """
        for place in _PLACES:
            swarm = HostileSwarm({place: "slow-drip"}).start().run(30)
            self.assertNotEqual(given_back(swarm, GivenBackReason.STALL), set())
            self.assertEqual(swarm.heard(LEECHER, NeighborDisconnected), [])
            self.assertIn(swarm.did, range(7, 17))
            self.assertTrue(swarm.has_file(LEECHER))

    def test_drip_ends(self) -> None:
        """
        A piece that has dripped to its end is right, and the next one drips.
        """
        swarm = HostileSwarm({FIRST: "slow-drip"}, honest=(SEED, LEECHER))
        swarm.honest.pop(0)
        swarm.start().run(200)
        stored = swarm.heard(LEECHER, PieceStored)
        self.assertNotEqual(stored, [])
        content = swarm.storages[LEECHER].contents()
        for event in stored:
            offset = swarm.layout.offset(event.index)
            right = swarm.source.piece(event.index)
            self.assertEqual(content[offset : offset + len(right)], right)
        self.assertGreater(swarm.did, len(stored) * 29)

    def test_late_replayer(self) -> None:
        """
        Pieces that come late, or after a choke, are taken as long as they are
        needed; one that comes again was not asked for, and closes.
        """
        swarm = HostileSwarm({FIRST: "late-replayer"}, piece_count=64)
        swarm.honest.pop(0)
        swarm.start().run(240)
        self.assertEqual(violations(swarm, LEECHER), {"unrequested-piece"})
        self.assertNotEqual(swarm.heard(LEECHER, ChokedBy), [])
        self.assertNotEqual(given_back(swarm, GivenBackReason.CHOKE), set())
        self.assertNotEqual(given_back(swarm, GivenBackReason.STALL), set())
        self.assertTrue(swarm.has_file(LEECHER))


class BreakingTests(SynchronousTestCase):
    """
    Those who say what must not be said.
    """

    def test_length_bomb(self) -> None:
        """
        Every bomb is seen and closes, and the same neighbour comes back.
        """
        for place in _PLACES:
            swarm = HostileSwarm({place: "length-bomb"}).start().run(30)
            for peer_id in (SEED, LEECHER):
                self.assertEqual(violations(swarm, peer_id), {"bad-length"})
                came = swarm.heard(peer_id, NeighborConnected)
                self.assertGreater(len(came), 2)
            seen = sum(len(swarm.heard(one, ViolationSeen)) for one in swarm.events)
            self.assertEqual(seen, swarm.did)

    def test_every_bomb(self) -> None:
        """
        There is no bomb that is none.
        """
        for number in range(10):
            swarm = HostileSwarm({LAST: "length-bomb"}, honest=(SEED,))
            bomb = swarm.hostile[LAST]
            assert isinstance(bomb, LengthBomb)
            bomb.bombs = bomb.bombs[number : number + 1]
            self.assertEqual(len(bomb.bombs), 1)
            swarm.start().run(2)
            self.assertEqual(violations(swarm, SEED), {"bad-length"}, number)

    def test_spare_bits(self) -> None:
        """
        Spare bits are seen; where there are none, the byte too many is.
        """
        for count, code in ((13, "spare-bits-set"), (16, "bad-length")):
            for place in _PLACES:
                swarm = HostileSwarm({place: "spare-bit-setter"}, piece_count=count)
                swarm.start().run(20)
                for peer_id in (SEED, LEECHER):
                    self.assertEqual(violations(swarm, peer_id), {code})
                    self.assertEqual(swarm.heard(peer_id, BitfieldReceived), [])

    def test_out_of_range(self) -> None:
        """
        Its requests are ignored, choked or not; the have or the piece at last
        closes.
        """
        for place in _PLACES:
            swarm = HostileSwarm({place: "out-of-range"}).start().run(60)
            self.assertEqual(
                ignored(swarm, SEED),
                {IgnoredReason.CHOKED, IgnoredReason.OUT_OF_RANGE},
            )
            self.assertEqual(violations(swarm, SEED), {"index-out-of-range"})
            said = {event.detail[:5] for event in swarm.heard(SEED, ViolationSeen)}
            self.assertLessEqual(said, {"HAVE ", "PIECE"})


class PosingTests(SynchronousTestCase):
    """
    Those who say that they are somebody else.
    """

    def test_id_thief_calls(self) -> None:
        """
        Whom it calls in the name of another loses that other, who comes back.
        """
        swarm = HostileSwarm({LAST: "id-thief"}).start().run(30)
        replaced = NeighborDisconnected(LEECHER, "replaced by a new connection")
        events = swarm.events[SEED]
        # By the thief, and then by the right one.
        self.assertGreater(events.count(replaced), 1)
        self.assertNotIn(LAST, {event.peer_id for event in _connected(events)})
        # The leecher called the seed itself, and keeps that conversation.
        refusal = f"there is a conversation with {SEED} already"
        self.assertIn(ConnectionRefused(SEED, refusal), swarm.events[LEECHER])

    def test_id_thief_is_called(self) -> None:
        """
        Whoever calls it hears a name that it did not call.
        """
        swarm = HostileSwarm({FIRST: "id-thief"}).start().run(10)
        self.assertIn("wrong-peer", violations(swarm, LEECHER))
        self.assertEqual(swarm.heard(LEECHER, NeighborConnected), [])

    def test_id_thief_lets_go(self) -> None:
        """
        A name is not held for good, even where its owner cannot come back.
        """
        swarm = HostileSwarm({LAST: "id-thief"})
        swarm.honest.pop()
        swarm.start().run(60)
        came = swarm.events[SEED].count(NeighborConnected(LEECHER, False))
        self.assertGreater(came, 3)

    def test_id_thief_has_nobody(self) -> None:
        """
        With nobody to rob it makes a name up.
        """
        swarm = HostileSwarm({LAST: "id-thief"}, honest=(SEED,)).start().run(10)
        self.assertEqual(violations(swarm, SEED), {"unknown-peer"})

    def test_self_dialler(self) -> None:
        """
        Whom it calls hears its own id, whoever calls it does not hear whom it
        called; nobody takes part.
        """
        for place, code in ((FIRST, "wrong-peer"), (LAST, "own-id")):
            swarm = HostileSwarm({place: "self-dialler"}).start().run(20)
            for peer_id in (SEED, LEECHER):
                self.assertIn(code, violations(swarm, peer_id))
                self.assertLessEqual(violations(swarm, peer_id), {code, "own-id"})
                self.assertEqual(swarm.heard(peer_id, NeighborConnected), [])


class PesteringTests(SynchronousTestCase):
    """
    Those who break no rule.
    """

    def test_flapper(self) -> None:
        """
        It comes and goes about once a second, and some of the time with no
        whole handshake.
        """
        swarm = HostileSwarm({LAST: "flapper"}).start().run(60)
        here = [swarm.heard(one, NeighborConnected) for one in (SEED, LEECHER)]
        gone = [swarm.heard(one, NeighborDisconnected) for one in (SEED, LEECHER)]
        came = sum(map(len, here))
        self.assertEqual(came, sum(map(len, gone)))
        self.assertIn(swarm.did, range(50, 75))
        self.assertIn(came, range(10, swarm.did))
        self.assertNotEqual(swarm.heard(SEED, BitfieldReceived), [])

    def test_request_flood(self) -> None:
        """
        It is ignored while it is choked, and served while it is not.
        """
        for place in _PLACES:
            swarm = HostileSwarm({place: "request-flood"}).start().run(20)
            self.assertIn(IgnoredReason.CHOKED, ignored(swarm, SEED))
            self.assertNotEqual(swarm.heard(SEED, PieceSent), [])
            self.assertEqual(violations(swarm, SEED), set())

    def test_request_flood_at_slow_disk(self) -> None:
        """
        Where pieces cannot be read as fast as it asks, its requests do not pile
        up.
        """
        held: list[HeldStorage] = []

        def hold(storage: IPieceStorage) -> IPieceStorage:
            held.append(HeldStorage(storage))
            return held[-1]

        swarm = HostileSwarm({LAST: "request-flood"}, piece_count=100, wrap=hold)
        swarm.start().run(20)
        reasons = ignored(swarm, SEED)
        self.assertLessEqual({IgnoredReason.FLOOD, IgnoredReason.REPEATED}, reasons)
        reads = [call for call in held[0].waiting if call.name == "read"]
        self.assertEqual(len(reads), 2)


class ConversationTests(SynchronousTestCase):
    """
    L{swarmpeer.testing.hostile.conversation}, where it is not the roles'.
    """

    def test_who_takes_nothing(self) -> None:
        """
        It is a producer, and whoever takes nothing is not answered or asked, so
        that nothing piles up.
        """
        for name in ("poisoner", "request-flood"):
            swarm = HostileSwarm({LAST: name})
            # Without a seed the leecher has nobody else to ask.
            swarm.honest.pop(0)
            hostile = swarm.start().hostile[LAST]
            self.assertNotEqual(hostile.conversations, [])
            for talk in hostile.conversations:
                verifyObject(IPushProducer, talk)
                talk.pauseProducing()
            done = hostile.did
            swarm.run(5)
            self.assertEqual(hostile.did, done)
            for talk in hostile.conversations:
                talk.resumeProducing()
            swarm.run(10)
            self.assertGreater(hostile.did, done)

    def test_nobody_is_let_in_after_stop(self) -> None:
        """
        A call that comes when it was stopped is not taken.
        """
        swarm = HostileSwarm({FIRST: "liar"})
        hostile = swarm.hostile[FIRST]
        hostile.start()
        door = swarm.network.factories[FIRST]
        hostile.stop()
        where = IPv4Address("TCP", "127.0.0.1", FIRST)
        self.assertIdentical(door.buildProtocol(where), None)


def _connected(events: list[SwarmEvent]) -> list[NeighborConnected]:
    return [event for event in events if isinstance(event, NeighborConnected)]
