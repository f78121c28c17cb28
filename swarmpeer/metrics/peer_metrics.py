"""
The metrics of one peer, put together, in the words of Prometheus.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from twisted.internet.interfaces import IReactorTime

from swarmpeer.metrics import catalogue
from swarmpeer.metrics.catalogue import Kind
from swarmpeer.metrics.gauges import Values, gauges
from swarmpeer.metrics.histogram import Histogram
from swarmpeer.metrics.loop_lag import LoopLag
from swarmpeer.metrics.tally import Tally
from swarmpeer.status.shape import Status
from swarmpeer.storage.timing import Stopwatch, Work


class PeerMetrics:
    """
    Counts and measures what one peer does, and tells it.

    @ivar tally: observes the peer.
    @ivar lag: runs while the peer does.
    @ivar stopwatch: for its storage.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.tally = Tally()
        self.lag = LoopLag(clock)
        self._work = {work: Histogram() for work in Work}
        self.stopwatch = Stopwatch(clock.seconds, self._note)

    def text(self, status: Callable[[], Status]) -> bytes:
        """
        All metrics now, in the text format of Prometheus.  Called in the reactor
        thread: what it tells belongs together.
        """
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_Collector(lambda: self._families(status())))
        return generate_latest(registry)

    def _note(self, work: Work, seconds: float) -> None:
        self._work[work].add(seconds)

    def _families(self, status: Status) -> Iterator[Metric]:
        for metric, values in gauges(status):
            yield _family(metric, values)
        for metric, counts in self.tally.counts.items():
            yield _family(metric, counts)
        yield _histograms(catalogue.HASHING, {"": self._work[Work.HASH]})
        on_disk = {name: self._work[Work(name)] for name in catalogue.DISK.values}
        yield _histograms(catalogue.DISK, on_disk)
        yield _histograms(catalogue.LAG, {"": self.lag.histogram})
        yield _family(catalogue.LAG_MAX, {"": self.lag.take_worst()})


class _Collector(Collector):
    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """
        What there is now.
        """
        return self._families()


def _labels(metric: catalogue.Metric) -> list[str]:
    return [metric.label] if metric.label else []


def _label_values(value: str) -> list[str]:
    return [value] if value else []


def _family(metric: catalogue.Metric, values: Values) -> Metric:
    family: CounterMetricFamily | GaugeMetricFamily
    if metric.kind is Kind.COUNTER:
        family = CounterMetricFamily(metric.name, metric.help, labels=_labels(metric))
    else:
        family = GaugeMetricFamily(metric.name, metric.help, labels=_labels(metric))
    for value, number in values.items():
        family.add_metric(_label_values(value), number)
    return family


def _histograms(metric: catalogue.Metric, found: dict[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.help, labels=_labels(metric))
    for value, histogram in found.items():
        up_to, total = histogram.read()
        buckets = [(_bound(bound), count) for bound, count in up_to]
        family.add_metric(_label_values(value), buckets, total)
    return family


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else f"{seconds:g}"
