"""
C{swarmpeer wait}: until peers are done.
"""

import argparse
from collections.abc import Callable

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from swarmpeer.arguments import ids_type, seconds_type
from swarmpeer.asking import ANSWER_SECONDS
from swarmpeer.commands import FAILURE, Commands, complain, run_command
from swarmpeer.console import ProgressLine, say
from swarmpeer.running import run_in_reactor
from swarmpeer.status_commands.asking import StatusAsker
from swarmpeer.status_commands.fleet import Fleet, Member
from swarmpeer.status_commands.news import News
from swarmpeer.status_commands.options import (
    WHOM,
    Whom,
    add_whom,
    check_known,
    read_whom,
)
from swarmpeer.status_commands.reasons import why_not_done
from swarmpeer.status_commands.table import waiting_summary

PAUSE_SECONDS = 1.0
"""
So long after an answer the peer is asked again: well within
L{LINGER_SECONDS<swarmpeer.web.lingering.LINGER_SECONDS>}.
"""
LOOK_SECONDS = 0.25
"""
How often it is looked whether all are done.
"""
_MOST_SECONDS = 10**9
_ALL = "all"

_DESCRIPTION = f"""\
Wait until peers have everything in place.  Meanwhile standard error tells how far they
are, on a terminal, and what is wrong as soon as it has been so for some seconds.  If
the time is over first, there is a line for each peer that is not done, with the
reasons: which pieces it lacks, who has them or had them last, who chokes it, since when
nothing came, what its disk says, why it does not answer.

{WHOM}
It asks everybody, also those that it does not wait for, since they may know more.  A
peer that told that it was done stays done, whatever becomes of it; so does everybody
once one that is done says that the whole swarm is complete, since all end then.
"""

_EPILOG = """\
examples:
  swarmpeer wait --timeout 3600 && deploy
  swarmpeer wait swarm.toml --for 1002,1003
  swarmpeer wait --at beta.example:8080 --at gamma.example:8080 --token-file token

exit status: 0 when all are done, 1 if the time was over first, 2 for wrong arguments
or configurations, 130 after Ctrl-C, 143 after SIGTERM and 129 after SIGHUP, with the
same lines.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{wait} one of the C{commands}.
    """
    parser = commands.add_parser(
        "wait",
        help="wait until peers are done, and tell who is not, and why",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_whom(parser)
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds_type(0, _MOST_SECONDS),
        help="wait no longer (default: for ever), but for the first answers: at most "
        f"{ANSWER_SECONDS:g} s",
    )
    parser.add_argument(
        "--for",
        dest="awaited",
        metavar="all|ID,...",
        type=_awaited,
        help="wait for these (default: all that are asked)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Wait once.

    @return: the exit status.
    """

    def work(line: ProgressLine) -> int:
        whom = read_whom(arguments)
        _check_awaited(arguments.awaited, whom)

        async def wait(reactor: object) -> int:
            clock = IReactorTime(reactor)
            fleet = Fleet(whom.places, StatusAsker(reactor, whom.token).ask, clock)
            waiting = Waiting(fleet, arguments.awaited, clock, line, complain)
            return await waiting.wait(arguments.timeout)

        return run_in_reactor(wait)

    return run_command("wait", work)


class Waiting:
    """
    Waits for members of a fleet.
    """

    def __init__(
        self,
        fleet: Fleet,
        awaited: tuple[int, ...] | None,
        clock: IReactorTime,
        line: ProgressLine,
        tell: Callable[[str], None],
    ) -> None:
        """
        @param awaited: the ids of those that are waited for; C{None}: everybody.
        @param line: where it is shown how far they are.
        @param tell: says what is wrong meanwhile.
        """
        self._fleet = fleet
        self._awaited = awaited
        self._clock = clock
        self._line = line
        self._tell = tell
        self._news = News()

    async def wait(self, timeout_seconds: float | None) -> int:
        """
        Wait, and say at the end who is done or why not.

        @return: the exit status.
        """
        began_at = self._clock.seconds()
        self._fleet.follow(PAUSE_SECONDS, self._look)
        try:
            while not self.is_done:
                spent = self._clock.seconds() - began_at
                if timeout_seconds is not None and self._is_over(
                    spent, timeout_seconds
                ):
                    self._say_why()
                    return FAILURE
                self._look()
                await self._pause(timeout_seconds, spent)
        except CancelledError:
            self._say_why()
            raise
        finally:
            self._fleet.leave()
        self._line.clear()
        members = self.members
        if len(members) == 1:
            say(f"{members[0].name} is complete")
        else:
            say(f"all {len(members)} peers are complete")
        return 0

    @property
    def members(self) -> list[Member]:
        """
        Those that are waited for, as far as it is known who they are.
        """
        if self._awaited is None:
            return self._fleet.members
        return [one for one in self._fleet.members if one.peer_id in self._awaited]

    @property
    def is_done(self) -> bool:
        """
        Are all done?
        """
        members = self.members
        if self._awaited is not None and self._unknown():
            return False
        return all(each.counts_as_done(self._fleet.members) for each in members)

    def _is_over(self, spent: float, timeout_seconds: float) -> bool:
        """
        Is the time over?  Not before everybody who is asked at once had time for a
        first answer: before that there is nothing to tell of.
        """
        if spent < timeout_seconds:
            return False
        is_heard = all(
            each.status is not None or each.silence is not None
            for each in self._fleet.members
        )
        return is_heard or spent >= ANSWER_SECONDS + LOOK_SECONDS

    def _unknown(self) -> list[int]:
        known = {each.peer_id for each in self._fleet.members}
        return [one for one in self._awaited or () if one not in known]

    async def _pause(self, timeout_seconds: float | None, spent: float) -> None:
        pause = LOOK_SECONDS
        if timeout_seconds is not None and timeout_seconds > spent:
            pause = min(pause, timeout_seconds - spent)
        await deferLater(self._clock, pause)

    def _look(self) -> None:
        now = self._clock.seconds()
        lines = self._news.lines(self.members, self._fleet.members, now)
        if lines:
            self._line.clear()
        for line in lines:
            self._tell(line)
        self._line.show(self._summary)

    def _summary(self) -> str:
        unknown = len(self._unknown())
        return waiting_summary(self.members, self._fleet.members, unknown)

    def _say_why(self) -> None:
        self._line.clear()
        now, members = self._clock.seconds(), self._fleet.members
        lines = [
            why_not_done(each, members, now)
            for each in self.members
            if not each.counts_as_done(members)
        ]
        lines += [
            f"{one} did not answer at any of the places" for one in self._unknown()
        ]
        say("\n".join([*lines, self._summary()]))


def _check_awaited(awaited: tuple[int, ...] | None, whom: Whom) -> None:
    known = [place.peer_id for place in whom.places if place.peer_id is not None]
    if known:
        for peer_id in awaited or ():
            check_known(peer_id, known)


def _awaited(text: str) -> tuple[int, ...] | None:
    return None if text == _ALL else ids_type(text)
