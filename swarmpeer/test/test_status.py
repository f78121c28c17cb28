"""
Tests of L{swarmpeer.status}: rates, the JSON, problems, and the watch on a peer.
"""

import json
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import Config
from swarmpeer.core.holdings import Holdings
from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.errors import StatusError
from swarmpeer.events import (
    Candidate,
    CheckProgressed,
    ChokedBy,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileCompleted,
    FilePlaced,
    FilePlacingFailed,
    FilesChecked,
    GivenBackReason,
    ListeningStarted,
    NeighborConnected,
    NeighborDisconnected,
    PeerShutOut,
    PieceSent,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    PreferredRoundHeld,
    RecordFailed,
    RecordSaved,
    RequestGivenBack,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.status.encoding import decode_picture, decode_status, encode
from swarmpeer.status.happenings import MOST_HAPPENINGS, Happenings
from swarmpeer.status.problems import (
    CALL_SECONDS,
    NO_HOLDER_SECONDS,
    STALLED_SECONDS,
    Problems,
)
from swarmpeer.status.recent import RecentBytes
from swarmpeer.status.shape import (
    Group,
    LastHolder,
    Missing,
    Picture,
    Problem,
    ProblemCode,
    State,
)
from swarmpeer.status.watch import StatusWatch
from swarmpeer.test.statuses import FETCHING, complete
from swarmpeer.wire.bitfield import Bitfield

_CONFIG = Config.parse(
    1001,
    "NumberOfPreferredNeighbors 2\nUnchokingInterval 5\n"
    "OptimisticUnchokingInterval 15\nFileName data\nFileSize 100\nPieceSize 10\n",
    "1001 localhost 6001 0\n1002 localhost 6002 1\n1003 localhost 6003 0\n",
)


def neighbor(peer_id: int, **changes: Any) -> NeighborProgress:
    """
    One that has something for us, and chokes us.
    """
    return replace(NeighborProgress(peer_id, 3, True, True, True, False), **changes)


def progress_of(*neighbors: NeighborProgress, held: int = 5) -> Progress:
    """
    That of a peer that lacks some pieces.
    """
    return Progress(1001, held, 10, False, None, neighbors, (1002, 1003))


class RecentBytesTests(SynchronousTestCase):
    """
    L{RecentBytes}.
    """

    @given(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9**9)), max_size=40),
        st.integers(0, 12),
    )
    def test_mean(self, steps: list[tuple[int, int]], later: int) -> None:
        """
        The rate is the mean of what came within the last seconds, or since the first
        byte, and the total is of all time.
        """
        recent, now, came = RecentBytes(5.0), 0, []
        for step, size in steps:
            now += step
            recent.add(size, float(now))
            came.append((now, size))
        now += later
        lately = sum(size for at, size in came if at > now - 5)
        began_at = next((at for at, size in came if size), now)
        seconds = min(5, max(1, now - began_at))
        self.assertEqual(recent.rate(float(now)), lately / seconds)
        self.assertEqual(recent.total_bytes, sum(size for _, size in came))

    def test_first_seconds(self) -> None:
        """
        What comes evenly has the same rate from the first second on, whenever it is
        that it begins.
        """
        recent = RecentBytes(5.0)
        self.assertEqual(recent.rate(99.0), 0.0)
        for at in range(1, 80):
            recent.add(100, 100 + at / 10)
            if at >= 20:
                self.assertApproximates(recent.rate(100 + at / 10), 1000, 60)
        self.assertEqual(recent.rate(200.0), 0.0)


