"""
What lies in C{contrib}: units of systemd, a container, a dashboard and alerts, held
against what a peer takes and tells.
"""

import ast
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.metrics.catalogue import METRICS, NOWHERE, Kind, Metric
from swarmpeer.tap import Options
from swarmpeer.test.tools import excuse
from tests.processes import ROOT

_CONTRIB = ROOT / "contrib"
_TWISTD = "/opt/swarmpeer/bin/twistd"
_OF_ALL = frozenset({"job", "instance"})
"""
The labels that Prometheus itself gives.
"""
_LEFT_OUT = {
    "swarmpeer_checked_ratio",
    "swarmpeer_duplicate_bytes_total",
    "swarmpeer_healed_pieces_total",
    "swarmpeer_incomplete_peers",
    "swarmpeer_last_piece_seconds",
    "swarmpeer_missing_nowhere_pieces",
    "swarmpeer_missing_pieces",
    "swarmpeer_peer_info",
    "swarmpeer_receive_bytes_per_second",
    "swarmpeer_send_bytes_per_second",
    "swarmpeer_size_bytes",
    "swarmpeer_up_seconds",
    "swarmpeer_withdrawn_pieces_total",
}
"""
The metrics that are not on the dashboard.
"""
_MOST_EXPOSED = 1.2
"""
What C{systemd-analyze security} may tell: from 0 for locked away to 10.
"""


def series() -> dict[str, Metric | None]:
    """
    Every name that an expression may have, and the metric that it is of; those of the
    process are none of ours.
    """
    names: dict[str, Metric | None] = {"up": None}
    for metric in METRICS:
        endings = [""]
        if metric.kind is Kind.HISTOGRAM:
            endings = ["_bucket", "_sum", "_count"]
        names.update({f"{metric.name}{ending}": metric for ending in endings})
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    names.update(
        {each: None for family in registry.collect() for each in _named(family)}
    )
    return names


def _named(family: object) -> Iterable[str]:
    return {sample.name for sample in getattr(family, "samples", ())}


_SERIES = series()


def labels_of(name: str) -> frozenset[str]:
    """
    The labels that a series has.
    """
    metric = _SERIES[name]
    own = {metric.label} if metric is not None and metric.label else set()
    return _OF_ALL | own | ({"le"} if name.endswith("_bucket") else set())


def faults(expression: str) -> Iterator[str]:
    """
    What is wrong with an expression of PromQL: names and labels that no peer has, and
    values that a label never has.
    """
    bare = re.sub(r'"[^"]*"', '""', expression)
    names = re.findall(r"(?<![\w$])(?:swarmpeer|process)_\w+|(?<!\w)up(?=\{)", bare)
    if not names:
        yield f"no metric in {expression}"
    unknown = [name for name in names if name not in _SERIES]
    yield from (f"no metric is called {name}" for name in unknown)
    known = [name for name in names if name in _SERIES]
    for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expression):
        if name in _SERIES:
            yield from _wrong_matchers(name, matchers)
    has = frozenset().union(*map(labels_of, known)) if known else frozenset()
    for grouped in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", bare):
        for label in re.findall(r"\w+", grouped):
            if label not in has:
                yield f"{label} is no label in {expression}"


def _wrong_matchers(name: str, matchers: str) -> Iterator[str]:
    metric = _SERIES[name]
    for label, _, pattern in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
        if label not in labels_of(name):
            yield f"{name} has no label {label}"
        elif metric is not None and label == metric.label:
            for value in pattern.split("|"):
                if value not in metric.values:
                    yield f"the {label} of {name} is never {value}"


def shown_labels(text: str) -> list[str]:
    """
    The labels that a text of Grafana or of an alert shows.
    """
    return re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text)


class ExpressionTests(SynchronousTestCase):
    """
    The check itself.
    """

    def test_right(self) -> None:
        """
        What is right is taken.
        """
        for expression in (
            "swarmpeer_complete",
            'sum by (code) (swarmpeer_problems{code=~"disk|record",job="x"}) > 0',
            "rate(swarmpeer_hash_seconds_bucket[5m])",
            'up{job="swarmpeer"} == 0',
            "process_resident_memory_bytes",
        ):
            self.assertEqual(list(faults(expression)), [])

    def test_wrong(self) -> None:
        """
        What is wrong is found.
        """
        for expression in (
            "swarmpeer_completed",
            "swarmpeer_received_bytes",
            "swarmpeer_hash_seconds",
            'swarmpeer_problems{code="disc"}',
            'swarmpeer_problems{code=~"disk|recrd"}',
            'swarmpeer_problems{reason="disk"}',
            "sum by (reason) (swarmpeer_problems)",
            "process_resident_memory",
            "1 + 1",
        ):
            self.assertEqual(len(list(faults(expression))), 1, expression)


