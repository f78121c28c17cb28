"""
The page of a peer and of a lab, in a real browser.
"""

import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.events import (
    DialFailed,
    DiskShort,
    FilePlacingFailed,
    PeerShutOut,
    PieceStoreFailed,
    RecordFailed,
)
from swarmpeer.status.encoding import encode
from swarmpeer.status.problems import Problems
from swarmpeer.status.shape import (
    CandidateStatus,
    Missing,
    OptimisticRound,
    Pictures,
    PreferredRound,
    Problem,
    ProblemCode,
    State,
)
from swarmpeer.test.statuses import NEIGHBOR
from swarmpeer.test.test_text import SHARES, SIZES, SPANS
from swarmpeer.test.tools import excuse
from swarmpeer.test.web_fixtures import picture
from tests.processes import (
    PeerProcess,
    ProcessTestCase,
    Settings,
    random_bytes,
    reserve_port,
)
from tools.browser import chromium, why_no_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

_PATIENCE_MILLISECONDS = 30_000
_LOOK_MILLISECONDS = 50
_WAS_AWAY = "net::ERR_"
"""
What the browser itself says of a peer that is away, and no page can keep it from.
"""

_NAMELESS = """
() => [...document.querySelectorAll(
        'button, select, input, canvas, [role], a, summary')]
    .filter(one => !one.closest('[aria-hidden]'))
    .filter(one => !(one.textContent.trim() || one.ariaLabel || one.labels?.length
        || one.getAttribute('aria-labelledby') || one.getAttribute('role') === 'status'
        || one.getAttribute('role') === 'log'))
    .map(one => one.outerHTML.slice(0, 200))
"""
"""Everything one can come to that has no name for a screen reader."""


class PageTestCase(ProcessTestCase):
    """
    A browser and its complaints.
    """

    skip = excuse("chromium", why_no_browser())

    def open(
        self, address: str, *, width: int = 1280, height: int = 900, scheme: str = ""
    ) -> "Page":
        """
        A window of its own with the page there, once that shows something.
        """
        page = self.window(width=width, height=height, scheme=scheme)
        page.goto(address)
        page.wait_for_selector("#graph .node")
        return page

    def window(
        self, *, width: int = 1280, height: int = 900, scheme: str = ""
    ) -> "Page":
        """
        A window of its own, with nothing in it.
        """
        stack = ExitStack()
        self.addCleanup(stack.close)
        browser = stack.enter_context(chromium())
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text)
                if said.type in ("error", "warning")
                else None
            ),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self.hosts.add(asked.url.split("/")[2]))
        return page

    def address_of(self, process: PeerProcess) -> str:
        """
        What a program says where its page is.
        """

        def lines() -> list[str]:
            return [x for x in process.stdout.splitlines() if x.startswith("page: ")]

        process.wait_until(lambda: bool(lines()), "the address of the page")
        return lines()[0].removeprefix("page: ")

    def made_up(self, peers: int, pieces: int) -> str:
        """
        The address of the page of a swarm that never was.
        """
        name = [sys.executable, "-m", "tools.made_up_swarm", str(peers), str(pieces)]
        return self.address_of(self.start_command(name, self.make_folder()))

    def wait_for(self, page: "Page", script: str) -> None:
        """
        Wait until C{script} is true in the page.
        """
        # Not with the page's own eval, which its policy forbids.
        deadline = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
        while not page.evaluate(script):
            self.assertLess(time.monotonic(), deadline, script)
            page.wait_for_timeout(_LOOK_MILLISECONDS)

    def text(self, page: "Page", selector: str) -> str:
        """
        What stands there.
        """
        return page.inner_text(selector)


