"""
The upper panel of a plot: how many pieces each peer held when.
"""

from collections.abc import Iterator, Sequence

from swarmpeer.simulate.plot_style import DASHES, LEGEND, LINES, ROW_HEIGHT
from swarmpeer.simulate.run_figures import (
    FREE_RIDER,
    LEECHER,
    SEED,
    is_fetcher,
    quantile,
)
from swarmpeer.svg import (
    Scale,
    line,
    number,
    path,
    rect,
    staircase,
    text,
    tick_text,
)
from swarmpeer.testing.outcome import Outcome, PeerOutcome

HEIGHT = 270.0

MOST_LINES = 12
"""
With more peers there is one band for all of them.
"""

_SAMPLES = 240
_APART = 2.0
_MOST_SPREAD = 9.0

_BANDS = (
    (0.1, 0.9, "wide", "8 of 10 peers"),
    (0.25, 0.75, "half", "half of them"),
)
_CURVES = (
    (0.5, "curve middle", "median"),
    (0.0, "curve least", "the furthest back"),
)


def held_panel(outcome: Outcome, time: Scale, top: float) -> list[str]:
    """
    The panel, from C{top} to L{HEIGHT} below.
    """
    count = outcome.scenario.piece_count
    pieces = Scale(0.0, max(1, count), top + HEIGHT, top)
    honest = [peer for peer in outcome.peers if is_fetcher(peer) or peer.role == SEED]
    shapes = [text(time.start, top - 12, f"Pieces held, of {count:,}", "heading")]
    for value in pieces.ticks(5):
        if value == int(value):
            y = pieces(value)
            shapes.append(line(time.start, y, time.end, y, "grid"))
            label = tick_text(value)
            shapes.append(text(time.start - 8, y + 4, label, "soft", "end"))
    if len(honest) <= MOST_LINES:
        shapes += _lines(outcome, honest, time, pieces)
    else:
        shapes += _bands(outcome, honest, time, pieces)
    return shapes


def _lines(
    outcome: Outcome, peers: Sequence[PeerOutcome], time: Scale, pieces: Scale
) -> Iterator[str]:
    """
    One line for each peer, and when it had everything.
    """
    yield text(LEGEND, pieces.end - 12, "peer", "heading")
    yield text(LEGEND + 174, pieces.end - 12, "complete", "heading", "end")
    points: dict[int, list[tuple[float, float]]] = {
        peer.peer_id: [(time(0.0), pieces(_held_at_first(outcome, peer)))]
        for peer in peers
    }
    for point in outcome.holdings:
        if point.peer_id in points:
            at = (time(point.at_seconds), pieces(point.held))
            points[point.peer_id].append(at)
    # Side by side where they would hide each other: across the way that they rise.
    step = min(_APART, _MOST_SPREAD / max(1, len(peers)))
    middle = (sum(map(is_fetcher, peers)) - 1) / 2
    place = givers = 0
    for row, peer in enumerate(peers):
        classes, shift = "curve seed", 0.0
        if is_fetcher(peer):
            if peer.role == FREE_RIDER:
                classes = "curve rider"
            else:
                classes = _line_classes(givers)
                givers += 1
            shift = (place - middle) * step
            place += 1
        commands = staircase(points[peer.peer_id], time.end)
        yield path(commands, classes, f"{peer.peer_id}, {peer.role}", shift)
        y = pieces.end + 8 + row * ROW_HEIGHT
        yield line(LEGEND, y, LEGEND + 26, y, classes)
        role = "" if peer.role == LEECHER else f" {peer.role}"
        yield text(LEGEND + 34, y + 4, f"{peer.peer_id}{role}", "")
        yield text(LEGEND + 174, y + 4, _completion(peer), "soft", "end")


def _line_classes(place: int) -> str:
    dash = place // len(LINES) % len(DASHES)
    return f"curve line{place % len(LINES)}" + (f" dash{dash}" if dash else "")


def _completion(peer: PeerOutcome) -> str:
    if peer.role == SEED:
        return ""
    if peer.completed_at is None:
        return "never"
    return f"{peer.completed_at:.1f} s"


def _bands(
    outcome: Outcome, peers: Sequence[PeerOutcome], time: Scale, pieces: Scale
) -> Iterator[str]:
    """
    What most of the many held, and the one that held least.
    """
    leechers = [peer for peer in peers if peer.role == LEECHER]
    riders = [peer for peer in peers if peer.role == FREE_RIDER]
    y = pieces.end + 8
    yield text(LEGEND, pieces.end - 12, f"{len(leechers):,} leechers", "heading")
    samples = _samples(outcome, leechers, time)
    for low, high, classes, words in _BANDS:
        yield path(_band(samples, time, pieces, low, high), classes, words)
        yield rect(LEGEND, y - 6, 26, 12, classes)
        yield text(LEGEND + 34, y + 4, words, "")
        y += ROW_HEIGHT
    for share, classes, words in _CURVES:
        yield path(_curve(samples, time, pieces, share), classes, words)
        yield line(LEGEND, y, LEGEND + 26, y, classes)
        yield text(LEGEND + 34, y + 4, words, "")
        y += ROW_HEIGHT
    if riders:
        words = "free riders, median"
        samples = _samples(outcome, riders, time)
        yield path(_curve(samples, time, pieces, 0.5), "curve rider", words)
        yield line(LEGEND, y, LEGEND + 26, y, "curve rider")
        yield text(LEGEND + 34, y + 4, words, "")


def _samples(
    outcome: Outcome, peers: Sequence[PeerOutcome], time: Scale
) -> list[tuple[float, list[int]]]:
    """
    At moments all over the time, what C{peers} held, in ascending order.
    """
    held = {peer.peer_id: _held_at_first(outcome, peer) for peer in peers}
    points = [point for point in outcome.holdings if point.peer_id in held]
    samples = []
    done = 0
    for sample in range(_SAMPLES + 1):
        now = time.low + (time.high - time.low) * sample / _SAMPLES
        while done < len(points) and points[done].at_seconds <= now:
            held[points[done].peer_id] = points[done].held
            done += 1
        samples.append((now, sorted(held.values())))
    return samples


def _held_at_first(outcome: Outcome, peer: PeerOutcome) -> int:
    return outcome.scenario.piece_count if peer.role == SEED else 0


def _places(
    samples: Sequence[tuple[float, list[int]]],
    time: Scale,
    pieces: Scale,
    share: float,
) -> list[str]:
    return [
        f"{number(time(now))} {number(pieces(quantile(held, share)))}"
        for now, held in samples
        if held
    ]


def _curve(
    samples: Sequence[tuple[float, list[int]]],
    time: Scale,
    pieces: Scale,
    share: float,
) -> str:
    return "M" + "L".join(_places(samples, time, pieces, share))


def _band(
    samples: Sequence[tuple[float, list[int]]],
    time: Scale,
    pieces: Scale,
    low: float,
    high: float,
) -> str:
    """
    Along the one edge and back along the other.
    """
    there = _places(samples, time, pieces, high)
    back = _places(samples, time, pieces, low)[::-1]
    return "M" + "L".join([*there, *back]) + "Z"
