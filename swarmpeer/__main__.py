"""
The command C{swarmpeer}, also C{python -m swarmpeer}.
"""

import os
import sys

from swarmpeer.signals import handle_signals


def main() -> int:
    """
    Run one command; this process is there for nothing else.

    @return: the exit status.
    """
    handle_signals(_end)
    # Whoever stops us while we load all that is told nothing of it.
    from swarmpeer.command_line import main as run

    return run()


def _end(number: int) -> None:
    """
    There is nothing to tidy up outside of a command, which looks after itself.
    """
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
