"""
Looks at a site made by C{make docs}: every link leads somewhere, and nothing is fetched
from another host.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src"}
_ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_STYLE = re.compile(r"(?:url\(|@import\s+)\s*[\"']?([^\"')\s]+)")


@dataclass
class Page(HTMLParser):
    """
    What one page has.

    @ivar names: the places in it that one can link to.
    @ivar links: what it leads to.
    @ivar fetched: what a browser gets by itself to show it.
    """

    names: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def read(cls, path: Path) -> "Page":
        """
        That of a file.
        """
        page = cls()
        page.feed(path.read_text())
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Note what it is about.
        """
        told = {name: value for name, value in attrs if value is not None}
        self.names.update(told[name] for name in ("id", "name") if name in told)
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag == "link" and told.get("rel") in ("stylesheet", "icon", "preload"):
            self.fetched.append(told.get("href", ""))
        if _FETCHED.get(tag) in told:
            self.fetched.append(told[_FETCHED[tag]])
        self.fetched.extend(_STYLE.findall(told.get("style", "")))


def faults(site: Path, *, without: str | None = None) -> Iterator[str]:
    """
    All that is wrong, each on one line.

    @param without: a folder of it that was not made, so that nothing is known of links
        to it.
    """
    read = cache(Page.read)
    for path in sorted(site.rglob("*.html")):
        where, page = path.relative_to(site), read(path)
        for link in page.fetched:
            if _ELSEWHERE.match(link):
                yield f"{where}: fetches {link}"
        for link in {*page.links, *page.fetched}:
            if urlsplit(link).scheme or _ELSEWHERE.match(link):
                continue
            parts = urlsplit(link)
            target = path.parent / unquote(parts.path) if parts.path else path
            if without is not None and (site / without) in target.parents:
                continue
            if not target.is_file():
                yield f"{where}: {link} leads nowhere"
            elif parts.fragment and target.suffix == ".html":
                names = read(target.resolve()).names
                if unquote(parts.fragment) not in {*names, "top"}:
                    yield f"{where}: {link} has no such place"
    for path in sorted(site.rglob("*.css")):
        for link in _STYLE.findall(path.read_text()):
            if _ELSEWHERE.match(link):
                yield f"{path.relative_to(site)}: fetches {link}"


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Look at all of it.

    @return: the exit status: 1 if something is wrong, 2 if there is no site.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.site_check", description=__doc__
    )
    parser.add_argument("site", type=Path, help="the folder of the site")
    site: Path = parser.parse_args(arguments).site.resolve()
    if not (site / "index.html").is_file():
        parser.error(f"{site} has no index.html; 'make docs' makes one")
    found = list(faults(site))
    print(*found, sep="\n", end="\n" if found else "")
    pages = sum(1 for _ in site.rglob("*.html"))
    print(f"{pages} pages, {len(found)} faults; begin at {site / 'index.html'}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
