"""
Tests for L{swarmpeer.metrics.peer_metrics}, where the extra for it is installed.
"""

import sys
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.assemble_web import peer_metrics
from swarmpeer.events import ViolationSeen
from swarmpeer.metrics.catalogue import METRICS
from swarmpeer.metrics.loop_lag import INTERVAL_SECONDS
from swarmpeer.storage.timing import Work
from swarmpeer.test.statuses import TROUBLED
from swarmpeer.test.test_metrics import all_kinds
from swarmpeer.test.tools import excuse

_IS_INSTALLED = find_spec("prometheus_client") is not None
skip = excuse(
    "prometheus_client", None if _IS_INSTALLED else "the extra metrics is not installed"
)

if TYPE_CHECKING or _IS_INSTALLED:
    from prometheus_client.parser import text_string_to_metric_families

    from swarmpeer.metrics.peer_metrics import PeerMetrics

_NOT_THERE: Any = None


class PeerMetricsTests(SynchronousTestCase):
    """
    L{PeerMetrics} tells all.
    """

    def test_text(self) -> None:
        """
        Prometheus reads every metric of the catalogue, of its kind, with its labels
        and the values of them that there are, and besides only those of the process.
        """
        metrics = PeerMetrics(Clock())
        for event, _, _ in all_kinds():
            metrics.tally.observe(event)
        for work in Work:
            metrics.stopwatch.note(work, 0.02)
        full = replace(TROUBLED, checked_share=0.5, last_piece_seconds=1.0)
        text = metrics.text(lambda: full).decode()
        families = {each.name: each for each in text_string_to_metric_families(text)}
        for metric in METRICS:
            family = families.pop(metric.name.removesuffix("_total"))
            self.assertEqual(
                (family.type, family.documentation), (metric.kind, metric.help)
            )
            values = Counter(
                sample.labels.get(metric.label, "")
                for sample in family.samples
                if not sample.name.endswith(("_bucket", "_sum", "_created"))
            )
            known = metric.values or (("1001",) if metric.label else ("",))
            self.assertEqual(values, Counter(known), metric)
        self.assertEqual([name for name in families if "process_" not in name], [])

    def test_values(self) -> None:
        """
        Numbers are what they are of.
        """
        metrics = PeerMetrics(Clock())
        metrics.tally.observe(ViolationSeen(1, "bad-length", "x"))
        metrics.stopwatch.note(Work.WRITE, 0.02)
        text = metrics.text(lambda: TROUBLED).decode()
        for line in (
            'swarmpeer_violations_total{reason="bad-length"} 1.0',
            'swarmpeer_disk_seconds_count{operation="write"} 1.0',
            'swarmpeer_disk_seconds_bucket{le="0.01",operation="write"} 0.0',
            'swarmpeer_disk_seconds_bucket{le="0.025",operation="write"} 1.0',
            "swarmpeer_received_bytes_total 40.0",
        ):
            self.assertIn(f"\n{line}\n", text)

    def test_worst_lag(self) -> None:
        """
        How late the event loop was at worst is told once.
        """
        clock = Clock()
        metrics = PeerMetrics(clock)
        metrics.lag.startService()
        clock.advance(INTERVAL_SECONDS + 1.0)
        name = "\nswarmpeer_event_loop_lag_max_seconds"
        self.assertIn(f"{name} 1.0\n", metrics.text(lambda: TROUBLED).decode())
        self.assertIn(f"{name} 0.0\n", metrics.text(lambda: TROUBLED).decode())
        metrics.lag.stopService()

    def test_installed(self) -> None:
        """
        Whether there are metrics is found out by looking for the package.
        """
        self.assertIsInstance(peer_metrics(Clock()), PeerMetrics)
        for name in ("swarmpeer.metrics.peer_metrics", "prometheus_client"):
            self.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
        del sys.modules["swarmpeer.metrics.peer_metrics"]
        # What Python takes for a module that cannot be found.
        sys.modules.update({"prometheus_client": _NOT_THERE})
        self.assertIs(peer_metrics(Clock()), None)
