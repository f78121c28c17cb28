"""
Keeps one program of others; see L{bench.processes} for the words it exchanges.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.command import parser_of
from bench.programs.aria2 import Aria2
from bench.programs.program import Program, Setting
from bench.programs.rtorrent import RTorrent
from bench.programs.tracker import serve_tracker
from bench.programs.transmission import Transmission

PROGRAMS: dict[str, Callable[[Setting], Program]] = {
    "aria2": Aria2,
    "rtorrent": RTorrent,
    "transmission": Transmission,
}

_LOOK_SECONDS = 0.05
_UP_SECONDS = 60.0
_LEAVE_SECONDS = 3.0


def main() -> None:
    """
    Run one peer until the end of the input.
    """
    parser = parser_of("bench.programs.peer", __doc__)
    parser.add_argument("--program", choices=sorted(PROGRAMS), required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--control", type=int, required=True, metavar="PORT")
    parser.add_argument("--tracker", type=int, required=True, metavar="PORT")
    parser.add_argument("--torrent", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("hosts", nargs="+", metavar="HOST:PORT")
    options = parser.parse_args()

    pairs = [each.rsplit(":", 1) for each in options.hosts]
    hosts = [(address, int(port)) for address, port in pairs]
    address, port = hosts[options.number]
    is_seed = options.number == 0
    options.place.mkdir()
    hook, done = options.place / "hook", options.place / "done"
    os.mkfifo(done)
    hook.write_text(f"#!/bin/sh\necho done > {done}\n")
    hook.chmod(0o755)
    # Open for writing, too, so that it never ends.
    done_end = os.open(done, os.O_RDWR | os.O_NONBLOCK)
    if is_seed:
        serve_tracker(address, options.tracker, hosts)
    setting = Setting(
        address,
        port,
        options.control,
        options.torrent,
        options.data,
        options.place,
        hook,
        is_seed,
    )
    _run(PROGRAMS[options.program](setting), is_seed, done_end)


def _run(program: Program, is_seed: bool, done: int) -> None:
    process = subprocess.Popen(
        program.argv(), stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    try:
        print("PID", process.pid, flush=True)
        _wait_until(program.is_up, process)
        if is_seed:
            program.add()
            _wait_until(program.is_seeding, process)
        print("READY", flush=True)
        if not is_seed and sys.stdin.readline():
            program.add()
            if _is_done(process, done):
                print("DONE", flush=True)
        sys.stdin.read()
    finally:
        process.terminate()
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until(question: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _UP_SECONDS
    while not question():
        if time.monotonic() > end or process.poll() is not None:
            sys.exit("it does not come up")
        time.sleep(_LOOK_SECONDS)


def _is_done(process: subprocess.Popen[bytes], done: int) -> bool:
    """
    Wait for its hook, or for the end of the input.
    """
    while True:
        ready, _, _ = select.select([done, sys.stdin], [], [], 1.0)
        if ready:
            return done in ready
        if process.poll() is not None:
            sys.exit("it ended")


if __name__ == "__main__":
    main()
