"""
All benchmarks in turn.

    python -m bench
    python -m bench --runs 1

Lines of JSON are added to --results, tables go to the standard error.  A run that fails
does not keep the others from being made, nor does a benchmark that cannot be run here;
the last lines tell of both.
"""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bench.command import (
    INTERRUPTED,
    NOTHING_WAS_RUN,
    CannotRun,
    end_with,
    parser_of,
    tell,
)
from bench.options import existing_folder, whole_number

_OTHERS = "libtorrent,libtorrent-v2,rtorrent,aria2,transmission"

# Of one transfer on a loopback; some programs come to no end now and then.
_TIMEOUT = "--timeout=90"


def commands(disk: str) -> Iterator[str]:
    """
    Every module with its options.

    @param disk: a folder on a disk.
    """
    bare = f"--peers swarmpeer,{_OTHERS},bare-copy"
    yield f"transfer --scenario S1 {_TIMEOUT} {bare}"
    for scenario in ("S2", "S3", "S4"):
        yield f"transfer --scenario {scenario} {_TIMEOUT} --peers swarmpeer,{_OTHERS}"
    for scenario in ("S1", "S2"):
        yield f"transfer --scenario {scenario} {_TIMEOUT} --data {shlex.quote(disk)}"
    yield "shaped --leechers 8,16 --rates 50,100"
    yield "shaped --cases slow-host,half-seed"
    yield "growth"
    yield "rates"
    yield "memory --limits 0,64M"
    yield "idle"
    yield "resume"
    yield "course"


def main() -> int:
    """
    Run them.

    @return: the exit status: 0 only if there were runs and all were right.
    """
    parser = parser_of("bench", __doc__)
    parser.add_argument(
        "--runs", type=whole_number, default=5, metavar="N", help="of each (5)"
    )
    parser.add_argument(
        "--disk", type=existing_folder, default=".", help="a folder on a disk (.)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("bench_results.jsonl"),
        metavar="FILE",
        help="what is there stays, and each run adds a line (bench_results.jsonl)",
    )
    options = parser.parse_args()
    try:
        results = options.results.open("ab")
    except OSError as error:
        raise CannotRun(f"--results: {error}") from None
    with results:
        return run_all(
            [f"{each} --runs {options.runs}" for each in commands(options.disk)],
            results,
        )


def run_all(every: Sequence[str], results: BinaryIO) -> int:
    """
    Run each of the commands, and tell at the end which were not right.

    @return: the exit status.
    """
    words: list[str] = []
    made, failed = 0, 0
    try:
        for command in every:
            argv = shlex.split(f"python -m bench.{command}")
            name = shlex.join(argv)
            tell(f"\n{name}")
            status = _run([sys.executable, *argv[1:]], results)
            if status == NOTHING_WAS_RUN:
                words.append(f"left out: {name}")
            elif status:
                failed += 1
                words.append(f"failed: {name}")
            else:
                made += 1
    finally:
        # Also where Ctrl-C leaves the rest.
        if words:
            tell("", *words)
    if failed:
        return 1
    return 0 if made else NOTHING_WAS_RUN


def _run(argv: Sequence[str], results: BinaryIO) -> int:
    with subprocess.Popen(argv, stdout=results) as benchmark:
        try:
            return benchmark.wait()
        except KeyboardInterrupt:
            # It heard of it, too, and tells of it after its table.
            benchmark.wait()
            sys.exit(INTERRUPTED)


if __name__ == "__main__":
    end_with(main)
