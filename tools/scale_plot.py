"""
Time against number of hosts, as a picture.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from swarmpeer.simulate.plot_style import LEFT, WIDTH, style
from swarmpeer.svg import Scale, line, number, path, rect, text, tick_text

_TOP = 92.0
_HEIGHT = 300.0
_BETWEEN = 76.0
_WAY = 22.0

Point = tuple[str, int, float, float]
"""
A line's name, how many hosts, how long it took, and the bound; in seconds.
"""

_BOUND = "bound"
_CURVES = (
    ("server", "a server that nobody helps", "line4 dash2"),
    ("classic, equal", "classic policy", "line2 dash1"),
    ("classic, equal, crashing", "classic policy, 5 % crash", "line2 dash2"),
    ("fleet, equal", "fleet", "line0"),
    ("fleet, equal, crashing", "fleet, 5 % crash", "line0 dash1"),
    ("fleet, mixed", "fleet, mixed uplinks", "line1"),
    ("fleet, mixed, crashing", "fleet, mixed uplinks, 5 % crash", "line1 dash1"),
    (_BOUND, "the fluid bound", "seed"),
)
"""
A line's name, what it is called in the picture, and how it is drawn.
"""


def plot(points: Iterable[Point]) -> str:
    """
    Two panels as the text of an SVG file: how long it took, and how many times the
    bound that is.
    """
    seconds, ratios = _gather(points)
    width = (WIDTH - LEFT - 48 - _BETWEEN) / 2
    sizes = sorted({peers for curve in seconds.values() for peers in curve})
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])
    hosts = Scale(first, max(last, first + 1), LEFT, LEFT + width)
    shift = width + _BETWEEN
    right = Scale(hosts.low, hosts.high, hosts.start + shift, hosts.end + shift)
    known = [each for each in _CURVES if each[0] in seconds]
    height = _TOP + _HEIGHT + 66 + _WAY * math.ceil(len(known) / 2)
    words = "How long a file takes to reach ever more hosts"
    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(WIDTH)} '
        f'{number(height)}" width="{number(WIDTH)}" height="{number(height)}" '
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{words}</title>',
        '<desc id="desc">Time until the last host has the file against the number of '
        "hosts, for swarms with the fleet and the classic policy, for a server that "
        "nobody helps, and the fluid bound; beside that the same as multiples of the "
        "bound.</desc>",
        style(),
        '<rect width="100%" height="100%" class="paper"/>',
        text(12, 32, words, "title"),
    ]
    shapes += _times(seconds, sizes, hosts)
    shapes += _multiples(ratios, sizes, right)
    for place, (_, explained, classes) in enumerate(known):
        x = LEFT + (place % 2) * shift
        y = _TOP + _HEIGHT + 58 + _WAY * (place // 2)
        shapes += [
            line(x, y - 4, x + 30, y - 4, f"curve {classes}"),
            text(x + 38, y, explained, ""),
        ]
    return "\n".join([*shapes, "</svg>"])


def _gather(
    points: Iterable[Point],
) -> tuple[dict[str, dict[int, float]], dict[str, dict[int, float]]]:
    """
    @return: for each line the median time for each number of hosts, and the same as
        multiples of the bound.
    """
    together: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for name, peers, seconds, bound in points:
        together.setdefault(name, {}).setdefault(peers, []).append((seconds, bound))
        if name != "server":
            lowest = together.setdefault(_BOUND, {}).setdefault(peers, [])
            lowest.append((bound, bound))
    seconds_of = {
        name: {
            peers: median(seconds for seconds, _ in runs)
            for peers, runs in sorted(curve.items())
        }
        for name, curve in together.items()
    }
    ratios = {
        name: {
            peers: median(seconds / bound for seconds, bound in runs)
            for peers, runs in sorted(curve.items())
        }
        for name, curve in together.items()
        if name != "server"
    }
    return seconds_of, ratios


def _times(
    curves: Mapping[str, Mapping[int, float]], sizes: Sequence[int], hosts: Scale
) -> Iterator[str]:
    every = [value for curve in curves.values() for value in curve.values()]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    time = Scale(low, max(high, low + 1), _TOP + _HEIGHT, _TOP)
    ticks = [(float(power), _seconds(10.0**power)) for power in range(low, high + 1)]
    yield from _frame("until the last one has it", hosts, time, sizes, ticks)
    logarithms = {
        name: {peers: math.log10(value) for peers, value in curve.items()}
        for name, curve in curves.items()
    }
    yield from _draw(logarithms, hosts, time)


def _multiples(
    curves: Mapping[str, Mapping[int, float]], sizes: Sequence[int], hosts: Scale
) -> Iterator[str]:
    most = max(value for curve in curves.values() for value in curve.values())
    share = Scale(1.0, math.ceil(most * 4) / 4, _TOP + _HEIGHT, _TOP)
    ticks = [(value, f"{tick_text(value)} x") for value in share.ticks(6)]
    yield from _frame("times the bound", hosts, share, sizes, ticks)
    yield from _draw(curves, hosts, share)


def _frame(
    heading: str,
    hosts: Scale,
    up: Scale,
    sizes: Sequence[int],
    ticks: Sequence[tuple[float, str]],
) -> Iterator[str]:
    yield text(hosts.start, _TOP - 16, heading, "heading")
    for value, words in ticks:
        y = up(value)
        yield line(hosts.start, y, hosts.end, y, "grid")
        yield text(hosts.start - 8, y + 4, words, "soft", "end")
    for peers in sizes:
        x = hosts(math.log10(peers))
        yield line(x, _TOP, x, _TOP + _HEIGHT, "grid")
        yield text(x, _TOP + _HEIGHT + 17, f"{peers:,} hosts", "soft", "middle")
    yield line(hosts.start, _TOP + _HEIGHT, hosts.end, _TOP + _HEIGHT, "axis")


def _draw(
    curves: Mapping[str, Mapping[int, float]], hosts: Scale, up: Scale
) -> Iterator[str]:
    for name, _, classes in _CURVES:
        curve = curves.get(name)
        if curve is None:
            continue
        places = [(hosts(math.log10(n)), up(value)) for n, value in curve.items()]
        steps = "L".join(f"{number(x)} {number(y)}" for x, y in places)
        yield path(f"M{steps}", f"curve {classes}")
        if name != _BOUND:
            for x, y in places:
                yield rect(x - 2.5, y - 2.5, 5, 5, f"curve {classes.split()[0]}")


def _seconds(value: float) -> str:
    return f"{value:,.0f} s"
