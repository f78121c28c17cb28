"""
The protocol log: its grammar, line by line, and the story that the logs of one
swarm must tell together.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import NamedTuple


class Kind(Enum):
    """
    The kinds of lines; the value is the pattern of what follows the writer's
    own id.
    """

    DIALLED = r" makes a connection to Peer (\d+)\."
    ACCEPTED = r" is connected from Peer (\d+)\."
    PREFERRED = r" has the preferred neighbors (\d+(?:,\d+)*)\."
    OPTIMISTIC = r" has the optimistically unchoked neighbor (\d+)\."
    UNCHOKED = r" is unchoked by (\d+)\."
    CHOKED = r" is choked by (\d+)\."
    HAVE = r" received the 'have' message from (\d+) for the piece (\d+)\."
    INTERESTED = r" received the 'interested' message from (\d+)\."
    NOT_INTERESTED = r" received the 'not interested' message from (\d+)\."
    DOWNLOADED = (
        r" has downloaded the piece (\d+) from (\d+)\."
        r" Now the number of pieces it has is (\d+)\."
    )
    COMPLETED = r" has downloaded the complete file\."


class LogLine(NamedTuple):
    """
    One line as values; C{numbers} are those of the pattern, in its order.
    """

    when: datetime
    kind: Kind
    numbers: tuple[int, ...]


_TIME = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]: Peer (\d+)(.*)")
_PATTERNS = {kind: re.compile(kind.value) for kind in Kind}


def parse_line(line: str, peer_id: int) -> LogLine:
    """
    Read one line of the log of C{peer_id}.

    @raise AssertionError: if it is not exactly one of the eleven kinds.
    """
    head = _TIME.fullmatch(line)
    if head is not None and int(head[2]) == peer_id:
        for kind, pattern in _PATTERNS.items():
            found = pattern.fullmatch(head[3])
            if found is not None:
                numbers = (int(n) for group in found.groups() for n in group.split(","))
                when = datetime.strptime(head[1], "%Y-%m-%d %H:%M:%S")
                return LogLine(when, kind, tuple(numbers))
    raise AssertionError(f"no line of the log of {peer_id}: {line!r}")


def parse_log(text: str, peer_id: int) -> list[LogLine]:
    """
    Read a whole log.

    @raise AssertionError: if a line is wrong, is cut off, or is older than the
        one before it.
    """
    if text and not text.endswith("\n"):
        raise AssertionError(f"the log of {peer_id} ends within a line")
    lines = [parse_line(line, peer_id) for line in text.split("\n")[:-1]]
    for earlier, later in pairwise(lines):
        if later.when < earlier.when:
            raise AssertionError(f"the log of {peer_id} runs backwards at {later}")
    return lines


def check_swarm(
    logs: Mapping[int, str],
    *,
    seeds: AbstractSet[int],
    order: Sequence[int],
    piece_count: int,
    preferred: int,
    is_whole: bool = True,
    killed: AbstractSet[int] = frozenset(),
) -> None:
    """
    Hold the logs of one swarm to the protocol and to each other.

    @param logs: the text of each log, by the id of its writer.
    @param order: all ids, in the order of PeerInfo.cfg.
    @param is_whole: is every peer among the C{logs}, and was none killed?
    @param killed: peers whose logs may break off and begin again.
    @raise AssertionError: with every deviation found.
    """
    story = {peer_id: parse_log(text, peer_id) for peer_id, text in logs.items()}
    wrong: list[str] = []
    for peer_id, lines in story.items():
        others = set(order) - {peer_id}
        if peer_id not in killed:
            wrong += _check_progress(peer_id, lines, seeds, piece_count)
            wrong += _check_changes(peer_id, lines, killed)
        wrong += _check_choices(peer_id, lines, others, preferred)
        if is_whole:
            wrong += _check_connections(peer_id, lines, order)
    if is_whole:
        wrong += _check_haves(story, piece_count)
        wrong += _check_unchokes(story)
    if wrong:
        raise AssertionError("\n".join(wrong))


def _of(lines: Iterable[LogLine], kind: Kind) -> list[tuple[int, ...]]:
    return [line.numbers for line in lines if line.kind is kind]


def _check_progress(
    peer_id: int, lines: list[LogLine], seeds: AbstractSet[int], piece_count: int
) -> list[str]:
    """
    A leecher gets every piece once, counts them one by one, gets each from
    somebody who had unchoked it, and completes right after the last.
    """
    downloads = _of(lines, Kind.DOWNLOADED)
    wanted = 0 if peer_id in seeds else piece_count
    wrong = []
    if sorted(index for index, _, _ in downloads) != list(range(wanted)):
        wrong.append(f"{peer_id} did not get each piece once")
    if [count for _, _, count in downloads] != list(range(1, wanted + 1)):
        wrong.append(f"{peer_id} counts its pieces wrongly")
    openers: set[int] = set()
    for line in lines:
        if line.kind is Kind.UNCHOKED:
            openers.add(line.numbers[0])
        if line.kind is Kind.DOWNLOADED and line.numbers[1] not in openers:
            wrong.append(f"{peer_id} got a piece from one who choked it: {line}")
    kinds = [line.kind for line in lines]
    if kinds.count(Kind.COMPLETED) != (peer_id not in seeds):
        wrong.append(f"{peer_id} tells {kinds.count(Kind.COMPLETED)} completions")
    elif Kind.COMPLETED in kinds:
        until = kinds[: kinds.index(Kind.COMPLETED)]
        if until.count(Kind.DOWNLOADED) != piece_count:
            wrong.append(f"{peer_id} is complete before its last piece")
    return wrong


def _check_changes(
    peer_id: int, lines: list[LogLine], killed: AbstractSet[int]
) -> list[str]:
    """
    Choke, unchoke, interest and the chosen neighbours are told only when they
    change; the first choke message of a neighbour is an unchoke.
    """
    wrong = []
    last: dict[tuple[str, int], Kind] = {}
    for line in lines:
        if line.kind in (Kind.CHOKED, Kind.UNCHOKED):
            key = ("choke", line.numbers[0])
            before = last.get(key, Kind.CHOKED)
        elif line.kind in (Kind.INTERESTED, Kind.NOT_INTERESTED):
            key = ("interest", line.numbers[0])
            before = last.get(key, Kind.HAVE)
        else:
            continue
        if before is line.kind and line.numbers[0] not in killed:
            wrong.append(f"{peer_id} hears without a change: {line}")
        last[key] = line.kind
    if not killed:
        wrong += _check_chosen(peer_id, lines)
    return wrong


def _check_chosen(peer_id: int, lines: list[LogLine]) -> list[str]:
    """
    A choice is told twice in a row only if there may have been an empty one, of
    which nothing is told, in between: somebody lost interest, or the optimistic
    neighbour became a preferred one.
    """
    wrong = []
    last: dict[Kind, list[int]] = {}
    for line in lines:
        chosen = sorted(line.numbers)
        if line.kind is Kind.NOT_INTERESTED:
            last = {kind: ids for kind, ids in last.items() if chosen[0] not in ids}
        elif line.kind in (Kind.PREFERRED, Kind.OPTIMISTIC):
            if last.get(line.kind) == chosen:
                wrong.append(f"{peer_id} tells {line.kind.name} {chosen} twice")
            last[line.kind] = chosen
            if line.kind is Kind.PREFERRED and set(
                last.get(Kind.OPTIMISTIC, ())
            ) <= set(chosen):
                last.pop(Kind.OPTIMISTIC, None)
    return wrong


def _check_choices(
    peer_id: int, lines: list[LogLine], others: AbstractSet[int], preferred: int
) -> list[str]:
    """
    Chosen neighbours are neighbours, different ones, not too many, and were
    interested.
    """
    wrong = []
    interested: set[int] = set()
    for line in lines:
        if line.kind is Kind.INTERESTED:
            interested.add(line.numbers[0])
        if line.kind is Kind.NOT_INTERESTED:
            interested.discard(line.numbers[0])
        if line.kind in (Kind.PREFERRED, Kind.OPTIMISTIC):
            chosen = set(line.numbers)
            if not chosen <= others & interested:
                wrong.append(f"{peer_id} chose without interest: {line}")
            limit = preferred if line.kind is Kind.PREFERRED else 1
            if len(line.numbers) > limit or len(chosen) < len(line.numbers):
                wrong.append(f"{peer_id} chose too many: {line}")
    return wrong


def _check_connections(
    peer_id: int, lines: list[LogLine], order: Sequence[int]
) -> list[str]:
    """
    Every pair meets once, and the later one dials.
    """
    place = order.index(peer_id)
    dialled = sorted(other for (other,) in _of(lines, Kind.DIALLED))
    accepted = sorted(other for (other,) in _of(lines, Kind.ACCEPTED))
    wrong = []
    if dialled != sorted(order[:place]):
        wrong.append(f"{peer_id} dialled {dialled}")
    if accepted != sorted(order[place + 1 :]):
        wrong.append(f"{peer_id} was dialled by {accepted}")
    return wrong


def _meeting(lines: list[LogLine], other: int) -> int:
    """
    The place of the first line that tells of a connection with C{other}.
    """
    for at, line in enumerate(lines):
        if line.kind in (Kind.DIALLED, Kind.ACCEPTED) and line.numbers[0] == other:
            return at
    return len(lines)


def _check_haves(story: Mapping[int, list[LogLine]], piece_count: int) -> list[str]:
    """
    A piece is told once to each neighbour, and every piece that was got after
    the two had met is told.
    """
    wrong = []
    for teller, told in story.items():
        for hearer, heard in story.items():
            if teller == hearer:
                continue
            haves = [n for sender, n in _of(heard, Kind.HAVE) if sender == teller]
            if len(set(haves)) != len(haves):
                wrong.append(f"{hearer} heard a piece twice from {teller}")
            meeting = _meeting(told, hearer)
            since = {index for index, _, _ in _of(told[meeting:], Kind.DOWNLOADED)}
            if not since <= set(haves) <= set(range(piece_count)):
                missing = sorted(since - set(haves))
                wrong.append(f"{hearer} did not hear {missing} from {teller}")
            if not set(haves) <= {i for i, _, _ in _of(told, Kind.DOWNLOADED)}:
                wrong.append(f"{hearer} heard from {teller} what that one never got")
    return wrong


def _check_unchokes(story: Mapping[int, list[LogLine]]) -> list[str]:
    """
    Whoever is unchoked was chosen by the other, and at least as often told so
    in the other's log.
    """
    chosen: dict[int, set[int]] = defaultdict(set)
    for peer_id, lines in story.items():
        for line in lines:
            if line.kind in (Kind.PREFERRED, Kind.OPTIMISTIC):
                chosen[peer_id].update(line.numbers)
    return [
        f"{peer_id} was unchoked by {other}, who never chose it"
        for peer_id, lines in story.items()
        for (other,) in _of(lines, Kind.UNCHOKED)
        if peer_id not in chosen[other]
    ]
