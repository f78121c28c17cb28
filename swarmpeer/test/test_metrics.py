"""
Tests for L{swarmpeer.metrics} and its page.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.test.requesthelper import DummyRequest
from zope.interface.verify import verifyObject

from swarmpeer.errors import ViolationReason
from swarmpeer.events import (
    BadPieceReceived,
    ChokedBy,
    ConnectionRefused,
    DialFailed,
    DuplicatePieceReceived,
    GivenBackReason,
    NeighborChoked,
    NeighborConnected,
    NeighborDisconnected,
    NeighborUnchoked,
    OptimisticRoundHeld,
    PieceHealed,
    PieceSent,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    PreferredRoundHeld,
    RequestGivenBack,
    SwarmEvent,
    UnchokedBy,
    ViolationSeen,
)
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.metrics import catalogue
from swarmpeer.metrics.catalogue import METRICS, Kind, Metric
from swarmpeer.metrics.gauges import gauges
from swarmpeer.metrics.histogram import BUCKETS, Histogram
from swarmpeer.metrics.loop_lag import INTERVAL_SECONDS, LoopLag
from swarmpeer.metrics.tally import Tally
from swarmpeer.status.shape import (
    ProblemCode,
    State,
)
from swarmpeer.test.statuses import TROUBLED
from swarmpeer.web.metrics_page import METRICS as METRICS_TYPE
from swarmpeer.web.metrics_page import MetricsPage, NoMetricsPage


def all_kinds() -> Iterator[tuple[SwarmEvent, Metric, str]]:
    """
    An event of each kind that is counted, and where.
    """
    yield NeighborChoked(1), catalogue.CHOKE_CHANGES, "choked"
    yield NeighborUnchoked(1), catalogue.CHOKE_CHANGES, "unchoked"
    yield ChokedBy(1), catalogue.CHOKE_CHANGES, "choked_by"
    yield UnchokedBy(1), catalogue.CHOKE_CHANGES, "unchoked_by"
    preferred = PreferredRoundHeld((), (), None, True, False)
    yield preferred, catalogue.ROUNDS_HELD, "preferred"
    yield OptimisticRoundHeld((), None, False), catalogue.ROUNDS_HELD, "optimistic"
    yield NeighborConnected(1, True), catalogue.CONNECTIONS, "called"
    yield NeighborConnected(1, False), catalogue.CONNECTIONS, "was_called"
    yield NeighborDisconnected(1, "x"), catalogue.DISCONNECTIONS, ""
    yield ConnectionRefused(None, "x"), catalogue.REFUSED, ""
    yield DialFailed(1, "x", 1.0), catalogue.DIAL_FAILURES, ""
    for reason in ViolationReason:
        yield ViolationSeen(1, reason.value, "x"), catalogue.VIOLATIONS, reason.value
    yield RequestGivenBack(1, 1, GivenBackReason.STALL), catalogue.UNANSWERED, ""
    yield PieceStored(1, 1, 1, 1), catalogue.STORED, ""
    yield PieceSent(1, 1, 1), catalogue.SENT_PIECES, ""
    yield PieceStoreFailed(1, 1, "x"), catalogue.STORE_FAILURES, ""
    yield BadPieceReceived(1, 1, 1), catalogue.BAD, ""
    yield DuplicatePieceReceived(1, 1, 1), catalogue.DUPLICATES, ""
    yield PieceWithdrawn(1, "x"), catalogue.WITHDRAWN, ""
    yield PieceHealed(1), catalogue.HEALED, ""


class CatalogueTests(SynchronousTestCase):
    """
    L{swarmpeer.metrics.catalogue} keeps to the conventions of Prometheus.
    """

    def test_names(self) -> None:
        """
        Names are those of swarmpeer, each once, a counter ends with C{_total} and
        nothing else does, and a unit is a base unit.
        """
        names = [metric.name for metric in METRICS]
        self.assertGreater(len(names), 30)
        self.assertEqual(len(set(names)), len(names))
        for metric in METRICS:
            self.assertTrue(re.fullmatch("swarmpeer(_[a-z]+)+", metric.name), metric)
            is_counter = metric.kind is Kind.COUNTER
            self.assertEqual(metric.name.endswith("_total"), is_counter, metric)
            self.assertFalse(re.search("milli|minute|kilo|mega|percent", metric.name))

    def test_help(self) -> None:
        """
        Each has a sentence of help, on one line.
        """
        for metric in METRICS:
            self.assertTrue(metric.help.endswith("."), metric)
            self.assertNotIn("\n", metric.help)

    def test_labels(self) -> None:
        """
        A label has few values, which are known; only the id of the peer is its own.
        """
        for metric in METRICS:
            self.assertEqual(
                bool(metric.values),
                bool(metric.label) and metric is not catalogue.PEER,
                metric,
            )
            self.assertLess(len(metric.values), 20)


class TallyTests(SynchronousTestCase):
    """
    L{Tally} counts.
    """

    def test_each(self) -> None:
        """
        Each kind of event is counted at one place, once, and every count there is
        stands for some event.
        """
        counted = set()
        for event, metric, value in all_kinds():
            tally = Tally()
            verifyObject(ISwarmObserver, tally)
            self.assertIsInstance(event, Tally.event_classes)
            tally.observe(event)
            found = {
                (metric, value): count
                for metric, counts in tally.counts.items()
                for value, count in counts.items()
                if count
            }
            self.assertEqual(found, {(metric, value): 1}, event)
            counted.add((metric, value))
        every = {
            (each, value) for each in Tally().counts for value in Tally().counts[each]
        }
        self.assertEqual(counted, every)

    def test_from_the_start(self) -> None:
        """
        What was not seen yet is 0 and not missing, or a first violation would be no
        increase.
        """
        reasons = Tally().counts[catalogue.VIOLATIONS]
        self.assertEqual(set(reasons), {reason.value for reason in ViolationReason})

    def test_unknown(self) -> None:
        """
        A reason that nobody knows makes no label, and a request that is given back for
        another reason is not unanswered.
        """
        tally = Tally()
        tally.observe(ViolationSeen(1, "made-up", "x"))
        tally.observe(RequestGivenBack(1, 1, GivenBackReason.CHOKE))
        counts = [count for each in tally.counts.values() for count in each.values()]
        self.assertEqual(sum(counts), 0)
        self.assertNotIn("made-up", tally.counts[catalogue.VIOLATIONS])


class HistogramTests(SynchronousTestCase):
    """
    L{Histogram} counts seconds.
    """

    @given(st.lists(st.floats(0, 20)))
    def test_counts(self, all_seconds: list[float]) -> None:
        """
        Each bucket has how many took at most so long, the last one all.
        """
        histogram = Histogram()
        for seconds in all_seconds:
            histogram.add(seconds)
        up_to, total = histogram.read()
        self.assertEqual([bound for bound, _ in up_to], [*BUCKETS, float("inf")])
        for bound, count in up_to:
            self.assertEqual(count, sum(1 for each in all_seconds if each <= bound))
        self.assertAlmostEqual(total, sum(all_seconds))


class LoopLagTests(SynchronousTestCase):
    """
    L{LoopLag} tells how late the event loop is.
    """

    def setUp(self) -> None:
        """
        One that has run for some time, in a loop that was never late.
        """
        self.clock = Clock()
        self.clock.advance(1000.1)
        self.lag = LoopLag(self.clock)
        self.lag.startService()
        self.clock.pump([INTERVAL_SECONDS] * 8)

    def test_in_time(self) -> None:
        """
        A loop that is never late has a lag of nothing, each time that it is looked.
        """
        up_to, total = self.lag.histogram.read()
        self.assertEqual(up_to[-1][1], 8)
        self.assertLess(total, 1e-9)
        self.assertLess(self.lag.take_worst(), 1e-9)

    def test_late(self) -> None:
        """
        A loop that stands still for 2.1 s is as late as that, less the time to the
        call that was due; the worst is told once, and later calls are in time again.
        """
        self.clock.advance(2.1)
        self.assertAlmostEqual(self.lag.take_worst(), 2.1 - INTERVAL_SECONDS)
        self.clock.pump([0.15, *[INTERVAL_SECONDS] * 4])
        self.assertLess(self.lag.take_worst(), 1e-9)

    def test_worst(self) -> None:
        """
        The worst of many is told, and all are counted.
        """
        for late in (0.1, 0.2, 0.05):
            self.clock.advance(INTERVAL_SECONDS + late)
            self.clock.advance(INTERVAL_SECONDS - late)
        self.assertAlmostEqual(self.lag.take_worst(), 0.2)
        self.assertAlmostEqual(self.lag.histogram.read()[1], 0.35)

    def test_stop(self) -> None:
        """
        Stopped, it asks for nothing any more.
        """
        self.lag.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class GaugesTests(SynchronousTestCase):
    """
    L{gauges} tells a status.
    """

    def test_status(self) -> None:
        """
        Numbers are as in the status; of what is one of many, each is told.
        """
        told = dict(gauges(TROUBLED))
        self.assertEqual(told[catalogue.HELD], {"": 3.0})
        self.assertEqual(told[catalogue.MISSING], {"": 7.0})
        self.assertEqual(told[catalogue.NOWHERE], {"": 1.0})
        self.assertEqual(told[catalogue.PEER], {"1001": 1.0})
        self.assertEqual(told[catalogue.COMPLETE], {"": 0.0})
        self.assertEqual(
            told[catalogue.STATE],
            {state.value: float(state is State.FETCHING) for state in State},
        )
        expected = {code.value: 0.0 for code in ProblemCode}
        self.assertEqual(
            told[catalogue.PROBLEMS], {**expected, "unreachable": 2.0, "no-holder": 1.0}
        )
        states = told[catalogue.NEIGHBOR_STATE]
        self.assertEqual(
            {name: count for name, count in states.items() if count},
            {
                "am_choking": 1,
                "am_interested": 2,
                "peer_interested": 2,
                "preferred": 1,
                "snubbed": 1,
            },
        )

    def test_unknown(self) -> None:
        """
        What cannot be told is left out.
        """
        told = dict(gauges(replace(TROUBLED, expected_seconds=None)))
        for metric in (catalogue.EXPECTED, catalogue.LAST_PIECE, catalogue.CHECKED):
            self.assertNotIn(metric, told)

    def test_complete(self) -> None:
        """
        A peer that is done is complete.
        """
        told = dict(gauges(replace(TROUBLED, state=State.COMPLETE)))
        self.assertEqual(told[catalogue.COMPLETE], {"": 1.0})


class PageTests(SynchronousTestCase):
    """
    C{/metrics}.
    """

    def get(self, page: Resource) -> tuple[object, object, bytes]:
        """
        Status, content type and body.
        """
        request: Any = DummyRequest([])
        body: bytes = page.render(request)
        kinds = request.responseHeaders.getRawHeaders("content-type")
        return request.responseCode, kinds, body

    def test_metrics(self) -> None:
        """
        It has what is told when it is asked for.
        """
        page = MetricsPage(lambda: b"x 1\n")
        self.assertEqual(self.get(page), (200, [METRICS_TYPE], b"x 1\n"))

    def test_without(self) -> None:
        """
        Without the package for it, one line says which extra has it.
        """
        code, _, body = self.get(NoMetricsPage())
        self.assertEqual(code, 501)
        self.assertEqual(body.count(b"\n"), 1)
        self.assertIn(b"pip install '.[metrics]'", body)
