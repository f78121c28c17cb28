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
    "swarmpeer.svg": 0,
    "swarmpeer.verdicts": 0,
    "swarmpeer.wire": 1,
    "swarmpeer.events": 1,
    "swarmpeer.config": 1,
    "swarmpeer.file_name": 1,
    "swarmpeer.manifest": 1,
    "swarmpeer.seam": 2,
    "swarmpeer.verified_seam": 2,
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
    "swarmpeer.policy_plugins": 6,
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
    "swarmpeer.arguments": 6,
    "swarmpeer.console": 6,
    "swarmpeer.redrawing": 6,
    "swarmpeer.signals": 6,
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

_CORE = 3
"""
Up to here all is computed from what is handed in: no file, no network, no thread, no
signal, no clock, no chance and nothing of the process we run in.
"""

_COMPUTING = {
    "array",
    "bisect",
    "collections",
    "dataclasses",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "ipaddress",
    "itertools",
    "math",
    "re",
    "struct",
    "sys.byteorder",
    "tomllib",
    "types",
    "typing",
    "unicodedata",
    "xml.sax.saxutils",
}
"""
All that may be imported up to there from elsewhere.
"""

_MORE: dict[str, set[str]] = {
    "swarmpeer.wire.bitfield": {"bitstring"},
    "swarmpeer.config.toml_table": {"datetime.date", "datetime.time"},
    "swarmpeer.interfaces": {"zope.interface.Attribute", "zope.interface.Interface"},
    "swarmpeer.core": {"random.Random", "zope.interface.implementer"},
}
"""
And what one module or room may besides: core gets its chance handed in, and may say
what it implements.
"""

_OUTSIDE_CALLS = {"__import__", "eval", "exec", "input", "open", "print", "Random"}
"""
What needs no import and leads outside as well; and a C{Random} is handed in.
"""

_REACHING_OUT = """
import argparse, asyncio, builtins, concurrent.futures, ctypes, datetime, fcntl, gc, io
import importlib, logging, mmap, multiprocessing, os, os.path, pathlib, random, secrets
import select, selectors, shutil, signal, socket, ssl, subprocess, sys, tempfile, time
import threading, twisted, urllib.request, weakref, bitstring.bits
from zope.interface.declarations import implementer
from sys import stdout
"""
"""
None of this is for any of them.
"""

_EDGE = 4
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
        elif floor <= _CORE:
            if not _is_among(name, _COMPUTING | _further(module)):
                found.append(f"{name} is not for {module}")
        elif top == "bitstring":
            found.append("bitstring is for wire.bitfield only")
        if floor in (4, 5) and name == _GLOBAL_REACTOR:
            found.append("the reactor is handed in")
        if floor == _EDGE and name == _LOOPING_CALL:
            found.append("the service owns the loops")
    if floor <= _CORE:
        found += _call_faults(tree)
    return found


def _further(module: str) -> set[str]:
    """
    What it may import besides.
    """
    return _MORE.get(module, set()) | _MORE.get(place_of(module), set())


def _is_among(name: str, allowed: Iterable[str]) -> bool:
    """
    Is it one of these, or a part of one?
    """
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


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
    return [
        f"{node.func.id} is called"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _OUTSIDE_CALLS
    ]


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
            ("swarmpeer.core.picking_rarest", "from sys import byteorder"),
            ("swarmpeer.config.toml_table", "from datetime import date"),
            ("swarmpeer.svg", "from xml.sax.saxutils import escape"),
            ("swarmpeer.commands", "from swarmpeer.console import OutputError"),
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
            ("swarmpeer.core.node", "from random import *"),
            ("swarmpeer.core.node", "from swarmpeer.console import *"),
            ("swarmpeer.core.node", "from swarmpeer.signals import handle_signals"),
            ("swarmpeer.text", "from swarmpeer.console import say"),
            ("swarmpeer.storage.file", "from swarmpeer.signals import handle_signals"),
            ("swarmpeer.service", "from swarmpeer.signals import handle_signals"),
            ("swarmpeer.net.framing", "import bitstring"),
            ("swarmpeer.config.toml_table", "from datetime import datetime"),
            ("swarmpeer.config.rules", "from datetime import date"),
            ("swarmpeer.svg", "import xml.sax"),
            ("swarmpeer.text", "import sys"),
            ("swarmpeer.events", "print('here')"),
            ("swarmpeer.seam", "__import__('socket')"),
            ("swarmpeer.core.node", "from . import bus"),
            ("swarmpeer.core.node", "def f():\n import swarmpeer.service"),
            (
                "swarmpeer.core.node",
                "from typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING:\n from swarmpeer.net.factory import PeerFactory",
            ),
        ):
            self.assertEqual(len(faults(module, source)), 1, source)

    def test_outside_is_found(self) -> None:
        """
        On no floor up to core is anything imported that reaches out of the program,
        a value's as little as the core's.
        """
        for module in (
            "swarmpeer.text",
            "swarmpeer.wire.codec",
            "swarmpeer.seam",
            "swarmpeer.interfaces",
            "swarmpeer.core.node",
        ):
            found = faults(module, _REACHING_OUT)
            named = imports(ast.parse(_REACHING_OUT))
            self.assertEqual(found, [f"{name} is not for {module}" for name in named])

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
