"""
A page about a swarm, in one file that needs nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from swarmpeer.log_reading.as_text import (
    completion,
    counted,
    file_name,
    place,
    ratio_text,
    summary,
)
from swarmpeer.log_reading.checking import Checked
from swarmpeer.log_reading.fairness import fairness, shares
from swarmpeer.log_reading.ledger import RuleResult
from swarmpeer.log_reading.report_pictures import curves_picture, plot, served_picture
from swarmpeer.log_reading.report_style import style
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.log_reading.timeline import Timeline
from swarmpeer.log_reading.times import clock_text
from swarmpeer.text import printable, size_text
from swarmpeer.verdicts import Verdict

MOST_IN_MATRIX = 30
"""
With more peers there is no table of all pairs.
"""

_BADGES = {
    Verdict.PASS: ("pass", "\u2713 PASS"),
    Verdict.FAIL: ("fail", "\u2717 FAIL"),
    Verdict.NOT_SEEN: ("unseen", "\u2013 NOT SEEN"),
}


def report(checked: Checked) -> str:
    """
    The page, as HTML.
    """
    swarm, timeline = checked.swarm, Timeline(checked.swarm)
    is_bad = "" if checked.ledger.is_good else " bad"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{_words(_title(swarm))}</title>",
            style(),
            "</head><body>",
            f"<h1>{_words(_title(swarm))}</h1>",
            f'<p class="soft">{_words(_conditions(swarm, timeline))}</p>',
            f'<p class="sum{is_bad}">{_words(summary(checked))}</p>',
            "<h2>Rules</h2>",
            *_rules(checked),
            "<h2>Pieces over time</h2>",
            f'<div class="wide">{curves_picture(swarm, timeline).svg()}</div>',
            "<h2>Who unchoked whom when</h2>",
            '<p class="soft">A row for each peer that serves, by what those that it '
            "serves tell.</p>",
            f'<div class="wide">{served_picture(swarm, timeline).svg()}</div>',
            "<h2>Who gave what to whom</h2>",
            *_giving(checked, timeline),
            "<h2>Wordings that differ</h2>",
            *_wordings(checked),
            "</body></html>",
            "",
        ]
    )


def plot_file(checked: Checked) -> str:
    """
    The pictures alone, as the text of an SVG file.
    """
    swarm, timeline = checked.swarm, Timeline(checked.swarm)
    return plot([curves_picture(swarm, timeline), served_picture(swarm, timeline)])


def _words(text: object) -> str:
    return escape(printable(text))


def _title(swarm: Swarm) -> str:
    count = len(swarm.surveys)
    return f"The logs of {count:,} peer{'' if count == 1 else 's'}"


def _conditions(swarm: Swarm, timeline: Timeline) -> str:
    terms = swarm.terms
    words = [f"{timeline.seconds:,.0f} s from {clock_text(timeline.began)} on"]
    if terms.pieces is not None:
        words.append(f"{terms.pieces:,} pieces")
    if terms.file_bytes is not None:
        words.append(size_text(terms.file_bytes))
    if terms.preferred is not None:
        words.append(f"{terms.preferred} preferred neighbours")
    if terms.unchoking_seconds and terms.optimistic_seconds:
        words.append(
            f"chosen every {terms.unchoking_seconds:g} s, the optimistic one every "
            f"{terms.optimistic_seconds:g} s"
        )
    told = "" if swarm.told.preferred else "Common.cfg was not given"
    return "; ".join(filter(None, [*words, told])) + "."


def _rows(
    heads: Sequence[str], rows: Iterable[Sequence[str]], classes: str = ""
) -> Iterator[str]:
    """
    A table of cells that are HTML already.
    """
    yield f'<div class="wide"><table class="{classes}"><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(row)}</tr>"
    yield "</tbody></table></div>"


def _rules(checked: Checked) -> Iterator[str]:
    results = checked.ledger.results.values()
    # What went wrong comes first.
    ordered = sorted(results, key=lambda each: each.verdict is not Verdict.FAIL)
    heads = ["verdict", "rule", "what it says", '<span class="number">looked at</span>']
    yield from _rows(heads, map(_rule_row, ordered), "rules")


def _rule_row(result: RuleResult) -> list[str]:
    classes, badge = _BADGES[result.verdict]
    cell = _words(result.rule.text)
    items = [
        f"<li><code>{_words(place(each))}</code> {_words(each.words)}</li>"
        for each in result.evidence
    ]
    if (more := result.breaches - len(result.evidence)) > 0:
        items.append(f"<li>and {more:,} more</li>")
    items += [f'<li class="soft">{_words(note)}</li>' for note in result.remarks]
    if items:
        cell += f"<ul>{''.join(items)}</ul>"
    return [
        f'<td class="verdict {classes}">{badge}</td>',
        f'<td class="rule"><code>{_words(result.rule.id)}</code></td>',
        f"<td>{cell}</td>",
        f'<td class="number">{counted(result)}</td>',
    ]


def _giving(checked: Checked, timeline: Timeline) -> Iterator[str]:
    swarm = checked.swarm
    if len(swarm.peers) <= MOST_IN_MATRIX:
        yield (
            '<p class="soft">Pieces: who gave them is on the left, who took them '
            "above.</p>"
        )
        yield from _matrix(swarm)
    size = swarm.terms.piece_bytes

    def amount(pieces: int) -> str:
        words = f"{pieces:,}"
        if size is not None:
            words += f' <span class="soft">{size_text(pieces * size)}</span>'
        return f'<td class="number">{words}</td>'

    heads = ["peer", "given", "taken", "given / taken", "complete"]
    yield from _rows(
        heads,
        (
            [
                f'<th scope="row">{share.peer_id}</th>',
                amount(share.given),
                amount(share.taken),
                f'<td class="number">{ratio_text(share)}</td>',
                f"<td>{_words(completion(share.peer_id, checked, timeline))}</td>",
            ]
            for share in shares(swarm)
        ),
        "matrix",
    )
    if (index := fairness(swarm)) is not None:
        yield (
            f"<p>Jain's index of what those gave that fetch: <b>{index:.2f}</b>. It is "
            "1 if all of them gave the same, and one divided by their number if "
            "one of them gave everything: the square of the sum, divided by the number "
            "times the sum of the squares.</p>"
        )


def _matrix(swarm: Swarm) -> Iterator[str]:
    peers = swarm.peers
    counts = {
        (giver, taker): swarm.surveys[taker].taken[giver]
        for taker in peers
        if taker in swarm.surveys
        for giver in peers
    }
    most = max(1, *counts.values()) if counts else 1

    def cell(giver: int, taker: int) -> str:
        if giver == taker:
            return '<td class="soft">\u00b7</td>'
        count = counts.get((giver, taker))
        if count is None:
            return '<td class="soft">?</td>'
        return f'<td style="--share:{0.6 * count / most:.2f}">{count or ""}</td>'

    rows = (
        [f'<th scope="row">{giver}</th>', *(cell(giver, taker) for taker in peers)]
        for giver in peers
    )
    yield from _rows(["", *map(str, peers)], rows, "matrix")


def _wordings(checked: Checked) -> Iterator[str]:
    rows = [
        [
            f"<td><code>{_words(file_name(survey.path))}:{usage.number}</code></td>",
            f"<td>{_words(variant.value)}</td>",
            f'<td class="number">{usage.count:,}</td>',
            f"<td><code>{_words(usage.words)}</code></td>",
        ]
        for survey in checked.swarm.surveys.values()
        for variant, usage in survey.usages.items()
    ]
    if not rows:
        yield "<p>None: every line is worded as the protocol has it.</p>"
        return
    yield from _rows(["first line", "what differs", "lines", "what stands there"], rows)
