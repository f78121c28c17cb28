"""
How a report looks, on a light and on a dark page.

The hues are those of Okabe and Ito, which can be told apart without seeing red or
green; nothing is told by hue alone.
"""

_LINES = (
    ("#0072b2", "#56b4e9"),
    ("#007f5f", "#2fc79a"),
    ("#b0457e", "#e593c2"),
    ("#8a6d00", "#f0e442"),
    ("#c25500", "#f5a15a"),
    ("#4d4d4d", "#c4c4c4"),
)
_DASHES = ("", "9 3 2 3", "2 3")

_COLORS = {
    "paper": ("#ffffff", "#15171b"),
    "card": ("#f5f6f7", "#1c1f24"),
    "ink": ("#1b1b1b", "#ececec"),
    "soft": ("#595959", "#a9aeb6"),
    "rule": ("#d9dce0", "#343941"),
    "good": ("#00664c", "#2fc79a"),
    "bad": ("#b00020", "#ff7b7b"),
    "preferred": ("#0072b2", "#4aa3d8"),
    "optimistic": ("#c25500", "#ffb070"),
    "heat": ("0 114 178", "74 163 216"),
    **{f"line{place}": colors for place, colors in enumerate(_LINES)},
}

_SHAPES = """\
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:1060px;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
"DejaVu Sans",sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.2rem 0 .5rem}
p{margin:.4rem 0;max-width:75ch}.soft{color:var(--soft)}code{font-size:.88em;
overflow-wrap:anywhere}
.sum{font-size:1.05rem;padding:.6rem .9rem;border-left:5px solid var(--good);
background:var(--card)}.sum.bad{border-color:var(--bad)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--rule);
vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.85em}
.number,table.matrix td,table.matrix th{text-align:right;
font-variant-numeric:tabular-nums}
table.matrix{width:auto;margin-bottom:1rem}
table.matrix td{background:rgb(var(--heat)/var(--share,0))}
.verdict{white-space:nowrap;font-weight:600}.pass{color:var(--good)}
.fail{color:var(--bad)}.unseen{color:var(--soft)}
ul{margin:.3rem 0;padding-left:1.1rem}li{margin:.1rem 0}
svg{max-width:100%;height:auto;display:block}.wide svg{min-width:640px}
svg text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",
"DejaVu Sans",sans-serif}svg .paper{fill:var(--paper)}svg text.soft{fill:var(--soft)}
svg text.small{font-size:10px}svg text.who{font-weight:600}
svg .grid{stroke:var(--rule)}svg .axis{stroke:var(--soft)}
svg .stripe{fill:var(--card)}
svg .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
svg .many{stroke:var(--preferred);fill:none;stroke-opacity:.35}
svg .preferred{fill:var(--preferred)}svg .optimistic{fill:url(#hatched)}
svg .untold{fill:var(--soft)}svg .hatch{stroke:var(--optimistic);stroke-width:2.4}
svg .ground{fill:var(--optimistic);fill-opacity:.3}
td.rule{white-space:nowrap}
@media (max-width:640px){table.rules thead{display:none}
table.rules tr{display:grid;grid-template-columns:auto 1fr auto;
border-bottom:1px solid var(--rule)}table.rules td{border:0}
table.rules td:nth-child(3){grid-column:1/-1;grid-row:2}}
@media print{body{max-width:none}}
"""


def style() -> str:
    """
    The style sheet.
    """
    lines = "".join(
        f"svg .line{n}{{stroke:var(--line{n})}}\n" for n in range(len(_LINES))
    )
    dashes = "".join(
        f"svg .dash{n}{{stroke-dasharray:{dash}}}\n"
        for n, dash in enumerate(_DASHES)
        if n
    )
    light = "".join(f"--{name}:{c[0]};" for name, c in _COLORS.items())
    dark = "".join(f"--{name}:{c[1]};" for name, c in _COLORS.items())
    return (
        f"<style>\n:root{{color-scheme:light dark;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"{_SHAPES}{lines}{dashes}</style>"
    )


def line_classes(place: int) -> str:
    """
    The classes of one of several curves: hues first, then dashes.
    """
    dash = place // len(_LINES) % len(_DASHES)
    return f"curve line{place % len(_LINES)}" + (f" dash{dash}" if dash else "")