class EncodingTests(SynchronousTestCase):
    """
    L{swarmpeer.status.encoding}.
    """

    def test_round_trip(self) -> None:
        """
        What is encoded is decoded as it was.
        """
        rich = replace(
            FETCHING,
            missing=Missing(5, 2, ((3, 4),), (LastHolder(1003, 2, 1.5),)),
            problems=(Problem(ProblemCode.CHOKED, "choked by 1002", 3.0, 1002),),
            pieces="+AA=",
        )
        self.assertEqual(decode_status(encode(rich)), rich)
        picture = Picture(rich, "AA==", {1002: "AA=="}, ())
        self.assertEqual(decode_picture(encode(picture)), picture)

    def test_later_versions(self) -> None:
        """
        Further fields and codes of problems are borne; another version is told.
        """
        value = json.loads(encode(FETCHING))
        value["moon_phase"] = [1, 2]
        value["problems"] = [{"code": "eclipse", "text": "dark", "since_seconds": 1}]
        (problem,) = decode_status(json.dumps(value).encode()).problems
        self.assertEqual((problem.code, problem.text), (ProblemCode.OTHER, "dark"))
        value["version"] = 2
        error = self.assertRaises(StatusError, decode_status, json.dumps(value))
        self.assertIn("version 2", str(error))

    def test_refused(self) -> None:
        """
        What is no status is one error in one line, whatever it is.
        """
        value = json.loads(encode(FETCHING))
        faulty = [
            b"",
            b"\xff",
            b"[]",
            b'{"version":1}',
            b'{"version":1e999}',
            b'{"version":1,"x":' + b"[" * 100_000,
            *(
                json.dumps({**value, key: wrong}).encode()
                for key, wrong in (
                    ("piece_count", -1),
                    ("piece_count", 10**30),
                    ("held", "5"),
                    ("receive_rate", -1.0),
                    ("up_seconds", 1e300),
                    ("state", "asleep"),
                    ("neighbors", None),
                    ("problems", [{"code": "disk"}]),
                )
            ),
        ]
        for data in faulty:
            error = self.assertRaises(StatusError, decode_status, data)
            self.assertTrue(str(error).isprintable(), data[:40])

    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are a status or a L{StatusError}.
        """
        self.assertRaises(StatusError, decode_status, data)


class ProblemsTests(SynchronousTestCase):
    """
    L{Problems}.
    """

    def setUp(self) -> None:
        """
        A peer that fetches, and is served by 1002.
        """
        self.problems = Problems(0.0)
        self.state = State.FETCHING
        self.missing = Missing(5, 0, (), ())
        self.progress = progress_of(neighbor(1002, peer_choking=False))
        self.problems.note(ListeningStarted("x"), 0.0)
        self.problems.note(NeighborConnected(1002, True), 1.0)
        self.problems.note(UnchokedBy(1002), 1.0)

    def codes(self, now: float = 10.0) -> dict[ProblemCode, float]:
        """
        What there is now, and since when.
        """
        found = self.problems.now(self.state, self.progress, self.missing, now)
        return {one.code: now - one.since_seconds for one in found}

    def test_none(self) -> None:
        """
        Who is served has none.
        """
        self.assertEqual(self.codes(), {})

    def test_begin_and_end(self) -> None:
        """
        What is noted begins with one event, keeps its first time when it is told
        again, and ends with another.
        """
        stored = PieceStored(1002, 1, 10, 6)
        failed = PieceStoreFailed(1002, 1, "full")
        cases: list[tuple[ProblemCode, SwarmEvent, list[SwarmEvent]]] = [
            (ProblemCode.DISK, failed, [stored, FetchingResumed(), FileCompleted()]),
            (ProblemCode.DISK, failed, [ListeningStarted("x"), FilePlaced()]),
            (ProblemCode.DISK_SHORT, DiskShort(9, 1), [FileCompleted(), FilePlaced()]),
            (ProblemCode.PLACING, FilePlacingFailed("no"), [FilePlaced()]),
            (ProblemCode.RECORD, RecordFailed("no"), [RecordSaved(1)]),
        ]
        for code, begins, ends in cases:
            for end in ends:
                self.problems.note(begins, 3.0)
                self.problems.note(begins, 4.0)
                self.assertEqual(self.codes(), {code: 3.0}, begins)
                self.problems.note(end, 9.0)
                self.assertEqual(self.codes(), {}, end)

    def test_given_up(self) -> None:
        """
        A piece that the disk never takes stays a problem while others come, until
        every piece is here.
        """
        self.problems.note(PieceStoreFailed(1002, 1, "bad", is_final=True), 3.0)
        self.problems.note(PieceStored(1002, 2, 10, 6), 4.0)
        self.problems.note(FetchingResumed(), 4.0)
        self.assertIn(ProblemCode.DISK, self.codes())
        self.problems.note(FileCompleted(), 5.0)
        self.assertEqual(self.codes(), {})

    def test_record_outlives_placing(self) -> None:
        """
        A record that cannot be saved is told on when everything is in place.
        """
        self.problems.note(RecordFailed("no"), 3.0)
        self.problems.note(FilePlaced(), 4.0)
        self.assertEqual(self.codes(), {ProblemCode.RECORD: 3.0})

    def test_unreachable(self) -> None:
        """
        Whom we call in vain is unreachable since the first call, until it is here, or
        until nobody calls it any more.
        """
        self.problems.note(DialFailed(1003, "refused", 5.0), 3.0)
        self.problems.note(DialFailed(1003, "refused", 5.0), 8.0)
        (problem,) = self.problems.now(self.state, self.progress, self.missing, 10.0)
        self.assertEqual(problem.text, "cannot reach 1003: refused")
        self.assertEqual((problem.peer_id, problem.since_seconds), (1003, 7.0))
        later = self.codes(8.0 + 5.0 + CALL_SECONDS)
        self.assertNotIn(ProblemCode.UNREACHABLE, later)
        self.problems.note(NeighborConnected(1003, False), 11.0)
        self.assertEqual(self.codes(), {})

    def test_unreachable_and_done(self) -> None:
        """
        Once we are done, whoever is done as well may be away.
        """
        self.problems.note(DialFailed(1003, "refused", 5.0), 3.0)
        self.state = State.COMPLETE
        self.assertEqual(self.codes(), {ProblemCode.UNREACHABLE: 3.0})
        self.progress = replace(self.progress, incomplete=(1002,))
        self.assertEqual(self.codes(), {})

    def test_shut_out(self) -> None:
        """
        Who is shut out is so for the time that is told.
        """
        self.problems.note(PeerShutOut(1003, 3, 60.0), 3.0)
        self.assertEqual(self.codes(), {ProblemCode.SHUT_OUT: 3.0})
        self.assertNotIn(ProblemCode.SHUT_OUT, self.codes(63.0))

    def test_choked(self) -> None:
        """
        Who has something for us chokes us: since the last one that served us stopped.
        """
        self.progress = progress_of(neighbor(1002), neighbor(1003))
        self.problems.note(NeighborConnected(1003, True), 2.0)
        self.problems.note(UnchokedBy(1003), 2.0)
        self.problems.note(ChokedBy(1002), 4.0)
        self.problems.note(ChokedBy(1003), 6.0)
        self.problems.note(ChokedBy(1002), 8.0)
        self.assertEqual(self.codes(), {ProblemCode.CHOKED: 6.0})
        self.progress = progress_of(neighbor(1002), neighbor(1003, peer_choking=False))
        self.assertEqual(self.codes(), {})
        self.progress = progress_of(neighbor(1002, am_interested=False))
        self.assertEqual(self.codes(), {})

    def test_choked_after_a_parting(self) -> None:
        """
        So does one who served us and left.
        """
        self.progress = progress_of(neighbor(1003))
        self.problems.note(NeighborConnected(1003, True), 2.0)
        self.problems.note(NeighborDisconnected(1002, "gone"), 7.0)
        self.assertEqual(self.codes(), {ProblemCode.CHOKED: 7.0})

    def test_nobody(self) -> None:
        """
        Without a neighbour it is told since when.
        """
        self.progress = progress_of()
        self.problems.note(NeighborDisconnected(1002, "gone"), 7.0)
        self.assertEqual(self.codes(), {ProblemCode.NO_NEIGHBOR: 7.0})

    def test_no_holder(self) -> None:
        """
        What no neighbour has is a problem if nothing is under way, since its last
        holder left; its text has the pieces and who had them.
        """
        self.missing = Missing(5, 3, ((4, 5), (9, 9)), (LastHolder(1003, 2, 4.0),))
        self.problems.note(PieceStored(1002, 1, 10, 6), 6.0)
        self.assertEqual(self.codes(6.0 + NO_HOLDER_SECONDS - 0.5), {})
        now = 6.0 + NO_HOLDER_SECONDS
        (problem,) = self.problems.now(self.state, self.progress, self.missing, now)
        self.assertEqual(
            problem.text,
            "no neighbour has the pieces 4-5,9; last had by 1003 (2)",
        )
        self.assertEqual(problem.since_seconds, 4.0)
        self.progress = progress_of(neighbor(1002, peer_choking=False, requested=1))
        self.assertEqual(self.codes(now), {})

    def test_no_holder_while_paused(self) -> None:
        """
        While the disk refuses pieces none is asked of anybody, so nothing is told of
        who has them; only when it takes some again, and a while after that.
        """
        self.missing = Missing(5, 3, ((4, 6),), ())
        self.problems.note(PieceStoreFailed(1002, 1, "full"), 3.0)
        self.assertEqual(self.codes(20.0), {ProblemCode.DISK: 3.0})
        self.problems.note(FetchingResumed(), 20.0)
        self.assertEqual(self.codes(20.0 + NO_HOLDER_SECONDS - 0.5), {})
        now = 20.0 + NO_HOLDER_SECONDS
        self.assertEqual(self.codes(now), {ProblemCode.NO_HOLDER: 20.0})

    def test_no_holder_since(self) -> None:
        """
        Nothing is under way since the last piece came, or a request was given back.
        """
        self.missing = Missing(5, 3, ((4, 6),), ())
        given_back = RequestGivenBack(1002, 1, GivenBackReason.CHOKE)
        events = PieceStored(1002, 1, 10, 6), given_back
        for at, event in enumerate(events, 6):
            self.problems.note(event, float(at))
            self.assertEqual(self.codes(13.0), {ProblemCode.NO_HOLDER: at})

    def test_no_holder_but_seeds(self) -> None:
        """
        A seed has all, however little it told of before it left.
        """
        holders = LastHolder(1003, 2, 4.0), LastHolder(1002, 1, 4.0)
        for had, seeds, words in (
            (holders, (1003,), "; last had by 1002 (1); by the list 1003 has"),
            (holders[:1], (1003,), "the pieces 4-6; by the list 1003 has everything"),
            ((), (1001, 1003), "; by the list 1001, 1003 have everything"),
        ):
            missing = Missing(5, 3, ((4, 6),), had)
            (problem,) = self.problems.now(
                self.state, self.progress, missing, 20.0, seeds
            )
            self.assertIn(words, problem.text)

    def test_stalled(self) -> None:
        """
        No piece for long is a stall; what was checked, withdrawn or came begins it
        anew.
        """
        at = 1.0
        for event in (
            PieceStored(1002, 1, 10, 6),
            FilesChecked(1, 1, 10),
            PieceWithdrawn(3, "rot"),
            ListeningStarted("x"),
        ):
            at += 100.0
            self.problems.note(event, at)
            self.assertEqual(self.codes(at + STALLED_SECONDS - 1), {})
            self.assertEqual(
                self.codes(at + STALLED_SECONDS), {ProblemCode.STALLED: at}
            )

    def test_other_states(self) -> None:
        """
        Who looks at its disk, or puts files in place, waits for nobody; who joins has
        no manifest.
        """
        self.progress = progress_of()
        for state in (State.STARTING, State.CHECKING, State.PLACING, State.COMPLETE):
            self.state = state
            self.assertEqual(self.codes(100.0), {}, state)
        self.state = State.JOINING
        self.assertEqual(self.codes(100.0), {ProblemCode.NO_MANIFEST: 0.0})


class HappeningsTests(SynchronousTestCase):
    """
    L{Happenings}.
    """

    def test_last(self) -> None:
        """
        The last ones are remembered, numbered without gaps, and fit on a line each.
        """
        happenings = Happenings()
        for number in range(MOST_HAPPENINGS + 5):
            happenings.note(DialFailed(1002, f"no\n{number}", 1.0), float(number))
            happenings.note(PieceStored(1002, 1, 1, 1), float(number))
        told = happenings.after(0)
        self.assertEqual(
            [one.number for one in told], list(range(6, MOST_HAPPENINGS + 6))
        )
        self.assertEqual(told[0].text, "cannot reach 1002: no\\n5")
        self.assertEqual(happenings.after(told[-2].number), told[-1:])
        self.assertEqual((told[0].kind, told[0].peer_id), ("DialFailed", 1002))

    def test_warned_of(self) -> None:
        """
        Of whatever is an error for the log, a reader of the page learns, too, and as
        trouble.
        """
        happenings = Happenings()
        errors = [
            PieceStoreFailed(1002, 3, "full"),
            FilePlacingFailed("full"),
            PolicyReplaced("mine", "pick", "raised KeyError", "rarest"),
            RecordFailed("full"),
            DiskShort(2, 1),
            PieceWithdrawn(3, "it rotted"),
            PeerShutOut(1002, 2, 60.0),
        ]
        for event in errors:
            happenings.note(event, 0.0)
        self.assertEqual(
            [(one.kind, one.group) for one in happenings.after(0)],
            [(type(event).__name__, Group.TROUBLE) for event in errors],
        )


class FakePeer:
    """
    What is watched, as it is told.
    """

    def __init__(self) -> None:
        self.config: Config | None = None
        self.infohash: bytes | None = b"\xaa" * 32
        self.told = progress_of()
        self.held: Holdings | None = None

    def progress(self) -> Progress:
        """
        How far it is.
        """
        return self.told

    def holdings(self) -> Holdings | None:
        """
        Who holds what.
        """
        return self.held


class StatusWatchTests(SynchronousTestCase):
    """
    L{StatusWatch}, through the life of a peer.
    """

    def setUp(self) -> None:
        """
        A peer that asks others for the manifest.
        """
        self.now = 100.0
        self.peer = FakePeer()
        self.watch = StatusWatch(self.peer, lambda: self.now)

    def at(self, now: float, *events: SwarmEvent) -> None:
        """
        They happen then.
        """
        self.now = now
        for event in events:
            self.watch.observe(event)

    def test_life(self) -> None:
        """
        It joins, starts, checks, fetches, puts in place, is complete, and fetches
        again what it lost.
        """
        peer = self.peer
        self.assertIs(self.watch.status().state, State.JOINING)
        self.assertEqual(self.watch.picture().map, "")
        peer.config = _CONFIG
        self.assertIs(self.watch.status().state, State.STARTING)
        self.at(101.0, ListeningStarted("x"), CheckProgressed(25, 100))
        status = self.watch.status()
        self.assertEqual((status.state, status.checked_share), (State.CHECKING, 0.25))
        self.at(102.0, FilesChecked(5, 5, 10))
        own = Bitfield(10)
        own.add_each(range(5))
        peer.held = Holdings(own, {}, {})
        status = self.watch.status(with_pieces=True)
        self.assertIs(status.state, State.FETCHING)
        self.assertEqual((status.checked_share, status.pieces), (None, "+AA="))
        self.assertEqual([one.code for one in status.problems], ["no-neighbor"])
        peer.held = Holdings(Bitfield.full(10), {}, {})
        peer.told = progress_of(held=10)
        self.assertIs(self.watch.status().state, State.PLACING)
        peer.told = replace(peer.told, is_placed=True)
        self.assertTrue(self.watch.status().is_done)
        peer.held = Holdings(own, {}, {})
        self.assertIs(self.watch.status().state, State.FETCHING)
        self.assertFalse(self.watch.status().is_done)

    def test_traffic(self) -> None:
        """
        Bytes, rates and times are of the pieces that went, with all and with each.
        """
        self.peer.config = _CONFIG
        own = Bitfield(10)
        theirs = Bitfield.full(10)
        self.peer.held = Holdings(own, {1002: theirs}, {1003: theirs})
        self.peer.told = progress_of(neighbor(1002, peer_choking=False), held=0)
        self.at(110.0, NeighborConnected(1002, True), NeighborConnected(1003, True))
        self.at(112.0, NeighborDisconnected(1003, "gone"))
        self.at(113.0, PieceStored(1002, 0, 10, 1), PieceSent(1002, 0, 10))
        self.now = 114.0
        status = self.watch.status()
        self.assertEqual((status.received_bytes, status.sent_bytes), (10, 10))
        self.assertEqual((status.receive_rate, status.send_rate), (10.0, 10.0))
        self.assertEqual(status.expected_seconds, 100 / 10.0)
        self.assertEqual((status.last_piece_seconds, status.up_seconds), (1.0, 14.0))
        (one,) = status.neighbors
        self.assertEqual((one.received_bytes, one.connected_seconds), (10, 4.0))
        self.assertTrue(one.is_seed)
        self.assertEqual(status.missing, Missing(10, 0, (), ()))
        self.now = 130.0
        self.assertIsNone(self.watch.status().expected_seconds)
        self.assertEqual(set(self.watch.picture().neighbor_maps), {1002})
        self.assertEqual(self.watch.picture(after=10**6).happenings, ())

    def test_replaced(self) -> None:
        """
        A conversation that takes the place of another is as old as itself.
        """
        self.peer.told = progress_of(neighbor(1002))
        self.assertFalse(self.watch.status().neighbors[0].is_seed)
        self.at(110.0, NeighborConnected(1002, True))
        self.at(115.0, NeighborDisconnected(1002, "x"), NeighborConnected(1002, True))
        self.now = 116.0
        self.assertEqual(self.watch.status().neighbors[0].connected_seconds, 1.0)

    def test_round(self) -> None:
        """
        The last choice is told, with who was chosen.
        """
        candidates = (Candidate(1002, 30, True), Candidate(1003, 10, False))
        held = PreferredRoundHeld(candidates, (1002,), None, True, True)
        self.at(120.0, held, held)
        self.now = 121.0
        told = self.watch.status().preferred_round
        assert told is not None
        self.assertEqual((told.number, told.held_seconds, told.by_rate), (2, 1.0, True))
        self.assertEqual([one.is_chosen for one in told.candidates], [True, False])

    def test_always_fits(self) -> None:
        """
        Whatever happens in whatever order, the status can be told and read.
        """
        events: list[SwarmEvent] = [
            ListeningStarted("x"),
            CheckProgressed(0, 0),
            FilesChecked(0, 0, 0),
            NeighborConnected(1002, True),
            NeighborDisconnected(1002, "gone"),
            DialFailed(1003, "no", 1.0),
            PieceStored(1002, 1, 10, 6),
            ChokedBy(1002),
            UnchokedBy(1002),
            PieceStoreFailed(1002, 1, "full"),
            DiskShort(1, 0),
            PeerShutOut(1002, 3, 60.0),
        ]
        chance = Random(1)
        for _ in range(300):
            self.at(self.now + chance.choice((0.0, 0.5, 20.0)), chance.choice(events))
            status = self.watch.status()
            self.assertEqual(decode_status(encode(status)), status)

    def test_readers(self) -> None:
        """
        The states of the statuses of these tests are as a peer has them.
        """
        self.assertTrue(complete().is_done)
        self.assertFalse(FETCHING.is_done)
