"""
The lower panel of a plot: who was unchoked by whom when.

Each row is a peer that serves.  In a small swarm it has a lane for every other
one; in a large one its bars are stacked as they come.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from swarmpeer.simulate.plot_style import LEGEND, ROW_HEIGHT
from swarmpeer.simulate.run_figures import LEECHER, SEED, is_fetcher
from swarmpeer.svg import Scale, number, path, rect, text
from swarmpeer.testing.outcome import Outcome, UnchokeSpan

MOST_WITH_LANES = 8
"""
With more peers there is no lane for each.
"""

MOST_ROWS = 100
"""
Of more peers that serve some are shown.
"""

MOST_STACKED = 12
"""
More bars than that in one moment lie upon each other.
"""

_LANE_HEIGHT = 9.0
_GAP = 4.0
_LABEL_HEIGHT = 11.0
_LEAST_WIDTH = 0.6

_KINDS = ((False, "preferred"), (True, "optimistic"))

_Item = TypeVar("_Item")

_Lanes = list[tuple[int, UnchokeSpan]]
"""
Each span with its lane, counted from the top of the row.
"""


class ServedPanel:
    """
    The panel.

    @ivar height: how much it takes.
    """

    def __init__(self, outcome: Outcome, time: Scale) -> None:
        self._time = time
        self._roles = {peer.peer_id: peer.role for peer in outcome.peers}
        spans: dict[int, list[UnchokeSpan]] = {
            peer.peer_id: []
            for peer in outcome.peers
            if is_fetcher(peer) or peer.role == SEED
        }
        for span in outcome.unchokes:
            if span.start_seconds < time.high:
                spans.setdefault(span.by, []).append(span)
        served = (span.whom for span in outcome.unchokes)
        everybody = sorted({*self._roles, *spans, *served})
        self._servers = len(spans)
        self._others = everybody if len(everybody) <= MOST_WITH_LANES else None
        self._rows = {
            server: self._lanes_of(server, spans[server])
            for server in evenly(sorted(spans), MOST_ROWS)
        }
        if self._others:
            lanes = len(self._others) - 1
            self._lane_height, self._joined = _LANE_HEIGHT, ""
        else:
            used = (lane for row in self._rows.values() for lane, _ in row)
            lanes = 1 + max(used, default=0)
            is_thin = len(self._rows) > 40
            self._lane_height = 2.5 if is_thin else 4.0
            self._joined = "joined thin" if is_thin else "joined"
        self._row_height = lanes * self._lane_height + _GAP
        self.height = len(self._rows) * self._row_height

    def ground(self, top: float) -> Iterator[str]:
        """
        Draw what is behind everything: stripes that tell the rows apart.
        """
        width = self._time.end - self._time.start
        for place in range(0, len(self._rows), 2):
            y = top + place * self._row_height
            yield rect(self._time.start, y, width, self._row_height, "stripe")

    def shapes(self, top: float) -> Iterator[str]:
        """
        Draw it, from C{top} to L{height} below.
        """
        yield from self._head(top)
        labelled_to = top
        for place, (server, lanes) in enumerate(self._rows.items()):
            y = top + place * self._row_height
            if y >= labelled_to:
                yield from self._label(server, y)
                labelled_to = y + _LABEL_HEIGHT
            if self._others:
                yield from self._single_bars(server, lanes, y + _GAP / 2)
            else:
                yield from self._joined_bars(lanes, y + _GAP / 2)

    def _lanes_of(self, server: int, spans: Sequence[UnchokeSpan]) -> _Lanes:
        if self._others is None:
            return stacked(spans)
        others = [other for other in self._others if other != server]
        return [(others.index(span.whom), span) for span in spans]

    def _head(self, top: float) -> Iterator[str]:
        x, y = self._time.start, top - 12
        words = "Whom each peer unchoked: "
        if self._others:
            words += "a lane per neighbour"
        else:
            words += "a bar per neighbour, stacked"
        if self._servers > len(self._rows):
            words += f"; {len(self._rows):,} of {self._servers:,} peers shown"
        yield text(x, y, words, "heading")
        yield text(LEGEND, y, "unchoked as", "heading")
        for place, (_, kind) in enumerate(_KINDS):
            y = top + 8 + place * ROW_HEIGHT
            yield rect(LEGEND, y - 6, 26, 12, kind)
            yield text(LEGEND + 34, y + 4, kind, "")

    def _label(self, server: int, y: float) -> Iterator[str]:
        """
        Who serves, and with lanes whom each of them is for.
        """
        x = self._time.start
        role = self._roles.get(server, "")
        if self._others is None:
            middle = y + max(self._row_height, _LABEL_HEIGHT) / 2 + 3
            words = str(server) if role == LEECHER else f"{server} {role}"
            yield text(x - 8, middle, words, "small", "end")
            return
        yield text(12, y + _GAP + 9, str(server), "who")
        if role != LEECHER:
            yield text(12, y + _GAP + 21, role, "small soft")
        others = (other for other in self._others if other != server)
        for lane, other in enumerate(others):
            middle = y + _GAP / 2 + (lane + 0.5) * self._lane_height
            yield text(x - 8, middle + 3, str(other), "lane soft", "end")

    def _single_bars(self, server: int, lanes: _Lanes, top: float) -> Iterator[str]:
        """
        Bars that tell about themselves.
        """
        for lane, span in lanes:
            x, width = self._extent(span)
            kind = dict(_KINDS)[span.is_optimistic]
            words = (
                f"{server} unchoked {span.whom} ({kind}) from "
                f"{span.start_seconds:.2f} s to {span.end_seconds:.2f} s"
            )
            y = top + lane * self._lane_height
            yield rect(x, y + 0.5, width, self._lane_height - 1, kind, words)

    def _joined_bars(self, lanes: _Lanes, top: float) -> Iterator[str]:
        """
        All bars of one kind as one shape of thick lines, since there may be very
        many.
        """
        middle = top + (self._lane_height - 0.5) / 2
        for is_optimistic, kind in _KINDS:
            commands = ""
            for lane, span in lanes:
                if span.is_optimistic is is_optimistic:
                    x, width = self._extent(span)
                    y = middle + lane * self._lane_height
                    commands += f"M{number(x)} {number(y)}h{number(width)}"
            if commands:
                yield path(commands, f"{kind} {self._joined}")

    def _extent(self, span: UnchokeSpan) -> tuple[float, float]:
        """
        Where a bar begins and how wide it is, with a sliver of ground behind it
        so that one looks apart from the next.
        """
        x = self._time(span.start_seconds)
        width = self._time(span.end_seconds) - x
        return x, max(_LEAST_WIDTH, width - _LEAST_WIDTH)


def evenly(items: Sequence[_Item], most: int) -> list[_Item]:
    """
    All of C{items}, or C{most} of them from the first to the last.
    """
    if len(items) <= most:
        return list(items)
    last = len(items) - 1
    return [items[round(place * last / (most - 1))] for place in range(most)]


def stacked(spans: Sequence[UnchokeSpan]) -> _Lanes:
    """
    Give each span the first lane that is free when it begins; the optimistic ones
    have theirs below all others.

    @param spans: in order of their beginning.
    """
    lanes: _Lanes = []
    below = 0
    for is_optimistic, _ in _KINDS:
        free_from: list[float] = []
        for span in spans:
            if span.is_optimistic is is_optimistic:
                lane = _free_lane(free_from, span.start_seconds)
                free_from[lane] = span.end_seconds
                lanes.append((below + lane, span))
        below += len(free_from)
    return lanes


def _free_lane(free_from: list[float], now: float) -> int:
    for lane, end in enumerate(free_from):
        if end <= now:
            return lane
    if len(free_from) < MOST_STACKED:
        free_from.append(now)
    return len(free_from) - 1
