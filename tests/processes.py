"""
Swarms of whole processes on loopback: folders, configuration files, data, and
the peers themselves, each started as a user would start it.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import NoReturn

from twisted.trial.unittest import SynchronousTestCase

from tests.logs import check_swarm
from tests.raw_peer import RawListener, RawPeer

ROOT = Path(__file__).resolve().parent.parent
TWISTD = [sys.executable, str(Path(sys.executable).with_name("twistd"))]

PATIENCE_SECONDS = 60.0
"""
How long a test waits for what a process must do.
"""

START_SECONDS = 20.0
"""
How long a refusal may take, the start of a crowded interpreter included.
"""

_LOOK_SECONDS = 0.02
_TAIL_CHARACTERS = 4000


def random_bytes(size: int, seed: int = 1) -> bytes:
    """
    The same bytes for the same arguments, with no pattern in them.
    """
    return random.Random(seed).randbytes(size)


def reserve_port() -> socket.socket:
    """
    A free port that stays ours until the socket is closed: nobody else is given
    it, and a peer, which reuses addresses, can still listen there.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


def roomy_place(needs_bytes: int) -> Path | None:
    """
    Where there is room for so much and some more: in memory if that has it, else
    on the disk, else nowhere.
    """
    needs_bytes += 256 << 20
    for place in (Path("/dev/shm"), Path(tempfile.gettempdir())):
        if place.is_dir() and shutil.disk_usage(place).free > needs_bytes:
            # Files in memory may be more than there is memory for.
            if place.name == "shm" and _available_memory() < needs_bytes + (2 << 30):
                continue
            return place
    return None


def _available_memory() -> int:
    """
    Bytes that new programs can have.
    """
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True)
class Settings:
    """
    Common.cfg as values.
    """

    file_size: int
    piece_size: int
    preferred: int = 2
    unchoking: int = 1
    optimistic: int = 2
    file_name: str = "TheFile.dat"

    @property
    def piece_count(self) -> int:
        """
        How many pieces the file has.
        """
        return -(-self.file_size // self.piece_size)

    def lines(self) -> dict[str, str]:
        """
        The keys and values of the file.
        """
        return {
            "NumberOfPreferredNeighbors": str(self.preferred),
            "UnchokingInterval": str(self.unchoking),
            "OptimisticUnchokingInterval": str(self.optimistic),
            "FileName": self.file_name,
            "FileSize": str(self.file_size),
            "PieceSize": str(self.piece_size),
        }


@dataclass
class PeerLine:
    """
    One line of PeerInfo.cfg.

    @ivar listener: who listens there, if it is a script.
    @ivar holder: what keeps the port free, if it is one of our processes.
    """

    peer_id: int
    has_file: bool
    host: str = "localhost"
    listener: RawListener | None = None
    holder: socket.socket | None = None

    @property
    def port(self) -> int:
        """
        The listening port.
        """
        if self.listener is not None:
            return self.listener.port
        assert self.holder is not None
        return int(self.holder.getsockname()[1])

    def __str__(self) -> str:
        return f"{self.peer_id} {self.host} {self.port} {int(self.has_file)}"


class PeerProcess:
    """
    One peer as a process, or any other command.

    @ivar log_path: the protocol log that it writes.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        cwd: Path,
        output: Path,
        log_path: Path,
        environment: Mapping[str, str],
        handed: Sequence[int] = (),
    ) -> None:
        """
        @param handed: the descriptors that it has besides the usual ones.
        """
        self.name = name
        self.log_path = log_path
        self._out = output.with_suffix(".out")
        self._err = output.with_suffix(".err")
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=handed,
            )

    @property
    def pid(self) -> int:
        """
        The process id.
        """
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """
        Has it not ended yet?
        """
        return self._popen.poll() is None

    @property
    def stdout(self) -> str:
        """
        All that it printed.
        """
        return self._out.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        """
        All that it complained.
        """
        return self._err.read_text(errors="replace")

    @property
    def log(self) -> str:
        """
        Its protocol log.
        """
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def private_bytes(self) -> int:
        """
        Memory that is its own and of no file.
        """
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024

    def signal(self, number: signal.Signals) -> None:
        """
        Send it a signal.
        """
        self._popen.send_signal(number)

    def kill(self) -> None:
        """
        End it at once, as a power cut would, if it still runs.
        """
        self._popen.kill()
        self._popen.wait()

    def wait_until(
        self,
        condition: Callable[[], bool],
        what: str,
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """
        Wait for C{condition}; fail if the process ends before.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"{what} did not come in {seconds:g} s")
            try:
                status = self._popen.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            if not condition():
                self.fail(f"ended with status {status} before {what}")

    def wait_for_log(self, text: str, seconds: float = PATIENCE_SECONDS) -> None:
        """
        Wait until the protocol log holds C{text}.
        """
        self.wait_until(lambda: text in self.log, repr(text), seconds)

    def wait_for_exit(self, seconds: float = PATIENCE_SECONDS) -> int:
        """
        Wait for its end.

        @return: the exit status; negative for a signal.
        """
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.fail(f"did not end in {seconds:g} s")

    def report(self) -> str:
        """
        What it printed and logged, for a failure message.
        """
        return "\n".join(
            f"---- {self.name}, {title}:\n{text[-_TAIL_CHARACTERS:]}"
            for title, text in (
                ("status", str(self._popen.poll())),
                ("stdout", self.stdout),
                ("stderr", self.stderr),
                ("protocol log", self.log),
            )
        )

    def fail(self, what: str) -> NoReturn:
        """
        @raise AssertionError: always.
        """
        raise AssertionError(f"{self.name}: {what}")


