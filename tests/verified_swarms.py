"""
Verified swarms of whole processes on loopback: the data, its manifest,
C{swarm.toml}, and the peers themselves, each started as a user would start it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from swarmpeer.core.layout import PieceLayout
from swarmpeer.file_name import state_folder_name
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.storage.verified.resume import Record
from tests.processes import (
    PATIENCE_SECONDS,
    TWISTD,
    PeerLine,
    PeerProcess,
    ProcessTestCase,
    Settings,
    child_environment,
    random_bytes,
    reserve_port,
)

PIECE_SIZE = 16 * 1024
"""
The smallest that a manifest may have.
"""

Tables = Mapping[str, Mapping[str, object]]
"""
Tables of a C{swarm.toml}, each with its keys; those at the top have the name "".
"""

_QUICK: Tables = {
    "": {"manifest": "data.torrent", "folder": "{id}"},
    "timing": {"unchoking_interval": 0.25, "optimistic_interval": 0.5},
    "storage": {"commit_interval": 0.1},
}
_START = re.compile(r"holds (\d+) of (\d+) pieces from the start; (\d+) were hashed")
_DOWNLOADED = re.compile(r"has downloaded the piece (\d+) from (\d+)\.")


@dataclass
class MemberLine:
    """
    One of the C{[[members]]}.

    @ivar holder: what keeps the port free.
    @ivar web_port: where it has its pages, if anywhere.
    """

    peer_id: int
    is_seed: bool = False
    is_classic: bool = False
    holder: socket.socket = field(default_factory=reserve_port)
    web_port: int | None = None

    @property
    def port(self) -> int:
        """
        The listening port.
        """
        return int(self.holder.getsockname()[1])

    def table(self) -> dict[str, object]:
        """
        The keys and values.
        """
        table: dict[str, object] = {
            "id": self.peer_id,
            "host": "127.0.0.1",
            "port": self.port,
            "seed": self.is_seed,
            "classic": self.is_classic,
        }
        if self.web_port is not None:
            table["web_port"] = self.web_port
        return table


@dataclass
class VerifiedSwarm:
    """
    One folder with C{swarm.toml} and the manifest, and the peers in it, each with
    a folder of its own.

    @ivar original: what the manifest is of; no peer touches it.
    @ivar tables: what the C{swarm.toml} says besides the members.
    @ivar disks: by peer id, of those that have a disk of their own.
    @ivar processes: by peer id, the latest start of each.
    """

    folder: Path
    original: Path
    manifest: Manifest
    members: list[MemberLine]
    tables: Tables
    disks: dict[int, "SmallDisk"] = field(default_factory=dict)
    processes: dict[int, PeerProcess] = field(default_factory=dict)
    all_processes: list[PeerProcess] = field(default_factory=list)

    # What is written.

    def write(self) -> None:
        """
        Put the manifest and C{swarm.toml} in place.
        """
        save_manifest(self.manifest, self.folder / "data.torrent", overwrite=True)
        self.write_config("swarm.toml", self.tables)

    def share_ports(self, other: "VerifiedSwarm") -> None:
        """
        Have the members of another swarm.
        """
        for member in self.members:
            member.holder.close()
        self.members = other.members
        self.write()

    def write_classic(self) -> Settings:
        """
        Write the two files of the course, of the same swarm.

        @return: what the first says.
        """
        settings = Settings(
            self.original.stat().st_size, PIECE_SIZE, file_name=self.original.name
        )
        common = [f"{key} {value}" for key, value in settings.lines().items()]
        (self.folder / "Common.cfg").write_text("\n".join(common) + "\n")
        peers = [
            PeerLine(each.peer_id, each.is_seed, "127.0.0.1", holder=each.holder)
            for each in self.members
        ]
        (self.folder / "PeerInfo.cfg").write_text("".join(f"{p}\n" for p in peers))
        return settings

    def write_config(self, name: str, tables: Tables) -> None:
        """
        Write a C{swarm.toml} with the members and C{tables}.
        """
        lines: list[str] = []
        for header, values in tables.items():
            lines += [f"[{header}]"] if header else []
            lines += _lines(values)
        for member in self.members:
            lines += ["[[members]]", *_lines(member.table())]
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def give(self, peer_id: int, pieces: Collection[int] | None = None) -> None:
        """
        Have the data in the folder of a peer from the start.

        @param pieces: those that are right, of a single file; all if not given.
        """
        place = self.place(peer_id)
        if self.original.is_dir():
            shutil.copytree(self.original, place, symlinks=True)
            return
        place.parent.mkdir(exist_ok=True)
        data = bytearray(self.original.read_bytes())
        for index in range(self.piece_count):
            if pieces is not None and index not in pieces:
                spoil(data, index)
        place.write_bytes(data)

    # Where things are.

    @property
    def piece_count(self) -> int:
        """
        How many pieces there are.
        """
        return sum(-(-file.size_bytes // PIECE_SIZE) for file in self.manifest.files)

    def home(self, peer_id: int) -> Path:
        """
        The folder of a peer: as others call it, if it is on a disk of its own.
        """
        disk = self.disks.get(peer_id)
        if disk is not None:
            return disk.path
        classic = [each.peer_id for each in self.members if each.is_classic]
        name = f"peer_{peer_id}" if peer_id in classic else str(peer_id)
        return self.folder / name

    def place(self, peer_id: int) -> Path:
        """
        Where a peer has the file or the folder.
        """
        return self.home(peer_id) / self.original.name

    def state(self, peer_id: int) -> Path:
        """
        The folder of a peer's own.
        """
        name = state_folder_name(self.manifest.infohash)
        return self.home(peer_id) / name

    def port(self, peer_id: int) -> int:
        """
        Where a peer listens.
        """
        (member,) = (each for each in self.members if each.peer_id == peer_id)
        return member.port

    # What is run.

    def start(
        self, peer_id: int, *options: str, wrapper: Sequence[str] = ()
    ) -> PeerProcess:
        """
        Start one peer as a user would, in the swarm's folder.

        @param wrapper: a command that runs the one behind it.
        """
        command = [*TWISTD, "-n", "--pidfile=", "swarmpeer", "--id", str(peer_id)]
        if "--common" not in options and "--swarm" not in options:
            options = ("--swarm", "swarm.toml", *options)
        if peer_id in self.disks:
            wrapper = self.disks[peer_id].wrapper
        process = PeerProcess(
            f"peer {peer_id}",
            [*wrapper, *command, *options],
            self.folder,
            self.folder / f"output_{len(self.all_processes)}_{peer_id}",
            self.folder / f"log_peer_{peer_id}.log",
            child_environment(),
        )
        self.processes[peer_id] = process
        self.all_processes.append(process)
        return process

    def start_all(self, *peer_ids: int) -> None:
        """
        Start these peers, or all.
        """
        for peer_id in peer_ids or [member.peer_id for member in self.members]:
            self.start(peer_id)

    def stop(self, *peer_ids: int) -> None:
        """
        Have these peers stop in an orderly way, which is no failure.
        """
        for peer_id in peer_ids:
            self.processes[peer_id].signal(signal.SIGTERM)
        for peer_id in peer_ids:
            process = self.processes[peer_id]
            status = process.wait_for_exit()
            if status not in (0, -signal.SIGTERM):
                process.fail(f"ended with status {status}")

    def close(self) -> None:
        """
        End whatever still runs.
        """
        for process in self.all_processes:
            process.kill()
        for member in self.members:
            member.holder.close()
        for disk in self.disks.values():
            disk.close()

    # What comes of it.

    def wait_for(
        self, peer_id: int, *words: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """
        Wait until a peer said all of these since its latest start.
        """
        process = self.processes[peer_id]
        for each in words:
            process.wait_until(
                lambda each=each: each in process.stdout,  # type: ignore[misc]
                repr(each),
                seconds,
            )

    def wait_for_again(self, peer_id: int, words: str) -> None:
        """
        Wait until a peer said this twice since its latest start.
        """
        process = self.processes[peer_id]
        process.wait_until(lambda: process.stdout.count(words) > 1, repr(words))

    def wait_for_record(self, peer_id: int, count: int, seconds: float) -> None:
        """
        Wait until the record of a peer tells of so many pieces.
        """
        layout = PieceLayout.of_files(
            [file.size_bytes for file in self.manifest.files], PIECE_SIZE
        )
        path = self.state(peer_id) / "resume"

        def is_so() -> bool:
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return False
            record = Record.decode(data, self.manifest.infohash, layout)
            return record.held.count == count

        self.processes[peer_id].wait_until(is_so, f"{count} in the record", seconds)

    def wait_for_pieces(self, peer_id: int, count: int) -> None:
        """
        Wait until a peer got so many pieces in all its runs.
        """
        self.processes[peer_id].wait_until(
            lambda: len(self.downloaded(peer_id)) >= count, f"{count} pieces"
        )

    def downloaded(self, peer_id: int) -> list[int]:
        """
        The pieces that a peer got from others in all its runs, one by one.
        """
        path = self.folder / f"log_peer_{peer_id}.log"
        log = path.read_text() if path.exists() else ""
        return [int(index) for index, _ in _DOWNLOADED.findall(log)]

    def held_at_start(self, peer_id: int) -> tuple[int, int]:
        """
        How many pieces a peer held at its latest start, and how many it hashed
        to know.
        """
        self.wait_for(peer_id, " pieces from the start")
        found = _START.search(self.processes[peer_id].stdout)
        assert found is not None
        return int(found[1]), int(found[3])

    def expect_finished(
        self, *peer_ids: int, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """
        These peers, or all that were started, end by themselves with status 0 and
        hold the very data; nothing broke, and nobody was blamed.
        """
        deadline = time.monotonic() + seconds
        ids = peer_ids or tuple(self.processes)
        for peer_id in ids:
            process = self.processes[peer_id]
            status = process.wait_for_exit(deadline - time.monotonic())
            if status:
                process.fail(f"ended with status {status}")
        for peer_id in ids:
            self.expect_whole(peer_id)

    def expect_whole(self, peer_id: int) -> None:
        """
        A peer has the very data, and nothing beside it but what is its own.
        """
        process = self.processes[peer_id]
        place = self.place(peer_id)
        if listing(place) != listing(self.original):
            process.fail(f"{place} differs from {self.original}")
        if list(self.state(peer_id).glob("*.part")):
            process.fail("an unfinished file is left")
        for words in ("Traceback", "Unhandled"):
            if words in process.stdout + process.stderr:
                process.fail(f"{words!r} is in what it printed")


class SmallDisk:
    """
    A file system of a few bytes in memory, in the place of a folder; only we and
    the processes that run by C{wrapper} see it.

    @ivar path: where it is for us.
    @ivar wrapper: a command that runs another one which sees it.
    """

    def __init__(self, folder: Path, size_bytes: int) -> None:
        """
        @raise OSError: if this machine does not let us.
        """
        mount = f'mount -t tmpfs -o size={size_bytes} tmpfs "$0" && echo && exec cat'
        # It is there as long as the process that mounted it.
        self._keeper = subprocess.Popen(
            ["unshare", "-U", "-r", "-m", "sh", "-c", mount, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._keeper.stdout is not None
        if not self._keeper.stdout.readline():
            self.close()
            raise OSError("no file system of our own can be mounted here")
        self.path = Path(f"/proc/{self._keeper.pid}/root{folder}")
        self._filler = self.path / "filler"
        self.wrapper = ["nsenter", "--user", "--mount", "--preserve-credentials"]
        self.wrapper += [f"--target={self._keeper.pid}"]
        # The working folder is still one from before.
        self.wrapper += ["sh", "-c", 'cd "$0" && exec "$@"', str(folder.parent)]

    def fill(self, *, leave_bytes: int = 0) -> None:
        """
        Take all room but so much.
        """
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(self._filler, self._filler.stat().st_size - leave_bytes)

    def make_room(self) -> None:
        """
        Give it back.
        """
        self._filler.unlink()

    def close(self) -> None:
        """
        Give everything back.
        """
        self._keeper.communicate()


def listing(path: Path) -> dict[bytes, tuple[str, object]]:
    """
    All below C{path}, and itself, by the bytes of its names: the kind, and what is
    in it.
    """
    found: dict[bytes, tuple[str, object]] = {}
    top = os.fsencode(path)
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            inner = os.path.join(folder, name)
            found[os.path.relpath(inner, top)] = _content(inner)
    found[b"."] = _content(top)
    return found


def _content(path: bytes) -> tuple[str, object]:
    if os.path.islink(path):
        return "link", os.readlink(path)
    if os.path.isdir(path):
        return "folder", None
    with open(path, "rb") as file:
        return "program" if os.access(path, os.X_OK) else "file", file.read()


def spoil(data: bytearray, index: int) -> None:
    """
    Make a piece of a single file wrong, each byte of it.
    """
    start, end = index * PIECE_SIZE, min((index + 1) * PIECE_SIZE, len(data))
    data[start:end] = bytes(byte ^ 0xFF for byte in data[start:end])


def flip_bit(path: Path, position: int, *, secretly: bool = False) -> None:
    """
    Change one bit of a file.

    @param secretly: as a disk that rots: the file tells of no change.
    """
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 1]))
    if secretly:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def merged(tables: Tables, more: Tables) -> Tables:
    """
    Both, the second where both have a key.
    """
    headers = dict.fromkeys([*tables, *more])
    return {each: {**tables.get(each, {}), **more.get(each, {})} for each in headers}


def _lines(values: Mapping[str, object]) -> list[str]:
    # What is a number, a truth value or a plain text in JSON is it in TOML, too.
    return [f"{key} = {json.dumps(value)}" for key, value in values.items()]


class VerifiedTestCase(ProcessTestCase):
    """
    A test with verified swarms.
    """

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._verified: list[VerifiedSwarm] = []

    def reports(self) -> list[str]:
        """
        What all processes printed.
        """
        members = [each for swarm in self._verified for each in swarm.all_processes]
        return [*super().reports(), *(process.report() for process in members)]

    def make_verified(
        self,
        make: Callable[[Path], Path],
        *,
        peers: int,
        seeds: Iterable[int] = (1001,),
        partial: Mapping[int, Collection[int]] | None = None,
        classic: Collection[int] = (),
        tables: Tables | None = None,
    ) -> VerifiedSwarm:
        """
        A written swarm of peers 1001, 1002, ... of which nobody runs yet.

        @param make: makes what it is about in the folder that it is given.
        @param seeds: those with all of it.
        @param partial: those that have these pieces of a single file.
        @param classic: those that speak the classic protocol.
        @param tables: what the C{swarm.toml} says besides the usual.
        """
        partial, seeds = partial or {}, tuple(seeds)
        folder = self.make_folder()
        (folder / "original").mkdir()
        original = make(folder / "original")
        members = [
            MemberLine(each, each in seeds, each in classic)
            for each in range(1001, 1001 + peers)
        ]
        swarm = VerifiedSwarm(
            folder,
            original,
            build_manifest(original, PIECE_SIZE),
            members,
            merged(_QUICK, tables or {}),
        )
        self._verified.append(swarm)
        self.addCleanup(swarm.close)
        swarm.write()
        for peer_id in seeds:
            swarm.give(peer_id)
        for peer_id, pieces in partial.items():
            swarm.give(peer_id, pieces)
        return swarm

    def mount(self, swarm: VerifiedSwarm, peer_id: int, size_bytes: int) -> SmallDisk:
        """
        Give a peer a small disk of its own, or skip the test.
        """
        folder = swarm.home(peer_id)
        folder.mkdir()
        try:
            disk = SmallDisk(folder, size_bytes)
        except OSError as error:
            self.skipTest(str(error))
        swarm.disks[peer_id] = disk
        return disk


def single_file(pieces: int, seed: int = 1) -> Callable[[Path], Path]:
    """
    A file of so many pieces, the last one short.
    """

    def make(folder: Path) -> Path:
        path = folder / "TheFile.dat"
        path.write_bytes(random_bytes(pieces * PIECE_SIZE - 1000, seed))
        return path

    return make