class PrometheusTests(SynchronousTestCase):
    """
    C{contrib/prometheus} and C{contrib/grafana}.
    """

    def test_alerts(self) -> None:
        """
        Every alert asks for what there is, shows labels that it has, and has a summary.
        """
        text = (_CONTRIB / "prometheus" / "alerts.yml").read_text()
        alerts = re.split(r"^ +- alert: ", text, flags=re.MULTILINE)[1:]
        self.assertGreater(len(alerts), 8)
        for alert in alerts:
            (expression,) = re.findall(r"^ +expr: (.*)$", alert, re.MULTILINE)
            self.assertEqual(list(faults(expression)), [], alert)
            (summary,) = re.findall(r"^ +summary: (.*)$", alert, re.MULTILINE)
            grouped = set(
                re.findall(r"\w+", " ".join(re.findall(r"by \(.*?\)", expression)))
            )
            shown = set(shown_labels(summary)) - {"value"}
            self.assertLessEqual(shown, grouped | _OF_ALL, alert)

    def test_told_one_by_one(self) -> None:
        """
        Nobody is alarmed by what is in nobody's name while a seed tells of its pieces
        one by one: alerts and dashboard ask for the problem, which waits for that.
        """
        for path in ("prometheus/alerts.yml", "grafana/swarmpeer.json"):
            text = (_CONTRIB / path).read_text()
            asked = [line for line in text.splitlines() if '"expr":' in line]
            asked += re.findall(r"^ +expr: .*$", text, re.MULTILINE)
            self.assertEqual([line for line in asked if NOWHERE.name in line], [])
            self.assertTrue(any("no-holder" in line for line in asked), path)

    def test_dashboard(self) -> None:
        """
        So does every panel of the dashboard, with a title, at a place of its own; and
        all metrics but those that are told otherwise, or seldom matter, are on it.
        """
        text = (_CONTRIB / "grafana" / "swarmpeer.json").read_text()
        dashboard = json.loads(text)
        panels = dashboard["panels"]
        targets = [each for panel in panels for each in panel.get("targets", [])]
        self.assertGreater(len(targets), 25)
        for target in targets:
            self.assertEqual(list(faults(target["expr"])), [])
            legend = set(shown_labels(target["legendFormat"]))
            grouped = re.findall(r"by \((.*?)\)", target["expr"])
            has = set(re.findall(r"\w+", " ".join(grouped))) if grouped else _OF_ALL
            self.assertLessEqual(legend, has, target["expr"])
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        self.assertTrue(all(panel["title"] for panel in panels))
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
        self.assertLess(max(x for x, _ in taken), 24)
        shown = {name for name in _SERIES if re.search(rf"\b{name}\b", text)}
        left_out = {metric.name for metric in METRICS} - {
            metric.name for name in shown if (metric := _SERIES[name]) is not None
        }
        self.assertEqual(left_out, _LEFT_OUT)


