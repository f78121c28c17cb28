"""
Tests for C{swarmpeer logs}: L{swarmpeer.log_reading.command} and what it writes.
"""

import io
import json
import os
import re
from contextlib import chdir, redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main
from swarmpeer.log_reading.fairness import jain
from swarmpeer.log_reading.ledger import Rule
from swarmpeer.test.simulated_logs import simulated_logs, write_config, write_logs
from swarmpeer.testing.scenario import Scenario

SMALL = Scenario(seed=2, peers=3, seeds=1, preferred=1, file_size_bytes=3 * 16_384)
LARGE = Scenario(seed=2, peers=16, seeds=2, preferred=1, file_size_bytes=3 * 16_384)

GOLDEN = """\
PASS      lines                             47
PASS      wording                           47
PASS      writer                             3
PASS      members                           47
PASS      times                             47
PASS      connections                        3
PASS      both-ends                          6
PASS      direction                          6
PASS      preferred-count                    3
PASS      preferred-interval                 1
NOT SEEN  optimistic-interval
          (the logs have no line about it, or not enough of them)
PASS      optimistic-change                  2
PASS      chosen-interested                  5
PASS      alternate                          6
PASS      unchokes-chosen                   12
PASS      chokes-chosen                      3
PASS      download-unchoked                  6
PASS      download-held                      6
PASS      piece-index                       18
PASS      download-once                      6
PASS      count                              6
PASS      have-true                         12
PASS      have-all                          12
PASS      interest                          13
PASS      completion                         4
PASS      everybody                          3

15 s from 2023-11-14 22:13:20 on; pieces by peer:
        peer    taken    given  given/taken  complete
        1001        0        5            -  from the beginning
        1002        3        0         0.00  after 10 s
        1003        3        1         0.33  after 5 s
  Jain's index of what those that fetch gave: 0.50

OK: 3 logs: 25 rules hold, 0 do not, 1 not seen"""

_VOID = {"meta"}


class _Page(HTMLParser):
    """
    Reads a page: its words, what it refers to, and whether its tags are closed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        It is open now, and may refer to something.
        """
        self.tags.add(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "xlink:href"):
                self.references.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        """
        The one that was opened last is closed.
        """
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """
        Words between tags.
        """
        if self.open[-1:] != ["style"]:
            self.words.append(data)


