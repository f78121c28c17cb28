"""
How Sphinx makes a site of these pages: C{make docs}.

The pages are plain Markdown that reads well as it is.  What only the site needs is
here: the parts of its sidebar, and where the source that a page links to is told of.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from swarmpeer import __version__  # noqa: E402

PARTS = {
    "Use": ("lab", "simulation", "manifest", "gallery"),
    "Operate": (
        "operating",
        "service",
        "configuration",
        "integrity",
        "status",
        "web",
        "metrics",
        "logs",
        "performance",
    ),
    "Embed": ("embedding", "testing"),
    "The course": ("tutorial", "choking", "wire", "conformance"),
    "Inside": ("architecture", "picking", "soak"),
    "Reference": ("api",),
}
"""
The sidebar: the names of the pages, those that there are, in their order.
"""

START = "index"

project = "swarmpeer"
version = release = __version__
root_doc = START
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
# The names by which a forge links to headings.
myst_heading_anchors = 4
# Blocks that are no program are shown as they are.
highlight_language = "none"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme = "furo"
html_title = "swarmpeer"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
# Nothing is fetched from another host: no fonts, no scripts, no pictures.
html_theme_options = {"footer_icons": []}


def parts() -> dict[str, list[str]]:
    """
    The sidebar with the pages that there are.
    """
    return {
        part: [name for name in names if (DOCS / f"{name}.md").exists()]
        for part, names in PARTS.items()
    }


def sidebar() -> str:
    """
    The same as Sphinx has it.
    """
    return "".join(
        "\n".join(["", "```{toctree}", ":hidden:", f":caption: {part}", "", *names])
        + "\n```\n"
        for part, names in parts().items()
    )


def api_page(path: Path) -> str | None:
    """
    Where the API is told of that a source has, from the top of the site.

    @return: C{None} if that is not ours, or is no Python.
    """
    package = ROOT / "swarmpeer"
    if package not in path.parents or path.suffix != ".py":
        return None
    names = path.relative_to(ROOT).with_suffix("").parts
    return "api/" + ".".join(n for n in names if n != "__init__") + ".html"


def _prepare(_: "Sphinx", page: str, source: list[str]) -> None:
    # A page that is not of the site is there to be fetched, as any other file.
    source[0] = re.sub(r"\]\((\.\./[^)#]+\.md)\)", r"](path:\1)", source[0])
    if page == START:
        source[0] += sidebar()


def _link_to_api(_: "Sphinx", tree: object) -> None:
    """
    A link to a source of ours leads to what pydoctor tells of it; other files are there
    to be fetched.
    """
    from docutils import nodes
    from sphinx.addnodes import download_reference

    assert isinstance(tree, nodes.document)
    for link in list(tree.findall(download_reference)):
        page = api_page((DOCS / link["reftarget"]).resolve())
        if page is not None:
            link.replace_self(
                nodes.reference("", "", *link.children, refuri=page, internal=True)
            )


def setup(app: "Sphinx") -> None:
    """
    Called by Sphinx.
    """
    app.connect("source-read", _prepare)
    # Before Sphinx copies what there is to be fetched.
    app.connect("doctree-read", _link_to_api, priority=100)
