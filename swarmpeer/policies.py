"""
Policies by name, as a C{swarm.toml} has them.
"""

import importlib
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface.interface import InterfaceClass

from swarmpeer.core.choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.picking import PIECE_PICKERS, PickerFactory
from swarmpeer.errors import ConfigError
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker, IPolicyPlugin
from swarmpeer.net.reasons import in_one_line
from swarmpeer.service import ChokingPolicy
from swarmpeer.text import quoted
from swarmpeer.wire.bitfield import Bitfield

CHOKING_POLICIES: Mapping[str, ChokingPolicy] = MappingProxyType(
    {"classic": ChokingManager, "fleet": FleetChoking}
)
"""
The ways to choose whom to serve that have a name.
"""

_Factory = TypeVar("_Factory")


def choking_policy(name: str, where: str) -> ChokingPolicy:
    """
    Who chooses whom to serve, by what C{choking} is in a C{swarm.toml}.

    @param name: one of L{CHOKING_POLICIES}, that of a plugin, or a
        C{package.module:Name}.
    @param where: what begins an error: the file that names it.
    @raise ConfigError: if there is none.
    """
    return _find(
        "choking",
        name,
        where,
        CHOKING_POLICIES,
        IChokingPolicy,
        lambda factory: factory(1, random.Random(0)),
    )


def piece_picker(name: str, where: str) -> PickerFactory:
    """
    Who chooses the next piece, by what C{picking} is in a C{swarm.toml}.

    @param name: one of L{PIECE_PICKERS}, that of a plugin, or a
        C{package.module:Name}.
    @param where: what begins an error: the file that names it.
    @raise ConfigError: if there is none.
    """
    return _find(
        "picking",
        name,
        where,
        PIECE_PICKERS,
        IPiecePicker,
        lambda factory: factory(Bitfield(1), random.Random(0)),
    )


def _find(
    kind: str,
    name: str,
    where: str,
    known: Mapping[str, _Factory],
    interface: InterfaceClass,
    make: Callable[[_Factory], object],
) -> _Factory:
    """
    @param make: makes one, to see whether that works.
    """
    if name in known:
        return known[name]

    def unfit(reason: str) -> ConfigError:
        names = ", ".join(map(quoted, known))
        return ConfigError(
            f"{where}: {kind} = {quoted(name)}: {reason}, {names}, the name of a "
            f"plugin or the package.module:Name of a policy that can be imported "
            f"would be right"
        )

    place = name if ":" in name else _place_of_plugin(kind, name)
    if place is None:
        raise unfit("no policy and no plugin is called so")
    module, _, attribute = place.partition(":")
    try:
        factory: _Factory = getattr(importlib.import_module(module), attribute)
        made = make(factory)
    except Exception as error:
        # Whatever somebody else's module does when it is imported.
        raise unfit(in_one_line(Failure(error))) from error
    is_one: bool = interface.providedBy(made)
    if not is_one:
        raise unfit(f"what it makes does not provide {interface.__name__}")
    return factory


def _place_of_plugin(kind: str, name: str) -> str | None:
    for plugin in getPlugins(IPolicyPlugin):
        if plugin.kind == kind and plugin.name == name:
            return str(plugin.factory)
    return None