class LabPageTests(PageTestCase):
    """
    C{swarmpeer lab --web}.
    """

    def test_lab(self) -> None:
        """
        The page of a lab shows all peers, follows them while they exchange pieces,
        who serves whom and the rounds, stays with C{--stay} until it is told to go, and
        asks nothing of any other host.
        """
        folder = self.make_folder()
        (folder / "file").write_bytes(random_bytes(3_000_000))
        lab = self.start_command(
            [
                *(sys.executable, "-m", "tools.slow_lab", "400kB/s", "file"),
                *("--peers", "4", "--piece-size", "16384", "--web", "--stay"),
            ],
            folder,
        )
        address = self.address_of(lab)
        page = self.open(address)
        self.wait_for(page, "document.querySelectorAll('#graph .node').length == 4")
        self.wait_for(page, "document.querySelectorAll('.edge.preferred').length > 3")
        self.wait_for(page, "document.querySelectorAll('#round-body tr').length > 0")
        self.assertIn("Round ", self.text(page, "#round-text"))
        self.wait_for(page, "document.querySelectorAll('#feed li').length > 5")
        self.assertIn("classic swarm", self.text(page, "#subtitle"))
        before = page.evaluate("document.body.dataset.pictures")
        self.wait_for(page, f"document.body.dataset.pictures > {before} + 3")
        self.assertIn("of 4", self.text(page, "#figure-done"))
        self.wait_for(
            page,
            "document.querySelector('#figure-done').textContent == '4 of 4'"
            " && document.querySelector('#figure-share').textContent == '100%'",
        )
        lab.wait_until(lambda: "stays until Ctrl-C" in lab.stdout, "the end")
        self.wait_for(
            page, "document.querySelector('#connection').textContent == 'ended'"
        )
        self.assertIn("before the end", self.text(page, "#round-text"))
        self.assertIn("every peer of the swarm", self.text(page, "#feed"))
        self.assertEqual(self.complaints, [])
        self.assertEqual(self.hosts, {address.split("/")[2]})
        lab.signal(signal.SIGINT)
        self.assertEqual(lab.wait_for_exit(), 0)
        self.wait_for(
            page, "document.querySelector('#connection').textContent.includes('again')"
        )


class PeerPageTests(PageTestCase):
    """
    The page of one peer.
    """

    def test_restart(self) -> None:
        """
        The page says that its peer is away, and goes on by itself when it is back.
        """
        port = reserve_port()
        self.addCleanup(port.close)
        where = f"127.0.0.1:{port.getsockname()[1]}"
        swarm = self.make_swarm(Settings(1000, 100), random_bytes(1000), peers=3)
        web = f"--web=tcp:{port.getsockname()[1]}:interface=127.0.0.1"
        swarm.start(1001, web, "--stay")
        swarm.start(1002, "--stay").wait_for_log("complete file")
        page = self.open(f"http://{where}/")
        self.wait_for(page, "document.querySelectorAll('#graph .node').length == 2")
        self.assertIn("peer 1001", self.text(page, "#subtitle"))
        swarm.processes[1001].kill()
        said = "document.querySelector('#connection').textContent"
        self.wait_for(page, f"{said} == 'lost, trying again'")
        before = page.evaluate("Number(document.body.dataset.pictures)")
        swarm.start(1001, web, "--stay")
        self.wait_for(page, f"{said} == 'live'")
        self.wait_for(page, f"document.body.dataset.pictures > {before}")
        self.assertEqual([x for x in self.complaints if _WAS_AWAY not in x], [])

    def test_last_picture(self) -> None:
        """
        A peer that ends because everybody is complete says so first.
        """
        port = reserve_port()
        self.addCleanup(port.close)
        swarm = self.make_swarm(Settings(1000, 100), random_bytes(1000), peers=2)
        web = f"--web=tcp:{port.getsockname()[1]}:interface=127.0.0.1"
        fetching = swarm.start(1002, web)
        fetching.wait_until(lambda: "pages at" in fetching.stdout, "the page")
        page = self.open(f"http://127.0.0.1:{port.getsockname()[1]}/")
        self.assertEqual(self.text(page, "#figure-share"), "0%")
        swarm.start(1001)
        self.assertEqual(fetching.wait_for_exit(), 0)
        self.wait_for(
            page, "document.querySelector('#figure-share').textContent == '100%'"
        )


class WordsTests(PageTestCase):
    """
    The page says quantities as the command line does.
    """

    def test_words(self) -> None:
        """
        Sizes, shares and times are the same words.
        """
        page = self.window()
        page.goto(self.made_up(2, 10))
        for name, table in (("size", SIZES), ("percent", SHARES), ("duration", SPANS)):
            said = page.evaluate(
                "([name, values]) => import('/words.js')"
                ".then(words => values.map(words[name]))",
                [name, [value for value, _ in table]],
            )
            self.assertEqual(said, [text for _, text in table])


