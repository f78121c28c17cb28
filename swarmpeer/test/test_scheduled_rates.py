"""
Tests for L{swarmpeer.scheduled_rates}.
"""

from twisted.application.service import MultiService
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import Rates, RatesAt, RateSchedule
from swarmpeer.scheduled_rates import ScheduledRates

HOUR = 3600.0
WEDNESDAY = 2
BY_DAY = RateSchedule(
    Rates(up=9_000_000, down=9_000_000),
    (RatesAt(8 * 60, 18 * 60, {"up": 2_000_000}),),
)


class RecordingPeer(MultiService):
    """
    Remembers when which rates were set.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.set: list[tuple[float, Rates]] = []

    def set_rates(self, rates: Rates) -> None:
        """
        Remember.
        """
        self.set.append((self.clock.seconds(), rates))


class ScheduledRatesTests(SynchronousTestCase):
    """
    A peer whose day begins at a time of the test's.
    """

    def made(
        self, schedule: RateSchedule, now: float
    ) -> tuple[RecordingPeer, ScheduledRates]:
        """
        A peer that does not run yet, and its rates; it is Wednesday.
        """
        self.clock = Clock()
        self.now = now
        self.peer = RecordingPeer(self.clock)
        rates = ScheduledRates(
            self.peer.set_rates, 1001, schedule, self.clock, self.local_time
        )
        rates.setServiceParent(self.peer)
        return self.peer, rates

    def begin(
        self, schedule: RateSchedule, now: float
    ) -> tuple[RecordingPeer, ScheduledRates]:
        """
        One that runs.
        """
        peer, rates = self.made(schedule, now)
        peer.startService()
        return peer, rates

    def local_time(self) -> tuple[int, float]:
        """
        What the wall shows.
        """
        return WEDNESDAY, self.now + self.clock.seconds()

    def pass_time(self, seconds: float) -> None:
        """
        In steps of a second.
        """
        self.clock.pump([1.0] * int(seconds))

    def test_by_day(self) -> None:
        """
        The rates of the hour hold from the start, and others from the very minute on
        that is told; nothing is set meanwhile.
        """
        peer, _ = self.begin(BY_DAY, 8 * HOUR - 90.5)
        self.pass_time(100)
        fast, slow = BY_DAY.at(WEDNESDAY, 0), BY_DAY.at(WEDNESDAY, 8 * 60)
        self.assertEqual([rates for _, rates in peer.set], [fast, slow])
        self.assertEqual(peer.set[0][0], 0.0)
        self.assertLess(abs(peer.set[1][0] - 90.5), 1.0)

    def test_no_parts(self) -> None:
        """
        Rates that are always the same are set once, before the start, and no timer is
        needed.
        """
        peer, _ = self.begin(RateSchedule(Rates(up=5000)), 0.0)
        self.assertEqual(peer.set, [(0.0, Rates(up=5000))])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_clock_is_set(self) -> None:
        """
        When the clock on the wall is set, the peer is as fast as the new hour wants it
        in a minute at the latest.
        """
        peer, _ = self.begin(BY_DAY, 12 * HOUR)
        self.now += 7 * HOUR
        self.pass_time(60)
        self.assertEqual(peer.set[-1][1].up, 9_000_000)
        self.now -= 7 * HOUR
        self.pass_time(60)
        self.assertEqual(peer.set[-1][1].up, 2_000_000)

    def test_set_by_hand(self) -> None:
        """
        What somebody else set stays until the schedule has other rates.
        """
        peer, _ = self.begin(BY_DAY, 18 * HOUR - 600)
        own = Rates(up=1024)
        peer.set_rates(own)
        self.pass_time(290)
        self.successResultOf(peer.stopService())
        peer.startService()
        self.pass_time(290)
        self.assertEqual(peer.set[-1][1], own)
        self.pass_time(20)
        self.assertEqual(peer.set[-1][1], BY_DAY.usual)

    def test_set_before_start(self) -> None:
        """
        So does what was set before the start, whether the schedule tells of any rate
        or not, and even if it is read again.
        """
        own = Rates(up=1024)
        for schedule in (RateSchedule(), RateSchedule(Rates(up=5000)), BY_DAY):
            peer, rates = self.made(schedule, 12 * HOUR)
            self.assertEqual(
                [each for _, each in peer.set],
                [each for each in [schedule.at(WEDNESDAY, 12 * 60)] if each != Rates()],
            )
            peer.set_rates(own)
            peer.startService()
            self.pass_time(120)
            rates.set_schedule(schedule)
            self.assertEqual(peer.set[-1][1], own)
            rates.set_schedule(RateSchedule(Rates(up=6000)))
            self.assertEqual(peer.set[-1][1], Rates(up=6000))

    def test_late_start(self) -> None:
        """
        If others hold by the time of the start, they are set then.
        """
        peer, _ = self.made(BY_DAY, 18 * HOUR - 60)
        self.pass_time(120)
        self.assertEqual(len(peer.set), 1)
        peer.startService()
        self.assertEqual(peer.set[-1][1], BY_DAY.usual)

    def test_other_schedule(self) -> None:
        """
        Another schedule holds at once.
        """
        peer, rates = self.begin(BY_DAY, 12 * HOUR)
        rates.set_schedule(RateSchedule(Rates(down=7000)))
        self.assertEqual(peer.set[-1], (0.0, Rates(down=7000)))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        rates.set_schedule(BY_DAY)
        self.pass_time(7 * HOUR)
        self.assertEqual(peer.set[-1][1], BY_DAY.usual)

    def test_not_running(self) -> None:
        """
        A peer that does not run hears of another schedule when it does.
        """
        peer, rates = self.begin(BY_DAY, 12 * HOUR)
        peer.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        peer.set.clear()
        rates.set_schedule(RateSchedule(Rates(down=7000)))
        self.assertEqual(peer.set, [])
        peer.startService()
        self.assertEqual(peer.set, [(0.0, Rates(down=7000))])

    def test_leap_second(self) -> None:
        """
        The last second of a long day belongs to its last minute.
        """
        peer, _ = self.begin(BY_DAY, 24 * HOUR + 0.5)
        self.assertEqual(peer.set[-1][1], BY_DAY.usual)

    def test_below(self) -> None:
        """
        One finds it by the peer that it hangs below.
        """
        peer, rates = self.begin(BY_DAY, 0.0)
        self.assertIs(ScheduledRates.below(peer), rates)
        self.assertRaises(KeyError, ScheduledRates.below, MultiService())

    def test_says_so(self) -> None:
        """
        Each change is a line in the log.
        """
        with capturedLogs() as events:
            self.begin(BY_DAY, 12 * HOUR)
        self.assertEqual(
            [formatEvent(event) for event in events],
            [
                "peer 1001: from now on up 2.00 MB/s, down 9.00 MB/s, for each "
                "neighbour up unlimited, down unlimited"
            ],
        )
