"""
A browser to look at pages with: the Chromium of this machine, through Playwright.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_ARGUMENTS = (
    # Whoever tests in a container is root there; and nobody but us is shown anything.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """
    Where it is, C{None} if nowhere.
    """
    return next(filter(None, map(shutil.which, NAMES)), None)


def why_no_browser() -> str | None:
    """
    What is missing, and how to get it; C{None} if nothing is.
    """
    if find_spec("playwright") is None:
        return "playwright is not installed: pip install playwright"
    if find_chromium() is None:
        return f"no browser is installed: none of {', '.join(NAMES)} was found"
    return None


@contextmanager
def chromium() -> "Iterator[Browser]":
    """
    One of its own, without a window; L{why_no_browser} has to have said nothing.
    """
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=list(_ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()
