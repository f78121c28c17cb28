"""
Imports only go down: every module of the package stands on a floor, and the
floors say who may know whom.
"""

import ast
from collections.abc import Iterable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import swarmpeer

_PACKAGE = Path(swarmpeer.__file__).parent

_TESTING = 7
"""
Above a peer and all its parts: C{testing}, which only the command that simulates
and the tests import.
"""

FLOORS = {
    "swarmpeer": 0,
    "swarmpeer.errors": 0,
    "swarmpeer.text": 0,
    "swarmpeer.quantities": 0,
    "swarmpeer.console": 0,
    "swarmpeer.redrawing": 0,
    "swarmpeer.arguments": 0,
    "swarmpeer.signals": 0,
    "swarmpeer.svg": 0,
    "swarmpeer.verdicts": 0,
    "swarmpeer.wire": 1,
    "swarmpeer.events": 1,
    "swarmpeer.config": 1,
    "swarmpeer.file_name": 1,
    "swarmpeer.manifest": 1,
    "swarmpeer.seam": 2,
    "swarmpeer.interfaces": 2,
    "swarmpeer.thread_work": 2,
    "swarmpeer.core": 3,
    "swarmpeer.net": 4,
    "swarmpeer.storage": 4,
    "swarmpeer.manifest_files": 4,
    "swarmpeer.protocol_log": 4,
    "swarmpeer.diagnostics": 4,
    "swarmpeer.status": 4,
    "swarmpeer.log_output": 4,
    "swarmpeer.milestone": 5,
    "swarmpeer.service": 5,
    "swarmpeer.verified_service": 5,
    "swarmpeer.joining": 5,
    "swarmpeer.scheduled_rates": 5,
    "swarmpeer.observing": 5,
    "swarmpeer.fitting": 5,
    "swarmpeer.listening": 5,
    "swarmpeer.asking": 5,
    "swarmpeer.metrics": 5,
    "swarmpeer.web": 5,
    "swarmpeer.service_manager": 5,
    "swarmpeer.config_files": 6,
    "swarmpeer.policies": 6,
    "swarmpeer.assemble": 6,
    "swarmpeer.assemble_verified": 6,
    "swarmpeer.assemble_web": 6,
    "swarmpeer.web_place": 6,
    "swarmpeer.assemble_log": 6,
    "swarmpeer.config_commands": 6,
    "swarmpeer.conformance": 6,
    "swarmpeer.tap": 6,
    "swarmpeer.lab": 6,
    "swarmpeer.manifest_commands": 6,
    "swarmpeer.log_reading": 6,
    "swarmpeer.status_commands": 6,
    "swarmpeer.own_process": 6,
    "swarmpeer.running": 6,
    "swarmpeer.commands": 6,
    "swarmpeer.rates_again": 6,
    "swarmpeer.testing": _TESTING,
    "swarmpeer.simulate": 8,
    "swarmpeer.command_line": 9,
    "swarmpeer.__main__": 9,
    "swarmpeer.test": 10,
}
"""
The floor of each module or of each whole package.  A new module is placed here
by who adds it.
"""

_FACTS_OF_THE_PACKAGE = {"swarmpeer.__version__", "swarmpeer.__file__"}
"""
Names in the package itself that are no modules.
"""

_VALUES = {"twisted", "zope", "time", "random", "os"}
_OUTSIDE: dict[int, set[str]] = {
    0: _VALUES,
    1: _VALUES,
    2: {"twisted", "time", "random", "os"},
    3: {"twisted", "time", "os", "io", "pathlib", "socket", "threading"},
}
"""
What of the outside a floor must not import.
"""

_EDGE = 4
_RANDOM_AS_A_TYPE = "random.Random"
_IMPLEMENTER = "zope.interface.implementer"
_GLOBAL_REACTOR = "twisted.internet.reactor"
_LOOPING_CALL = "twisted.internet.task.LoopingCall"


def place_of(module: str) -> str:
    """
    The entry of the table that C{module} falls under: the longest one.

    @raise KeyError: if it has none.
    """
    if module in _FACTS_OF_THE_PACKAGE:
        return "swarmpeer"
    parts = module.split(".")
    for length in range(len(parts), 1, -1):
        if ".".join(parts[:length]) in FLOORS:
            return ".".join(parts[:length])
    if module in FLOORS:
        return module
    raise KeyError(module)


def imports(tree: ast.Module) -> Iterable[str]:
    """
    Everything that is imported anywhere in the source, with the dotted name of
    what is taken: C{from a import b} is C{a.b}.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            for alias in node.names:
                yield f"{start}.{alias.name}"


def faults(module: str, source: str) -> list[str]:
    """
    What C{module} must not do, by its C{source}.

    @raise KeyError: if it, or a module that it imports, has no floor.
    """
    tree = ast.parse(source)
    place = place_of(module)
    floor = FLOORS[place]
    found = []
    for name in imports(tree):
        top = name.split(".")[0]
        if name.startswith("."):
            found.append(f"{name} is relative")
        elif top == "swarmpeer":
            found += _inner_fault(place, floor, name)
        elif top in _OUTSIDE.get(floor, ()):
            found.append(f"{name} is not for floor {floor}")
        if top == "bitstring" and module != "swarmpeer.wire.bitfield":
            found.append("bitstring is for wire.bitfield only")
        if top == "zope" and floor == 2 and module != "swarmpeer.interfaces":
            found.append("zope is for interfaces only on floor 2")
        if floor == 3 and top == "zope" and name != _IMPLEMENTER:
            found.append(f"{name}: core may say what it implements, no more")
        if floor == 3 and top == "random" and name != _RANDOM_AS_A_TYPE:
            found.append(f"{name}: core gets its chance handed in")
        if floor in (4, 5) and name == _GLOBAL_REACTOR:
            found.append("the reactor is handed in")
        if floor == _EDGE and name == _LOOPING_CALL:
            found.append("the service owns the loops")
    if floor <= 3:
        found += _call_faults(tree)
    return found


def _inner_fault(place: str, floor: int, name: str) -> list[str]:
    other = place_of(name)
    if other == place:
        return []
    if FLOORS[other] > floor:
        return [f"{name} is above"]
    if floor == FLOORS[other] == _EDGE:
        return [f"{name} is another edge"]
    return []


def _call_faults(tree: ast.Module) -> list[str]:
    """
    Up to core nobody opens a file or makes chance of his own: a C{Random} is
    handed in.
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "open":
                found.append("opens a file")
            if node.func.id == "Random":
                found.append("makes a Random of its own")
    return found


