"""
What the documentation says of other files and of the code, held against them.
"""

import ast
import builtins
import doctest
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import events, testing
from swarmpeer.asking import ANSWER_SECONDS
from swarmpeer.assemble_log import MOST_KEPT, USUAL_BYTES, USUALLY_KEPT
from swarmpeer.config import SwarmConfig
from swarmpeer.config.swarm_keys import ARRAYS, KEYS, MEMBERS, RATES_AT, TOP
from swarmpeer.conformance import families, slips
from swarmpeer.conformance.clauses import CLAUSES
from swarmpeer.conformance.report import report_json
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ConfigError, ViolationReason
from swarmpeer.file_name import MAX_FILE_NAME_BYTES
from swarmpeer.lab.gathering import PEERS_PER_TICK
from swarmpeer.log_output.bounded_file import LEAST_BYTES
from swarmpeer.log_output.folding import MANY_AT_ONCE
from swarmpeer.log_reading.as_json import json_text
from swarmpeer.log_reading.checking import Checked
from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.log_reading.terms import Terms
from swarmpeer.log_reading.wording import Variant
from swarmpeer.manifest import MAX_MANIFEST_BYTES, ManifestFile, compose_manifest
from swarmpeer.manifest.bencode import MAX_DEPTH, MAX_VALUES
from swarmpeer.manifest.parsing import MAX_PIECE_SIZE_BYTES, MAX_PIECES
from swarmpeer.manifest.paths import MAX_PATH_BYTES, MAX_PATH_NAMES
from swarmpeer.manifest_commands.show import json_line
from swarmpeer.manifest_files import Fault
from swarmpeer.metrics.catalogue import METRICS
from swarmpeer.net.limits import Limits
from swarmpeer.status import shape
from swarmpeer.status.piece_map import MOST_BUCKETS
from swarmpeer.status.problems import (
    SETTLED_CHOKED_SECONDS,
    SETTLED_SECONDS,
    STALLED_SECONDS,
)
from swarmpeer.status.shape import (
    MOST_RUNS,
    Happening,
    Picture,
    Pictures,
    ProblemCode,
    State,
)
from swarmpeer.status_commands.fleet import MOST_AT_ONCE
from swarmpeer.status_commands.status import as_json
from swarmpeer.test.conformance_swarm import run_check
from swarmpeer.test.test_floors import FLOORS
from swarmpeer.testing.bounds import liveness_seconds
from swarmpeer.testing.faults import plan
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.outcome import PeerOutcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.verdicts import Verdict
from swarmpeer.web.events_page import MOST_STREAMS
from swarmpeer.web.lingering import ASKED_SECONDS, LINGER_SECONDS
from swarmpeer.web.stream import QUIET_SECONDS
from swarmpeer.web_place import LEAST_TOKEN_CHARACTERS
from swarmpeer.wire.codec import LENGTH_SIZE
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_GOODBYE_BYTES,
    ExtensionType,
    GoodbyeCode,
)
from swarmpeer.wire.handshake import Feature
from tests.processes import ROOT

_REFERENCE = re.compile(r"L\{(?:[^}<]*<)?([\w.]+)>?\}")
_OTHERS = {"twisted", "zope", "bitstring", "msgspec", "prometheus_client"}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """
    Every page of documentation in the source, and none that was made of it.
    """
    folders = [
        folder
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name[0] not in "._" and folder.name != "build"
    ]
    found = [path for folder in folders for path in folder.rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *found])


def python_blocks(text: str) -> Iterator[tuple[int, str]]:
    """
    Each block of Python on a page, with the number of its first line.
    """
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, block.start(1)) + 1, block[1]


def anchors(text: str) -> set[str]:
    """
    The names by which one can link to the headings of a page.
    """
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def section(page: str, heading: str) -> str:
    """
    What stands on a page of C{docs} under a heading, up to the next one.
    """
    text = (ROOT / "docs" / page).read_text()
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def words_in(tree: ast.AST) -> Iterator[str]:
    """
    Every text in a source, with C{...} for what is put into it: by an f-string,
    or by the formats of twisted.logger.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[^}]*\}", "...", node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "..."
                for part in node.values
            )


def log_lines_in(tree: ast.AST) -> Iterator[str]:
    """
    Every text of several words in a source that is no docstring, as C{words_in} has
    it.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Constant | ast.JoinedStr):
            words = next(words_in(ast.Expr(node)), "")
            # What all lines begin with is none.
            if " " in words and not words.endswith(" "):
                yield words
        else:
            yield from log_lines_in(node)


