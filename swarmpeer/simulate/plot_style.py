"""
How a plot looks: sizes, and every colour for a light and for a dark page.

The hues are those of Okabe and Ito, which can be told apart without seeing red or
green; the dark set is lighter, the light set darker, so that each stands out from
its ground.  Nothing is told by hue alone.
"""

WIDTH = 1000.0
LEFT = 96.0
RIGHT = 798.0
LEGEND = 816.0
ROW_HEIGHT = 19.0
"""
Where the panels begin and end, where what explains them begins, and how far apart
its rows are; in pixels, as all sizes here.
"""

_PAPER = ("#ffffff", "#15171b")
_INK = ("#1b1b1b", "#ececec")
_SOFT = ("#595959", "#a9aeb6")
_PREFERRED = ("#0072b2", "#4aa3d8")

LINES = (
    ("#0072b2", "#56b4e9"),
    ("#007f5f", "#2fc79a"),
    ("#b0457e", "#e593c2"),
    ("#8a6d00", "#f0e442"),
    ("#4d4d4d", "#c4c4c4"),
)
"""
Light and dark colour of the lines of single peers; orange is for free riders.
"""

DASHES = ("", "9 3 2 3", "2 3")
"""
Told apart by these when there are more lines than colours.
"""

_COLORS: tuple[tuple[str, str, tuple[str, str]], ...] = (
    ("svg", "background", _PAPER),
    (".paper", "fill", _PAPER),
    ("text", "fill", _INK),
    (".soft", "fill", _SOFT),
    (".grid", "stroke", ("#e2e2e2", "#2e3238")),
    (".axis", "stroke", ("#8a8a8a", "#6c727b")),
    (".stripe", "fill", ("#f5f6f7", "#1c1f24")),
    (".halo", "stroke", _PAPER),
    (".mark", "stroke", _SOFT),
    (".breach", "fill", ("#b00020", "#ff6b6b")),
    (".seed", "stroke", ("#8a8a8a", "#8b919b")),
    (".wide", "fill", ("#c9dfee", "#1d3a4c")),
    (".half", "fill", ("#8cbfe0", "#2b6386")),
    (".middle", "stroke", ("#00507d", "#a9dcfb")),
    (".least", "stroke", ("#00507d", "#a9dcfb")),
    (".rider", "stroke", ("#c25500", "#f5a15a")),
    (".preferred", "fill", _PREFERRED),
    ("path.preferred", "stroke", _PREFERRED),
    (".ground", "fill", ("#f9c9a3", "#6b3a12")),
    (".hatch", "stroke", ("#c25500", "#ffb070")),
    *((f".line{n}", "stroke", colors) for n, colors in enumerate(LINES)),
)

_SHAPES = """\
svg{color-scheme:light dark;max-width:100%;height:auto}
text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.title{font-size:17px;font-weight:600}
.heading{font-size:13px;font-weight:600}
.small{font-size:10px}
.lane{font-size:8px}
.hatch{stroke-width:2}
.halo{paint-order:stroke;stroke-width:3;stroke-linejoin:round}
.who{font-weight:600}
.grid,.axis{stroke-width:1}
.mark{stroke-width:1.2;stroke-dasharray:2 3}
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
.seed{stroke-dasharray:1 3}
.least{stroke-width:1.2;stroke-dasharray:2 3}
.rider{stroke-dasharray:7 3}
.optimistic{fill:url(#hatched)}
path.optimistic{stroke:url(#hatched)}
path.joined{fill:none;stroke-width:3.5px}
path.thin{stroke-width:2px}
"""

HATCHING = """\
<defs><pattern id="hatched" width="4" height="4" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><rect width="4" height="4" class="ground"/>\
<line x1="1" y1="0" x2="1" y2="4" class="hatch"/></pattern></defs>"""
"""
What the bars of optimistic neighbours are filled with.
"""


def style() -> str:
    """
    The style sheet.
    """
    light = "".join(f"{name}{{{what}:{c[0]}}}\n" for name, what, c in _COLORS)
    dark = "".join(f"{name}{{{what}:{c[1]}}}\n" for name, what, c in _COLORS)
    dashes = "".join(
        f".dash{n}{{stroke-dasharray:{dash}}}\n" for n, dash in enumerate(DASHES) if n
    )
    return (
        f"<style>\n{_SHAPES}{dashes}{light}"
        f"@media (prefers-color-scheme:dark){{\n{dark}}}\n</style>"
    )