class LogsCommandTests(SynchronousTestCase):
    """
    The command.
    """

    def setUp(self) -> None:
        """
        A folder with the logs of a small swarm, and nothing else in it.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.logs = self.folder / "logs"
        self.folder.mkdir()
        write_logs(self.logs, simulated_logs(SMALL))

    def outcome(self, *arguments: str) -> tuple[int, str, str]:
        """
        The exit status, and what was said and complained.
        """
        out, errors = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
            status = main(["logs", *arguments])
        return status, out.getvalue(), errors.getvalue()

    def report(self, *arguments: str) -> tuple[str, _Page]:
        """
        The page, and what is on it.
        """
        self.outcome(*arguments, "--report", "page.html")
        text = (self.folder / "page.html").read_text(encoding="utf-8")
        page = _Page()
        page.feed(text)
        page.close()
        self.assertEqual(page.open, [])
        return text, page

    def test_golden(self) -> None:
        """
        The same logs give the same words, to the letter.
        """
        write_config(self.logs, SMALL)
        status, said, complained = self.outcome("logs")
        self.assertEqual((status, complained), (0, ""))
        # What each rule says is in the code and in docs/logs.md.
        lines = (
            line[:46].rstrip() if line.startswith(("PASS", "NOT SEEN")) else line
            for line in said.splitlines()
        )
        self.assertEqual("\n".join(lines), GOLDEN)

    def test_configuration(self) -> None:
        """
        The configuration is found beside the logs, in a folder that is named, or file
        by file; without it some rules are not seen.
        """
        elsewhere = self.folder / "config"
        elsewhere.mkdir()
        write_config(elsewhere, SMALL)
        without = self.outcome("logs")
        named = self.outcome("logs", "--dir", "config")
        by_file = self.outcome(
            *("logs", "--common", "config/Common.cfg"),
            *("--peers", "config/PeerInfo.cfg"),
        )
        write_config(self.logs, SMALL)
        self.assertEqual(named, by_file)
        self.assertEqual(self.outcome("logs"), named)
        self.assertNotEqual(without, named)
        self.assertIn("give Common.cfg", without[1])
        self.assertEqual((without[0], named[0]), (0, 0))

    def test_files(self) -> None:
        """
        Logs may be named one by one, under any name, or be in folders of their own.
        """
        paths = sorted(self.logs.iterdir())
        _, by_name, _ = self.outcome(*(f"logs/{path.name}" for path in paths))
        _, by_folder, _ = self.outcome("logs")
        self.assertEqual(by_name, by_folder)
        for path in paths:
            own = self.logs / path.stem.removeprefix("log_")
            own.mkdir()
            path.rename(own / path.name)
        status, said, _ = self.outcome("logs")
        self.assertEqual(status, 0)
        self.assertIn("OK: 3 logs:", said)
        paths[0] = self.folder / "output.txt"
        (self.logs / "peer_1001" / "log_peer_1001.log").rename(paths[0])
        self.assertEqual(self.outcome("output.txt")[0], 0)

    def test_broken_rule(self) -> None:
        """
        A rule that does not hold is told with the line that shows it, and the exit
        status is 1.
        """
        path = self.logs / "log_peer_1002.log"
        lines = path.read_text().splitlines(keepends=True)
        place = next(n for n, line in enumerate(lines) if "it has is 2." in line)
        lines[place] = lines[place].replace("it has is 2.", "it has is 4.")
        path.write_text("".join(lines))
        status, said, _ = self.outcome("logs")
        self.assertEqual(status, 1)
        self.assertIn(f"logs/log_peer_1002.log:{place + 1}: 1 before, 4 now", said)
        self.assertEqual(
            said.splitlines()[-1].rsplit(": ", 1),
            ["FAILED: 3 logs: 21 rules hold, 1 do not, 4 not seen", "count"],
        )

    def test_exact(self) -> None:
        """
        Another wording is accepted and named, or with C{--exact} breaks a rule.
        """
        path = self.logs / "log_peer_1002.log"
        path.write_text(path.read_text().replace("received", "recieved"))
        status, said, _ = self.outcome("logs")
        self.assertEqual(status, 0)
        self.assertRegex(said, r'logs/log_peer_1002.log:\d+: "recieved", \d+ times')
        status, said, _ = self.outcome("logs", "--exact")
        self.assertEqual(status, 1)
        self.assertIn("FAIL      wording", said)

    def test_once(self) -> None:
        """
        What stands there once is not told as one times.
        """
        path = self.logs / "log_peer_1002.log"
        path.write_text(path.read_text().replace("received", "recieved", 1))
        for options in ([], ["--exact"]):
            _, said, _ = self.outcome("logs", *options)
            self.assertRegex(said, r'log_peer_1002.log:\d+: "recieved", once')
            self.assertNotIn("1 times", said)

    def test_json(self) -> None:
        """
        C{--json} says the same as one object: a verdict for each rule, wordings, and
        what each peer did.
        """
        write_config(self.logs, SMALL)
        status, said, _ = self.outcome("logs", "--json")
        value = json.loads(said)
        self.assertEqual((status, value["is_good"], said.count("\n")), (0, True, 1))
        self.assertEqual((value["format"], value["version"]), ("swarmpeer-logs", 1))
        self.assertEqual(value["counts"]["not_seen"], 1)
        (unseen,) = (each for each in value["rules"] if each["verdict"] == "not seen")
        self.assertIn("no line about it", unseen["why"])
        self.assertEqual(
            [each["id"] for each in value["rules"]], [rule.id for rule in Rule]
        )
        verdicts = {each["verdict"] for each in value["rules"]}
        self.assertEqual(verdicts, {"pass", "not seen"})
        self.assertEqual(
            [
                (each["peer_id"], each["is_seed"], each["taken"])
                for each in value["peers"]
            ],
            [(1001, True, 0), (1002, False, 3), (1003, False, 3)],
        )
        given = sum(each["given"] for each in value["peers"])
        self.assertEqual(given, 6)
        self.assertEqual(sum(value["peers"][1]["from"].values()), 3)

    def test_complaints(self) -> None:
        """
        What cannot be read or written is told in one line, with exit status 2.
        """
        (self.folder / "empty").mkdir()
        (self.folder / "other.txt").write_text("nothing\n")
        (self.folder / "log_peer_1002.log").write_text("")
        (self.folder / "Common.cfg").write_text("nothing\n")
        (self.folder / "pipes").mkdir()
        os.mkfifo(self.folder / "pipes" / "log_peer_9.log")
        nowhere = "cannot be read: No such file or directory"
        for arguments, said in (
            (["nowhere"], f"nowhere {nowhere}"),
            (["pipes"], "pipes/log_peer_9.log cannot be read: Not a regular file"),
            (["empty"], "empty has no log_peer_<id>.log in it"),
            (["logs", "--common", "Common.cfg"], "'nothing' is no key"),
            (["logs", "--dir", "empty"], "empty/Common.cfg:1:1: cannot be read"),
            (["logs", "--peers", "nowhere"], "nowhere:1:1: cannot be read"),
            (["other.txt"], "other.txt is no protocol log"),
            (["logs", "log_peer_1002.log"], "are both of peer 1002"),
            (["no/log_peer_9.log", "logs/log_peer_9.log"], f"log_peer_9.log {nowhere}"),
            (["no/log_peer_9.log", "log_peer_9.log"], f"log_peer_9.log {nowhere}"),
            (["log_peer_1002.log", "no/log_peer_1002.log"], f"1002.log {nowhere}"),
            (
                ["logs", "no/log_peer_9.log", "--report", "other.txt"],
                f"log_peer_9.log {nowhere}",
            ),
            (
                ["logs", "no/log_peer_9.log", "--plot", "other.txt"],
                f"log_peer_9.log {nowhere}",
            ),
            (["logs", "--report", "no/x.html"], "no/x.html cannot be written"),
            (
                ["logs", "--report", "logs/log_peer_1002.log"],
                "logs/log_peer_1002.log is one of the logs",
            ),
        ):
            status, out, complained = self.outcome(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(complained.startswith("swarmpeer logs: "), complained)
            self.assertIn(said, complained)
            self.assertEqual(complained.count("\n"), 1)

    def test_junk(self) -> None:
        """
        A log of nothing but junk is one in which no line can be read.
        """
        (self.logs / "log_peer_1002.log").write_bytes(bytes(range(256)) * 100)
        status, said, complained = self.outcome("logs", "--report", "page.html")
        self.assertEqual((status, complained), (1, ""))
        self.assertIn("logs/log_peer_1002.log: no line of the protocol", said)
        self.assertTrue(all(line.isprintable() for line in said.splitlines()))

    def test_report(self) -> None:
        """
        The page is whole HTML, refers to nothing outside, has every rule, and its
        pictures are well-formed SVG; the same logs give the same page.
        """
        write_config(self.logs, SMALL)
        text, page = self.report("logs")
        self.assertEqual(page.references, [])
        self.assertEqual(
            page.tags & {"script", "link", "img", "iframe", "object"}, set()
        )
        self.assertNotIn("@import", text)
        self.assertEqual(
            set(re.findall(r"https?://[^\"]*", text)), {"http://www.w3.org/2000/svg"}
        )
        self.assertTrue({rule.id for rule in Rule} <= set(page.words))
        pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        self.assertEqual(len(pictures), 2)
        for picture in pictures:
            ElementTree.fromstring(picture)
        bars = re.findall("<title>(1001 unchoked 100[23], .*?) to", pictures[1])
        self.assertIn("1001 unchoked 1003, preferred, 5", bars)
        self.assertEqual(self.report("logs")[0], text)

    def test_plot(self) -> None:
        """
        C{--plot} draws the same pictures alone, as one SVG file.
        """
        self.assertEqual(self.outcome("logs", "--plot", "swarm.svg")[0], 0)
        text = (self.folder / "swarm.svg").read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        self.assertIn("How many pieces each of 3 peers held", text)
        self.assertIn("1001 unchoked 1003", text)

    def test_report_of_many(self) -> None:
        """
        With many peers there are no lanes and no matrix, and still a page.
        """
        write_logs(self.folder / "many", simulated_logs(LARGE))
        text, page = self.report("many")
        self.assertIn("neighbours at a time", page.words)
        self.assertEqual(page.references, [])
        for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            ElementTree.fromstring(picture)

    def test_report_is_escaped(self) -> None:
        """
        What stands in a log is shown, and does nothing.
        """
        path = self.logs / "log_peer_1002.log"
        evil = "<script>alert(1)</script>\x1b[31m&amp;\n"
        path.write_text(evil[:30] + "\nis choked by " + evil + path.read_text())
        text, page = self.report("logs")
        self.assertNotIn("script", page.tags)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", text)
        self.assertNotIn("\x1b", text)


class JainTests(SynchronousTestCase):
    """
    Fairness in a number.
    """

    def test_jain(self) -> None:
        """
        1 if all gave the same, 1/n if one gave everything, and nothing if nobody gave.
        """
        self.assertEqual(jain([5, 5, 5]), 1.0)
        self.assertEqual(jain([9, 0, 0, 0]), 0.25)
        self.assertIsNone(jain([0, 0]))
        self.assertIsNone(jain([]))
