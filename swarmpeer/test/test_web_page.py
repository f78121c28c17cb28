"""
Tests of L{swarmpeer.web.page_files}, and of what the files hold.
"""

import re
from importlib.resources import files

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import State
from swarmpeer.test.web_fixtures import ToldPictures, Visit
from swarmpeer.web.site import Pages, PagesSite

_MARKUP = ("innerHTML", "outerHTML", "insertAdjacent", "eval(", " style=")
_LINES = re.MULTILINE | re.DOTALL
_WIDTH = 100
PAGE = files("swarmpeer.web") / "page"


def text_of(name: str) -> str:
    """
    What a file of the page holds.
    """
    return (PAGE / name).read_text("utf-8")


class PageFilesTests(SynchronousTestCase):
    """
    A browser asks for them.
    """

    def ask(self, path: str) -> tuple[str, str]:
        """
        Head and body of the answer.
        """
        clock = Clock()
        visit = Visit(PagesSite(Pages(ToldPictures(), clock), None, clock))
        visit.ask(path)
        head, _, body = visit.said().partition("\r\n\r\n")
        return head.lower(), body

    def test_index(self) -> None:
        """
        The page stands at C{/}, and may load nothing from anybody else.
        """
        head, body = self.ask("/")
        self.assertIn("200 ok", head)
        self.assertIn("text/html; charset=utf-8", head)
        self.assertIn("content-security-policy: default-src 'self';", head)
        self.assertIn("nosniff", head)
        self.assertEqual(body, text_of("index.html"))

    def test_parts(self) -> None:
        """
        All that the page and its modules name is there, with its kind.
        """
        named = set(re.findall(r'(?:src|href)="([\w.]+)"', text_of("index.html")))
        self.assertIn("main.js", named)
        for file in PAGE.iterdir():
            if file.name.endswith(".js"):
                named.update(re.findall(r'from "\./([\w.]+)"', file.read_text()))
        named.discard("status.json")
        kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
        for name in named:
            head, body = self.ask(f"/{name}")
            self.assertIn("200 ok", head)
            self.assertIn(kinds[name.rpartition(".")[2]], head)
            self.assertEqual(body, text_of(name))

    def test_nothing_else(self) -> None:
        """
        Nothing else is there, wherever it may stand.
        """
        for path in ("/none.js", "/../service.py", "/page/main.js"):
            self.assertIn("404", self.ask(path)[0].splitlines()[0])


class PageTextTests(SynchronousTestCase):
    """
    What stands in the files.
    """

    def test_text_only(self) -> None:
        """
        What others say is put in as text, and nothing comes from elsewhere.
        """
        for file in PAGE.iterdir():
            text = file.read_text("utf-8")
            for word in _MARKUP:
                self.assertNotIn(word, text, file.name)
            others = set(re.findall(r"\w+://[^\"'\s]*", text))
            self.assertLessEqual(others, {"http://www.w3.org/2000/svg"}, file.name)

    def test_words(self) -> None:
        """
        The page has words for every state.
        """
        (table,) = re.findall(
            r"^const STATES = \{\n(.*?)^\};", text_of("words.js"), _LINES
        )
        keys = re.findall(r'^  "?([\w-]+)"?: ".+",$', table, re.MULTILINE)
        # A seed that tells of its pieces one by one is seen by others alone.
        self.assertEqual(sorted(keys), sorted([*State, "showing"]))

    def test_width(self) -> None:
        """
        Lines are short enough to be read.
        """
        for file in PAGE.iterdir():
            if file.name.endswith(".js"):
                for line in file.read_text("utf-8").splitlines():
                    self.assertLessEqual(len(line), _WIDTH, f"{file.name}: {line}")
