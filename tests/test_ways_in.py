"""
The other ways to run a peer: the application file, the examples of embedding,
and the laboratory.
"""

import hashlib
import importlib.util
import json
import re
import shutil
import signal
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError, URLError

from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import twisted.plugins
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.layout import PieceLayout
from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.errors import ConfigError
from swarmpeer.events import (
    DialFailed,
    GoodbyeReceived,
    RequestGivenBack,
    RequestIgnored,
    SwarmEvent,
)
from swarmpeer.interfaces import ILendingStorage, IPiecePicker
from swarmpeer.policies import choking_policy, piece_picker
from swarmpeer.seam import PieceSpan
from swarmpeer.testing.scenario import FaultLevel, Scenario
from swarmpeer.testing.swarm import simulate
from swarmpeer.wire.bitfield import Bitfield
from tests.processes import (
    ROOT,
    TWISTD,
    PeerProcess,
    ProcessTestCase,
    Settings,
    Swarm,
    child_environment,
    random_bytes,
    reserve_port,
)
from tests.verified_swarms import VerifiedTestCase, listing, single_file

_EXAMPLES = ROOT / "docs" / "examples"


class PolicyPluginTests(SynchronousTestCase):
    """
    The examples of policies that are plugins.
    """

    def setUp(self) -> None:
        """
        They are where C{twistd} finds plugins.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        for name in ("choking_plugin", "picking_plugin"):
            shutil.copy(_EXAMPLES / f"{name}.py", folder)
            self.addCleanup(sys.modules.pop, f"twisted.plugins.{name}", None)
        places = [*twisted.plugins.__path__, str(folder)]
        self.patch(twisted.plugins, "__path__", places)

    def test_choking(self) -> None:
        """
        The policy is found by its name, for the key that it is for.
        """
        made = choking_policy("calm", "x")(1, Random(0))
        self.assertIsInstance(made, FleetChoking)
        self.assertFalse(made.shows_pieces)
        self.assertRaises(ConfigError, piece_picker, "calm", "x")

    def test_picking(self) -> None:
        """
        So is the picker, and it asks for the last piece first, of which who has not
        all has some.
        """
        picker = piece_picker("last-first", "x")(Bitfield(40), Random(0))
        verifyObject(IPiecePicker, picker)
        theirs = Bitfield.full(40)
        order = []
        while (index := picker.pick(theirs, theirs.count)) is not None:
            picker.shut(index)
            order.append(index)
        self.assertEqual(order, [*reversed(range(40))])
        for index in (7, 9, 30):
            picker.reopen(index)
        theirs.discard(30)
        self.assertEqual(picker.pick(theirs, 2), 9)
        self.assertEqual(picker.pick_among([7, 8]), 7)
        self.assertRaises(ConfigError, choking_policy, "last-first", "x")

    def test_simulated(self) -> None:
        """
        A swarm whose peers pick so is simulated, and no rule is broken.
        """
        scenario = Scenario(files=2, faults=FaultLevel.WILD, seed=4)
        outcome = simulate(replace(scenario, picking="last-first", policy="calm"))
        self.assertEqual(outcome.breaches, ())
        self.assertNotEqual(outcome.digest, simulate(scenario).digest)


class WorthTellingTests(SynchronousTestCase):
    """
    What the example of a verified peer listens to.
    """

    def test_what_goes_wrong(self) -> None:
        """
        It hears of everything that the log of a peer can warn of, but for what mostly
        tells of members that are not there or slow.
        """
        heard = {*_example("verified_peer").WORTH_TELLING}
        often = {DialFailed, GoodbyeReceived, RequestGivenBack, RequestIgnored}
        told = {*filter(_is_warned_of, DiagnosticLog(1).event_classes)}
        self.assertLessEqual(often, told)
        self.assertEqual(told - often - heard, set())


class LendingTests(SynchronousTestCase):
    """
    The example of a storage that lends.
    """

    def test_lent(self) -> None:
        """
        It lends spans of the file, and is closed once all were given back.
        """
        path, data = Path(self.mktemp()), random_bytes(40_000)
        path.write_bytes(data)
        storage = _example("lending_storage").LendingFile(
            path, PieceLayout(len(data), 16_384)
        )
        verifyObject(ILendingStorage, storage)
        storage.open()
        lent: list[PieceSpan] = []
        closed: list[bool] = []
        storage.lend((2, 0), lent.extend, self.fail)
        self.assertEqual(
            [span.read(0, span.size_bytes) for span in lent],
            [data[32_768:], data[:16_384]],
        )
        storage.close(lambda: closed.append(True))
        lent[0].give_back()
        self.assertEqual(closed, [])
        lent[1].give_back()
        self.assertEqual(closed, [True])


def _example(name: str) -> Any:
    """
    One of the examples, as a module.
    """
    spec = importlib.util.spec_from_file_location(name, _EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_warned_of(event_class: type[SwarmEvent]) -> bool:
    """
    Is there an event of that class of which the log of a peer warns?
    """

    def is_warned_of(event: SwarmEvent) -> bool:
        with capturedLogs() as lines:
            DiagnosticLog(1, 100).observe(event)
        return any(line["log_level"] >= LogLevel.warn for line in lines)

    once = settings(
        max_examples=40, phases=[Phase.generate], derandomize=True, database=None
    )
    try:
        find(st.from_type(event_class), is_warned_of, settings=once)
    except NoSuchExample:
        return False
    return True


class WaysInTests(ProcessTestCase):
    """
    Each way stands in for the leecher of a swarm of two.
    """

    def start(self) -> Swarm:
        """
        A swarm whose seed runs.
        """
        data = random_bytes(100_000)
        swarm = self.make_swarm(Settings(len(data), 1000), data, peers=2)
        swarm.start(1001)
        return swarm

    def test_application_file(self) -> None:
        """
        C{peer.tac} runs a peer, and ends with the swarm.
        """
        swarm = self.start()
        command = [*TWISTD, "-n", "--pidfile=", "-y", str(ROOT / "peer.tac")]
        swarm.start_by(1002, command, PEER_ID="1002")
        swarm.expect_finished()

    def test_two_services(self) -> None:
        """
        The example with a second service tells progress up to the last piece
        and leaves by its own decision.
        """
        swarm = self.start()
        command = [sys.executable, str(_EXAMPLES / "two_services.py"), "1002", "."]
        process = swarm.start_by(1002, command)
        swarm.expect_finished()
        self.assertTrue(process.stdout.startswith("0 of 100 pieces\n"))
        self.assertIn("every peer is complete\n", process.stdout)

    def test_progress_page(self) -> None:
        """
        The example with a web server shows progress as JSON, and is not ended by
        the peer in it.
        """
        swarm = self.start()
        with reserve_port() as holder:
            port = holder.getsockname()[1]
            script = str(_EXAMPLES / "progress_page.py")
            process = swarm.start_by(
                1002, [sys.executable, script, "1002", ".", str(port)]
            )
            process.wait_until(
                lambda: _page(port).get("held") == 100, "a page that tells 100 pieces"
            )
            self.assertEqual(swarm.processes[1001].wait_for_exit(), 0)
            self.assertEqual(_page(port)["piece_count"], 100)
        process.signal(signal.SIGTERM)
        process.wait_for_exit()
        self.assertEqual(swarm.file_path(1002).read_bytes(), swarm.data)

    def test_own_world(self) -> None:
        """
        The example with two peers in one program tells its events and the right
        digest.
        """
        folder, data = self.make_folder(), random_bytes(100_000)
        (folder / "peer_1").mkdir()
        (folder / "peer_1" / "data").write_bytes(data)
        script = str(_EXAMPLES / "own_world.py")
        process = self.run_command([sys.executable, script, ".", "data"], folder)
        self.assertEqual((process.wait_for_exit(), process.stderr), (0, ""))
        *events, digest = process.stdout.splitlines()
        kinds = [event.partition("(")[0] for event in events]
        self.assertEqual(kinds, ["UnchokedBy", *["PieceStored"] * 7])
        self.assertEqual(digest, hashlib.sha256(data).hexdigest())

    def test_simulated_swarm(self) -> None:
        """
        The example with a policy of its own tells how both did.
        """
        script = str(_EXAMPLES / "simulated_swarm.py")
        process = self.run_command([sys.executable, script, "3"], self.make_folder())
        self.assertEqual((process.wait_for_exit(), process.stderr), (0, ""))
        classic, without = re.findall(
            r"^(.*?) +everybody has a piece after +[\d.]+ s, the file after +[\d.]+ s$",
            process.stdout,
            re.MULTILINE,
        )
        self.assertEqual((classic, without), ("classic", "preferred only"))

    def test_picker_by_its_place(self) -> None:
        """
        The command that simulates finds a picker in the folder that it is called in.
        """
        folder = self.make_folder()
        shutil.copy(_EXAMPLES / "picking_plugin.py", folder)
        name = "picking_plugin:LastFirst"
        words = ["simulate", "--files", "1", "--picking", name, "--json"]
        # As the installed command, which is not started with this folder on its path.
        command = [sys.executable, "-P", "-m", "swarmpeer", *words]
        process = self.run_command(command, folder)
        self.assertEqual((process.wait_for_exit(), process.stderr), (0, ""))
        run = json.loads(process.stdout)
        self.assertTrue(run["is_good"])
        self.assertEqual(run["replay"], f"swarmpeer {' '.join(words[:-1])}")

    def test_swarm_logs(self) -> None:
        """
        The logs that the example keeps break no rule, and every rule is seen.
        """
        script = str(_EXAMPLES / "swarm_logs.py")
        folder = self.make_folder()
        for command in ([script, "kept"], ["-m", "swarmpeer", "logs", "kept"]):
            process = self.run_command([sys.executable, *command], folder)
            self.assertEqual((process.wait_for_exit(), process.stderr), (0, ""))
        self.assertIn("OK: 6 logs: 26 rules hold, 0 do not, 0 not seen", process.stdout)

    def test_refusals_of_examples(self) -> None:
        """
        An example that cannot start says why in one line, with status 1.
        """
        swarm = self.make_swarm(Settings(1, 1), b"x", peers=2)
        with reserve_port() as holder:
            holder.listen()
            port = str(holder.getsockname()[1])
            for name, arguments, words in (
                ("two_services", ["1009", "."], "our own peer 1009"),
                ("progress_page", ["1009", ".", port], "our own peer 1009"),
                ("progress_page", ["1002", ".", port], port),
                ("own_world", [".", "none"], "peer_1/none"),
            ):
                command = [sys.executable, str(_EXAMPLES / f"{name}.py"), *arguments]
                process = self.start_command(command, swarm.folder)
                self.expect_refusal(process, f"{name}: ", words)
                self.assertEqual(process.wait_for_exit(), 1)


class VerifiedPeerTests(VerifiedTestCase):
    """
    The example with a peer of a verified swarm.
    """

    command = (sys.executable, str(_EXAMPLES / "verified_peer.py"), "swarm.toml")

    def test_application_file(self) -> None:
        """
        C{peer.tac} runs such a peer, too.
        """
        swarm = self.make_verified(single_file(3), peers=2)
        swarm.start(1001)
        command = [*TWISTD, "-n", "--pidfile=", "-y", str(ROOT / "peer.tac")]
        told = {"PEER_ID": "1002", "PEER_SWARM": "swarm.toml"}
        process = self.start_command(
            command, swarm.folder, {**child_environment(), **told}
        )
        self.assertEqual(process.wait_for_exit(), 0)
        self.assertEqual(listing(swarm.place(1002)), listing(swarm.original))

    def test_to_the_end(self) -> None:
        """
        It tells what was here, ends by itself, and has the very data; started again
        and told to stop, it says that all is here, and stops without a complaint.
        """
        swarm = self.make_verified(single_file(20), peers=2)
        swarm.give(1002, range(1, 20))
        seed = swarm.start(1001)
        process = self.run_command([*self.command, "1002"], swarm.folder)
        self.assertEqual((process.wait_for_exit(), process.stderr), (0, ""))
        self.assertEqual(
            process.stdout.splitlines(),
            [
                "FileDiffers(path='1002/TheFile.dat', wrong_pieces=1, piece_count=20)",
                "FilesChecked(held=19, hashed=20, piece_count=20)",
                "20 pieces are here; 16384 bytes came, 0 of them for nothing",
            ],
        )
        self.assertEqual(seed.wait_for_exit(), 0)
        self.assertEqual(listing(swarm.place(1002)), listing(swarm.original))
        again = self.start_command([*self.command, "1002"], swarm.folder)
        again.wait_until(lambda: "piece_count" in again.stdout, "what is here")
        again.signal(signal.SIGTERM)
        again.wait_for_exit()
        self.assertEqual(
            (again.stdout, again.stderr),
            ("FilesChecked(held=20, hashed=0, piece_count=20)\n", ""),
        )

    def test_watched_service(self) -> None:
        """
        The example with pages tells how it is, at its port, too, and goes on when the
        data is there until it is told to stop.
        """
        swarm = self.make_verified(single_file(20), peers=2)
        with reserve_port() as holder:
            port = holder.getsockname()[1]
            script = str(_EXAMPLES / "watched_service.py")
            process = self.start_command(
                [sys.executable, script, "swarm.toml", "1002", str(port)], swarm.folder
            )
            process.wait_until(lambda: "anybody" in process.stdout, "a line about that")
            self.assertEqual(_page(port, "status.json")["state"], "fetching")
            seed = swarm.start(1001)
            process.wait_until(
                lambda: "complete, 20 pieces: all is well\n" in process.stdout,
                "the end",
            )
            self.assertIn("the data is here: start what needs it\n", process.stdout)
            self.assertEqual(_page(port, "status.json")["held"], 20)
            self.assertEqual(seed.wait_for_exit(), 0)
        process.signal(signal.SIGTERM)
        process.wait_for_exit()
        self.assertEqual(process.stderr, "")
        self.assertEqual(listing(swarm.place(1002)), listing(swarm.original))

    def test_watched_with_a_token(self) -> None:
        """
        With a token file the same example shows its pages to who knows the token, and
        its metrics have the times of hashing and of the disk.
        """
        swarm = self.make_verified(single_file(20), peers=2)
        token = "0123456789abcdef"
        (swarm.folder / "token").write_text(f"{token}\n")
        with reserve_port() as holder:
            port = holder.getsockname()[1]
            script = str(_EXAMPLES / "watched_service.py")
            command = [sys.executable, script, "swarm.toml", "1002", str(port), "token"]
            process = self.start_command(command, swarm.folder)
            swarm.start(1001)
            process.wait_until(lambda: "the data is here" in process.stdout, "the end")
            url = f"http://127.0.0.1:{port}/metrics"
            with self.assertRaises(HTTPError) as refused:
                urllib.request.urlopen(url, timeout=5)
            self.assertEqual(refused.exception.code, 401)
            refused.exception.close()
            known = urllib.request.Request(
                url, headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(known, timeout=5) as page:
                text = page.read().decode()
        self.assertIn("\nswarmpeer_complete 1.0\n", text)
        self.assertIn("\nswarmpeer_stored_pieces_total 20.0\n", text)
        for name in ("hash_seconds_count", 'disk_seconds_count{operation="write"}'):
            line = f"\nswarmpeer_{name} "
            self.assertGreater(float(text.partition(line)[2].split()[0]), 0)
        process.signal(signal.SIGTERM)
        process.wait_for_exit()
        self.assertEqual(process.stderr, "")

    def test_refusal(self) -> None:
        """
        If it cannot start, it says why in one line, with status 1.
        """
        swarm = self.make_verified(single_file(2), peers=1)
        script = str(_EXAMPLES / "watched_service.py")
        watched = [sys.executable, script, "swarm.toml", "1009", "1"]
        process = self.start_command(watched, swarm.folder)
        self.expect_refusal(process, "watched_service: ", "our own peer 1009")
        self.assertEqual(process.wait_for_exit(), 1)
        watched = [sys.executable, script, "swarm.toml", "1001", "1", "none"]
        process = self.start_command(watched, swarm.folder)
        self.expect_refusal(process, "watched_service: ", "the token cannot be read")
        process = self.start_command([*self.command, "1009"], swarm.folder)
        self.expect_refusal(process, "verified_peer: ", "our own peer 1009")
        self.assertEqual(process.wait_for_exit(), 1)


class LaboratoryTests(ProcessTestCase):
    """
    The command C{swarmpeer lab}, which starts processes of its own.
    """

    def lab(self, *options: str) -> tuple[PeerProcess, Path]:
        """
        Start it on a file of 4 MB; peers and output are in the folder.
        """
        folder = self.make_folder()
        (folder / "big.bin").write_bytes(random_bytes(4_000_000))
        command = [sys.executable, "-m", "swarmpeer", "lab", "big.bin"]
        keep = folder / "kept"
        process = self.start_command(
            [*command, "--peers", "3", "--keep", str(keep), *options], folder
        )
        return process, keep

    def test_verdict(self) -> None:
        """
        A whole swarm runs, every copy is identical, and the status is 0.  What its
        peers wrote breaks no rule of the protocol.
        """
        process, keep = self.lab()
        self.assertEqual(process.wait_for_exit(), 0)
        self.assertIn("OK: 3 identical files", process.stdout)
        copies = {path.read_bytes() for path in keep.rglob("big.bin")}
        self.assertEqual(copies, {random_bytes(4_000_000)})
        command = [sys.executable, "-m", "swarmpeer", "logs", str(keep)]
        logs = self.run_command(command, keep)
        self.assertEqual((logs.wait_for_exit(), logs.stderr), (0, ""), logs.stdout)
        self.assertIn("OK: 3 logs", logs.stdout)

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends the laboratory and every peer that it has started.
        """
        process, keep = self.lab("--unchoking", "60")
        process.wait_until(lambda: len(_users_of(keep)) >= 3, "three peers")
        process.signal(signal.SIGINT)
        self.assertEqual(process.wait_for_exit(), 130)
        self.assertEqual(_users_of(keep), [])


def _page(port: int, name: str = "") -> dict[str, object]:
    """
    The progress that the page tells; nothing until it is there.
    """
    url = f"http://127.0.0.1:{port}/{name}"
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            progress = json.load(page)
    except URLError:
        return {}
    assert isinstance(progress, dict)
    return progress


def _users_of(folder: Path) -> list[int]:
    """
    The processes that were started with C{folder}, or something in it, on their
    command line, the laboratory itself left out.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "lab" not in words and any(str(folder) in word for word in words):
            found.append(int(path.parent.name))
    return found
