"""
Tests for L{swarmpeer.net.bucket}.
"""

from dataclasses import dataclass, field

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.bucket import (
    BURST_SECONDS,
    KEPT_SECONDS,
    LEAST_SHARE_BYTES,
    ROUND_SECONDS,
    Bucket,
)

RATE = 100_000
ROUND_BYTES = RATE * ROUND_SECONDS


@dataclass(eq=False)
class Drawing:
    """
    Takes up to so many bytes when it is its turn, and lines up again.

    @ivar turns: of all who share it: the names, with what each took.
    """

    name: str
    bucket: Bucket
    turns: list[tuple[str, int]]
    wanted_bytes: int = 10**9
    lines_up_again: bool = True

    def take_turn(self) -> None:
        """
        Take, and note it.
        """
        room = self.bucket.room(self, self.wanted_bytes)
        self.bucket.take(self, room)
        self.turns.append((self.name, room))
        if self.lines_up_again:
            self.bucket.line_up(self)


class BucketTests(SynchronousTestCase):
    """
    Who gets what, and when.
    """

    def setUp(self) -> None:
        """
        A bucket in which there is a full burst, and a drawer.
        """
        self.clock = Clock()
        self.bucket = Bucket(self.clock, RATE)
        self.turns: list[tuple[str, int]] = []
        self.first, self.second, self.third = (
            Drawing(name, self.bucket, self.turns) for name in "abc"
        )
        self.clock.advance(100)

    def empty(self) -> None:
        """
        Let somebody take all there is.
        """
        stranger = Drawing("stranger", self.bucket, self.turns)
        self.bucket.take(stranger, self.bucket.room(stranger, 10**9))

    def take_turns(self, seconds: float) -> list[tuple[str, int]]:
        """
        @return: who took what meanwhile.
        """
        self.turns.clear()
        self.clock.pump([seconds / 100] * 100)
        return self.turns

    def test_begins_empty(self) -> None:
        """
        There is nothing in it at first, so that somebody who calls again and again
        gains nothing.
        """
        self.assertEqual(Bucket(self.clock, RATE).room(self.first, 1), 0)

    def test_small_burst(self) -> None:
        """
        However long nobody drew, there is no more than a small burst.
        """
        burst = int(RATE * BURST_SECONDS)
        self.assertEqual(self.bucket.room(self.first, 10**9), burst)
        self.assertEqual(self.bucket.room(self.first, 10), 10)
        self.bucket.take(self.first, burst)
        self.assertEqual(self.bucket.room(self.first, 1), 0)

    def test_no_crumbs(self) -> None:
        """
        Nobody gets so few bytes that they are not worth it, unless he wants no more.
        """
        self.empty()
        self.clock.advance(ROUND_SECONDS / 2)
        self.assertEqual(self.bucket.room(self.first, 10**9), 0)
        self.assertEqual(self.bucket.room(self.first, 100), 100)
        self.clock.advance(ROUND_SECONDS / 2)
        self.assertEqual(self.bucket.room(self.first, 10**9), int(ROUND_BYTES))

    def test_comes_back(self) -> None:
        """
        What did not go after all is there again, but no more than the burst.
        """
        self.empty()
        self.bucket.give_back(self.first, 7000)
        self.assertEqual(self.bucket.room(self.first, 10**9), 7000)
        self.bucket.give_back(self.first, 70_000)
        self.assertEqual(self.bucket.room(self.first, 10**9), RATE * BURST_SECONDS)

    def test_turns(self) -> None:
        """
        In each round what there is is divided among all who wait, in their order.
        """
        self.empty()
        for drawer in (self.first, self.second, self.third):
            self.bucket.line_up(drawer)
        share = int(ROUND_BYTES / 3)
        turns = self.take_turns(2.5 * ROUND_SECONDS)
        self.assertEqual([name for name, _ in turns], list("abcabc"))
        for _, taken in turns:
            self.assertLess(abs(taken - share), 200)

    def test_nobody_jumps_the_line(self) -> None:
        """
        Whoever comes while others wait gets nothing before his turn.
        """
        self.empty()
        self.bucket.line_up(self.first)
        self.clock.advance(ROUND_SECONDS / 2)
        self.assertEqual(self.bucket.room(self.second, 1), 0)
        self.bucket.line_up(self.second)
        self.assertEqual([name for name, _ in self.take_turns(0.06)][:2], ["a", "b"])

    def test_small_shares(self) -> None:
        """
        Where a share would be very small there is one for some of them, and the others
        are the first of the next round.
        """
        self.bucket.set_rate(20_000)
        self.empty()
        for drawer in (self.first, self.second, self.third):
            self.bucket.line_up(drawer)
        names = [name for name, _ in self.take_turns(6.5 * ROUND_SECONDS)]
        self.assertEqual(names, list("abcabc"))

    def test_slow_to_line_up(self) -> None:
        """
        Where a round is too little for all, who lines up again late has his turn when
        it is due all the same, as long as he does so before the next round.
        """

        class Slow(Drawing):
            def take_turn(self) -> None:
                self.lines_up_again = False
                super().take_turn()
                clock.callLater(0.7 * ROUND_SECONDS, self.bucket.line_up, self)

        clock = self.clock
        # Two shares of the least size in each round.
        self.bucket.set_rate(2 * LEAST_SHARE_BYTES / ROUND_SECONDS)
        self.empty()
        slow = Slow("s", self.bucket, self.turns)
        for drawer in (self.first, slow, self.second):
            self.bucket.line_up(drawer)
        self.turns.clear()
        clock.pump([ROUND_SECONDS / 10] * 600)
        turns = [[name for name, _ in self.turns].count(name) for name in "abs"]
        self.assertGreater(min(turns), 35)
        self.assertLessEqual(max(turns) - min(turns), 1)

    def test_others_are_first(self) -> None:
        """
        What somebody gives back of his share is his until the next round; he draws
        nothing else before.
        """
        self.second.wanted_bytes = 0
        self.empty()
        self.first.lines_up_again = self.second.lines_up_again = False
        self.bucket.line_up(self.first)
        self.bucket.line_up(self.second)
        self.clock.advance(ROUND_SECONDS)
        self.bucket.leave(self.second)
        self.assertEqual(self.bucket.room(self.first, 10**9), 0)
        self.bucket.give_back(self.first, 300)
        self.assertEqual(self.bucket.room(self.first, 10**9), 300)
        self.clock.advance(KEPT_SECONDS + 0.001)
        self.assertGreater(self.bucket.room(self.first, 10**9), RATE * KEPT_SECONDS)

    def test_modest(self) -> None:
        """
        What somebody leaves over is for the others, in a later round.
        """
        self.first.wanted_bytes = 10
        self.empty()
        self.bucket.line_up(self.first)
        self.bucket.line_up(self.second)
        turns = self.take_turns(2.0)
        total = sum(taken for name, taken in turns if name == "b")
        self.assertLess(abs(total / 2.0 - RATE), RATE * 0.06)

    def test_a_little_later(self) -> None:
        """
        Who had his turn may draw his share while the line goes on; what he does not
        draw soon is for all again.
        """

        class Late(Drawing):
            def take_turn(self) -> None:
                self.turns.append((self.name, 0))

        late = Late("l", self.bucket, self.turns)
        self.empty()
        self.bucket.line_up(late)
        self.bucket.line_up(self.first)
        self.clock.advance(ROUND_SECONDS)
        ((_, nothing), (_, share)) = self.turns[-2:]
        self.assertEqual([name for name, _ in self.turns[-2:]], ["l", "a"])
        self.assertEqual(nothing, 0)
        self.assertEqual(self.bucket.room(self.first, 10**9), 0)
        self.assertEqual(self.bucket.room(late, 10**9), share)
        self.assertGreater(share, ROUND_BYTES / 2 - 2)
        self.bucket.take(late, 100)
        self.assertEqual(self.bucket.room(late, 10**9), share - 100)
        self.bucket.leave(self.first)
        self.clock.advance(KEPT_SECONDS + 0.001)
        self.assertGreater(
            self.bucket.room(self.second, 10**9), share + RATE * 0.1 - 100
        )

    def test_leaves_with_a_share(self) -> None:
        """
        What somebody who is gone did not draw is for the others at once.
        """
        self.first.wanted_bytes, self.first.lines_up_again = 0, False
        self.empty()
        self.bucket.line_up(self.first)
        self.clock.advance(ROUND_SECONDS)
        self.assertEqual(self.bucket.room(self.second, 100), 0)
        self.bucket.leave(self.first)
        self.assertEqual(self.bucket.room(self.second, 100), 100)

    def test_one_timer(self) -> None:
        """
        There is one timer while somebody waits, and none otherwise.
        """
        self.empty()
        drawers = [Drawing(str(name), self.bucket, self.turns) for name in range(100)]
        for drawer in drawers:
            self.bucket.line_up(drawer)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for drawer in drawers:
            self.bucket.leave(drawer)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_leaves_in_a_round(self) -> None:
        """
        Who leaves while another one has his turn gets none.
        """

        @dataclass(eq=False)
        class Closing(Drawing):
            others: list[Drawing] = field(default_factory=list)

            def take_turn(self) -> None:
                self.bucket.leave(self.others[0])
                super().take_turn()

        closing = Closing("x", self.bucket, self.turns, lines_up_again=False)
        closing.others.append(self.first)
        self.empty()
        self.bucket.line_up(closing)
        self.bucket.line_up(self.first)
        self.assertEqual([name for name, _ in self.take_turns(1.0)], ["x"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failure(self) -> None:
        """
        A mistake of one is logged, and the others have their turns.
        """

        class Failing(Drawing):
            def take_turn(self) -> None:
                raise RuntimeError("a mistake")

        self.empty()
        self.bucket.line_up(Failing("f", self.bucket, self.turns))
        self.bucket.line_up(self.first)
        self.assertEqual(self.take_turns(0.06)[0][0], "a")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_other_rate(self) -> None:
        """
        A new rate holds at once for who waits, and none lets everybody go.
        """
        self.bucket.set_rate(1)
        self.empty()
        self.bucket.line_up(self.first)
        self.assertEqual(self.take_turns(0.5), [])
        self.bucket.set_rate(RATE)
        self.assertEqual(len(self.take_turns(ROUND_SECONDS * 3.5)), 3)
        self.first.lines_up_again = False
        self.bucket.set_rate(None)
        self.bucket.take(self.first, 10**12)
        self.assertEqual(self.take_turns(0.0)[-1:], [("a", 10**9)])
        self.assertEqual(self.bucket.room(self.second, 10**12), 10**12)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_is_saved_up_while_unlimited(self) -> None:
        """
        A rate that is set anew begins with no more than a burst.
        """
        self.bucket.set_rate(None)
        self.clock.advance(1000)
        self.bucket.set_rate(RATE)
        self.assertLessEqual(self.bucket.room(self.first, 10**9), RATE * BURST_SECONDS)

    def test_clock_that_is_set_back(self) -> None:
        """
        If the clock goes back, nothing is lost and nothing gained.
        """
        self.empty()
        self.clock.rightNow -= 3600
        self.assertEqual(self.bucket.room(self.first, 10**9), 0)
        self.clock.advance(ROUND_SECONDS)
        self.assertEqual(self.bucket.room(self.first, 10**9), int(ROUND_BYTES))