class MadeUpPageTests(PageTestCase):
    """
    The page of swarms that never were.
    """

    def test_keyboard(self) -> None:
        """
        All of it can be used without a mouse, and everything has a name.
        """
        page = self.open(self.made_up(6, 300), scheme="dark")
        focus = "document.activeElement"
        page.focus("#theme")
        page.keyboard.press("Tab")
        while "node" not in str(page.evaluate(f"{focus}.getAttribute('class')")):
            self.assertNotEqual(page.evaluate(f"{focus}.tagName"), "BODY")
            page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        self.assertEqual(page.evaluate(f"{focus}.dataset.peer"), "1003")
        self.assertIn("serves", page.evaluate(f"{focus}.getAttribute('aria-label')"))
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate(f"{focus}.id"), "details-title")
        self.wait_for(
            page, "document.querySelector('#details-title').textContent == 'Peer 1003'"
        )
        page.keyboard.press("Escape")
        self.assertEqual(page.evaluate(f"{focus}.dataset.peer"), "1003")
        page.focus("#edges summary")
        page.keyboard.press("Enter")
        self.wait_for(page, "document.querySelectorAll('#edges-body tr').length > 9")
        self.assertEqual(
            page.evaluate("document.querySelectorAll('#edges-body tr').length"),
            page.evaluate("document.querySelectorAll('#graph path.edge').length"),
        )
        page.focus("#peers th:nth-child(3) button")
        page.keyboard.press("Enter")
        self.wait_for(page, "document.querySelector('[aria-sort=descending]') !== null")
        self.assertEqual(self.text(page, "#peers tbody tr .peer"), "1001")
        page.focus("#pieces")
        page.keyboard.press("ArrowRight")
        self.assertRegex(self.text(page, "#pieces-at"), r"^Piece 1: held by .* of 6")
        page.focus("#feed-pause")
        page.keyboard.press("Space")
        self.assertEqual(page.get_attribute("#feed", "aria-live"), "off")
        self.assertIn("Go on", self.text(page, "#feed-pause"))
        page.focus("#theme")
        page.keyboard.press("Enter")
        ground = "getComputedStyle(document.body).backgroundColor"
        self.assertEqual(page.evaluate(ground), "rgb(244, 246, 248)")
        self.assertEqual(page.evaluate(_NAMELESS), [])
        self.assertEqual(self.complaints, [])

    def test_many(self) -> None:
        """
        200 peers and 100,000 pieces are drawn, thinned and summed up, on a phone, too;
        and what others say stays text.
        """
        address = self.made_up(200, 100_000)
        page = self.open(address)

        def count(selector: str) -> int:
            return int(page.evaluate(f"document.querySelectorAll({selector!r}).length"))

        self.wait_for(page, "document.querySelectorAll('#peers tbody tr').length > 0")
        self.assertEqual(count("#graph .node"), 200)
        self.assertEqual(count("#peers tbody tr"), 200)
        edges = count("#graph path.edge")
        self.assertGreaterEqual(edges, 300)
        self.assertLess(edges, 360)
        self.assertIn("of 1,000 lines", self.text(page, "#graph-note"))
        self.assertIn("about 250 in a column", self.text(page, "#pieces-note"))
        self.assertIn("<b>by & for</b>", self.text(page, "#title"))
        self.assertEqual(count("#title b"), 0)
        page.click("#peers button[data-peer='1044']")
        self.wait_for(
            page, "document.querySelector('#details-title').textContent == 'Peer 1044'"
        )
        page.set_viewport_size({"width": 320, "height": 640})
        self.wait_for(page, "document.documentElement.scrollWidth <= 320")
        self.assertEqual(self.complaints, [])


class ToldPageTestCase(PageTestCase):
    """
    The page as it shows what it is told, without any program that serves it.
    """

    def show(self, pictures: Pictures, **window: Any) -> "Page":
        """
        A window with the page of these.
        """
        told = b"retry: 9999999\nevent: picture\ndata: " + encode(pictures) + b"\n\n"
        folder = files("swarmpeer.web") / "page"

        def serve(route: "Route") -> None:
            name = route.request.url.rpartition("/")[2] or "index.html"
            if name == "events":
                route.fulfill(body=told, content_type="text/event-stream")
            else:
                kinds = {"js": "text/javascript", "svg": "image/svg+xml"}
                end = name.rpartition(".")[2]
                route.fulfill(
                    body=(folder / name).read_bytes(),
                    content_type=kinds.get(end, f"text/{end}"),
                )

        page = self.window(**window)
        page.route("**/*", serve)
        page.goto("http://page.invalid/")
        page.wait_for_selector("#graph .node")
        return page


