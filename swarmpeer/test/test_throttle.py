"""
Tests for L{swarmpeer.net.throttle}: how well the rates are kept.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import Rates
from swarmpeer.net.bucket import LEAST_SHARE_BYTES
from swarmpeer.net.throttle import Throttle
from swarmpeer.test.rate_watch import Stream, passed_of, run
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.figures import most_and_least

SECONDS = 24.0
_MUCH = 2**30
rates = st.one_of(
    st.integers(10 * 2**10, 200 * 2**10), st.integers(2**20, _MUCH), st.just(10**10)
)
portions = st.sampled_from([100, 2**14, 2**17, 2**20])
lates = st.sampled_from([0.0, 0.001, 0.003])
returned = st.sampled_from([0.0, 0.0, 0.3])


class KeptRatesTests(SynchronousTestCase):
    """
    Within 3 % of the rate in any ten seconds.
    """

    def streams(
        self,
        clock: Clock,
        throttle: Throttle,
        count: int,
        portion: int,
        back: float = 0.0,
        late: float = 0.0,
    ) -> list[Stream]:
        """
        So many that send without a pause.
        """
        made = [
            Stream(
                clock,
                throttle.allowances()[0],
                portion,
                back,
                reactor_seconds=late * (place + 1),
            )
            for place in range(count)
        ]
        for stream in made:
            stream.go()
        return made

    def keeps(self, streams: list[Stream], rate: float, begin: float = 0.0) -> None:
        """
        Neither more nor less went than may.
        """
        most, least = most_and_least(passed_of(streams), begin, SECONDS)
        self.assertLessEqual(most, rate * 10 * 1.03)
        self.assertGreaterEqual(least, rate * 10 * 0.97)

    @settings(deadline=None, max_examples=15)
    @given(rates, st.integers(1, 6), portions, returned, lates)
    def test_shared(
        self, rate: int, count: int, portion: int, back: float, late: float
    ) -> None:
        """
        Together they keep the rate of the peer, whatever they ask for and whatever
        their sockets take, and each has the same part of it, whoever is the first to
        hear of his socket, and also where a round is too little to be shared by all.
        Only who draws crumbs or very much, late each time and with a socket that is
        full, too, may not be done with his share when the next round comes, and have
        less.
        """
        # Small portions of a large rate would only take long.
        portion = max(portion, rate // 2**8)
        clock = Clock()
        throttle = Throttle(clock, Rates(up=rate))
        streams = self.streams(clock, throttle, count, portion, back, late)
        run(clock, SECONDS)
        self.keeps(streams, rate)
        totals = [stream.total_bytes for stream in streams]
        # What a full socket gives back is drawn again, until nothing is left of it.
        takes_long = portion < LEAST_SHARE_BYTES or rate > _MUCH
        if not (late and back and takes_long):
            self.assertGreater(min(totals), 0.95 * max(totals))

    @settings(deadline=None, max_examples=15)
    @given(
        rates,
        st.floats(0.05, 1.5),
        st.integers(1, 6),
        st.sampled_from([2**17, 2**20]),
        returned,
        lates,
    )
    def test_both(
        self,
        rate: int,
        part: float,
        count: int,
        portion: int,
        back: float,
        late: float,
    ) -> None:
        """
        With a rate for each neighbour as well, the narrower one is kept: each has no
        more than its own, and all together have as much as both allow.
        """
        own = max(1024, int(rate * part))
        portion = max(portion, rate // 2**8)
        clock = Clock()
        throttle = Throttle(clock, Rates(up=rate, up_per_neighbor=own))
        streams = self.streams(clock, throttle, count, portion, back, late)
        run(clock, SECONDS)
        self.keeps(streams, min(rate, own * count), begin=1.0)
        for stream in streams:
            most, _ = most_and_least(stream.taken, 0, SECONDS)
            self.assertLessEqual(most, own * 10 * 1.03)

    @settings(deadline=None, max_examples=tries(5, 15))
    @given(rates, st.integers(0, 2**32))
    def test_come_and_go(self, rate: int, seed: int) -> None:
        """
        Connections that come and go, in the middle of whatever they do, gain nothing
        and lose nothing for the others.
        """
        rng = Random(seed)
        clock = Clock()
        throttle = Throttle(clock, Rates(up=rate))
        portion = max(2**17, rate // 2**8)
        every = self.streams(clock, throttle, 1, portion, 0.0)
        while clock.seconds() < SECONDS - 0.5:
            run(clock, clock.seconds() + rng.uniform(0.01, 0.5))
            if rng.random() < 0.5:
                every += self.streams(clock, throttle, 1, portion, rng.choice([0, 0.5]))
            else:
                # The first one stays.
                rng.choice([*every[1:], Stream(clock, every[0].allowance)]).end()
        run(clock, SECONDS)
        self.keeps(every, rate)

    @settings(deadline=None, max_examples=10)
    @given(st.integers(2**14, 2**24), st.integers(0, 2**32))
    def test_nothing_is_saved_up(self, rate: int, seed: int) -> None:
        """
        Pauses of all lengths do not let more go afterwards.
        """
        rng = Random(seed)
        clock = Clock()
        throttle = Throttle(clock, Rates(up=rate))
        every: list[Stream] = []
        while clock.seconds() < SECONDS:
            (stream,) = self.streams(clock, throttle, 1, 2**17, 0.0)
            every.append(stream)
            run(clock, clock.seconds() + rng.choice([0.01, 0.1, 1.0]))
            stream.end()
            run(clock, clock.seconds() + rng.choice([0.0, 0.1, 1.0, 3.0]))
        most, _ = most_and_least(passed_of(every), 0, clock.seconds())
        self.assertLessEqual(most, rate * 10 * 1.03)

    @settings(deadline=None, max_examples=15)
    @given(st.integers(2**14, 2**26), st.integers(0, 2**32))
    def test_late_timers(self, rate: int, seed: int) -> None:
        """
        A process that is busy now and then for a tenth of a second keeps the rate all
        the same.
        """
        rng = Random(seed)
        clock = Clock()
        throttle = Throttle(clock, Rates(up=rate))
        streams = self.streams(clock, throttle, 3, 2**17, 0.0)
        while clock.seconds() < SECONDS:
            clock.advance(rng.uniform(0.001, 0.1))
        self.keeps(streams, rate)


class ThrottleTests(SynchronousTestCase):
    """
    Tests for L{Throttle}.
    """

    def test_unlimited(self) -> None:
        """
        Where nothing is limited everything goes at once, and no timer is set; who
        waits all the same goes on soon.
        """
        clock = Clock()
        told: list[str] = []
        for allowance in Throttle(clock, Rates()).allowances():
            self.assertEqual(allowance.grant(10**12), 10**12)
            allowance.refund(5)
            self.assertEqual(clock.getDelayedCalls(), [])
            allowance.wait(lambda: told.append("on"))
            clock.advance(0)
        self.assertEqual(told, ["on", "on"])

    def test_directions(self) -> None:
        """
        Each direction has rates of its own.
        """
        clock = Clock()
        throttle = Throttle(clock, Rates(down=10_000, up_per_neighbor=5_000))
        up, down = throttle.allowances()
        run(clock, 5.0)
        self.assertEqual(up.grant(10**6), 1000)
        self.assertEqual(down.grant(10**6), 2000)

    def test_both_or_none(self) -> None:
        """
        Where the peer has nothing left, nothing is taken of what the neighbour may.
        """
        clock = Clock()
        throttle = Throttle(clock, Rates(up=10_000, up_per_neighbor=5_000))
        greedy, _ = throttle.allowances()
        other, _ = throttle.allowances()
        third, _ = throttle.allowances()
        run(clock, 5.0)
        self.assertEqual([greedy.grant(10**6), other.grant(10**6)], [1000, 1000])
        self.assertEqual(third.grant(10**6), 0)
        throttle.set_rates(Rates(up_per_neighbor=5_000))
        self.assertEqual(third.grant(10**6), 1000)

    def test_waits_once(self) -> None:
        """
        Who waits twice is told once, and who does not wait any more is not told.
        """
        clock = Clock()
        for rates in (Rates(up=10_000), Rates(up_per_neighbor=10_000)):
            throttle = Throttle(clock, rates)
            (first, _), (second, _) = throttle.allowances(), throttle.allowances()
            told: list[str] = []

            def one(told: list[str] = told) -> None:
                told.append("one")

            def two(told: list[str] = told) -> None:
                told.append("two")

            for allowance, go_on in ((first, one), (second, two)):
                self.assertEqual(allowance.grant(1), 0)
                allowance.wait(go_on)
                allowance.wait(go_on)
            second.forget(two)
            run(clock, clock.seconds() + 5)
            self.assertEqual(told, ["one"])
            self.assertEqual(clock.getDelayedCalls(), [])

    def test_while_it_runs(self) -> None:
        """
        New rates hold for the connections that are open, at once, and for those that
        come.
        """
        clock = Clock()
        throttle = Throttle(clock, Rates(up=2**30))
        streams = [Stream(clock, throttle.allowances()[0]) for _ in range(3)]
        for stream in streams:
            stream.go()
        run(clock, 5.0)
        throttle.set_rates(Rates(up=2**20))
        run(clock, 15.5)
        most, _ = most_and_least(passed_of(streams), 5.2, 15.5)
        self.assertLessEqual(most, 2**20 * 10 * 1.03)
        throttle.set_rates(Rates(up_per_neighbor=2**19))
        streams.append(Stream(clock, throttle.allowances()[0]))
        streams[-1].go()
        run(clock, 27.0)
        for stream in streams:
            most, least = most_and_least(stream.taken, 16.0, 27.0)
            self.assertLessEqual(most, 2**19 * 10 * 1.03)
            self.assertGreaterEqual(least, 2**19 * 10 * 0.97)

    def test_forgets_connections(self) -> None:
        """
        Of a connection that is gone nothing is kept.
        """
        clock = Clock()
        throttle = Throttle(clock, Rates(up=1024, up_per_neighbor=1024))
        for _ in range(3):
            stream = Stream(clock, throttle.allowances()[0])
            stream.go()
            stream.end()
        self.assertEqual(clock.getDelayedCalls(), [])
