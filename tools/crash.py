"""
A real peer that is killed again and again in the midst of a transfer, and started
again by the same command: make crash.

After each kill its folder is looked at: every piece that its record tells of must be
there and right, none that was recorded before may be missing, and no file may stand
under its final name that is not whole.  In the end everything must be there, and no
peer may have blamed the other, who is honest.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from swarmpeer.arguments import whole_type
from swarmpeer.core.layout import layout_of
from swarmpeer.file_name import state_folder_name
from swarmpeer.manifest import Manifest
from swarmpeer.manifest.merkle import piece_hash
from swarmpeer.manifest.paths import joined
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.storage.verified.resume import Record, RecordFault

SEED_ID, LEECHER_ID = 1001, 1002
PATIENCE_SECONDS = 120.0

_PIECE_SIZE_BYTES = 16 * 1024
_START_SECONDS = 1.0
_LOOK_SECONDS = 0.01
_SHARE_KILLED_EARLY = 0.25
_BLAME = ("broke the protocol", "wrong bytes", "shut out", "Traceback")


class CrashError(Exception):
    """
    Something that must never be was seen.
    """


@dataclass
class CrashTally:
    """
    What was done, and what it did to the peer.

    @ivar kills: how often it was killed.
    @ivar in_transfer: how often of those while pieces were on their way.
    @ivar transfers: how often everything was there in the end.
    @ivar recorded: how many pieces the records told of, all kills together.
    @ivar held_at_start: how many pieces were held at the starts after a kill.
    """

    kills: int = 0
    in_transfer: int = 0
    transfers: int = 0
    recorded: int = 0
    held_at_start: int = 0
    faults: list[str] = field(default_factory=list)

    def line(self, seconds: float) -> str:
        """
        All of it in one line.
        """
        verdict = "FAILED" if self.faults else "OK"
        return (
            f"{verdict}: {self.kills} kills, {self.in_transfer} of them in a transfer; "
            f"{self.transfers} transfers ended whole; {self.recorded} recorded pieces "
            f"looked at, {self.held_at_start} held at the next starts; "
            f"{len(self.faults)} faults; {seconds:.0f} s"
        )


class CrashRun:
    """
    Two peers on loopback, of which one is not left in peace.
    """

    def __init__(self, folder: Path, seed: int, size_bytes: int) -> None:
        """
        @param folder: an empty one.
        @param seed: of the data and of the moments.
        @param size_bytes: of the data, about.
        """
        self.tally = CrashTally()
        self._folder = folder
        self._rng = random.Random(seed)
        self._size_bytes = size_bytes
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ports: list[socket.socket] = []
        self._held_before = 0
        self._began_at = 0.0
        self._transfer_seconds = 1.0

    # The whole.

    def run(self, kills: int, told: Callable[[CrashTally], None]) -> CrashTally:
        """
        Kill so many times, then let it end.

        @param told: hears of each kill.
        @raise CrashError: if a peer does something else than it should.
        """
        self._prepare()
        seed = self._start(SEED_ID, "--stay")
        try:
            self._await(lambda: self._says(SEED_ID, "listening at"), seed)
            while self.tally.kills < kills:
                self._kill_once()
                told(self.tally)
            self._end_transfer(self._start(LEECHER_ID))
        finally:
            for process in self._processes:
                if process.poll() is None:
                    process.kill()
                process.wait()
            for port in self._ports:
                port.close()
        for peer_id in (SEED_ID, LEECHER_ID):
            self._check_blame(peer_id)
        return self.tally

    def _kill_once(self) -> None:
        process = self._start(LEECHER_ID)
        is_early = self._rng.random() < _SHARE_KILLED_EARLY
        if is_early:
            time.sleep(self._rng.uniform(0.0, _START_SECONDS))
        else:
            self._await(
                lambda: process.poll() is not None or self._is_fetching(), process
            )
            self._note_held()
            time.sleep(self._rng.uniform(0.0, 1.2 * self._transfer_seconds))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.tally.kills += 1
            self.tally.in_transfer += not is_early
            self._inspect()
        else:
            self._end_transfer(process)

    def _end_transfer(self, process: subprocess.Popen[bytes]) -> None:
        """
        It is to end by itself, or has; then begin anew.
        """
        self._await(lambda: process.poll() is not None, process)
        if process.returncode:
            raise CrashError(f"exit status {process.returncode}: {self._tail()}")
        self._transfer_seconds = max(0.2, time.monotonic() - self._began_at - 0.5)
        self._inspect()
        for number in range(len(self._manifest.files)):
            if not self._final(number).exists():
                self._fault(f"{self._final(number)} is missing in the end")
        self.tally.transfers += 1
        shutil.rmtree(self._place(LEECHER_ID))
        self._held_before = 0

    # What is on the disk.

    def _inspect(self) -> None:
        for number, file in enumerate(self._manifest.files):
            path = self._final(number)
            if path.exists() and path.read_bytes() != self._original(number):
                self._fault(f"{path} is under its final name, but is not right")
            if path.exists() and file.is_executable is not os.access(path, os.X_OK):
                self._fault(f"{path}: its executable bit is wrong")
        held = self._recorded()
        if held < self._held_before:
            self._fault(f"{self._held_before} pieces were recorded, now {held}")
        self._held_before = held
        self.tally.recorded += held

    def _recorded(self) -> int:
        """
        How many pieces are recorded; all of them are compared.
        """
        try:
            data = (self._state / "resume").read_bytes()
        except FileNotFoundError:
            return 0
        try:
            record = Record.decode(data, self._manifest.infohash, self._layout)
        except RecordFault as fault:
            self._fault(f"the record of no use: {fault}")
            return 0
        for index in record.held:
            if not self._is_right(index):
                self._fault(f"piece {index} is recorded, but not there")
        return record.held.count

    def _is_right(self, index: int) -> bool:
        number, position = self._layout.place(index)
        size = self._layout.size(index)
        file = self._manifest.files[number]
        right = file.piece_hash(position)
        for path in (self._state / f"{number}.part", self._final(number)):
            if path.exists():
                with path.open("rb") as stream:
                    stream.seek(position * self._layout.piece_size_bytes)
                    data = stream.read(size)
                levels = self._manifest.piece_levels(file)
                return len(data) == size and piece_hash(data, levels) == right
        return False

    def _check_blame(self, peer_id: int) -> None:
        said = self._said_path(peer_id).read_text(errors="replace")
        for line in said.splitlines():
            if any(words in line for words in _BLAME):
                self._fault(f"peer {peer_id} said: {line}")

    def _fault(self, what: str) -> None:
        self.tally.faults.append(what)

    # The two peers.

    def _prepare(self) -> None:
        data = self._place(SEED_ID) / "data"
        (data / "more").mkdir(parents=True)
        rest = self._size_bytes // 8
        (data / "large").write_bytes(self._rng.randbytes(self._size_bytes - rest))
        (data / "more" / "odd").write_bytes(self._rng.randbytes(rest + 17))
        (data / "more" / "tool").write_bytes(self._rng.randbytes(100))
        (data / "more" / "tool").chmod(0o755)
        (data / "none").touch()
        self._manifest: Manifest = build_manifest(
            data, piece_size_bytes=_PIECE_SIZE_BYTES
        )
        self._layout = layout_of(self._manifest)
        save_manifest(self._manifest, self._folder / "data.torrent")
        lines = ['manifest = "data.torrent"', 'folder = "{id}"']
        for peer_id in (SEED_ID, LEECHER_ID):
            is_seed = "true" if peer_id == SEED_ID else "false"
            lines += [
                "[[members]]",
                f"id = {peer_id}",
                'host = "127.0.0.1"',
                f"port = {self._port()}",
                f"seed = {is_seed}",
            ]
        # The commits are many, so that kills fall into them.
        lines = [*lines[:2], "[storage]", "commit_interval = 0.1", *lines[2:]]
        lines += ["[timing]", "unchoking_interval = 0.25", "optimistic_interval = 0.5"]
        (self._folder / "swarm.toml").write_text("\n".join(lines) + "\n")

    def _start(self, peer_id: int, *options: str) -> subprocess.Popen[bytes]:
        twistd = Path(sys.executable).with_name("twistd")
        words = [sys.executable, str(twistd), "-n", "--pidfile=", "swarmpeer"]
        words += ["--swarm", "swarm.toml", "--id", str(peer_id), *options]
        with self._said_path(peer_id).open("ab") as said:
            self._said_from = said.tell()
            process = subprocess.Popen(
                words, cwd=self._folder, stdout=said, stderr=said
            )
        self._began_at = time.monotonic()
        self._processes.append(process)
        return process

    def _await(
        self, is_so: Callable[[], bool], process: subprocess.Popen[bytes]
    ) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise CrashError(f"{process.args!r} does not go on: {self._tail()}")
            time.sleep(_LOOK_SECONDS)

    def _is_fetching(self) -> bool:
        return self._says(LEECHER_ID, "connected with")

    def _note_held(self) -> None:
        for line in self._said(LEECHER_ID).splitlines():
            _, told, rest = line.partition(": holds ")
            if told and "from the start" in rest:
                held = int(rest.split()[0])
                self.tally.held_at_start += held
                if held < self._held_before:
                    self._fault(f"{self._held_before} were recorded, {held} are held")

    def _says(self, peer_id: int, words: str) -> bool:
        return words in self._said(peer_id)

    def _said(self, peer_id: int) -> str:
        with self._said_path(peer_id).open("rb") as said:
            said.seek(self._said_from)
            return said.read().decode(errors="replace")

    def _tail(self) -> str:
        return self._said_path(LEECHER_ID).read_text(errors="replace")[-2000:]

    def _port(self) -> int:
        """
        A free port that nobody else is given meanwhile.
        """
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        self._ports.append(holder)
        number: int = holder.getsockname()[1]
        return number

    def _place(self, peer_id: int) -> Path:
        return self._folder / str(peer_id)

    def _said_path(self, peer_id: int) -> Path:
        return self._folder / f"said-{peer_id}.txt"

    @property
    def _state(self) -> Path:
        return self._place(LEECHER_ID) / state_folder_name(self._manifest.infohash)

    def _final(self, number: int) -> Path:
        return self._under(LEECHER_ID, number)

    def _original(self, number: int) -> bytes:
        return self._under(SEED_ID, number).read_bytes()

    def _under(self, peer_id: int, number: int) -> Path:
        path = joined(self._manifest.files[number].path)
        return self._place(peer_id) / self._manifest.name / path


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status: 1 if anything was not as it should be.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.crash", description=__doc__.strip().partition("\n\n")[0]
    )
    parser.add_argument(
        "--kills", type=whole_type(1), default=1000, help="(default: 1000)"
    )
    parser.add_argument("--seed", type=whole_type(0), default=0, help="of all chance")
    parser.add_argument(
        "--size",
        type=whole_type(1),
        default=24,
        help="of the data in MiB (default: 24)",
    )
    options = parser.parse_args()
    began = time.monotonic()

    def told(tally: CrashTally) -> None:
        if tally.kills % 50 == 0:
            print(tally.line(time.monotonic() - began), file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="swarmpeer-crash-") as folder:
        run = CrashRun(Path(folder), options.seed, options.size * 2**20)
        try:
            run.run(options.kills, told)
        except CrashError as error:
            run.tally.faults.append(str(error))
    for fault in run.tally.faults:
        print(fault)
    print(run.tally.line(time.monotonic() - began))
    return 1 if run.tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