def words_of(folder: Path) -> Iterable[str]:
    """
    Every text in the sources of a folder, its tests left out.
    """
    for path in sorted(folder.rglob("*.py")):
        if "test" not in path.relative_to(folder).parts:
            yield from words_in(ast.parse(path.read_text()))


def rules_of(folder: Path) -> set[str]:
    """
    The names of all rules in the sources of a folder: what they yield, note and
    tell as the first of two texts, or as the rule of a breach.
    """
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _places_of_names(node):
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found.add(name.value)
    return found


def rooms_of(package: Path) -> Iterator[str]:
    """
    Every module and package in it but the tests, as the table of rooms names them.
    """
    for path in package.rglob("*.py"):
        room = path.relative_to(package)
        if room.parts[0] == "test" or room == Path("__init__.py"):
            continue
        is_package = room.name == "__init__.py"
        yield f"{room.parent}/" if is_package else str(room.with_suffix(""))


def _places_of_names(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Yield(value=ast.Tuple(elts=[name, _])):
            yield name
        case ast.Call(func=ast.Name(id="Breach"), args=[_, _, name, _]):
            yield name
        case ast.Call(func=ast.Attribute(attr="note" | "_note"), args=arguments):
            for argument in arguments:
                match argument:
                    case ast.Tuple(elts=[name, _]):
                        yield name
            yield arguments[0]


class LinkTests(SynchronousTestCase):
    """
    From page to page.
    """

    def test_links(self) -> None:
        """
        Every link to a file leads to one, and to a heading that it has.
        """
        self.assertIn(ROOT / "README.md", pages())
        broken = []
        for page in pages():
            for link in _LINK.findall(_FENCE.sub("", page.read_text())):
                target, _, anchor = link.partition("#")
                if "://" in target or target.startswith("mailto:"):
                    continue
                path = page.parent / target if target else page
                if not path.exists() or (
                    anchor and anchor not in anchors(path.read_text())
                ):
                    broken.append(f"{page.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])


class PythonTests(SynchronousTestCase):
    """
    Python on every page, but for what is a conversation with the interpreter.
    """

    def test_compiles(self) -> None:
        """
        Every block of Python can be compiled.
        """
        blocks = 0
        for page in pages():
            for line, block in python_blocks(page.read_text()):
                if block.startswith(">>> "):
                    continue
                blocks += 1
                text = "\n" * (line - 1) + block
                compile(text, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        self.assertGreater(blocks, 5)


class ReferenceTests(SynchronousTestCase):
    """
    What the reference is made of: the docstrings.
    """

    def test_links(self) -> None:
        """
        None links to what is not ours, which the reference does not have.
        """
        broken = [
            f"{path.relative_to(ROOT)}: {link}"
            for path in sorted(Path(ROOT, "swarmpeer").rglob("*.py"))
            for link in _REFERENCE.findall(path.read_text())
            if (top := link.split(".")[0]) in sys.stdlib_module_names | _OTHERS
            or hasattr(builtins, top)
        ]
        self.assertEqual(broken, [])


class ArchitectureTests(SynchronousTestCase):
    """
    docs/architecture.md.
    """

    def test_floors(self) -> None:
        """
        Each room stands on the floor that the test of the floors holds it to.
        """
        table = section("architecture.md", "## Floors")
        told = {
            f"swarmpeer.{room}": int(floor)
            for floor, rooms in re.findall(r"^\| (\d+) (.*?) \|", table, re.MULTILINE)
            for room in re.findall(r"`(\w+)`", rooms)
        }
        self.assertEqual({"swarmpeer": 0, **told}, FLOORS)

    def test_rooms(self) -> None:
        """
        Each room is there and told of once.  Of a package that is told of module by
        module, none is left out; others are told of as a whole.
        """
        table = section("architecture.md", "## The rooms")
        rooms, named = [], set()
        for row in re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE):
            heads, words = (re.findall(r"`([\w/]+)`", cell) for cell in row)
            rooms += heads
            places = {head[: head.rfind("/") + 1] for head in heads}
            named |= {
                place + word.removeprefix(place) for place in places for word in words
            }
        self.assertEqual([room for room in set(rooms) if rooms.count(room) > 1], [])
        there = set(rooms_of(ROOT / "swarmpeer"))
        self.assertEqual(set(rooms) - there, set())
        told = named & there | set(rooms)
        in_parts = {Path(room).parent for room in told}
        rest = {Path(room) for room in there - told} - in_parts
        self.assertEqual({room for room in rest if room.parent in in_parts}, set())


class OperatingTests(SynchronousTestCase):
    """
    docs/operating.md.
    """

    def test_lines_of_the_tables(self) -> None:
        """
        Every line that the tables of errors tell of stands in the code, word for
        word.
        """
        lines = _ROW.findall(section("operating.md", "## Errors"))
        self.assertGreater(len(lines), 20)
        in_code = set(words_of(ROOT / "swarmpeer"))
        unknown = []
        for line in lines:
            pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
            if not any(pattern.search(words) for words in in_code):
                unknown.append(line)
        self.assertEqual(unknown, [])

    def test_lines_of_the_log(self) -> None:
        """
        Every line of the diagnostic log is told, and nothing else of a verified peer's.
        """
        path = ROOT / "swarmpeer" / "diagnostics.py"
        said = set(log_lines_in(ast.parse(path.read_text())))
        self.assertGreater(len(said), 20)
        rows = [
            _ROW.findall(section("operating.md", heading))
            for heading in ("## Errors", "### What its log says")
        ]
        told = {line for lines in rows for line in lines}
        self.assertEqual(said - told, set())
        self.assertEqual(set(rows[1]) - said, set())

    def test_lines_of_the_rates(self) -> None:
        """
        So do the lines about rates.
        """
        heading = "### Slower and faster while it runs"
        lines = _ROW.findall(section("operating.md", heading))
        in_code = " ".join(words_of(ROOT / "swarmpeer"))
        self.assertEqual(len(lines), 5)
        self.assertEqual([line for line in lines if line not in in_code], [])

    def test_codes(self) -> None:
        """
        Every code of a breach is told, and no other.
        """
        heading = "## When a neighbour breaks the protocol"
        codes = _ROW.findall(section("operating.md", heading))
        self.assertEqual(codes, [reason.value for reason in ViolationReason])

    def test_problems(self) -> None:
        """
        The runbook has every problem and every state of a peer, and no other.
        """
        rows = _ROW.findall(section("operating.md", "## Why is host X not done"))
        expected = [*State, *ProblemCode]
        self.assertEqual(rows, [each.value for each in expected])


class ServiceTests(SynchronousTestCase):
    """
    docs/metrics.md and docs/service.md.
    """

    def test_metrics(self) -> None:
        """
        Every metric is told, with its kind, its label and all values of it.
        """
        rows = re.findall(
            r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$",
            section("metrics.md", "## What each peer tells"),
            re.MULTILINE,
        )
        told = [
            (name, kind, tuple(re.findall(r"`([^`]+)`", labels)), words)
            for name, kind, labels, words in rows
        ]
        expected = [
            (
                metric.name,
                metric.kind.value,
                tuple(filter(None, [metric.label, *metric.values])),
                metric.help,
            )
            for metric in METRICS
        ]
        self.assertEqual(told, expected)

    def test_log(self) -> None:
        """
        The bounds of the log are those that the code has.
        """
        text = section("service.md", "## Logs")
        self.assertIn(f"| `{USUAL_BYTES >> 20}MiB` |", text)
        self.assertIn(f"so on; {LEAST_BYTES >> 20} MiB or more |", text)
        self.assertIn(f"kept, 1 to {MOST_KEPT} | {USUALLY_KEPT} |", text)
        self.assertIn(f"if more than {MANY_AT_ONCE} lines in a minute", text)
        self.assertIn(f"taken, {(USUALLY_KEPT + 1) * USUAL_BYTES >> 20} MiB", text)


class SimulationTests(SynchronousTestCase):
    """
    docs/simulation.md, and the ledger.
    """

    page = "simulation.md"

    def test_faults(self) -> None:
        """
        Every kind of fault is told, and which are mild.
        """
        text = section(self.page, "## What goes wrong")
        rows = re.findall(r"^\| `([^`]+)` \| (\w*) ?\|", text, re.MULTILINE)
        scenario = Scenario(faults=FaultLevel.MILD)
        drawn = (plan(scenario, range(8), Random(seed), 60.0) for seed in range(50))
        mild = {fault.kind for faults in drawn for fault in faults}
        self.assertEqual(
            rows, [(kind.value, "yes" if kind in mild else "") for kind in FaultKind]
        )

    def test_roles(self) -> None:
        """
        So is every hostile role.
        """
        rows = _ROW.findall(section(self.page, "## Who breaks the rules"))
        self.assertEqual(rows, list(ROLES))

    def test_rules(self) -> None:
        """
        And every rule, by the name that a breach has, and no other.
        """
        rows = _ROW.findall(section(self.page, "## The rules"))
        rules = rules_of(ROOT / "swarmpeer" / "testing")
        self.assertGreater(len(rules), 40)
        self.assertEqual(sorted(rows), sorted(rules))

    def test_rules_are_tested(self) -> None:
        """
        Each of them is broken in some test.
        """
        tested: set[str] = set()
        for folder in (ROOT / "tests", ROOT / "swarmpeer" / "test"):
            for path in folder.glob("test_*.py"):
                if path != Path(__file__):
                    tested.update(words_in(ast.parse(path.read_text())))
        rules = _ROW.findall(section(self.page, "## The rules"))
        self.assertEqual([rule for rule in rules if rule not in tested], [])

    def test_peers_in_json(self) -> None:
        """
        What the JSON has of each peer is told, in its order.
        """
        (row,) = re.findall(
            r"^\| `peers` \| by ascending id: (.*) \|$",
            section(self.page, "## The JSON"),
            re.MULTILINE,
        )
        told = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row))
        self.assertEqual(told, [field.name for field in fields(PeerOutcome)])

    def test_map_of_modules(self) -> None:
        """
        The modules that are there for others exist, and the package itself names
        the same.
        """
        rows = re.findall(
            r"^\| (`.*?) \|", section(self.page, "## In Python"), re.MULTILINE
        )
        named = [re.findall(r"`(\w+)`", row) for row in rows]
        paragraphs = (testing.__doc__ or "").split("\n\n")
        self.assertEqual(
            [found for each in paragraphs if (found := re.findall(r"C{(\w+)}", each))],
            named,
        )
        for name in (name for row in named for name in row):
            import_module(f"swarmpeer.testing.{name}")

    def test_liveness(self) -> None:
        """
        The bound of the usual swarm is as the page says.
        """
        text = section(self.page, "## When everybody must be done")
        bound = f"{liveness_seconds(Scenario()):.0f} s"
        self.assertIn(bound, " ".join(text.split()))

    def test_examples(self) -> None:
        """
        What the page shows of a session with Python is what Python says.
        """
        page = str(ROOT / "docs" / self.page)
        result = doctest.testfile(page, module_relative=False)
        self.assertGreater(result.attempted, 0)
        self.assertEqual(result.failed, 0)

    def test_ledger(self) -> None:
        """
        The last line of C{tools.soak} is a row of the table in docs/soak.md.
        """
        said = subprocess.run(
            [sys.executable, "-m", "tools.soak", "--runs", "2", "--jobs", "1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        row = said.stdout.splitlines()[-1]
        *_, head = re.findall(
            r"^\| date .*", (ROOT / "docs" / "soak.md").read_text(), re.MULTILINE
        )
        self.assertEqual(row.count(" | "), head.count(" | "))
        self.assertIn("| wild | 0 to 1 |", row)


class WebTests(SynchronousTestCase):
    """
    docs/web.md.
    """

    def test_keys(self) -> None:
        """
        Every key of an event is told, in order, and no other.
        """
        rows = _ROW.findall(section("web.md", "## For programs"))
        keys = [field.name for shape in (Pictures, Picture) for field in fields(shape)]
        self.assertEqual([row for row in rows if row[0] != "/"], keys)
        happening = {field.name for field in fields(Happening)}
        text = section("web.md", "## For programs")
        self.assertLessEqual(happening, set(re.findall(r"`(\w+)`", text)))

    def test_limits(self) -> None:
        """
        So are the limits, as they are in the code and on the page.
        """
        text = " ".join((ROOT / "docs" / "web.md").read_text().split())
        page = ROOT / "swarmpeer" / "web" / "page"
        edges, rows, events = (
            re.findall(rf"^const {name} = (\d+);", (page / file).read_text(), re.M)[0]
            for file, name in (
                ("graph.js", "MOST_EDGES"),
                ("graph.js", "MOST_ROWS"),
                ("feed.js", "MOST"),
            )
        )
        for words in (
            f"At most {MOST_STREAMS} can read at once",
            f"a comment every {QUIET_SECONDS:.0f} seconds",
            f"with more than {PEERS_PER_TICK} peers less often",
            f"with {LEAST_TOKEN_CHARACTERS} letters and digits or more",
            f"at most {MOST_BUCKETS} buckets",
            f"Of more than {edges} lines",
            f"has every line, up to {rows}",
            f"has the last {events} events",
        ):
            self.assertIn(words, text)


class ManifestTests(SynchronousTestCase):
    """
    docs/manifest.md.
    """

    def test_keys(self) -> None:
        """
        Every key of the JSON is told, in order, and no other.
        """
        file = ManifestFile(("x",), 0)
        value = json.loads(json_line(compose_manifest("x", [file], 16384)))
        keys = [*value, *value["files"][0]]
        rows = re.findall(
            r"^\| (`.+?`) \|", section("manifest.md", "## The JSON"), re.MULTILINE
        )
        self.assertEqual(re.findall(r"`(\w+)`", " ".join(rows)), keys)

    def test_faults(self) -> None:
        """
        Every kind of difference is told.
        """
        text = section("manifest.md", "## By example")
        rows = re.findall(r"^\| (`[a-z ,`]+`) \|", text, re.MULTILINE)
        told = re.findall(r"`([^`]+)`", " ".join(rows))
        self.assertEqual(sorted(told), sorted(Fault))

    def test_limits(self) -> None:
        """
        The limits are those of the code.
        """
        text = " ".join(section("manifest.md", "## What is refused").split())
        for limit in (
            f"more than {MAX_DEPTH} levels, {MAX_VALUES:,} values",
            f"values or {MAX_MANIFEST_BYTES >> 20} MiB",
            f"from 16 KiB to {MAX_PIECE_SIZE_BYTES >> 20} MiB",
            f"longer than {MAX_FILE_NAME_BYTES} bytes",
            f"more than {MAX_PATH_NAMES} names or {MAX_PATH_BYTES:,} bytes",
            f"more than {MAX_PIECES:,} pieces",
        ):
            self.assertIn(limit, text)


class SwarmFileTests(SynchronousTestCase):
    """
    What docs/configuration.md tells of swarm.toml.
    """

    member = "[[members]]\nid = 1\nhost = 'a'\nport = 1\n"
    text = "manifest = 'x'\n" + member

    def headings(self) -> dict[str, str]:
        """
        Under which heading each table is told.
        """
        headings = {name: f"### Table [{name}]" for name in KEYS}
        headings[TOP] = "### Above the first table"
        for name in ARRAYS:
            headings[name] = f"### Tables [[{name}]]"
        return headings

    def test_keys(self) -> None:
        """
        Every key of every table is told, and no other.
        """
        for table, heading in self.headings().items():
            rows = _ROW.findall(section("configuration.md", heading))
            self.assertEqual(tuple(rows), KEYS[table], heading)

    def test_usual(self) -> None:
        """
        A file in which a key has the value that is told to be usual says the same as
        one without it; and every key has one that can be left out but those that stand
        for each other, or for another, or for what a peer finds out by itself.
        """
        without = []
        for table, heading in self.headings().items():
            rows = re.findall(
                r"^\| `(\w+)` \| (?:`([^`]+)`)? ?\|",
                section("configuration.md", heading),
                re.MULTILINE,
            )
            self.assertEqual(len(rows), len(KEYS[table]))
            for key, usual in rows:
                line = f"{key} = {usual}\n"
                if not usual:
                    without.append(key)
                    continue
                if table == TOP:
                    text = line + self.text
                elif table == MEMBERS:
                    text = self.text + line
                else:
                    text = f"{self.text}[{table}]\n{line}"
                found = SwarmConfig.parse(text)
                self.assertEqual(Limits(**found.limits), Limits(), line)
                self.assertEqual(
                    replace(found, limits={}), SwarmConfig.parse(self.text)
                )
        needed = ["id", "host", "port"]
        self.assertEqual(
            sorted(without),
            sorted(
                [
                    *("manifest", "infohash", "requests"),
                    *(*KEYS[RATES_AT], *KEYS["web"]),
                    *(*needed, "folder", "web_port"),
                ]
            ),
        )

    def test_example(self) -> None:
        """
        The example is a whole file.
        """
        text = (ROOT / "docs" / "configuration.md").read_text()
        (example,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(SwarmConfig.parse(example).members), 2)

    def test_slips(self) -> None:
        """
        What is told of each slip is what is said, word for word.
        """
        rows = re.findall(
            r"^\| `([^`]+)` \| `([^`]+)` \|$",
            section("configuration.md", "### Slips of the pen"),
            re.MULTILINE,
        )
        self.assertGreater(len(rows), 5)
        for line, said in rows:
            is_subject = line.startswith(("manifest", "infohash"))
            text = f"{line}\n{self.member if is_subject else self.text}"
            error = self.assertRaises(ConfigError, SwarmConfig.parse, text)
            self.assertEqual(str(error), said)


class LogsTests(SynchronousTestCase):
    """
    docs/logs.md.
    """

    page = "logs.md"

    def test_rules(self) -> None:
        """
        Every rule is told in the words that the command has for it, and no other.
        """
        rows = re.findall(
            r"^\| `([a-z-]+)` \| (.*?) \| .+ \|$",
            section(self.page, "## The rules"),
            re.MULTILINE,
        )
        self.assertEqual(rows, [(rule.id, rule.text) for rule in Rule])

    def test_wordings(self) -> None:
        """
        So is every wording that differs.
        """
        table = section(self.page, "## Wordings")
        rows = re.findall(r"^\| (.*?) \| .*\|$", table, re.MULTILINE)
        self.assertEqual(rows[1:], [variant.value for variant in Variant])

    def test_keys(self) -> None:
        """
        And every key of the JSON, with those below it.
        """
        checked = Checked(Swarm.of({}, Terms()), Ledger())
        checked.ledger.broken(Rule.LINES, "x", 1, "y")
        value = json.loads(json_text(checked))
        text = section(self.page, "## The JSON")
        self.assertEqual(_ROW.findall(text), list(value))
        below = {*value["terms"], *value["rules"][0], *value["rules"][0]["evidence"][0]}
        for key in below:
            self.assertIn(f"`{key}`", text)


class ConformanceTests(SynchronousTestCase):
    """
    What is told of C{swarmpeer check}.
    """

    page = "conformance.md"

    def test_clauses(self) -> None:
        """
        docs/wire.md has every clause, with its level and its words, and no other.
        """
        rows = re.findall(
            r"^\| `([^`]+)` \| (\w+) \| (.*) \|$",
            section("wire.md", "## Clauses"),
            re.MULTILINE,
        )
        self.assertEqual(
            rows, [(each.id, each.level, each.text) for each in CLAUSES.values()]
        )

    def test_verdicts(self) -> None:
        """
        Every verdict has its row, as it is printed.
        """
        page = (ROOT / "docs" / self.page).read_text()
        table = page.partition("## Verdicts")[2].partition("exit status")[0]
        rows = re.findall(r"^\| ([A-Z ]+) \|", table, re.MULTILINE)
        self.assertEqual(
            {row.lower() for row in rows}, {verdict.value for verdict in Verdict}
        )

    def test_folders(self) -> None:
        """
        Commands of a page make the folder that they write a file of a peer to.
        """
        found = 0
        for page in (ROOT / "docs").glob("*.md"):
            text = page.read_text()
            for writes in re.finditer(r"> (peer_\d+)/", text):
                made = rf"mkdir (-p )?{writes[1]}\b"
                self.assertRegex(text[: writes.start()], made, page.name)
                found += 1
        self.assertGreater(found, 1)

    def test_slips(self) -> None:
        """
        Every slip that is told of stands in the code, and each that has a name there
        is told.
        """
        text = section(self.page, "## Slips that have a name")
        told = re.findall(r"^\| (.* .*) \|$", text, re.MULTILINE)
        folder = ROOT / "swarmpeer" / "conformance"
        for slip in told:
            pattern = re.compile(".*".join(map(re.escape, slip.split("..."))))
            self.assertTrue(any(map(pattern.fullmatch, words_of(folder))), slip)
        for module in (families, slips):
            for name, words in vars(module).items():
                if name.isupper() and isinstance(words, str):
                    self.assertIn(words, told)

    def test_keys(self) -> None:
        """
        Every key of the JSON is told, in order.
        """
        value = json.loads(report_json(run_check(only=("W-PC-2",))))
        rows = re.findall(
            r"^\| (`.+?`) \|", section(self.page, "## The JSON"), re.MULTILINE
        )
        self.assertEqual(re.findall(r"`(\w+)`", " ".join(rows)), list(value))
        text = section(self.page, "## The JSON")
        (clause,) = value["clauses"]
        parts = (value["tested"], value["players"][0], value["counts"], clause)
        for part in (*parts, clause["evidence"][0]):
            for key in part:
                self.assertIn(f"`{key}`", text)


class StatusTests(SynchronousTestCase):
    """
    docs/status.md.
    """

    def rows(self, heading: str) -> list[list[str]]:
        """
        The names in the first column of each table under a heading.
        """
        tables: list[list[str]] = []
        for line in section("status.md", heading).splitlines():
            if line.startswith("|---"):
                tables.append([])
            elif tables and line.startswith("| `"):
                tables[-1] += re.findall(r"`([\w-]+)`", line.split(" | ")[0])
        return tables

    def test_fields(self) -> None:
        """
        Every field of the JSON is told, in order, and no other.
        """
        status, neighbor, missing, problem, rounds = self.rows("## /status.json")
        for told, of in (
            (status, shape.Status),
            (neighbor, shape.NeighborStatus),
            (missing, shape.Missing),
            (problem, shape.Problem),
        ):
            self.assertEqual(told, [field.name for field in fields(of)])
        self.assertEqual(rounds, [field.name for field in fields(shape.PreferredRound)])
        self.assertEqual(
            set(rounds) - {field.name for field in fields(shape.OptimisticRound)},
            {"by_rate"},
        )
        text = section("status.md", "## /status.json")
        inner = (*fields(shape.LastHolder), *fields(shape.CandidateStatus))
        for field in inner:
            self.assertIn(f"`{field.name}`", text)

    def test_words(self) -> None:
        """
        So are all states and problems, and the JSON of the command.
        """
        (codes,) = self.rows("## Problems")
        self.assertEqual(codes, list(shape.ProblemCode))
        (row,) = re.findall(
            r"^\| `state` \|(.*)$",
            section("status.md", "## /status.json"),
            re.MULTILINE,
        )
        self.assertEqual(re.findall(r"`(\w+)`", row), list(shape.State))
        (keys,) = self.rows("## The JSON of swarmpeer status")
        self.assertEqual(keys, list(json.loads(as_json([]))))

    def test_figures(self) -> None:
        """
        The times and bounds are those of the code.
        """
        text = " ".join((ROOT / "docs" / "status.md").read_text().split())
        for words in (
            f"has not answered in {ANSWER_SECONDS:g} s",
            f"the same time, {MOST_AT_ONCE} at once",
            f"so for {SETTLED_SECONDS:g} s "
            f"(being choked: {SETTLED_CHOKED_SECONDS:g} s)",
            f"within the last {ASKED_SECONDS:g} s goes on telling so for "
            f"{LINGER_SECONDS:g} s",
            f"none came for {STALLED_SECONDS:g} s",
            f"over the last {shape.RATE_SECONDS:g} s",
            f"each run, the first {MOST_RUNS} |",
            f"Within version {shape.VERSION} fields",
        ):
            self.assertIn(words, text)

    def test_options(self) -> None:
        """
        Every option of the two commands is told.
        """
        for command, headings in (
            ("status", ("## swarmpeer status",)),
            ("wait", ("## swarmpeer status", "## swarmpeer wait")),
        ):
            help_text = subprocess.run(
                [sys.executable, "-m", "swarmpeer", command, "--help"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            options = set(re.findall(r"^  (--[a-z-]+)", help_text, re.MULTILINE))
            text = "".join(section("status.md", heading) for heading in headings)
            self.assertGreater(len(options), 5)
            self.assertEqual([each for each in options if each not in text], [])


class OtherPagesTests(SynchronousTestCase):
    """
    Lists that must be whole.
    """

    def test_limits(self) -> None:
        """
        docs/embedding.md has every limit with its usual value, and other pages
        tell the same of a stall.
        """
        rows = re.findall(
            r"^\| `(\w+)` \| (\d+) \|",
            section("embedding.md", "### Limits"),
            re.MULTILINE,
        )
        told = {name: float(value) for name, value in rows}
        usual = Limits()
        self.assertEqual(
            told, {name: float(getattr(usual, name)) for name in Limits.__slots__}
        )
        stall = f"fewer than {usual.progress_bytes} bytes of any piece come"
        for page in ("operating.md", "choking.md"):
            self.assertIn(stall, (ROOT / "docs" / page).read_text())

    def test_verified_events(self) -> None:
        """
        docs/embedding.md tells every event of verified swarms alone, with its fields.
        """
        rows = re.findall(
            r"^\| `(\w+)` \| ([^|]*) ?\|",
            section("embedding.md", "### Its events"),
            re.MULTILINE,
        )
        told = {name: re.findall(r"`(\w+)`", text) for name, text in rows}
        all_events = [
            each
            for each in vars(events).values()
            if isinstance(each, type) and issubclass(each, events.SwarmEvent)
        ]
        verified = all_events[all_events.index(events.SwarmCompleted) + 1 :]
        self.assertGreater(len(verified), 10)
        self.assertEqual(
            told,
            {
                each.__name__: [field.name for field in fields(each)]
                for each in verified
            },
        )

    def test_modules_of_the_tests(self) -> None:
        """
        docs/testing.md tells what each module of these tests looks at.
        """
        table = section("testing.md", "## Two kinds of tests")
        rows = re.findall(r"^\| `test.*?\|", table, re.MULTILINE)
        told = re.findall(r"`(test_\w+)`", "".join(rows))
        there = [path.stem for path in Path(__file__).parent.glob("test_*.py")]
        self.assertEqual(sorted(told), sorted(there))

    def test_examples_of_the_wire(self) -> None:
        """
        What docs/wire.md shows of a session with Python is what Python says.
        """
        page = str(ROOT / "docs" / "wire.md")
        result = doctest.testfile(page, module_relative=False)
        self.assertGreater(result.attempted, 0)
        self.assertEqual(result.failed, 0)

    def test_further_messages_of_the_wire(self) -> None:
        """
        docs/wire.md tells every further message of a verified swarm by its type
        and its name, and its example is that message to the byte.
        """
        rows = re.findall(
            r"^\| (\d+) \| ([a-z ]+) \|.*`([0-9a-f ]+)` \|$",
            section("wire.md", "### Further messages"),
            re.MULTILINE,
        )
        self.assertEqual(
            [(int(number), name) for number, name, _ in rows],
            [(kind, kind.name.lower().replace("_", " ")) for kind in ExtensionType],
        )
        codec = ExtendedCodec(PieceLayout(10_000_232, 32_768))
        for number, _, example in rows:
            frame = bytes.fromhex(example)
            message = codec.decode(frame[LENGTH_SIZE:])
            self.assertEqual(message.type, int(number))
            self.assertEqual(codec.encode(message), frame)

    def test_numbers_of_the_wire(self) -> None:
        """
        So are every feature, every code of a goodbye, and the sizes.
        """
        features = re.findall(
            r"^\| `(\w+)` \| `(\w+)` \|",
            section("wire.md", "### Features and swarm"),
            re.MULTILINE,
        )
        self.assertEqual(
            features, [(each.name, f"{each.value:04x}") for each in Feature]
        )
        codes = re.findall(
            r"^\| (\d+) \| `(\w+)` \|",
            section("wire.md", "### Goodbyes"),
            re.MULTILINE,
        )
        self.assertEqual(codes, [(str(int(each)), each.name) for each in GoodbyeCode])
        self.assertIn(
            f"words (0 to {MAX_GOODBYE_BYTES})",
            section("wire.md", "### Further messages"),
        )
        parts = " ".join(section("wire.md", "### Parts of the manifest").split())
        self.assertIn(f"in parts of {MANIFEST_PART_BYTES >> 10} KiB", parts)
        self.assertIn(f"1 byte to {MAX_MANIFEST_BYTES >> 20} MiB", parts)
