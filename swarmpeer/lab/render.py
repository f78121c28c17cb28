"""
A swarm as text: the live table, one plain line, and the results.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from swarmpeer.lab.view import PeerView, SwarmView
from swarmpeer.text import share_text, size_text

_BAR_WIDTH = 20
_LEAST_BAR_WIDTH = 6
_SHOWN_DIGEST = 16


@dataclass(frozen=True, slots=True)
class PeerResult:
    """
    What one peer ended with.

    @ivar digest: the SHA-256 of its file in hexadecimal; C{None} if there is no
        file to read.
    @ivar problem: why there is none, or C{None}.
    """

    peer_id: int
    digest: str | None
    problem: str | None = None


def render(view: SwarmView, now_seconds: float, width: int, height: int) -> str:
    """
    The live table: a head line, the column names and one line per peer, none of
    them longer than C{width}.

    Columns are given up from the right when the width does not do; peers, those
    that are furthest first, when the height does not.

    @param height: the most lines to use; below 4 it is taken as 4.
    """
    peers = list(view.peers.values())
    room = max(2, height - 2)
    left_out = len(peers) - room if len(peers) > room else 0
    if left_out:
        # One more line says how many are not shown.
        left_out += 1
        furthest = sorted(peers, key=lambda peer: -view.share(peer))[:left_out]
        hidden = {peer.peer_id for peer in furthest}
        peers = [peer for peer in peers if peer.peer_id not in hidden]
    bar_width = max(_LEAST_BAR_WIDTH, min(_BAR_WIDTH, width - 78))
    rows = [_head(bar_width), *(_row(view, p, now_seconds, bar_width) for p in peers)]
    lines = [_total(view, now_seconds), *_columns(rows)]
    if left_out:
        lines.append(f"... and {left_out} more that are further")
    return "\n".join(line[:width].rstrip() for line in lines)


def render_line(view: SwarmView, now_seconds: float) -> str:
    """
    The whole swarm in one line, for where a table cannot be redrawn.
    """
    line = _total(view, now_seconds)
    waiting = [peer for peer in view.leechers if not peer.is_complete]
    if waiting:
        last = min(waiting, key=view.share)
        line += f", last is {last.peer_id} at {share_text(view.share(last))}"
    return line


def render_complete(view: SwarmView, peer: PeerView, done: int) -> str:
    """
    One line for a peer that became complete, as the C{done}th.
    """
    return (
        f"{_seconds(peer.complete_seconds or 0.0)}: {peer.peer_id} has the file "
        f"({done} of {len(view.leechers)})"
    )


def render_results(
    view: SwarmView, source_digest: str, results: Iterable[PeerResult]
) -> str:
    """
    The table at the end: time, bytes and digest per peer.
    """
    rows = [["peer", "time", "bytes in", "bytes out", "SHA-256", "file"]]
    for result in results:
        peer = view.peers[result.peer_id]
        rows.append(
            [
                str(peer.peer_id),
                _time(peer),
                f"{peer.received_bytes:,}",
                f"{peer.sent_bytes:,}",
                (result.digest or "-")[:_SHOWN_DIGEST],
                _comparison(result, source_digest),
            ]
        )
    rows.append(["FILE", "", "", "", source_digest[:_SHOWN_DIGEST], ""])
    return "\n".join(line.rstrip() for line in _columns(rows))


def _total(view: SwarmView, now_seconds: float) -> str:
    leechers = view.leechers
    done = sum(peer.is_complete for peer in leechers)
    share = sum(map(view.share, leechers)) / len(leechers) if leechers else 1.0
    rate = sum(peer.receiving.rate(now_seconds) for peer in leechers)
    return (
        f"{_seconds(now_seconds)}: {share_text(share)} of all, {done} of "
        f"{len(leechers)} complete, {_rate(rate)}"
    )


def _head(bar_width: int) -> list[str]:
    return [
        "peer",
        "done".ljust(bar_width + 7),
        "pieces",
        "in",
        "out",
        "optimistic",
        "serves",
    ]


def _row(
    view: SwarmView, peer: PeerView, now_seconds: float, bar_width: int
) -> list[str]:
    share = view.share(peer)
    filled = int(share * bar_width)
    bar = "#" * filled + "." * (bar_width - filled)
    return [
        str(peer.peer_id),
        f"[{bar}] {share_text(share):>4}",
        f"{peer.pieces}/{view.layout.piece_count}",
        _rate(peer.receiving.rate(now_seconds)),
        _rate(peer.sending.rate(now_seconds)),
        str(peer.optimistic or "-"),
        " ".join(map(str, sorted(peer.serves))) or "-",
    ]


def _columns(rows: list[list[str]]) -> list[str]:
    """
    The rows as lines; the columns between the first and the last to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    return [
        "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _rate(bytes_per_second: float) -> str:
    return f"{size_text(bytes_per_second)}/s"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _time(peer: PeerView) -> str:
    if peer.is_seed:
        return "seed"
    if peer.complete_seconds is None:
        return "-"
    return _seconds(peer.complete_seconds)


def _comparison(result: PeerResult, source_digest: str) -> str:
    if result.digest is None:
        return result.problem or "missing"
    return "identical" if result.digest == source_digest else "DIFFERENT"
