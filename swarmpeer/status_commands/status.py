"""
C{swarmpeer status}: how far peers are.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from swarmpeer.arguments import seconds_type
from swarmpeer.commands import FAILURE, Commands, run_command
from swarmpeer.console import is_terminal, say, write
from swarmpeer.redrawing import Redrawn
from swarmpeer.running import run_in_reactor
from swarmpeer.status_commands.asking import StatusAsker
from swarmpeer.status_commands.changes import Changes
from swarmpeer.status_commands.fleet import Fleet, Member
from swarmpeer.status_commands.options import WHOM, add_whom, read_whom
from swarmpeer.status_commands.table import render

JSON_VERSION = 1
"""
Of the shape of what C{--json} gives.
"""
_USUAL_WATCH_SECONDS = 2.0

_DESCRIPTION = f"""\
Ask peers how far they are, all at the same time, and show it as a table: what each is
about, how much it holds, its rates, how long it will take at the rate of now, how many
neighbours it has, how many of them serve it and it serves, and what is wrong with it,
in a word.  docs/status.md tells what the words mean.

{WHOM}"""

_EPILOG = """\
examples:
  swarmpeer status
  swarmpeer status swarm.toml --id 1002,1003
  swarmpeer status --watch
  swarmpeer status --at beta.example:8080 --token-file token
  swarmpeer status --at unix:/run/swarmpeer/peer.sock --json
  swarmpeer status --peers PeerInfo.cfg --web-port 8080

with --watch a terminal is redrawn as top does, until Ctrl-C; where there is none, a
line is written for each change, and one for all of them each time.

exit status: 0 if everybody who was asked answered, done or not (swarmpeer wait tells
who is done), 1 if somebody did not, 2 for wrong arguments or configurations,
130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


class Show(Protocol):
    """
    Shows what everybody told, as often as they are asked.
    """

    def show(self, members: Sequence[Member]) -> None:
        """
        They were asked.
        """

    def close(self) -> None:
        """
        They will not be asked again.
        """


def add_parser(commands: Commands) -> None:
    """
    Make C{status} one of the C{commands}.
    """
    parser = commands.add_parser(
        "status",
        help="ask peers how far they are",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_whom(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="write one JSON object on a line, with each peer's whole status",
    )
    parser.add_argument(
        "--watch",
        metavar="SECONDS",
        nargs="?",
        type=seconds_type(0.1, 3600),
        const=_USUAL_WATCH_SECONDS,
        help="ask again and again "
        f"(default: every {_USUAL_WATCH_SECONDS:g} s; from 0.1 to 3600)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Ask once, or until a signal.

    @return: the exit status.
    """

    def work(_: object) -> int:
        whom = read_whom(arguments)
        show = _show(arguments)

        async def ask(reactor: object) -> int:
            asker = StatusAsker(reactor, whom.token)
            clock = IReactorTime(reactor)
            fleet = Fleet(whom.places, asker.ask, clock)
            return await show_fleet(fleet, show, clock, arguments.watch)

        return run_in_reactor(ask)

    return run_command("status", work)


async def show_fleet(
    fleet: Fleet,
    show: Show,
    clock: IReactorTime,
    watch_seconds: float | None,
) -> int:
    """
    Ask all and show it.

    @param watch_seconds: again and again, so long apart; C{None}: once.
    @return: the exit status.
    """
    try:
        while True:
            began_at = clock.seconds()
            await fleet.ask_all()
            show.show(fleet.members)
            if watch_seconds is None:
                answered = all(each.answers for each in fleet.members)
                return 0 if answered else FAILURE
            spent = clock.seconds() - began_at
            await deferLater(clock, max(0.1, watch_seconds - spent))
    finally:
        show.close()


def as_json(members: Sequence[Member]) -> str:
    """
    What everybody told, as one object on one line.
    """
    peers: list[dict[str, Any]] = [
        {
            "peer_id": each.peer_id,
            "where": each.place.shown,
            "error": each.silence,
            "status": msgspec.to_builtins(each.current),
        }
        for each in members
    ]
    value = {
        "version": JSON_VERSION,
        "asked": len(members),
        "answered": sum(each.answers for each in members),
        "complete": sum(each.is_done for each in members),
        "peers": peers,
    }
    return json.dumps(value, separators=(",", ":"))


class _Saying:
    """
    Says it, in lines one below the other.
    """

    def __init__(self, text: Callable[[Sequence[Member]], str]) -> None:
        self._text = text

    def show(self, members: Sequence[Member]) -> None:
        """
        Once more.
        """
        say(self._text(members))

    def close(self) -> None:
        """
        All is said.
        """


class _Redrawing:
    """
    Redraws the table in place, on a terminal.
    """

    def __init__(self) -> None:
        self._table = Redrawn(write)

    def show(self, members: Sequence[Member]) -> None:
        """
        In the place of the last one.
        """
        size = _size()
        # The last column and line stay free, or they would wrap and scroll.
        self._table.draw(render(members, size.columns - 1, size.lines - 1))

    def close(self) -> None:
        """
        Leave the last table standing.
        """
        self._table.close()


def _show(arguments: argparse.Namespace) -> Show:
    if arguments.json:
        return _Saying(as_json)
    is_shown = is_terminal(sys.stdout)
    if arguments.watch is None:
        width = _size().columns if is_shown else None
        return _Saying(lambda members: render(members, width, None))
    if is_shown:
        return _Redrawing()
    changes = Changes()
    return _Saying(lambda members: "\n".join(changes.lines(members)))


def _size() -> os.terminal_size:
    return shutil.get_terminal_size((100, 24))