class SystemdTests(SynchronousTestCase):
    """
    C{contrib/systemd}.
    """

    folder = _CONTRIB / "systemd"

    def value(self, key: str, name: str = "swarmpeer@.service") -> str:
        """
        The one value that the service, or another file, has for a key.
        """
        text = (self.folder / name).read_text()
        (value,) = re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)
        return str(value)

    def test_reload(self) -> None:
        """
        The unit is of Type=notify, on which its ExecReload relies.
        """
        self.assertEqual(self.value("ExecReload"), "/bin/kill -HUP $MAINPID")
        self.assertEqual(self.value("Type"), "notify")

    def test_command(self) -> None:
        """
        The command is one that a peer takes, with the options that the sockets need.
        """
        _, found, words = self.value("ExecStart").partition(" swarmpeer ")
        self.assertTrue(found)
        sockets = "".join(path.read_text() for path in self.folder.glob("*.socket"))
        longest = max(re.findall(r"^#   OPTIONS=(.*)$", sockets, re.MULTILINE), key=len)
        options = Options()
        options.parseOptions(
            shlex.split(
                words.replace("%i", "7")
                .replace("$OPTIONS", longest)
                .replace("$TOKEN", self.value("Environment=TOKEN", "token.conf"))
            )
        )
        self.assertEqual((options["id"], options["stay"]), (7, 1))
        # It is in no home, which the service does not see, but where the page says.
        self.assertEqual(self.value("ExecStart").split()[0], _TWISTD)
        folder = _TWISTD.removesuffix("/bin/twistd")
        page = (ROOT / "docs" / "service.md").read_text()
        self.assertIn(f"    python3 -m venv {folder} ", page)
        self.assertIn(f"    {folder}/bin/pip install '.[metrics]'\n", page)
        names = re.findall(r"^FileDescriptorName=(.*)$", sockets, re.MULTILINE)
        told = [options[key].rpartition("=")[2] for key in ("listen", "web")]
        self.assertEqual(sorted(names), sorted(told))

    def test_folders(self) -> None:
        """
        The folders that the command names are those that the service is given.
        """
        command = self.value("ExecStart")
        for key, parent in (("StateDirectory", "lib"), ("LogsDirectory", "log")):
            self.assertIn(f"=/var/{parent}/{self.value(key)} ", command)

    def test_token(self) -> None:
        """
        The token is handed over by systemd, from where the page says, so that nobody
        but root need be able to read it; who has none has a unit that wants none.
        """
        name, _, path = self.value("LoadCredential", "token.conf").partition(":")
        option = self.value("Environment=TOKEN", "token.conf")
        self.assertEqual(option, f"--web-token-file=%d/{name}")
        self.assertEqual(self.value("Environment=TOKEN"), "")
        page = (ROOT / "docs" / "service.md").read_text()
        self.assertIn(f"umask 077; openssl rand -hex 16 > {path})\n", page)
        (install,) = re.findall(
            r"^# +(install .*)$",
            (self.folder / "token.conf").read_text(),
            re.MULTILINE,
        )
        self.assertIn(
            install.replace("token.conf", "contrib/systemd/token.conf", 1), page
        )

    def test_data_of_a_seed(self) -> None:
        """
        The page puts the data of a seed to where the service looks, behind the link.
        """
        page = (ROOT / "docs" / "service.md").read_text()
        folder = self.value("StateDirectory").replace("%i", "1001")
        self.assertEqual(self.value("DynamicUser"), "yes")
        for command in ("install -d -o root -g root -m 750", "cp -r dataset"):
            self.assertIn(f"    {command} /var/lib/private/{folder}\n", page)

    def units(self) -> Path:
        """
        The units of one peer, with a command that is on this machine.
        """
        missing = shutil.which("systemd-analyze") is None
        if missing and (reason := excuse("systemd-analyze", "it is not here")):
            self.skipTest(reason)
        place = Path(self.mktemp()).absolute()
        place.mkdir()
        for path in self.folder.glob("*@*"):
            text = path.read_text().replace(_TWISTD, "/bin/true")
            (place / path.name.replace("@", "@1001")).write_text(text)
        more = place / "swarmpeer@1001.service.d"
        more.mkdir()
        shutil.copy(self.folder / "token.conf", more)
        return place

    def test_verified(self) -> None:
        """
        systemd has nothing to say against the units.
        """
        place = self.units()
        paths = sorted(str(path) for path in place.iterdir() if path.is_file())
        self.assertEqual(len(paths), 3)
        for path in paths:
            said = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", path],
                capture_output=True,
                text=True,
                timeout=60,
            )
            lines = [line for line in said.stderr.splitlines() if "swarmpeer" in line]
            self.assertEqual((said.returncode, lines), (0, []))

    def test_exposure(self) -> None:
        """
        The service is locked away, as docs/service.md tells.
        """
        said = subprocess.run(
            [
                *("systemd-analyze", "security", "--offline=true", "--no-pager"),
                str(self.units() / "swarmpeer@1001.service"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
        (exposure,) = re.findall(r"exposure level for .*: ([\d.]+) ", said.stdout)
        self.assertLessEqual(float(exposure), _MOST_EXPOSED)
        page = (ROOT / "docs" / "service.md").read_text()
        self.assertIn(f"{_MOST_EXPOSED} or less", page)


class ContainerTests(SynchronousTestCase):
    """
    C{contrib/container}.
    """

    text = (_CONTRIB / "container" / "Containerfile").read_text()

    def instructions(self, name: str) -> list[str]:
        """
        What stands behind each C{name}.
        """
        whole = self.text.replace("\\\n", " ")
        return re.findall(rf"^{name} (.*)$", whole, re.MULTILINE)

    def test_known(self) -> None:
        """
        There are only instructions that a build knows, and the last user is nobody.
        """
        lines = self.text.replace("\\\n", " ").splitlines()
        first = {line.split()[0] for line in lines if line and line[0] != "#"}
        self.assertLessEqual(
            first,
            {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE"}
            | {"HEALTHCHECK", "ENTRYPOINT", "CMD"},
        )
        (user,) = self.instructions("USER")
        self.assertNotIn("root", user)
        self.assertNotEqual(user.partition(":")[0], "0")

    def test_copied(self) -> None:
        """
        What is copied is there, and enough for the package.
        """
        copied = [
            word
            for line in self.instructions("COPY")
            if "--from" not in line
            for word in line.split()[:-1]
        ]
        for word in copied:
            self.assertTrue((ROOT / word).exists(), word)
        self.assertLessEqual(
            {"pyproject.toml", "setup.py", "README.md", "swarmpeer", "twisted"},
            set(copied),
        )

    def test_commands(self) -> None:
        """
        The command is one that a peer takes, and the check of its health asks where its
        pages are.
        """
        (entry,) = self.instructions("ENTRYPOINT")
        words = json.loads(entry)
        options = Options()
        options.parseOptions([*words[words.index("swarmpeer") + 1 :], "--id", "7"])
        self.assertEqual(options["web"], "tcp:8080:interface=127.0.0.1")
        (health,) = self.instructions("HEALTHCHECK")
        *_, script = json.loads(health.partition("CMD ")[2])
        ast.parse(script)
        self.assertIn("http://127.0.0.1:8080/healthz", script)
