"""
The folder of a lab: what is put into it, read from it and taken away again.
"""

import hashlib
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from swarmpeer.errors import SwarmPeerError
from swarmpeer.lab.plan import HOST, LabPlan
from swarmpeer.protocol_log import log_name
from swarmpeer.storage import peer_folder
from swarmpeer.text import printable, size_text

_READ_BYTES = 1 << 20
_OUTPUT_TAIL_BYTES = 4096


class LabError(SwarmPeerError):
    """
    The lab cannot be made as it was asked for; one line that says why.
    """


@dataclass(frozen=True, slots=True)
class SourceFile:
    """
    The file that is to be spread, as it was when the lab began.

    @ivar path: without symbolic links on the way.
    @ivar changed_ns: the time of its last change, in nanoseconds.
    """

    path: Path
    size_bytes: int
    changed_ns: int

    @classmethod
    def examine(cls, name: str) -> "SourceFile":
        """
        @raise LabError: if it is no file that we can read.
        """
        shown = printable(name)
        try:
            path = Path(name).resolve(strict=True)
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                raise LabError(f"{shown} is a directory, a file would be right")
            if not stat.S_ISREG(status.st_mode):
                raise LabError(f"{shown} is no regular file")
            with path.open("rb"):
                pass
        except (OSError, RuntimeError, ValueError) as error:
            raise LabError(f"cannot read {shown}: {_reason(error)}") from error
        return cls(path, status.st_size, status.st_mtime_ns)

    @property
    def is_unchanged(self) -> bool:
        """
        Is it still as it was?
        """
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (
            self.size_bytes,
            self.changed_ns,
        )


@dataclass(frozen=True, slots=True)
class LabFolder:
    """
    Where one swarm lives.

    @ivar is_kept: does it stay when the lab is over?
    """

    path: Path
    is_kept: bool

    @classmethod
    def make(cls, keep: str | None) -> "LabFolder":
        """
        Make a temporary folder, or the one called C{keep}, which may exist if it
        is empty.

        @raise LabError: if that cannot be.
        """
        try:
            if keep is None:
                return cls(Path(tempfile.mkdtemp(prefix="swarmpeer-lab-")), False)
            path = Path(keep).absolute()
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise LabError(
                    f"{printable(keep)} is not empty, a new folder is needed"
                )
            return cls(path, True)
        except FileExistsError as error:
            raise LabError(f"{printable(keep or '')} is not a folder") from error
        except (OSError, ValueError) as error:
            raise LabError(f"cannot make the lab's folder: {_reason(error)}") from error

    def fill(self, plan: LabPlan, source: SourceFile) -> None:
        """
        Write the configuration and the peers' folders, those of the seeds with
        the file.

        @raise LabError: if that cannot be.
        @raise swarmpeer.errors.ConfigError: if the plan cannot be written down.
        """
        texts = plan.configuration()
        try:
            for name, text in texts.items():
                data = text.encode("utf-8", "surrogateescape")
                (self.path / name).write_bytes(data)
            for peer in plan.peers:
                peer_folder(self.path, peer.peer_id).mkdir()
            seeds = [self.file(plan, p.peer_id) for p in plan.peers if p.has_file]
            unlinked = [seed for seed in seeds if not _link(source.path, seed)]
            leechers = len(plan.peers) - len(seeds)
            self._check_room((leechers + len(unlinked)) * source.size_bytes)
            for seed in unlinked:
                shutil.copyfile(source.path, seed)
        except (OSError, ValueError) as error:
            raise LabError(
                f"cannot fill {printable(self.path)}: {_reason(error)}"
            ) from error

    def file(self, plan: LabPlan, peer_id: int) -> Path:
        """
        The file of one peer.
        """
        return peer_folder(self.path, peer_id) / plan.common.file_name

    def protocol_log(self, peer_id: int) -> Path:
        """
        The log that the peer writes as the protocol asks for.
        """
        return self.path / log_name(peer_id)

    def output(self, peer_id: int) -> Path:
        """
        What the peer's process printed.
        """
        return self.path / f"output_peer_{peer_id}.txt"

    def output_tail(self, peer_id: int, lines: int) -> list[str]:
        """
        The last lines that the peer's process printed, fit for a terminal.
        """
        try:
            with self.output(peer_id).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _OUTPUT_TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [printable(line) for line in text.splitlines() if line.strip()][-lines:]

    def close(self) -> None:
        """
        Take everything away, unless it is kept.
        """
        if not self.is_kept:
            shutil.rmtree(self.path, ignore_errors=True)

    def discard(self) -> None:
        """
        Take away what was put in, as if the lab had not begun.
        """
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()

    def _check_room(self, needed_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self.path).free
        if needed_bytes > free_bytes:
            raise LabError(
                f"the copies need {size_text(needed_bytes)}, but "
                f"{printable(self.path)} has {size_text(free_bytes)} free: "
                "fewer --peers, or --keep DIR on a larger disk"
            )


def free_ports(count: int) -> list[int]:
    """
    Loopback ports that nobody listens on, all different.

    @raise LabError: if there are not enough.
    """
    try:
        with ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in range(count)]
            for taken in sockets:
                taken.bind((HOST, 0))
            return [taken.getsockname()[1] for taken in sockets]
    except OSError as error:
        raise LabError(f"no free port on {HOST}: {_reason(error)}") from error


def sha256(path: Path, is_cancelled: Callable[[], bool]) -> str | None:
    """
    The digest of a whole file.

    @param is_cancelled: asked between two reads.
    @return: in hexadecimal, or C{None} if it was cancelled.
    @raise OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    buffer = bytearray(_READ_BYTES)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(memoryview(buffer)[:count])
            if is_cancelled():
                return None
    return digest.hexdigest()


def _link(source: Path, target: Path) -> bool:
    """
    Give the file a second name, which costs no room.  Nobody writes to it: seeds
    open their file for reading only.

    @return: was it possible?
    """
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _reason(error: Exception) -> str:
    return printable(getattr(error, "strerror", None) or str(error))
