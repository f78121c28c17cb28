"""
All benchmarks in turn.

    python -m bench
    python -m bench --runs 1

Lines of JSON go to --results, tables to the standard error.  A run that fails does
not keep the others from being made.
"""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.options import existing_folder, parser_of, whole_number

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

    @return: the exit status: 0 only if every run was right.
    """
    parser = parser_of("bench", __doc__)
    parser.add_argument(
        "--runs", type=whole_number, default=5, metavar="N", help="of each (5)"
    )
    parser.add_argument(
        "--disk", type=existing_folder, default=".", help="a folder on a disk (.)"
    )
    parser.add_argument("--results", type=Path, default=Path("bench_results.jsonl"))
    options = parser.parse_args()
    failures = 0
    with options.results.open("ab") as results:
        for command in commands(options.disk):
            module, *words = shlex.split(f"{command} --runs {options.runs}")
            print(f"\npython -m bench.{shlex.join([module, *words])}", file=sys.stderr)
            sys.stderr.flush()
            argv = [sys.executable, "-m", f"bench.{module}", *words]
            failures += subprocess.run(argv, stdout=results).returncode != 0
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
