"""
Policies by name, as a C{swarm.toml} has them.
"""

import difflib
import importlib
import random
from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.plugin import getPlugins
from zope.interface.interface import InterfaceClass

from swarmpeer.core.choking_policies import CHOKING_POLICIES, ChokingFactory
from swarmpeer.core.picking import PIECE_PICKERS, PickerFactory
from swarmpeer.errors import ConfigError
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker, IPolicyPlugin
from swarmpeer.text import quoted, said
from swarmpeer.wire.bitfield import Bitfield

_ANOTHER = "the name of a plugin or package.module:Name"

_Factory = TypeVar("_Factory")


def choking_policy(name: str, where: str) -> ChokingFactory:
    """
    Who chooses whom to serve, by what C{choking} is in a C{swarm.toml}.

    @param name: one of L{CHOKING_POLICIES}, that of a plugin, or a
        C{package.module:Name}.
    @param where: what begins an error: where the file names it.
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
    @param where: what begins an error: where the file names it.
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
    plugins = {} if ":" in name else _places_of_plugins(kind)

    def unfit(reason: str, near: str | None = None) -> ConfigError:
        names = ", ".join(map(quoted, known))
        right = quoted(near) if near else f"{names}, {_ANOTHER}"
        return ConfigError(
            f"{where}: {kind} = {quoted(name)}: {reason}; {right} would be right"
        )

    place = name if ":" in name else plugins.get(name)
    if place is None:
        alike = difflib.get_close_matches(name.lower(), [*known, *plugins], 1)
        raise unfit("no policy and no plugin is called so", *alike)
    module, _, attribute = place.partition(":")
    doing = "imported"
    try:
        factory: _Factory = getattr(importlib.import_module(module), attribute)
        doing = "made"
        made = make(factory)
    except (Exception, SystemExit) as error:
        # Whatever somebody else's module does.
        reason = f"{type(error).__name__} while it was {doing}{said(error)}"
        raise unfit(reason) from error
    is_one: bool = interface.providedBy(made)
    if not is_one:
        raise unfit(f"what it makes does not provide {interface.__name__}")
    return factory


def _places_of_plugins(kind: str) -> dict[str, str]:
    return {
        plugin.name: str(plugin.factory)
        for plugin in getPlugins(IPolicyPlugin)
        if plugin.kind == kind
    }
