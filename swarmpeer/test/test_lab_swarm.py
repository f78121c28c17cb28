"""
Tests of L{swarmpeer.lab.swarm}.
"""

import io
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig
from swarmpeer.lab.folder import LabFolder, SourceFile, sha256
from swarmpeer.lab.plan import LabPlan, plan_peers
from swarmpeer.lab.screen import PlainScreen
from swarmpeer.lab.swarm import Lab, PeerProcess

CONTENT = b"0123456789" * 3
TIME = "[2026-11-25 13:43:14]: "
Said = tuple[object, ...]


@dataclass
class SimulatedProcess:
    """
    A process that lives until the test ends it, or a signal that it obeys.
    """

    peer_id: int
    said: list[Said]
    protocol: PeerProcess
    obeys: tuple[str, ...]
    is_gone: bool = False

    def signalProcess(self, number: signal.Signals) -> None:
        """
        Remember, and perhaps obey.
        """
        if self.is_gone:
            raise ProcessExitedAlready()
        self.said.append(("signal", self.peer_id, number.name))
        if number.name in self.obeys:
            self.end(ProcessTerminated(signal=number))

    def end(self, how: Exception) -> None:
        """
        Be gone.
        """
        self.is_gone = True
        self.said.append(("ended", self.peer_id))
        self.protocol.processEnded(Failure(how))


@dataclass
class SimulatedProcesses:
    """
    Starts simulated processes.
    """

    said: list[Said]
    obeys: tuple[str, ...] = ("SIGTERM", "SIGKILL")
    refuse: int | None = None
    started: dict[int, SimulatedProcess] = field(default_factory=dict)

    def spawn(self, process: PeerProcess, argv: list[str], output: BinaryIO) -> None:
        """
        Remember, and let it live.
        """
        peer_id = int(argv[1])
        if peer_id == self.refuse:
            raise OSError(11, "Resource temporarily unavailable")
        self.said.append(("start", peer_id, Path(output.name).name))
        simulated = SimulatedProcess(peer_id, self.said, process, self.obeys)
        # Nothing but signalProcess is asked of it.
        process.transport = cast(IProcessTransport, simulated)
        self.started[peer_id] = simulated


STARTED: list[Said] = [
    ("start", 1001, "output_peer_1001.txt"),
    ("start", 1002, "output_peer_1002.txt"),
    ("start", 1003, "output_peer_1003.txt"),
]