class FloorTests(SynchronousTestCase):
    """
    The check itself, on small sources made up for it.
    """

    def test_down_is_allowed(self) -> None:
        """
        A module may import what is below it, its own package, and on most
        floors its own floor.
        """
        for module, source in (
            ("swarmpeer.core.node", "from swarmpeer.wire.bitfield import Bitfield"),
            ("swarmpeer.core.node", "from swarmpeer.core.bus import EventBus"),
            ("swarmpeer.core.node", "from random import Random"),
            ("swarmpeer.core.piece_pickers", "from zope.interface import implementer"),
            ("swarmpeer.net.factory", "import swarmpeer.seam, twisted.internet.defer"),
            ("swarmpeer.events", "import dataclasses, enum, struct"),
            ("swarmpeer.wire.bitfield", "import bitstring"),
            ("swarmpeer.interfaces", "from zope.interface import Interface"),
            ("swarmpeer.service", "from twisted.internet.task import LoopingCall"),
            ("swarmpeer.tap", "from twisted.internet import reactor"),
            ("swarmpeer.testing.swarm", "from swarmpeer.service import PeerService"),
            ("swarmpeer.test.test_x", "from swarmpeer.testing import recorders"),
        ):
            self.assertEqual(faults(module, source), [], source)

    def test_up_is_found(self) -> None:
        """
        An import from a higher floor, from another edge, or of what a floor must
        not know, is found: at the top, in a function, and for types only.
        """
        for module, source in (
            ("swarmpeer.wire.codec", "from swarmpeer.core import node"),
            ("swarmpeer.errors", "import swarmpeer.events"),
            ("swarmpeer.core.node", "from swarmpeer.net.factory import PeerFactory"),
            ("swarmpeer.core.node", "from swarmpeer import service"),
            ("swarmpeer.net.factory", "from swarmpeer.storage import FileStorage"),
            ("swarmpeer.protocol_log", "from swarmpeer import diagnostics"),
            ("swarmpeer.storage.file", "from swarmpeer.service import PeerService"),
            ("swarmpeer.service", "from swarmpeer import tap"),
            ("swarmpeer.tap", "from swarmpeer.testing import recorders"),
            ("swarmpeer.lab.swarm", "from swarmpeer.test import fixtures"),
            ("swarmpeer.core.node", "from twisted.internet import defer"),
            ("swarmpeer.core.node", "import time"),
            ("swarmpeer.core.node", "from os import path"),
            ("swarmpeer.core.node", "from random import choice"),
            ("swarmpeer.core.node", "from zope.interface import Interface"),
            ("swarmpeer.core.node", "import random"),
            ("swarmpeer.core.node", "def f():\n return open('x')"),
            ("swarmpeer.core.node", "from random import Random\nRandom(1)"),
            ("swarmpeer.wire.codec", "import zope.interface"),
            ("swarmpeer.wire.bitfield", "from random import shuffle"),
            ("swarmpeer.wire.bitfield", "from random import Random"),
            ("swarmpeer.wire.codec", "import bitstring"),
            ("swarmpeer.core.pieces", "from bitstring import BitArray"),
            ("swarmpeer.seam", "from zope.interface import Interface"),
            ("swarmpeer.seam", "import twisted"),
            ("swarmpeer.net.factory", "from twisted.internet import reactor"),
            ("swarmpeer.service", "from twisted.internet import reactor"),
            ("swarmpeer.net.dialing", "from twisted.internet.task import LoopingCall"),
            ("swarmpeer.core.node", "from . import bus"),
            ("swarmpeer.core.node", "def f():\n import swarmpeer.service"),
            (
                "swarmpeer.core.node",
                "from typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING:\n from swarmpeer.net.factory import PeerFactory",
            ),
        ):
            self.assertEqual(len(faults(module, source)), 1, source)

    def test_unknown_modules_are_found(self) -> None:
        """
        A module without a floor fails, as importer and as imported.
        """
        self.assertRaises(KeyError, faults, "swarmpeer.attic", "")
        source = "from swarmpeer.attic import chest"
        self.assertRaises(KeyError, faults, "swarmpeer.core.node", source)


class PackageTests(SynchronousTestCase):
    """
    The package itself.
    """

    def test_every_module(self) -> None:
        """
        Every module of swarmpeer has a floor and keeps to it.
        """
        found = {}
        for path in sorted(_PACKAGE.rglob("*.py")):
            parts = path.relative_to(_PACKAGE.parent).with_suffix("").parts
            module = ".".join(parts).removesuffix(".__init__")
            found[module] = faults(module, path.read_text())
        self.assertIn("swarmpeer.core.node", found)
        self.assertEqual({name: wrong for name, wrong in found.items() if wrong}, {})
