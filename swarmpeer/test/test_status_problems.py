"""
Tests of L{swarmpeer.status.problems}.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import (
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
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordFailed,
    RecordSaved,
    RequestGivenBack,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.status.problems import (
    CALL_SECONDS,
    SETTLED_CHOKED_SECONDS,
    SETTLED_SECONDS,
    STALLED_SECONDS,
    Problems,
)
from swarmpeer.status.shape import (
    LastHolder,
    Missing,
    ProblemCode,
    State,
)
from swarmpeer.test.statuses import neighbor, progress_of


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
        found = self.problems.found(self.state, self.progress, self.missing, now)
        return {one.code: now - one.since_seconds for one in found}

    def test_none(self) -> None:
        """
        Who is served has none.
        """
        self.assertEqual(self.codes(), {})

    def test_settled(self) -> None:
        """
        What has just begun is not settled; being choked only after some rounds.
        """
        self.problems.note(RecordFailed("no"), 2.0)
        self.problems.note(ChokedBy(1002), 2.0)
        self.progress = progress_of(neighbor(1002))
        record, choked = ProblemCode.RECORD, ProblemCode.CHOKED
        for seconds, settled in (
            (SETTLED_SECONDS - 0.5, []),
            (SETTLED_SECONDS, [record]),
            (SETTLED_CHOKED_SECONDS - 0.5, [record]),
            (SETTLED_CHOKED_SECONDS, [record, choked]),
        ):
            now = 2.0 + seconds
            self.problems.note(PieceStored(1002, 1, 10, 6), now)
            found = self.problems.found(self.state, self.progress, self.missing, now)
            self.assertEqual([one.code for one in found], [record, choked])
            self.assertEqual([one.code for one in found if one.is_settled], settled)

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
        (problem,) = self.problems.found(self.state, self.progress, self.missing, 10.0)
        self.assertEqual(problem.text, "cannot reach 1003: refused")
        self.assertEqual((problem.peer_id, problem.since_seconds), (1003, 7.0))
        later = self.codes(8.0 + 5.0 + CALL_SECONDS)
        self.assertNotIn(ProblemCode.UNREACHABLE, later)
        self.problems.note(DialFailed(1003, "refused", 5.0), 99.0)
        self.assertEqual(self.codes(99.0)[ProblemCode.UNREACHABLE], 99.0)
        self.problems.note(NeighborConnected(1003, False), 99.0)
        self.assertNotIn(ProblemCode.UNREACHABLE, self.codes(99.0))

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
        now = 8.0
        (problem,) = self.problems.found(self.state, self.progress, self.missing, now)
        self.assertEqual(
            problem.text,
            "no neighbour has the pieces 4-5,9; last had by 1003 (2)",
        )
        self.assertEqual(problem.since_seconds, 2.0)
        self.progress = progress_of(neighbor(1002, peer_choking=False, requested=1))
        self.assertEqual(self.codes(now), {})

    def test_no_holder_while_paused(self) -> None:
        """
        While the disk refuses pieces none is asked of anybody, so nothing is told of
        who has them; only when it takes some again, and since then.
        """
        self.missing = Missing(5, 3, ((4, 6),), ())
        self.problems.note(PieceStoreFailed(1002, 1, "full"), 3.0)
        self.progress = replace(self.progress, is_paused=True)
        self.assertEqual(self.codes(20.0), {ProblemCode.DISK: 3.0})
        self.problems.note(FetchingResumed(), 20.0)
        self.progress = replace(self.progress, is_paused=False)
        self.assertEqual(self.codes(21.0), {ProblemCode.NO_HOLDER: 20.0})

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
        Seeds that were not here yet are told with those that left.
        """
        holders = (LastHolder(1003, 2, 4.0),)
        for had, seeds, words in (
            (
                holders,
                (1004,),
                "; last had by 1003 (2); by the list 1004 has everything",
            ),
            ((), (1004, 1005), "pieces 4-6; by the list 1004, 1005 have everything"),
        ):
            self.missing = Missing(5, 3, ((4, 6),), had, seeds)
            (problem,) = self.problems.found(
                self.state, self.progress, self.missing, 20.0
            )
            self.assertTrue(problem.text.endswith(words), problem.text)

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
