"""
What is wrong with a fleet, said once when it has been so for a while, and once when it
is over.
"""

from collections.abc import Iterable, Iterator, Sequence

from swarmpeer.status.shape import ProblemCode
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.reasons import problem_text, silence_told
from swarmpeer.text import printable

SETTLED_SECONDS = 5.0
"""
What is over sooner is not said.
"""
CHOKED_SECONDS = 30.0
"""
The same of being choked, which is nothing in a round or two.
"""

_Key = tuple[str, str, int | None]


class News:
    """
    Remembers what was said.
    """

    def __init__(self) -> None:
        # Each with the words that tell that it is over.
        self._said: dict[_Key, str] = {}

    def lines(
        self, awaited: Iterable[Member], members: Sequence[Member], now: float
    ) -> list[str]:
        """
        What is to be said now.

        @param awaited: those of the C{members} that are of interest.
        """
        lines = []
        found: set[_Key] = set()
        for member in awaited:
            for key, since, line, over in _wrong(member, members, now):
                found.add(key)
                if key not in self._said and since >= _patience(key[1]):
                    self._said[key] = over
                    lines.append(line)
        for key in [key for key in self._said if key not in found]:
            lines.append(self._said.pop(key))
        return lines


def _wrong(
    member: Member, members: Sequence[Member], now: float
) -> Iterator[tuple[_Key, float, str, str]]:
    """
    What is wrong: a name of it, since how many seconds, a line that tells it and one
    that tells that it is over.
    """
    name = member.name
    if member.counts_as_done(members):
        return
    if member.silence is not None:
        since = now - member.silent_at
        line = f"{name} {silence_told(member, now)}"
        yield (name, "silent", None), since, line, f"{name} answers"
    elif member.status is not None:
        for problem in member.status.problems:
            line = f"{name}: {problem_text(problem)}"
            over = f"{name}: is over: {printable(problem.text)}"
            key = name, problem.code, problem.peer_id
            yield key, problem.since_seconds, line, over


def _patience(code: str) -> float:
    return CHOKED_SECONDS if code == ProblemCode.CHOKED else SETTLED_SECONDS