@dataclass
class Swarm:
    """
    One folder with both configuration files, and the peers in it.

    @ivar data: what every peer must hold at the end; C{None} if the test makes
        and checks the file itself.
    @ivar processes: by peer id, the latest start of each.
    """

    folder: Path
    settings: Settings
    data: bytes | None
    lines: list[PeerLine]
    environment: dict[str, str]
    processes: dict[int, PeerProcess] = field(default_factory=dict)
    all_processes: list[PeerProcess] = field(default_factory=list)
    conversations: list[RawPeer] = field(default_factory=list)

    def write(self) -> None:
        """
        Put the configuration files and the seeds' data in place.
        """
        common = [f"{key} {value}" for key, value in self.settings.lines().items()]
        (self.folder / "Common.cfg").write_text("\n".join(common) + "\n")
        peers = "".join(f"{line}\n" for line in self.lines)
        (self.folder / "PeerInfo.cfg").write_text(peers)
        for line in self.lines:
            if line.has_file and line.listener is None and self.data is not None:
                path = self.file_path(line.peer_id)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(self.data)

    def line(self, peer_id: int) -> PeerLine:
        """
        The line of that peer.
        """
        (line,) = (line for line in self.lines if line.peer_id == peer_id)
        return line

    def file_path(self, peer_id: int) -> Path:
        """
        Where that peer keeps the file.
        """
        return self.folder / f"peer_{peer_id}" / self.settings.file_name

    def log_path(self, peer_id: int) -> Path:
        """
        Where that peer writes its protocol log.
        """
        return self.folder / f"log_peer_{peer_id}.log"

    def start(
        self,
        peer_id: int,
        *options: str,
        cwd: Path | None = None,
        log_path: Path | None = None,
    ) -> PeerProcess:
        """
        Start one peer as a user would, by default with the swarm's folder as
        its working directory.
        """
        command = [*TWISTD, "-n", "--pidfile=", "swarmpeer", "--id", str(peer_id)]
        return self.start_by(peer_id, [*command, *options], cwd, log_path)

    def start_by(
        self,
        peer_id: int,
        command: Sequence[str],
        cwd: Path | None = None,
        log_path: Path | None = None,
        **environment: str,
    ) -> PeerProcess:
        """
        Start one peer by any C{command}.
        """
        process = PeerProcess(
            f"peer {peer_id}",
            command,
            cwd or self.folder,
            self.folder / f"output_{len(self.all_processes)}_{peer_id}",
            log_path or self.log_path(peer_id),
            {**self.environment, **environment},
        )
        self.processes[peer_id] = process
        self.all_processes.append(process)
        return process

    def start_all(self) -> None:
        """
        Start every peer that is no script, in the order of the list.
        """
        for line in self.lines:
            if line.listener is None:
                self.start(line.peer_id)

    def dial(self, peer_id: int, name: str) -> RawPeer:
        """
        A script calls one of our processes as soon as that listens.
        """
        process = self.processes[peer_id]
        port = self.line(peer_id).port
        host = "::1" if ":" in self.line(peer_id).host else "127.0.0.1"

        def answers() -> bool:
            try:
                self.conversations.append(RawPeer.dial(port, name, host))
            except ConnectionRefusedError:
                return False
            return True

        process.wait_until(answers, f"a listener at port {port}")
        return self.conversations[-1]

    def accept(self, peer_id: int, name: str, seconds: float = 15.0) -> RawPeer:
        """
        The script C{peer_id} is called.
        """
        listener = self.line(peer_id).listener
        assert listener is not None, f"{peer_id} is no script"
        self.conversations.append(listener.accept(name, seconds))
        return self.conversations[-1]

    def expect_finished(
        self,
        seconds: float = PATIENCE_SECONDS,
        *,
        is_consistent: bool = True,
        killed: Iterable[int] = (),
    ) -> None:
        """
        Every process ends by itself with status 0 and holds the file; every
        line of every log is right, and the logs tell one story.

        @param is_consistent: were there no scripts and no kills, so that the
            logs must fit each other line by line?
        @param killed: peers that were killed in between: their own logs, and
            what others heard from them, may break off and begin again.
        """
        deadline = time.monotonic() + seconds
        for process in self.processes.values():
            status = process.wait_for_exit(deadline - time.monotonic())
            if status != 0:
                process.fail(f"ended with status {status}")
        if self.data is not None:
            for peer_id, process in self.processes.items():
                path = self.file_path(peer_id)
                if path.read_bytes() != self.data:
                    process.fail(f"{path} differs from the seed's file")
        check_swarm(
            {peer_id: process.log for peer_id, process in self.processes.items()},
            seeds={line.peer_id for line in self.lines if line.has_file},
            order=[line.peer_id for line in self.lines],
            piece_count=self.settings.piece_count,
            preferred=self.settings.preferred,
            is_whole=is_consistent,
            killed=frozenset(killed),
        )

    def close(self) -> None:
        """
        End whatever still runs.
        """
        for conversation in self.conversations:
            conversation.close()
        for process in self.all_processes:
            process.kill()
        for line in self.lines:
            if line.listener is not None:
                line.listener.close()
            if line.holder is not None:
                line.holder.close()


