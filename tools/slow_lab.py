"""
A lab whose peers send slowly, so that there is something to see: C{python -m
tools.slow_lab RATE FILE [OPTIONS]} is C{swarmpeer lab FILE [OPTIONS]} in which no peer
sends faster than RATE, such as 2MiB/s.
"""

import sys
from pathlib import Path

from swarmpeer.command_line import build_parser, flushed
from swarmpeer.lab import command
from swarmpeer.lab.plan import peer_argv


def main() -> int:
    """
    Run it.
    """
    rate, *options = sys.argv[1:]

    def argv(peer_id: int, folder: Path) -> list[str]:
        return [*peer_argv(peer_id, folder), f"--up={rate}"]

    arguments = build_parser().parse_args(["lab", *options])
    return flushed(command.run(arguments, argv))


if __name__ == "__main__":
    sys.exit(main())
