"""
Who is not done, and why, in words: from what all members told, since one of them may
know what another cannot.
"""

from collections.abc import Iterable, Sequence

from swarmpeer.quantities import format_some
from swarmpeer.status.missing import lacking_runs
from swarmpeer.status.shape import Problem, ProblemCode, State, Status
from swarmpeer.status_commands.fleet import Member, is_same_swarm
from swarmpeer.text import in_few_words, share_text, span_text
from swarmpeer.wire.bitfield import Bitfield

MOST_RUNS = 12
"""
So many runs of pieces are told one by one.
"""
MOST_NAMES = 6
"""
So many peers are told by their id.
"""
MOST_PROBLEMS = 10
"""
So many problems of one peer are told one by one.
"""


def why_not_done(member: Member, members: Sequence[Member], now: float) -> str:
    """
    One line about a member that is not done.
    """
    if member.silence is not None:
        return f"{member.name} {_silent(member, now)}"
    if member.status is None:
        return f"{member.name} was not reached yet"
    status = member.status
    parts = [_how_far(status)]
    if member.pieces is not None and member.pieces.size == status.piece_count:
        parts += _whereabouts(member, member.pieces, members, now)
    problems = [each for each in status.problems if _is_own(member, each)]
    parts += [problem_text(each) for each in problems[:MOST_PROBLEMS]]
    if (more := len(problems) - MOST_PROBLEMS) > 0:
        parts.append(more_problems(more))
    return f"{member.name} is {'; '.join(parts)}"


def problem_text(problem: Problem) -> str:
    """
    It, and how long it has been so.
    """
    return f"{problem_line(problem)}, for {span_text(problem.since_seconds)}"


def problem_line(problem: Problem) -> str:
    """
    What it says: a peer may say anything, of any length.
    """
    return in_few_words(problem.text, str)


def more_problems(count: int) -> str:
    """
    That there are more than are told.
    """
    return f"and {count} more {'problem' if count == 1 else 'problems'}"


def silence_told(member: Member, now: float) -> str:
    """
    That it does not answer, and how long it has been so.
    """
    since = span_text(now - member.silent_at)
    return f"does not answer {member.silence_text}, for {since}"


def _silent(member: Member, now: float) -> str:
    text = silence_told(member, now)
    if member.status is None:
        return f"{text}; it never did"
    ago = span_text(now - member.told_at)
    return f"{text}; {ago} ago it was {_how_far(member.status)}"


def _how_far(status: Status) -> str:
    if status.state in (State.JOINING, State.STARTING):
        return status.state
    if status.state is State.CHECKING:
        share = status.checked_share
        how = "" if share is None else f", {share_text(share)}"
        return f"{status.state}{how}"
    return f"{status.state}, {status.held} of {status.piece_count} pieces"


def _is_own(member: Member, problem: Problem) -> bool:
    # What nobody has is told from what all say, if it is known.
    return problem.code is not ProblemCode.NO_HOLDER or member.pieces is None


def _whereabouts(
    member: Member, own: Bitfield, members: Sequence[Member], now: float
) -> list[str]:
    """
    Which pieces it lacks, who has them, and of those that nobody has who had them.
    """
    if own.is_full:
        return []
    others = [
        (other, other.pieces)
        for other in members
        if other is not member
        and other.pieces is not None
        and other.pieces.size == own.size
        and other.status is not None
        and member.status is not None
        and is_same_swarm(other.status, member.status)
    ]
    somewhere = own.copy()
    holders = []
    for other, theirs in others:
        if other.answers:
            holders.append((own.count_missing_from(theirs), other.name))
            somewhere.add_all(theirs)
    parts = [f"it lacks {_pieces(own)}"]
    unasked = 0
    if member.status is not None and member.answers:
        # Of its neighbours it may know what those do not tell who are asked here.
        here = {other.peer_id for other in members if other.answers}
        seeds = [
            (own.size - own.count, str(one.peer_id))
            for one in member.status.neighbors
            if one.peer_id not in here and one.holds_all
        ]
        holders += seeds
        seen = _seen(member.status, own.size)
        unasked = 0 if seeds else somewhere.count_missing_from(seen)
        somewhere.add_all(seen)
    if had := _ranked(holders):
        parts.append(had)
    if unasked:
        parts.append(f"its neighbours have {unasked} of them")
    if not somewhere.is_full:
        nowhere = f"nobody who answers has {_pieces(somewhere)}"
        last = _last_holders(member, members, others, somewhere, now)
        parts.append(f"{nowhere}, {last}" if last else nowhere)
    return parts


def _seen(status: Status, size: int) -> Bitfield:
    """
    The pieces that a peer has itself or sees at its neighbours, as far as it tells.
    """
    unseen, lacking = Bitfield(size), status.missing
    for first, last in lacking.nowhere_runs:
        unseen.add_range(first, last)
    if unseen.count < lacking.nowhere:
        # It told the first runs alone, and behind them it may be any.
        end = max((last for _, last in lacking.nowhere_runs), default=-1) + 1
        if end < size:
            unseen.add_range(end, size - 1)
    return unseen.missing_from(Bitfield.full(size))


def _ranked(holders: Iterable[tuple[int, str]]) -> str:
    """
    Who has how many of what is missing, the most first.
    """
    ranked = sorted((h for h in holders if h[0]), key=lambda one: (-one[0], one[1]))
    told = ", ".join(
        f"{name} has {count} of them" for count, name in ranked[:MOST_NAMES]
    )
    more = len(ranked) - MOST_NAMES
    return f"{told} and {more} more" if more > 0 else told


def _last_holders(
    member: Member,
    members: Iterable[Member],
    others: Iterable[tuple[Member, Bitfield]],
    somewhere: Bitfield,
    now: float,
) -> str:
    """
    Who had what nobody has: as they told us themselves, or as those say whom they
    left.
    """
    here = {other.peer_id for other in members if other.answers}
    had: dict[str, tuple[int, float]] = {}
    for other in members:
        # Each tells of what it and its neighbours lack; the member's own comes first.
        if other.status is None or not (other is member or other.answers):
            continue
        since = now - other.told_at
        for one in other.status.missing.last_holders:
            if one.peer_id not in here:
                _keep(had, str(one.peer_id), one.pieces, one.left_seconds + since)
    for other, theirs in others:
        count = somewhere.count_missing_from(theirs)
        if count and not other.answers:
            left = had.pop(other.name, (0, now - other.silent_at))[1]
            _keep(had, other.name, count, left)
    nowhere = somewhere.size - somewhere.count
    unmet = []
    for other in members:
        if other.place.is_seed and not other.answers:
            if other.name in had:
                # To those who lack less it left less.
                _keep(had, other.name, nowhere, had[other.name][1])
            else:
                unmet.append(other.name)
    ranked = sorted(had.items(), key=lambda one: (-one[1][0], one[1][1], one[0]))
    told = [
        f"{name} had {count} of them and left {span_text(left)} ago"
        for name, (count, left) in ranked[:MOST_NAMES]
    ]
    told += [f"{name} is to have everything and does not answer" for name in unmet]
    return ", ".join(told)


def _keep(
    had: dict[str, tuple[int, float]], name: str, count: int, left: float
) -> None:
    before = had.get(name)
    had[name] = (
        (count, left)
        if before is None
        else (max(count, before[0]), min(left, before[1]))
    )


def _pieces(held: Bitfield) -> str:
    """
    How many are not held, and which.
    """
    count = held.size - held.count
    noun = "piece" if count == 1 else "pieces"
    which = format_some(lacking_runs(held, MOST_RUNS), count, MOST_RUNS)
    return f"{count} {noun} ({which})"