def _explained(
    test: Callable[["ProcessTestCase"], None],
) -> Callable[["ProcessTestCase"], None]:
    """
    The C{test}, with what all processes printed in the message of its failure.
    """

    @wraps(test)
    def explained(self: ProcessTestCase) -> None:
        try:
            test(self)
        except AssertionError as error:
            told = "\n".join([str(error), *self.reports()])
            raise self.failureException(told) from error

    return explained


class ProcessTestCase(SynchronousTestCase):
    """
    A test with processes: ends them whatever happens, and adds what they
    printed to the message of a failure.
    """

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._swarms: list[Swarm] = []
        self._commands: list[PeerProcess] = []

    def __init_subclass__(cls) -> None:
        """
        Wrap every test.
        """
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if name.startswith("test_"):
                setattr(cls, name, _explained(method))

    def reports(self) -> list[str]:
        """
        What all processes printed, in swarms and out of them.
        """
        members = [each for swarm in self._swarms for each in swarm.all_processes]
        return [process.report() for process in [*self._commands, *members]]

    def make_folder(self, *, needs_bytes: int = 0) -> Path:
        """
        A fresh folder that goes away after the test: in memory if there is room
        for what it is to hold, else on the disk.
        """
        place = roomy_place(needs_bytes)
        if place is None:
            self.skipTest(f"nowhere are {needs_bytes} bytes free")
        folder = Path(tempfile.mkdtemp(prefix="swarmpeer-", dir=place))
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def make_swarm(
        self,
        settings: Settings,
        data: bytes | None,
        *,
        peers: int,
        seeds: Iterable[int] = (1001,),
        scripts: Iterable[int] = (),
        hosts: Mapping[int, str] | None = None,
        folder: Path | None = None,
    ) -> Swarm:
        """
        A written swarm of peers 1001, 1002, ... of which nobody runs yet.

        @param scripts: the peers that are scripts and no processes.
        """
        lines = []
        for peer_id in range(1001, 1001 + peers):
            line = PeerLine(peer_id, peer_id in set(seeds))
            line.host = (hosts or {}).get(peer_id, line.host)
            if peer_id in set(scripts):
                line.listener = RawListener("::1" if ":" in line.host else "127.0.0.1")
            else:
                line.holder = reserve_port()
            lines.append(line)
        swarm = Swarm(
            folder or self.make_folder(), settings, data, lines, child_environment()
        )
        self._swarms.append(swarm)
        self.addCleanup(swarm.close)
        swarm.write()
        return swarm

    def start_command(
        self,
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        handed: Sequence[int] = (),
    ) -> PeerProcess:
        """
        Start any command.

        @param handed: the descriptors that it has besides the usual ones.
        """
        output = cwd / f"command_{len(self._commands)}"
        process = PeerProcess(
            " ".join(command),
            command,
            cwd,
            output,
            output.with_suffix(".log"),
            child_environment() if environment is None else environment,
            handed,
        )
        self._commands.append(process)
        self.addCleanup(process.kill)
        return process

    def run_command(
        self,
        command: Sequence[str],
        cwd: Path,
        seconds: float = PATIENCE_SECONDS,
        environment: Mapping[str, str] | None = None,
    ) -> PeerProcess:
        """
        Run any command to its end.
        """
        process = self.start_command(command, cwd, environment)
        process.wait_for_exit(seconds)
        return process

    def expect_refusal(self, process: PeerProcess, *words: str) -> str:
        """
        The process ends soon with a status that is not 0 and one line on stderr
        that holds all C{words}.

        @return: that line.
        """
        status = process.wait_for_exit(START_SECONDS)
        self.assertNotEqual(status, 0)
        lines = process.stderr.splitlines()
        self.assertEqual(len(lines), 1, process.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertNotIn("Traceback", process.stdout + process.stderr)
        return lines[0]


def child_environment() -> dict[str, str]:
    """
    Our environment, with this very tree in front of whatever is installed.
    """
    return {**os.environ, "PYTHONPATH": str(ROOT)}
