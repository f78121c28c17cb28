"""
The pictures of the pages in the documentation: C{python -m tools.screenshots} runs
swarms of processes on this machine, looks at their pages with its Chromium, and writes
C{docs/pictures/page_*.png}.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from swarmpeer.config import CommonConfig
from swarmpeer.lab.folder import LabFolder, SourceFile, free_ports
from swarmpeer.lab.plan import LabPlan, peer_argv, plan_peers
from tools.browser import chromium, why_no_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"

_FILE_BYTES = 12_000_000
_PIECE_BYTES = 32_768
_RATE = "600kB/s"
_LOOK_MILLISECONDS = 100
_LOOKS = 600


@dataclass(frozen=True)
class Shot:
    """
    One picture.

    @ivar at: the element at the top of it; C{None} for the top of the page.
    @ivar peer: whose details are shown.
    @ivar scale: how many pixels stand for one of the page's.
    """

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    at: str | None = None
    peer: int | None = None
    scale: float = 0.66


LAB = (
    Shot("page_lab", 1360, 1000, peer=1003),
    Shot("page_dark", 1360, 1000, "dark", peer=1005),
    Shot("page_pieces", 1360, 900, at="#pieces-title", peer=1003),
    Shot("page_phone", 390, 780, at="#graph-title", peer=1003, scale=1.0),
)
PEER = (Shot("page_peer", 1360, 1060),)
MANY = (Shot("page_many", 1360, 1160, "dark", peer=1044, scale=0.45),)


def take(browser: "Browser", address: str, shots: tuple[Shot, ...], ready: str) -> None:
    """
    Take pictures of one page, once the expression C{ready} is true in it.
    """
    for shot in shots:
        page = browser.new_page(
            viewport={"width": shot.width, "height": shot.height},
            color_scheme=shot.scheme,
            device_scale_factor=shot.scale,
        )
        page.goto(address)
        page.wait_for_selector("#graph .node")
        for _ in range(_LOOKS):
            if page.evaluate(ready):
                break
            page.wait_for_timeout(_LOOK_MILLISECONDS)
        # A chart is better with some seconds in it.
        page.wait_for_timeout(6000 if shot.width > 1000 else 1000)
        page.evaluate(
            """([peer, at]) => {
                document.querySelector(`#graph [data-peer='${peer}']`)
                    ?.dispatchEvent(new MouseEvent('click'));
                const top = document.querySelector(at)?.closest('section');
                scrollTo(0, top ? top.getBoundingClientRect().top + scrollY - 84 : 0);
            }""",
            [shot.peer, shot.at or "none"],
        )
        page.wait_for_timeout(700)
        path = PICTURES / f"{shot.name}.png"
        page.screenshot(path=path)
        page.close()
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes", flush=True)


@contextmanager
def program(*command: str) -> Iterator[str]:
    """
    Run a program that says where its page is.

    @raise SystemExit: if it does not.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("page: "):
                yield line.removeprefix("page: ").strip()
                return
        raise SystemExit(f"{command[0]} ended")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def one_of_five(source: Path) -> Iterator[str]:
    """
    Run a swarm of five peers, one of which has pages.

    @return: their address.
    """
    common = CommonConfig(2, 1, 3, source.name, _FILE_BYTES, _PIECE_BYTES)
    *ports, port = free_ports(6)
    plan = LabPlan(common, plan_peers(ports, 1))
    folder = LabFolder.make(None)
    peers: list[subprocess.Popen[bytes]] = []
    try:
        folder.fill(plan, SourceFile.examine(str(source)))
        for peer in plan.peers:
            argv = [*peer_argv(peer.peer_id, folder.path), f"--up={_RATE}"]
            if peer is plan.peers[1]:
                argv.append(f"--web=tcp:{port}:interface=127.0.0.1")
            output = folder.output(peer.peer_id)
            with output.open("wb") as told:
                # Its standard input is what it lives on, see lab.peer_process.
                peers.append(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=told))
        while "pages at" not in folder.output(1002).read_text():
            if peers[1].poll() is not None:
                raise SystemExit("a peer ended")
        yield f"http://127.0.0.1:{port}/"
    finally:
        for process in peers:
            process.terminate()
            process.wait()
        folder.close()


def under_way(peers: int) -> str:
    """
    When so many peers are there and have exchanged something, in JavaScript.
    """
    return (
        f"document.querySelectorAll('#graph .node').length == {peers}"
        " && parseInt(document.querySelector('#figure-share').textContent) > 25"
    )


def main() -> None:
    """
    Take them all.
    """
    if reason := why_no_browser():
        raise SystemExit(f"screenshots: {reason}")
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        source = Path(place) / "course-material.iso"
        source.write_bytes(random.Random(1).randbytes(_FILE_BYTES))
        for shot in LAB:
            lab = ("--peers", "9", "--piece-size", str(_PIECE_BYTES), "--web")
            with program("tools.slow_lab", _RATE, str(source), *lab) as address:
                take(browser, address, (shot,), under_way(9))
        with one_of_five(source) as address:
            take(browser, address, PEER, under_way(5))
        with program("tools.made_up_swarm", "200", "100000") as address:
            take(browser, address, MANY, "true")


if __name__ == "__main__":
    main()
