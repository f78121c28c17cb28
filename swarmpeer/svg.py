"""
The few shapes that a plot is made of, as SVG text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from swarmpeer.text import printable


@dataclass(frozen=True, slots=True)
class Scale:
    """
    Maps values on positions: C{low} on C{start} and C{high} on C{end}.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """
        Where C{value} is; beyond the ends is at the ends.
        """
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """
        Round values within, at most C{most} and two more.
        """
        step = _round_step((self.high - self.low) / most)
        first = round(self.low / step)
        count = int((self.high - self.low) / step + 1e-9) + 1
        return [(first + number) * step for number in range(count)]


def _round_step(least: float) -> float:
    """
    The least of 1, 2, 5, 10, 20, ... and 0.5, 0.2, ... that is not below
    C{least}.
    """
    power = 1.0
    while power > least:
        power /= 10
    while power * 10 <= least:
        power *= 10
    for factor in (1, 2, 5):
        if factor * power >= least:
            return factor * power
    return 10 * power


def number(value: float) -> str:
    """
    A position with as many digits as one can see.
    """
    return f"{value:.1f}".removesuffix(".0")


def tick_text(value: float) -> str:
    """
    A round value without needless digits.
    """
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, classes: str, anchor: str = "start") -> str:
    """
    @param y: of the line that the letters stand on.
    @param anchor: which part of the words is at C{x}: C{start}, C{middle} or
        C{end}.
    """
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{number(x)}" y="{number(y)}" class="{classes}"{where}>'
        f"{words_of(words)}</text>"
    )


def rect(
    x: float, y: float, width: float, height: float, classes: str, title: str = ""
) -> str:
    """
    @param title: what a pointer over it is told.
    """
    head = (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" class="{classes}"'
    )
    return f"{head}><title>{words_of(title)}</title></rect>" if title else f"{head}/>"


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    """
    A straight line.
    """
    return (
        f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" '
        f'y2="{number(y2)}" class="{classes}"/>'
    )


def path(commands: str, classes: str, title: str = "", shift: float = 0.0) -> str:
    """
    @param commands: in the language of paths.
    @param title: what a pointer over it is told.
    @param shift: how far to move it, right and down.
    """
    where = f' transform="translate({number(shift)} {number(shift)})"' if shift else ""
    head = f'<path d="{commands}" class="{classes}"{where}'
    return f"{head}><title>{words_of(title)}</title></path>" if title else f"{head}/>"


def staircase(points: Iterable[tuple[float, float]], end: float) -> str:
    """
    The commands of a line that goes level from each point to below or above the
    next, and on to C{end}.  Points that are too close to be told apart become
    one, the last of them.

    @param points: positions, from left to right.
    """
    places: list[tuple[str, str]] = []
    for x, y in points:
        place = (number(x), number(y))
        if places and places[-1][0] == place[0]:
            places[-1] = place
        else:
            places.append(place)
    if not places:
        return ""
    steps = "".join(f"H{x}V{y}" for x, y in places[1:])
    return f"M{places[0][0]} {places[0][1]}{steps}H{number(end)}"


def words_of(words: str) -> str:
    """
    Words as they can stand in SVG.
    """
    return escape(printable(words))