def all_problems() -> tuple[Problem, ...]:
    """
    One of each code, with the words of a real peer.
    """
    problems = Problems(0.0)
    for event in (
        DialFailed(1002, "connection refused", 2.0),
        PeerShutOut(1003, 3, 60.0),
        PieceStoreFailed(1002, 5, "No space left on device"),
        DiskShort(100, 50),
        FilePlacingFailed("Permission denied"),
        RecordFailed("Permission denied"),
    ):
        problems.note(event, 1.0)
    choking = NeighborProgress(1002, 3, True, True, True, False)
    missing = Missing(5, 2, ((3, 4),), ())
    found = {}
    # As long as a disk refuses pieces it is not looked for holders.
    for peer, state, neighbors in (
        (problems, State.JOINING, ()),
        (problems, State.FETCHING, ()),
        (problems, State.FETCHING, (choking,)),
        (Problems(0.0), State.FETCHING, (choking,)),
    ):
        progress = Progress(1001, 5, 10, False, None, neighbors, (1002,))
        for problem in peer.found(state, progress, missing, 50.0):
            found[problem.code] = problem
    return tuple(found.values())


class ToldTests(ToldPageTestCase):
    """
    What the page says.
    """

    def test_problems(self) -> None:
        """
        Every problem is told once, in the words of the peer, with its time.
        """
        problems = all_problems()
        self.assertEqual(
            {one.code for one in problems}, set(ProblemCode) - {ProblemCode.OTHER}
        )
        told = picture(1001)
        told = replace(told, status=replace(told.status, problems=problems))
        page = self.show(Pictures((told,)))
        said = page.locator("#problems-list li").all_inner_texts()
        for line, problem in zip(said, problems, strict=True):
            self.assertRegex(line, r", for \d+ s$")
            self.assertEqual(line.rpartition(", for ")[0], f"Peer 1001: {problem.text}")
        self.assertEqual(self.complaints, [])

    def test_first_of_lab(self) -> None:
        """
        A lab is one from the first answer on, with those that told nothing yet.
        """
        page = self.show(Pictures((picture(1001),), members=(1001, 1002, 1003)))
        self.assertEqual(page.locator("#graph .node").count(), 3)
        self.assertIn("3 peers", self.text(page, "#subtitle"))
        self.assertEqual(self.text(page, "#figure-done"), "0 of 3")
        page.click("#peers button[data-peer='1003']")
        self.wait_for(
            page, "document.querySelector('#details-title').textContent == 'Peer 1003'"
        )
        self.assertIn("told nothing yet", self.text(page, "#details-state"))
        self.assertEqual(self.complaints, [])

    def test_gone_unheard(self) -> None:
        """
        A peer of a lab that ended before it told anything is not waited for: it is
        told that it does not answer.
        """
        page = self.show(Pictures((picture(1001),), (1002,), (1001, 1002)))
        self.assertIn(
            "Peer 1002: it does not answer any more", self.text(page, "#problems-list")
        )
        self.assertEqual(self.complaints, [])

    def test_grace(self) -> None:
        """
        A problem that is not settled is not shown.
        """
        problem = Problem(ProblemCode.UNREACHABLE, "cannot reach 1002: no", 3.0, 1002)
        begun = Problem(ProblemCode.CHOKED, "choked by 1003", 3.0, is_settled=False)
        told = picture(1001)
        told = replace(told, status=replace(told.status, problems=(begun, problem)))
        page = self.show(Pictures((told,)))
        said = self.text(page, "#problems-list")
        self.assertIn("cannot reach 1002: no, for", said)
        self.assertNotIn("choked", said)

    def test_ended_lab(self) -> None:
        """
        The page of a lab that is over says so, and how it was: events at the time when
        they happened, the last round counted from the end.
        """
        told = picture(1001, 10, 10.0, 4)
        status = replace(
            told.status,
            state=State.COMPLETE,
            preferred_round=PreferredRound(2, 4.0, True, (), None),
            neighbors=(NEIGHBOR,),
        )
        early = replace(told, status=status, age_seconds=30.0)
        late = replace(picture(1002, 10, 40.0, 4), age_seconds=0.0)
        page = self.show(
            Pictures((early, late), (1001, 1002), (1001, 1002), (1001, 1002))
        )
        self.assertIn("4 s before the end", self.text(page, "#round-text"))
        self.assertIn("ended", self.text(page, "#details-state"))
        self.assertIn("1002", self.text(page, "#neighbors-body"))
        times = page.locator("#feed time").all_inner_texts()
        self.assertEqual(len(set(times)), 1)

    def test_done_lab(self) -> None:
        """
        Each peer of a swarm that is done is told as complete, whatever another one
        knew last.
        """
        one, other = (
            replace(
                told,
                status=replace(
                    told.status,
                    state=State.COMPLETE,
                    is_placed=True,
                    incomplete=(1002,),
                ),
            )
            for told in (picture(1001, 10), picture(1002, 10))
        )
        page = self.show(Pictures((one, other), members=(1001, 1002)))
        self.assertEqual(self.text(page, "#figure-done"), "2 of 2")
        self.assertIn("complete\nnobody", self.text(page, "#details-facts").lower())

    def check_draw(self, seconds: float, tagged: int, *, is_since: bool) -> None:
        """
        A round was 4 s ago, and a draw so many seconds: who is optimistic?
        """
        candidates = tuple(
            CandidateStatus(peer_id, 10, False, False) for peer_id in (1003, 1006)
        )
        told = picture(1001)
        status = replace(
            told.status,
            preferred_round=PreferredRound(2, 4.0, True, candidates, 1006),
            optimistic_round=OptimisticRound(6, seconds, (1003, 1006), 1003),
        )
        page = self.show(Pictures((replace(told, status=status),)))
        rows = page.locator("#round-body tr").all_inner_texts()
        (row,) = (text for text in rows if "optimistic" in text)
        self.assertIn(str(tagged), row)
        self.assertEqual("after that round" in self.text(page, "#lot-text"), is_since)

    def test_draw_after_round(self) -> None:
        """
        A draw that came after the round tells who is optimistic.
        """
        self.check_draw(0.0, 1003, is_since=True)

    def test_draw_before_round(self) -> None:
        """
        One before it does not.
        """
        self.check_draw(9.0, 1006, is_since=False)

    def test_seed(self) -> None:
        """
        A neighbour that is a seed by the list holds everything, also while it tells
        of its pieces one by one.
        """
        told = picture(1001)
        seed = replace(NEIGHBOR, held=1, holds_all=True)
        status = replace(
            told.status,
            neighbors=(seed,),
            incomplete=(1002,),
        )
        maps = {1002: "/wAAAAAAAAAAAA=="}
        told = replace(told, status=status, map="AAAAAAAAAAAAAA==", neighbor_maps=maps)
        page = self.show(Pictures((told,)))
        row = page.locator("#peers tbody tr").nth(1).inner_text()
        self.assertIn("seed", row)
        self.assertIn("100%", row)
        self.assertIn("seed", self.text(page, "#neighbors-body"))
        self.assertNotIn("nobody", self.text(page, "#rarest"))
        self.assertNotIn("At no neighbour", self.text(page, "#details-facts"))

    def test_sorted_by_state(self) -> None:
        """
        By state, those with a problem come first, whatever their state.
        """
        problem = Problem(ProblemCode.DISK, "no space", 60.0)
        first, second, third = (picture(peer_id) for peer_id in (1001, 1002, 1003))
        first = replace(first, status=replace(first.status, state=State.CHECKING))
        third = replace(third, status=replace(third.status, problems=(problem,)))
        page = self.show(Pictures((first, second, third), members=(1001, 1002, 1003)))
        page.click("#peers th:nth-child(2) button")
        self.wait_for(page, "document.querySelector('[aria-sort]').cellIndex == 1")
        ids = page.locator("#peers tbody .peer").all_inner_texts()
        self.assertEqual(ids, ["1003", "1001", "1002"])
        page.click("#peers th:nth-child(2) button")
        self.wait_for(page, "document.querySelector('[aria-sort=descending]') !== null")
        ids = page.locator("#peers tbody .peer").all_inner_texts()
        self.assertEqual(ids, ["1002", "1001", "1003"])

    def test_shadow(self) -> None:
        """
        A table that is wider than its place has a shadow where it goes on.
        """
        told = picture(1001)
        told = replace(told, status=replace(told.status, neighbors=(NEIGHBOR,)))
        page = self.show(Pictures((told,)), width=390, height=800)
        place = "document.querySelector('#peers').parentElement"
        self.wait_for(page, f"{place}.scrollWidth > {place}.clientWidth")
        attached = page.evaluate(f"getComputedStyle({place}).backgroundAttachment")
        self.assertEqual(attached, "local, local, scroll, scroll")
