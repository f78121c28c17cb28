"""
A picture of one run: who held how much when, and below who served whom.

It is one SVG file that needs nothing else, for light and for dark pages, and
tells in words what it shows.
"""

from collections.abc import Iterator

from swarmpeer.simulate.plot_held import HEIGHT, held_panel
from swarmpeer.simulate.plot_served import ServedPanel
from swarmpeer.simulate.plot_style import HATCHING, LEFT, RIGHT, WIDTH, style
from swarmpeer.simulate.run_figures import RunFigures
from swarmpeer.simulate.summary import breach_line, conditions_words, swarm_words
from swarmpeer.svg import Scale, line, number, path, text, tick_text, words_of
from swarmpeer.testing.outcome import Outcome

_UPPER_TOP = 102.0
_BETWEEN = 82.0
_BELOW = 62.0


def plot(outcome: Outcome) -> str:
    """
    The picture, as the text of an SVG file.
    """
    time = Scale(0.0, shown_seconds(outcome), LEFT, RIGHT)
    served = ServedPanel(outcome, time)
    lower_top = _UPPER_TOP + HEIGHT + _BETWEEN
    lower_end = lower_top + served.height
    height = number(lower_end + _BELOW)
    words = swarm_words(outcome.scenario)
    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(WIDTH)} '
        f'{height}" width="{number(WIDTH)}" height="{height}" role="img" '
        'aria-labelledby="title desc">',
        f'<title id="title">A simulated swarm: {words_of(words)}</title>',
        f'<desc id="desc">{words_of(description(outcome))}</desc>',
        style(),
        HATCHING,
        '<rect width="100%" height="100%" class="paper"/>',
        text(12, 32, words, "title"),
        text(12, 54, conditions_words(outcome.scenario), "soft"),
        *_time_axis(time, _UPPER_TOP, _UPPER_TOP + HEIGHT),
        *held_panel(outcome, time, _UPPER_TOP),
        *served.ground(lower_top),
        *_time_axis(time, lower_top, lower_end),
        *served.shapes(lower_top),
        *_marks(outcome, time, lower_top, lower_end),
        "</svg>",
    ]
    return "\n".join(shapes)


def shown_seconds(outcome: Outcome) -> float:
    """
    How much of the time is worth a look: until everybody is done, the faults are
    over and the last breach was found.  The swarm may run on at rest after that.
    """
    figures = RunFigures.of(outcome)
    moments = [breach.at_seconds for breach in outcome.breaches]
    if outcome.faults:
        moments.append(outcome.last_fault_at)
    if figures.distribution_seconds is None:
        moments.append(outcome.virtual_seconds)
    else:
        moments.append(figures.distribution_seconds)
    return max(1.0, 1.04 * max(moments))


def description(outcome: Outcome) -> str:
    """
    What the picture shows, for those who do not see it.
    """
    figures = RunFigures.of(outcome)
    done = f"{len(figures.completions):,} of {figures.fetchers:,} peers that fetch"
    sentences = [
        f"{conditions_words(outcome.scenario)}.",
        "Above: how many pieces each peer held, over virtual time.",
    ]
    if figures.completions:
        first, last = figures.completions[0], figures.completions[-1]
        sentences.append(
            f"{done} got the whole file, the first after {first:.1f} s, the last "
            f"after {last:.1f} s."
        )
    elif figures.fetchers:
        sentences.append(f"{done} got the whole file.")
    else:
        sentences.append("Nobody had anything to fetch.")
    optimistic = sum(span.is_optimistic for span in outcome.unchokes)
    sentences.append(
        "Below: who was unchoked by whom, over the same time, "
        f"{len(outcome.unchokes):,} times in all, {optimistic:,} of them optimistic."
    )
    if outcome.breaches:
        sentences.append(
            f"Rules that did not hold: {len(outcome.breaches):,}, first "
            f"{breach_line(outcome.breaches[0])}."
        )
    return " ".join(sentences)


def _time_axis(time: Scale, top: float, end: float) -> Iterator[str]:
    """
    The axis of a panel below it, and its lines behind it.
    """
    for value in time.ticks(10):
        x = time(value)
        yield line(x, top, x, end, "grid")
        yield text(x, end + 17, tick_text(value), "soft", "middle")
    yield line(time.start, end, time.end, end, "axis")
    middle = (time.start + time.end) / 2
    yield text(middle, end + 36, "virtual time, in seconds", "soft", "middle")


def _marks(
    outcome: Outcome, time: Scale, lower_top: float, lower_end: float
) -> Iterator[str]:
    """
    What happened to all: the end of the faults, and what did not hold.
    """
    if outcome.faults:
        x = time(outcome.last_fault_at)
        is_left = x < (time.start + time.end) / 2
        yield line(x, _UPPER_TOP, x, _UPPER_TOP + HEIGHT, "mark")
        yield line(x, lower_top, x, lower_end, "mark")
        yield text(
            x + (5 if is_left else -5),
            _UPPER_TOP + HEIGHT - 6,
            "last fault healed",
            "small soft halo",
            "start" if is_left else "end",
        )
    for breach in outcome.breaches:
        place = f"{number(time(breach.at_seconds))} {number(_UPPER_TOP)}"
        yield path(f"M{place}l-5 -9h10z", "breach", breach_line(breach))
    if outcome.breaches:
        words = "\u25bc a rule did not hold"
        yield text(time.end, _UPPER_TOP - 15, words, "small breach", "end")
