"""
What is wrong with a fleet, said once when it has been so for a while, and once when it
is over.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from swarmpeer.status.problems import SETTLED_SECONDS
from swarmpeer.status.shape import Problem
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.reasons import (
    MOST_PROBLEMS,
    more_problems,
    problem_line,
    problem_text,
    silence_told,
)

_Key = tuple[str, str, int | None]
_Words = Callable[[], tuple[str, str]]


class News:
    """
    Remembers what was said: of each member at most L{MOST_PROBLEMS} things at a time,
    and that there are more.
    """

    def __init__(self) -> None:
        # Each with the words that tell that it is over.
        self._said: dict[_Key, str] = {}
        # Of whom it was said that there is more.
        self._crowded: set[str] = set()

    def lines(
        self, awaited: Iterable[Member], members: Sequence[Member], now: float
    ) -> list[str]:
        """
        What is to be said now.

        @param awaited: those of the C{members} that are of interest.
        """
        lines = []
        crowded: set[str] = set()
        found: set[_Key] = set()
        for member in awaited:
            name, wrong = member.name, dict(_wrong(member, members, now))
            found.update(wrong)
            new = [key for key in wrong if key not in self._said]
            room = max(0, MOST_PROBLEMS - (len(wrong) - len(new)))
            for key in new[:room]:
                line, self._said[key] = wrong[key]()
                lines.append(line)
            if (more := len(new) - room) > 0:
                crowded.add(name)
                if name not in self._crowded:
                    lines.append(f"{name}: {more_problems(more)}")
        self._crowded = crowded
        for key in [key for key in self._said if key not in found]:
            lines.append(self._said.pop(key))
        return lines


def _wrong(
    member: Member, members: Sequence[Member], now: float
) -> Iterator[tuple[_Key, _Words]]:
    """
    What is wrong and worth telling: a name of it, and what makes a line that tells it
    and one that tells that it is over.
    """
    name = member.name
    if member.counts_as_done(members):
        return
    if member.silence is not None:
        since = now - member.silent_at
        if since >= SETTLED_SECONDS:
            yield (name, "silent", None), partial(_silence_words, member, now)
    elif member.status is not None:
        for problem in member.status.settled_problems:
            key = (name, problem.code, problem.peer_id)
            yield key, partial(_problem_words, name, problem)


def _silence_words(member: Member, now: float) -> tuple[str, str]:
    return f"{member.name} {silence_told(member, now)}", f"{member.name} answers"


def _problem_words(name: str, problem: Problem) -> tuple[str, str]:
    over = f"{name}: is over: {problem_line(problem)}"
    return f"{name}: {problem_text(problem)}", over
