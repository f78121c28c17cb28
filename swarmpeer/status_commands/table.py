"""
What peers told, as a table.
"""

from collections.abc import Sequence

from swarmpeer.status.shape import Problem
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.reasons import MOST_NAMES
from swarmpeer.text import printable, share_text, size_text, span_text

_BAR_WIDTH = 16
_BAR_ROOM = 110
"""
So many columns a terminal has to have for bars.
"""
_NOTHING = "-"
_HEAD = (
    "peer",
    "state",
    "done",
    "pieces",
    "in",
    "out",
    "left",
    "neighbours",
    "served by",
    "serves",
    "problems",
)


def render(members: Sequence[Member], width: int | None, height: int | None) -> str:
    """
    The table: column names, a line for each peer, and a last line for all.

    @param width: the longest line; C{None}: any, and no bars.
    @param height: the most lines; if they do not do, those that are done are left out
        first.  C{None}: any.
    """
    shown = list(members)
    if height is not None and len(shown) > max(1, height - 2):
        room = max(1, height - 3)
        ranked = sorted(shown, key=lambda each: (each.was_done, -each.share))
        kept = {id(each) for each in ranked[:room]}
        shown = [each for each in shown if id(each) in kept]
    has_bars = width is not None and width >= _BAR_ROOM
    lines = _columns([_HEAD, *(_row(each, has_bars) for each in shown)])
    if len(shown) < len(members):
        lines.append(f"... and {len(members) - len(shown)} more")
    lines.append(summary(members))
    return "\n".join(line[:width].rstrip() for line in lines)


def summary(members: Sequence[Member]) -> str:
    """
    All of them in one line, as they are now.
    """
    done = [each.is_done for each in members]
    shares = [each.share if each.answers else 0.0 for each in members]
    return _summary(members, done, shares)


def waiting_summary(
    awaited: Sequence[Member], members: Sequence[Member], unknown: int
) -> str:
    """
    The same of those that are waited for: who told that it is done stays done.

    @param members: all that are asked.
    @param unknown: so many more are waited for and were not found yet.
    """
    done = [each.counts_as_done(members) for each in awaited]
    shares = [1.0 if each.was_done else each.share for each in awaited]
    return _summary(awaited, done, shares, unknown)


def _summary(
    members: Sequence[Member],
    done: Sequence[bool],
    shares: Sequence[float],
    unknown: int = 0,
) -> str:
    statuses = [each.current for each in members if each.current is not None]
    rate = sum(status.receive_rate for status in statuses)
    parts = [
        f"{sum(done)} of {len(members) + unknown} complete",
        f"{share_text(sum(shares) / max(1, len(members) + unknown))} of all",
        f"{size_text(rate)}/s",
    ]
    left = [one.expected_seconds for one in statuses if not one.is_done]
    if left and None not in left:
        parts.append(f"{span_text(max(filter(None, left), default=0.0))} left")
    silent = [
        each.name
        for each, is_done in zip(members, done, strict=True)
        if each.silence and not is_done
    ]
    if silent:
        names = ", ".join(silent[:3]) + (", ..." if len(silent) > 3 else "")
        parts.append(f"no answer from {names}")
    return ", ".join(parts)


def _row(member: Member, has_bars: bool) -> tuple[str, ...]:
    status = member.current
    if status is None:
        nothing = [_NOTHING] * (len(_HEAD) - 3)
        was = "; it was done" if member.was_done else ""
        return member.name, "no answer", *nothing, f"{member.silence_text}{was}"
    done = share_text(member.share)
    if has_bars:
        filled = int(member.share * _BAR_WIDTH)
        done = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done:>4}"
    left = status.expected_seconds
    neighbors = status.neighbors
    return (
        member.name,
        status.state,
        done,
        f"{status.held}/{status.piece_count}",
        f"{size_text(status.receive_rate)}/s",
        f"{size_text(status.send_rate)}/s",
        _NOTHING if left is None or status.is_done else span_text(left),
        str(len(neighbors)),
        str(sum(not each.peer_choking for each in neighbors)),
        str(sum(not each.am_choking for each in neighbors)),
        problem_words(status.settled_problems) or _NOTHING,
    )


def problem_words(problems: Sequence[Problem]) -> str:
    """
    Each in a word, with the peers that it is about, or the first of them.
    """
    peers: dict[str, list[str]] = {}
    for problem in problems:
        named = peers.setdefault(printable(problem.code), [])
        if problem.peer_id is not None:
            named.append(str(problem.peer_id))
    return ", ".join(" ".join([code, *_few(named)]) for code, named in peers.items())


def _few(names: list[str]) -> list[str]:
    more = len(names) - MOST_NAMES
    return [*names[:MOST_NAMES], f"and {more} more"] if more > 0 else names


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """
    The rows as lines: the first two columns and the last to the left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    left = (0, 1, last)
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
