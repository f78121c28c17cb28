"""
What must hold in the protocol log of a peer that was started once or more often.
"""

from collections.abc import Iterator, Sequence

from swarmpeer.protocol_log import LogKind, LogLine, parse_line
from swarmpeer.testing.invariants import Finding


def check_log(
    lines: Sequence[bytes],
    peer_id: int,
    piece_count: int,
    preferred: int,
    *,
    seed: bool,
    resumes: bool = False,
) -> Iterator[Finding]:
    """
    Read a whole log.

    @param preferred: the most neighbours that may be preferred.
    @param seed: did the peer begin with every piece?
    @return: what is wrong with it.
    """
    held = piece_count if seed else 0
    for raw in lines:
        line = parse_line(raw.decode("ascii", "replace"))
        if line is None or not raw.endswith(b"\n"):
            yield "log wording", repr(raw)
            continue
        if line.peer_id != peer_id:
            yield "log of its own", repr(raw)
        match line.kind:
            case LogKind.DOWNLOADED:
                # A new start begins with nothing, or goes on.
                is_next = line.held in (held + 1, 1) and not seed
                if not (is_next or (resumes and 1 <= (line.held or 0) <= piece_count)):
                    yield "log counts pieces", f"{held} pieces, then {raw!r}"
                held = line.held or 0
            case LogKind.COMPLETED if not resumes and (held != piece_count or seed):
                yield "log of completion", f"complete with {held} of {piece_count}"
            case LogKind.PREFERRED:
                yield from _check_preferred(line, preferred)
        if line.index is not None and not 0 <= line.index < piece_count:
            yield "log names a piece", repr(raw)


def _check_preferred(line: LogLine, preferred: int) -> Iterator[Finding]:
    if len(line.others) > preferred or list(line.others) != sorted(set(line.others)):
        yield "log of preferred", str(line.others)
