"""
What changed since the last look, in lines: for where a table cannot be redrawn.
"""

from collections.abc import Sequence

from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.table import problem_words, summary


class Changes:
    """
    Remembers what was said of each member.
    """

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def lines(self, members: Sequence[Member]) -> list[str]:
        """
        A line for each member that is about something else than before, or has other
        problems; and one for all of them.
        """
        lines = []
        for member in members:
            words = _words(member)
            if self._said.get(member.name) != words:
                self._said[member.name] = words
                lines.append(f"{member.name} {words}")
        return [*lines, summary(members)]


def _words(member: Member) -> str:
    status = member.current
    if status is None:
        return f"does not answer {member.silence_text}"
    problems = problem_words(status.settled_problems)
    return f"is {status.state}" + (f": {problems}" if problems else "")