class LabTests(SynchronousTestCase):
    """
    A lab with simulated processes, in virtual time.
    """

    def make(
        self,
        digest: Callable[[Path, Callable[[], bool]], Deferred[str | None]]
        | None = None,
        refuse: int | None = None,
        obeys: tuple[str, ...] = ("SIGTERM", "SIGKILL"),
    ) -> None:
        """
        Lay out a seed and two leechers, and start them.
        """
        work = Path(self.mktemp())
        work.mkdir()
        path = work / "file"
        path.write_bytes(CONTENT)
        self.source = SourceFile.examine(str(path))
        common = CommonConfig(3, 1, 3, "file", len(CONTENT), 10)
        self.plan = LabPlan(common, plan_peers([7001, 7002, 7003], 1))
        self.folder = LabFolder.make(str(work / "lab"))
        self.folder.fill(self.plan, self.source)
        self.said: list[Said] = []
        self.processes = SimulatedProcesses(self.said, obeys, refuse)
        self.clock = Clock()
        self.output = io.StringIO()
        self.lab = Lab(
            self.plan,
            self.folder,
            self.source,
            PlainScreen(self.output),
            self.processes.spawn,
            self.clock,
            digest or self.digest,
            lambda peer_id, folder: ["peer", str(peer_id), str(folder)],
            20,
        )
        self.lab.run().addCallback(lambda status: self.said.append(("exit", status)))

    def digest(
        self, path: Path, is_cancelled: Callable[[], bool]
    ) -> Deferred[str | None]:
        """
        The digest at once.
        """
        try:
            return succeed(sha256(path, is_cancelled))
        except OSError as error:
            return fail(error)

    def log(self, peer_id: int, *words: str) -> None:
        """
        Add lines to a peer's protocol log.
        """
        with self.folder.protocol_log(peer_id).open("a") as log:
            log.writelines(f"{TIME}Peer {peer_id} {each}\n" for each in words)

    def log_first_piece(self, peer_id: int) -> None:
        """
        Let a leecher have its first piece, from the seed.
        """
        self.log(
            peer_id,
            "has downloaded the piece 0 from 1001. "
            "Now the number of pieces it has is 1.",
        )

    def complete(self, peer_id: int, content: bytes = CONTENT) -> None:
        """
        Let a leecher have the file and say so.
        """
        self.folder.file(self.plan, peer_id).write_bytes(content)
        self.log(peer_id, "has downloaded the complete file.")

    def end(self, *peer_ids: int) -> None:
        """
        Let processes end by themselves with status 0.
        """
        for peer_id in peer_ids:
            self.processes.started[peer_id].end(ProcessDone(0))

    def advance(self, seconds: int) -> None:
        """
        Let time pass tick by tick.
        """
        self.clock.pump([0.25] * (seconds * 4))

    def lines(self) -> list[str]:
        """
        What was printed.
        """
        return self.output.getvalue().splitlines()

    def test_success(self) -> None:
        """
        When all have ended well with the same file, the status is 0; no timer is
        left.
        """
        self.make()
        self.log(
            1002,
            "is unchoked by 1001.",
            "received the 'have' message from 1003 for the piece 0.",
        )
        self.log_first_piece(1002)
        self.advance(3)
        self.complete(1002)
        self.advance(1)
        self.complete(1003)
        self.end(1001, 1002, 1003)
        ended: list[Said] = [("ended", peer_id) for peer_id in (1001, 1002, 1003)]
        self.assertEqual(self.said, [*STARTED, *ended, ("exit", 0)])
        digest = "276fadfc9edc49f5"
        self.assertEqual(
            self.lines(),
            [
                "2.0 s: 16% of all, 0 of 2 complete, 6 B/s, last is 1003 at 0%",
                "3.2 s: 1002 has the file (1 of 2)",
                "4.0 s: 16% of all, 1 of 2 complete, 0 B/s, last is 1003 at 0%",
                "4.0 s: 1003 has the file (2 of 2)",
                "peer   time  bytes in  bytes out           SHA-256  file",
                f"1001   seed         0         10  {digest}  identical",
                f"1002  3.2 s        10          0  {digest}  identical",
                f"1003  4.0 s         0          0  {digest}  identical",
                f"FILE                              {digest}",
                "OK: 3 identical files, every peer ended by itself",
            ],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_different(self) -> None:
        """
        One other byte, or no file, anywhere is a failure that is named.
        """
        self.make()
        self.complete(1002, CONTENT[:-1] + b"x")
        self.complete(1003)
        self.folder.file(self.plan, 1003).unlink()
        self.end(1003, 1002, 1001)
        self.assertEqual(self.said[-1], ("exit", 1))
        self.assertEqual(self.lines()[-1], "FAILED: not identical at 1002, 1003")

    def test_source_changed(self) -> None:
        """
        If the file changes meanwhile, nothing can be said.
        """
        self.make()
        self.complete(1002)
        self.complete(1003)
        self.source.path.write_bytes(CONTENT + b"more")
        self.end(1001, 1002, 1003)
        self.assertEqual(self.said[-1], ("exit", 1))
        self.assertEqual(self.lines()[-1], "FAILED: the file changed while the lab ran")

    def test_died(self) -> None:
        """
        A peer that dies is named with the last lines of its output, and the
        others are stopped.
        """
        self.make()
        self.folder.output(1002).write_text("working\ncannot go on\n")
        self.processes.started[1002].end(ProcessTerminated(exitCode=3))
        self.assertEqual(
            self.said,
            [
                *STARTED,
                ("ended", 1002),
                ("signal", 1001, "SIGTERM"),
                ("ended", 1001),
                ("signal", 1003, "SIGTERM"),
                ("ended", 1003),
                ("exit", 1),
            ],
        )
        self.assertEqual(
            self.lines(),
            ["peer 1002 died (exit status 3):", "    working", "    cannot go on"],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_killed(self) -> None:
        """
        A peer that a signal ended is named with it.
        """
        self.make()
        self.processes.started[1003].end(ProcessTerminated(signal=signal.SIGSEGV))
        self.assertEqual(
            self.lines(), ["peer 1003 died (killed by SIGSEGV):", "    (no output)"]
        )

    def test_ended_too_early(self) -> None:
        """
        A leecher that ends with status 0 but without the file has failed.
        """
        self.make()
        self.end(1001, 1002)
        self.assertEqual(self.said[-1], ("exit", 1))
        self.assertEqual(self.lines()[0], "peer 1002 ended without having the file:")

    def test_timeout(self) -> None:
        """
        When the time is up, it is said who is not done.
        """
        self.make()
        self.complete(1002)
        self.log_first_piece(1003)
        self.advance(20)
        self.assertEqual(self.said[-1], ("exit", 1))
        self.assertEqual(
            self.lines()[-1], "time is up after 20 s: not done are 1003 (33%)"
        )

    def test_timeout_after_completion(self) -> None:
        """
        Peers that have the file but do not end are named too.
        """
        self.make()
        self.complete(1002)
        self.complete(1003)
        self.end(1002)
        self.advance(20)
        self.assertEqual(
            self.lines()[-1],
            "time is up after 20 s: "
            "all have the file, but still running are 1001, 1003",
        )

    def test_interrupted(self) -> None:
        """
        A signal stops all of them; the status tells which one.
        """
        self.make()
        self.lab.interrupt(signal.SIGINT)
        self.assertEqual(
            [each for each in self.said if each[0] != "ended"],
            [
                *STARTED,
                ("signal", 1001, "SIGTERM"),
                ("signal", 1002, "SIGTERM"),
                ("signal", 1003, "SIGTERM"),
                ("exit", 130),
            ],
        )

    def test_stubborn(self) -> None:
        """
        Who does not obey is killed after the grace time.
        """
        self.make(obeys=("SIGKILL",))
        self.lab.interrupt(signal.SIGTERM)
        self.advance(4)
        self.assertNotIn(("exit", 143), self.said)
        self.advance(1)
        self.assertEqual(self.said[-1], ("exit", 143))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_interrupted_twice(self) -> None:
        """
        Whoever asks twice does not wait for the grace time.
        """
        self.make(obeys=("SIGKILL",))
        self.lab.interrupt(signal.SIGINT)
        self.lab.interrupt(signal.SIGINT)
        self.assertEqual(self.said[-1], ("exit", 130))

    def test_interrupted_while_comparing(self) -> None:
        """
        A comparison in progress is given up.
        """
        answers: list[Deferred[str | None]] = []
        cancelled: list[Callable[[], bool]] = []

        def slow(_path: Path, is_cancelled: Callable[[], bool]) -> Deferred[str | None]:
            answers.append(Deferred())
            cancelled.append(is_cancelled)
            return answers[-1]

        self.make(slow)
        self.complete(1002)
        self.complete(1003)
        self.end(1001, 1002, 1003)
        self.assertFalse(cancelled[0]())
        self.lab.interrupt(signal.SIGINT)
        self.assertTrue(cancelled[0]())
        for answer in answers:
            answer.callback(None)
        self.assertEqual(self.said[-1], ("exit", 130))
        self.assertEqual(self.lines()[-1], "stopping all peers")

    def test_cannot_start(self) -> None:
        """
        If a process cannot be started, those that were are stopped.
        """
        self.make(refuse=1002)
        self.assertEqual(
            self.said,
            [
                STARTED[0],
                ("signal", 1001, "SIGTERM"),
                ("ended", 1001),
                ("exit", 1),
            ],
        )
        self.assertEqual(
            self.lines(),
            ["peer 1002 cannot be started: Resource temporarily unavailable"],
        )
