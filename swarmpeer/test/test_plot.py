"""
Tests of L{swarmpeer.simulate.plot} and of what it is put together from.
"""

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.plot import plot, shown_seconds
from swarmpeer.simulate.plot_held import MOST_LINES
from swarmpeer.simulate.plot_served import (
    MOST_ROWS,
    MOST_STACKED,
    evenly,
    stacked,
)
from swarmpeer.svg import Scale, staircase, tick_text
from swarmpeer.test.made_up_runs import made_up_outcome
from swarmpeer.testing.outcome import Breach, HoldingPoint, Outcome, UnchokeSpan
from swarmpeer.testing.scenario import FaultLevel, Scenario

BREACH = Breach(12.5, 1003, "liveness", "1003 holds <3> & 'more'")
SVG = "{http://www.w3.org/2000/svg}"


def draw(outcome: Outcome) -> ElementTree.Element:
    """
    The picture of C{outcome}, as a reader of SVG sees it.
    """
    return ElementTree.fromstring(plot(outcome))


def texts(picture: ElementTree.Element) -> list[str]:
    """
    All words that can be seen.
    """
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def of_class(picture: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """
    All shapes of one class.
    """
    return [e for e in picture.iter() if name in e.get("class", "").split()]


class PlotTests(SynchronousTestCase):
    """
    The whole picture.
    """

    def test_small_swarm(self) -> None:
        """
        It has a line per peer, a bar per span that tells about itself, and says
        in words what is seen.
        """
        outcome = made_up_outcome(Scenario(seed=7))
        picture = draw(outcome)
        lines = [e for e in picture.iter(f"{SVG}path") if "curve" in e.get("class", "")]
        self.assertEqual(
            [line.findtext(f"{SVG}title") for line in lines],
            ["1001, seed", *(f"{peer}, leecher" for peer in range(1002, 1007))],
        )
        shown = [
            span
            for span in outcome.unchokes
            if span.start_seconds < shown_seconds(outcome)
        ]
        for name, is_optimistic in (("preferred", False), ("optimistic", True)):
            spans = [span for span in shown if span.is_optimistic is is_optimistic]
            bars = [e.findtext(f"{SVG}title") for e in of_class(picture, name)]
            # One more without words, in the legend.
            self.assertEqual(len(bars), len(spans) + 1)
            span = spans[0]
            self.assertIn(
                f"{span.by} unchoked {span.whom} ({name}) from "
                f"{span.start_seconds:.2f} s to {span.end_seconds:.2f} s",
                bars,
            )
        words = texts(picture)
        for expected in (
            "6 peers, with the file: 1; 640K in 40 pieces of 16K",
            "policy classic, latency 10ms, faults none, seed 7",
            "Pieces held, of 40",
            "virtual time, in seconds",
            "preferred",
            "optimistic",
        ):
            self.assertIn(expected, words)
        described = picture.get("aria-labelledby", "").split()
        for element_id in described:
            found = picture.find(f".//*[@id='{element_id}']")
            assert found is not None
            self.assertTrue(found.text)
        self.assertEqual(picture.get("role"), "img")
        description = picture.findtext(f"{SVG}desc") or ""
        self.assertIn("5 of 5 peers that fetch got the whole file", description)

    def test_all_looks_are_defined(self) -> None:
        """
        Every class that a shape has is in the style sheet, and each colour is
        there for light and for dark.
        """
        scenario = Scenario(
            seed=7, peers=100, free_riders=5, faults=FaultLevel.WILD, hostile=("liar",)
        )
        for outcome in (
            made_up_outcome(scenario, BREACH),
            made_up_outcome(replace(scenario, peers=6, free_riders=1), BREACH),
            made_up_outcome(Scenario(peers=MOST_LINES)),
        ):
            picture = draw(outcome)
            sheet = picture.findtext(f"{SVG}style") or ""
            light, found, dark = sheet.partition("@media (prefers-color-scheme:dark)")
            self.assertTrue(found)
            colored = set(re.findall(r"^\.?(\w+)\{(?:fill|stroke):#", light, re.M))
            self.assertEqual(
                colored, set(re.findall(r"^\.?(\w+)\{(?:fill|stroke):#", dark, re.M))
            )
            defined = set(re.findall(r"\.(\w+)[{,]", light))
            used = {n for e in picture.iter() for n in e.get("class", "").split()}
            self.assertLessEqual(used, defined)

    def test_large_swarm(self) -> None:
        """
        Many peers are a band with its middle, their bars are one shape per row
        and kind, and of a thousand peers a hundred rows are shown.
        """
        picture = draw(made_up_outcome(Scenario(peers=1000, free_riders=50)))
        for name in ("wide", "half", "middle", "least", "rider"):
            # The shape and its place in the legend.
            self.assertEqual(len(of_class(picture, name)), 2, name)
        heading = "Whom each peer unchoked: a bar per neighbour, stacked; " + (
            "100 of 1,000 peers shown"
        )
        self.assertIn(heading, texts(picture))
        self.assertLessEqual(len(of_class(picture, "preferred")), MOST_ROWS + 1)

    def test_free_rider(self) -> None:
        """
        It looks the same in a picture with lines and in one with a band, and in
        neither as somebody who gives.
        """
        for peers in (6, MOST_LINES):
            picture = draw(made_up_outcome(Scenario(peers=peers, free_riders=1)))
            shape, legend = of_class(picture, "rider")
            self.assertEqual(
                shape.findtext(f"{SVG}title"), f"{1000 + peers}, free rider"
            )
            self.assertEqual(legend.tag, f"{SVG}line")
            looks = [e.get("class") for e in of_class(picture, "curve")]
            self.assertEqual({looks.count(look) for look in looks}, {2})

    def test_on_its_own(self) -> None:
        """
        Opened without a page around it, the picture fits into the window, on a
        ground of its own colour.
        """
        sheet = draw(made_up_outcome(Scenario())).findtext(f"{SVG}style") or ""
        self.assertIn("svg{color-scheme:light dark;max-width:100%;", sheet)
        grounds = re.findall(r"^svg\{background:(#\w+)\}$", sheet, re.MULTILINE)
        papers = re.findall(r"^\.paper\{fill:(#\w+)\}$", sheet, re.MULTILINE)
        self.assertEqual((grounds, len(grounds)), (papers, 2))

    def test_breaches_and_faults(self) -> None:
        """
        What did not hold is marked where it was found, and so is the end of the
        faults.
        """
        outcome = made_up_outcome(Scenario(faults=FaultLevel.WILD), BREACH)
        picture = draw(outcome)
        marks = [e.findtext(f"{SVG}title") for e in of_class(picture, "breach")]
        self.assertIn(
            "12.500000 s: peer 1003: liveness: 1003 holds <3> & 'more'", marks
        )
        self.assertIn("last fault healed", texts(picture))
        description = picture.findtext(f"{SVG}desc") or ""
        self.assertIn("Rules that did not hold: 1, first 12.500000 s", description)

    def test_nothing_happened(self) -> None:
        """
        A run without peers that fetch, pieces or time can be drawn, and it is
        said that nobody fetches.
        """
        empty = replace(
            made_up_outcome(Scenario()),
            peers=(),
            holdings=(),
            unchokes=(),
            virtual_seconds=0.0,
        )
        seeds = made_up_outcome(Scenario(peers=20, seeds=20))
        for outcome in (empty, seeds):
            description = draw(outcome).findtext(f"{SVG}desc") or ""
            self.assertIn("Nobody had anything to fetch.", description)

    def test_unknown_ids(self) -> None:
        """
        Somebody who is no peer of the swarm but was served has a lane too.
        """
        outcome = made_up_outcome(Scenario(peers=2))
        span = UnchokeSpan(1001, 6666, 1.0, 2.0, False)
        picture = draw(replace(outcome, unchokes=(span,)))
        self.assertIn("6666", texts(picture))

    def test_nothing_from_elsewhere(self) -> None:
        """
        The file stands alone: it loads nothing and runs nothing.
        """
        text = plot(made_up_outcome(Scenario(policy="<script>")))
        self.assertNotIn("<script", text)
        self.assertEqual(
            set(re.findall(r"(?:https?:|url\()[^\"')]*", text)),
            {"http://www.w3.org/2000/svg", "url(#hatched"},
        )

    def test_same_run_same_picture(self) -> None:
        """
        Two runs of one scenario give the same file.
        """
        scenario = Scenario(seed=5, peers=20)
        self.assertEqual(
            plot(made_up_outcome(scenario)), plot(made_up_outcome(scenario))
        )


class ShownTimeTests(SynchronousTestCase):
    """
    How much of the time is drawn.
    """

    def test_until_all_is_over(self) -> None:
        """
        Up to the last completion, the end of the faults and the last breach; to
        the end if somebody never was complete.
        """
        outcome = replace(
            made_up_outcome(Scenario()), virtual_seconds=200.0, last_fault_at=150.0
        )
        peers = tuple(replace(peer, completed_at=50.0) for peer in outcome.peers)
        done = replace(outcome, peers=peers)
        late = replace(done, breaches=(replace(BREACH, at_seconds=100.0),))
        faulty = replace(
            late, faults=made_up_outcome(Scenario(faults=FaultLevel.MILD)).faults
        )
        never = replace(
            done, peers=(*peers[:-1], replace(peers[-1], completed_at=None))
        )
        for run, expected in ((done, 50), (late, 100), (faulty, 150), (never, 200)):
            self.assertAlmostEqual(shown_seconds(run), 1.04 * expected)


class PartsTests(SynchronousTestCase):
    """
    What the panels are made of.
    """

    def test_stairs(self) -> None:
        """
        Level to the next point, then up or down; points in one place are one.
        """
        points = [(0.0, 9.0), (5.0, 7.0), (5.01, 6.0), (8.0, 6.5)]
        self.assertEqual(staircase(points, 10.0), "M0 9H5V6H8V6.5H10")
        self.assertEqual(staircase([], 10.0), "")

    @given(st.floats(0.001, 1e6), st.integers(2, 12))
    def test_ticks(self, high: float, most: int) -> None:
        """
        Ticks are few, evenly apart, from 0 to no more than the end, and told
        apart by their texts.
        """
        ticks = Scale(0.0, high, 0.0, 700.0).ticks(most)
        self.assertTrue(1 <= len(ticks) <= most + 1, ticks)
        self.assertEqual(ticks[0], 0.0)
        self.assertLessEqual(ticks[-1], high * (1 + 1e-9))
        self.assertEqual(len(set(map(tick_text, ticks))), len(ticks))
        step = ticks[-1] / max(1, len(ticks) - 1)
        for number, tick in enumerate(ticks):
            self.assertTrue(math.isclose(tick, number * step, abs_tol=1e-9))

    def test_scale(self) -> None:
        """
        What is beyond the ends is drawn at the ends.
        """
        scale = Scale(0.0, 10.0, 100.0, 200.0)
        self.assertEqual(
            [scale(v) for v in (-5, 0, 5, 10, 99)], [100, 100, 150, 200, 200]
        )

    @given(st.lists(st.integers(), unique=True), st.integers(2, 20))
    def test_evenly(self, items: list[int], most: int) -> None:
        """
        Not too many are taken, in their order, the first and the last among them.
        """
        taken = evenly(items, most)
        self.assertEqual(len(taken), min(len(items), most))
        self.assertEqual([item for item in items if item in set(taken)], taken)
        if items:
            self.assertEqual((taken[0], taken[-1]), (items[0], items[-1]))

    @given(
        st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.booleans())),
    )
    def test_stacked(self, drawn: list[tuple[int, int, bool]]) -> None:
        """
        No two bars lie upon each other as long as there is room, and the
        optimistic ones are below all others.
        """
        spans = [
            UnchokeSpan(1, 2, float(start), float(start + length), is_optimistic)
            for start, length, is_optimistic in sorted(drawn)
        ]
        lanes = stacked(spans)
        self.assertEqual(
            sorted(span.start_seconds for _, span in lanes),
            [span.start_seconds for span in spans],
        )
        preferred = {lane for lane, span in lanes if not span.is_optimistic}
        optimistic = {lane for lane, span in lanes if span.is_optimistic}
        if preferred and optimistic:
            self.assertLess(max(preferred), min(optimistic))
        for used in (preferred, optimistic):
            self.assertLessEqual(len(used), MOST_STACKED)
            if len(used) == MOST_STACKED:
                used.discard(max(used))
        ends: dict[int, float] = {}
        for lane, span in lanes:
            if lane in preferred | optimistic:
                self.assertLessEqual(ends.get(lane, 0.0), span.start_seconds)
                ends[lane] = span.end_seconds

    def test_holdings_after_a_crash(self) -> None:
        """
        A line goes down again where pieces were lost.
        """
        outcome = replace(
            made_up_outcome(Scenario(peers=2)),
            holdings=(HoldingPoint(2.0, 1002, 40), HoldingPoint(4.0, 1002, 0)),
        )
        (line,) = [e for e in of_class(draw(outcome), "line0") if e.tag == f"{SVG}path"]
        levels = re.findall(r"V([\d.]+)", line.get("d", ""))
        self.assertEqual(levels, ["102", "372"])
