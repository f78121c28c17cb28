"""
The pictures of a report: pieces over time, and who unchoked whom when.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from swarmpeer.log_reading.report_style import line_classes, style
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.log_reading.timeline import Bar, Served, Timeline
from swarmpeer.svg import (
    Scale,
    line,
    number,
    path,
    rect,
    staircase,
    text,
    tick_text,
    words_of,
)

WIDTH = 1000.0
_LEFT, _RIGHT, _LEGEND = 96.0, 800.0, 816.0
_CURVES_HEIGHT = 270.0
_ROW_HEIGHT = 18.0
_BELOW = 48.0

MOST_CURVES = 14
"""
With more peers the curves have no legend.
"""

MOST_DRAWN = 200
"""
Of more peers some are drawn.
"""

MOST_WITH_LANES = 12
"""
With more there is no lane for each pair, but the number of those that are served.
"""

MOST_ROWS = 150
MOST_BARS = 4000
_LANE, _GAP = 11.0, 8.0
_COUNT_ROW = 14.0
_BINS = 176
_LEAST_WIDTH = 1.0
_APART = 3.0

_HATCHING = (
    '<defs><pattern id="hatched" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="4" height="4" class="ground"/>'
    '<line x1="1" y1="0" x2="1" y2="4" class="hatch"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Picture:
    """
    Shapes, and what they show in words.
    """

    name: str
    words: str
    height: float
    shapes: Sequence[str]

    def svg(self) -> str:
        """
        The picture, to stand in a page.
        """
        return _svg(self.name, self.words, self.height, self.shapes)


def plot(pictures: Sequence[Picture]) -> str:
    """
    Pictures below each other, as the text of an SVG file that needs nothing else.
    """
    y = 0.0
    shapes = [style(), '<rect width="100%" height="100%" class="paper"/>']
    for picture in pictures:
        shapes.append(text(_LEFT, y + 28, picture.words, "who"))
        y += 40
        shapes.append(f'<g transform="translate(0 {number(y)})">')
        shapes += [*picture.shapes, "</g>"]
        y += picture.height
    words = " ".join(picture.words for picture in pictures)
    return _svg("plot", words, y, shapes)


def _svg(name: str, words: str, height: float, shapes: Sequence[str]) -> str:
    size = f"{number(WIDTH)} {number(height)}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
            f'width="{number(WIDTH)}" height="{number(height)}" role="img" '
            f'aria-labelledby="{name}-title">',
            f'<title id="{name}-title">{words_of(words)}</title>',
            *shapes,
            "</svg>",
        ]
    )


def curves_picture(swarm: Swarm, timeline: Timeline) -> Picture:
    """
    How many pieces each peer held, over time.
    """
    time = Scale(0.0, timeline.seconds, _LEFT, _RIGHT)
    peers = list(swarm.surveys)
    words = f"How many pieces each of {len(peers):,} peers held, over time."
    if len(peers) > MOST_DRAWN:
        words = f"{words[:-1]}; {MOST_DRAWN} are drawn."
        peers = [peers[at * len(peers) // MOST_DRAWN] for at in range(MOST_DRAWN)]
    apart = 0.0 if len(peers) <= MOST_CURVES else _APART
    most = max(
        [swarm.terms.pieces or 1]
        + [held for peer in peers for _, held in timeline.curve(peer)]
    )
    pieces = Scale(0.0, max(1, most), 14 + _CURVES_HEIGHT, 14)
    shapes = list(_axes(time, pieces.end, pieces.start))
    for value in pieces.ticks(5):
        if value == int(value):
            shapes.append(line(_LEFT, pieces(value), _RIGHT, pieces(value), "grid"))
            label = tick_text(value)
            shapes.append(text(_LEFT - 8, pieces(value) + 4, label, "soft", "end"))
    for place, peer in enumerate(peers):
        classes = line_classes(place) if len(peers) <= MOST_CURVES else "many"
        points = _thinned(
            ((time(at), pieces(held)) for at, held in timeline.curve(peer)), apart
        )
        shapes.append(path(staircase(points, time.end), classes, str(peer)))
        if len(peers) <= MOST_CURVES:
            y = 22 + place * _ROW_HEIGHT
            shapes.append(line(_LEGEND, y, _LEGEND + 26, y, classes))
            shapes.append(text(_LEGEND + 34, y + 4, _peer_words(swarm, peer), ""))
    return Picture("curves", words, 14 + _CURVES_HEIGHT + _BELOW, shapes)


def served_picture(swarm: Swarm, timeline: Timeline) -> Picture:
    """
    Who unchoked whom when: a row for each peer that serves.
    """
    time = Scale(0.0, timeline.seconds, _LEFT, _RIGHT)
    rows: dict[int, list[Bar]] = defaultdict(list)
    for bar in timeline.bars():
        rows[bar.by].append(bar)
    servers = sorted({*rows, *swarm.surveys})[:MOST_ROWS]
    everybody = sorted({*swarm.peers, *rows})
    if len(everybody) <= MOST_WITH_LANES:
        height = (len(everybody) - 1) * _LANE + _GAP
        draw = [
            shape
            for place, server in enumerate(servers)
            for shape in _lanes(
                swarm, server, rows[server], everybody, time, 14 + place * height
            )
        ]
    else:
        height = _COUNT_ROW
        draw = [
            shape
            for place, server in enumerate(servers)
            for shape in _counts(server, rows[server], time, 14 + place * height)
        ]
    end = 14 + len(servers) * height
    stripes = [
        rect(_LEFT, 14 + place * height, _RIGHT - _LEFT, height, "stripe")
        for place in range(0, len(servers), 2)
    ]
    legend = list(_legend(is_by_lane=len(everybody) <= MOST_WITH_LANES))
    bars = sum(map(len, rows.values()))
    words = f"Who was unchoked by whom, over time; {bars:,} times in all."
    shapes = [_HATCHING, *stripes, *_axes(time, 14, end), *draw, *legend]
    return Picture("served", words, max(end, 80.0) + _BELOW, shapes)


def _thinned(
    points: Iterable[tuple[float, float]], apart: float
) -> Iterator[tuple[float, float]]:
    """
    Points that are at least so far apart, and the last one.
    """
    at, skipped = float("-inf"), None
    for point in points:
        skipped = point
        if point[0] - at >= apart:
            at, skipped = point[0], None
            yield point
    if skipped is not None:
        yield skipped


def _peer_words(swarm: Swarm, peer: int) -> str:
    return f"{peer} seed" if swarm.is_seed(peer) else str(peer)


def _axes(time: Scale, top: float, end: float) -> Iterator[str]:
    for value in time.ticks(10):
        yield line(time(value), top, time(value), end, "grid")
        yield text(time(value), end + 17, tick_text(value), "soft", "middle")
    yield line(time.start, end, time.end, end, "axis")
    middle = (time.start + time.end) / 2
    yield text(middle, end + 35, "seconds since the first line", "soft", "middle")


def _legend(*, is_by_lane: bool) -> Iterator[str]:
    if not is_by_lane:
        yield text(_LEGEND, 24, "the stronger, the more", "")
        yield text(_LEGEND, 40, "neighbours at a time", "")
        return
    for place, served in enumerate(Served):
        y = 22 + place * _ROW_HEIGHT
        yield rect(_LEGEND, y - 6, 26, 10, served.value)
        words = "not told" if served is Served.UNTOLD else served.value
        yield text(_LEGEND + 34, y + 4, words, "")


def _lanes(
    swarm: Swarm,
    server: int,
    bars: Sequence[Bar],
    everybody: Sequence[int],
    time: Scale,
    top: float,
) -> Iterator[str]:
    """
    A lane for each neighbour of one that serves.
    """
    others = [other for other in everybody if other != server]
    yield text(4, top + _GAP / 2 + 9, str(server), "who")
    if swarm.is_seed(server):
        yield text(4, top + _GAP / 2 + 21, "seed", "small soft")
    most = max(1, MOST_BARS // len(everybody) ** 2)
    by_other: dict[int, list[Bar]] = defaultdict(list)
    for bar in bars:
        by_other[bar.whom].append(bar)
    for lane, other in enumerate(others):
        y = top + _GAP / 2 + lane * _LANE
        yield text(_LEFT - 8, y + 9, str(other), "small soft", "end")
        # The longest of too many: the others would be a pixel wide at most.
        drawn = sorted(by_other[other], key=lambda bar: bar.start - bar.end)[:most]
        for bar in sorted(drawn, key=lambda bar: bar.start):
            start, end = time(bar.start), time(bar.end)
            width = max(_LEAST_WIDTH, end - start)
            words = (
                f"{server} unchoked {other}, {bar.served}, "
                f"{bar.start:,.0f} to {bar.end:,.0f} s"
            )
            yield rect(start, y + 1, width, _LANE - 2, bar.served.value, words)


def _counts(server: int, bars: Sequence[Bar], time: Scale, top: float) -> Iterator[str]:
    """
    How many neighbours one serves at a time, as shades.
    """
    yield text(_LEFT - 8, top + 11, str(server), "small", "end")
    counts = [0] * _BINS
    width = (time.end - time.start) / _BINS
    for bar in bars:
        first = int((time(bar.start) - time.start) / width)
        last = int((time(bar.end) - time.start) / width)
        for place in range(max(0, first), min(last, _BINS - 1) + 1):
            counts[place] += 1
    place = 0
    while place < _BINS:
        same = place
        while same < _BINS and counts[same] == counts[place]:
            same += 1
        if counts[place]:
            shade = min(1.0, 0.2 + 0.16 * counts[place])
            bar_shape = rect(
                time.start + place * width,
                top + 2,
                (same - place) * width,
                _COUNT_ROW - 4,
                "preferred",
                f"{server} unchoked {counts[place]}",
            )
            yield f'<g opacity="{shade:.2f}">{bar_shape}</g>'
        place = same
