"""
Policies by name, as a C{swarm.toml} and C{swarmpeer simulate} have them.
"""

import difflib
import importlib
import random
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from zope.interface.interface import InterfaceClass

from swarmpeer.core.choking_policies import CHOKING_POLICIES, ChokingFactory
from swarmpeer.core.piece_pickers import PIECE_PICKERS, PickerFactory
from swarmpeer.errors import OUR_END, ConfigError
from swarmpeer.fitting import misfit
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker
from swarmpeer.policy_plugins import Offer, Useless, offers
from swarmpeer.text import in_few_words, quoted, said
from swarmpeer.wire.bitfield import Bitfield

_ANOTHER = "the name of a plugin or package.module:Name"

_Factory = TypeVar("_Factory")


@dataclass(frozen=True, slots=True)
class _Kind(Generic[_Factory]):
    """
    One of the two kinds of policies.

    @ivar key: that of C{[policy]} in a C{swarm.toml}.
    @ivar noun: what one of them is.
    @ivar own: those that have a name here.
    @ivar make: makes one, to see whether that works.
    """

    key: str
    noun: str
    own: Mapping[str, _Factory]
    interface: InterfaceClass
    make: Callable[[_Factory], object]


_CHOKING: _Kind[ChokingFactory] = _Kind(
    "choking",
    "choking policy",
    CHOKING_POLICIES,
    IChokingPolicy,
    lambda factory: factory(1, random.Random(0)),
)
_PICKING: _Kind[PickerFactory] = _Kind(
    "picking",
    "picker",
    PIECE_PICKERS,
    IPiecePicker,
    lambda factory: factory(Bitfield(1), random.Random(0)),
)


def choking_policy(name: str, where: str) -> ChokingFactory:
    """
    Who chooses whom to serve, by what C{choking} is in a C{swarm.toml}.

    @param where: what begins an error: where the file names it.
    @raise ConfigError: if there is none; see L{find_choking}.
    """
    return _told(_CHOKING, name, f"{where}: choking = ")


def piece_picker(name: str, where: str) -> PickerFactory:
    """
    Who chooses the next piece, by what C{picking} is in a C{swarm.toml}.

    @param where: what begins an error: where the file names it.
    @raise ConfigError: if there is none; see L{find_picker}.
    """
    return _told(_PICKING, name, f"{where}: picking = ")


def find_choking(
    name: str, known: Mapping[str, ChokingFactory] = CHOKING_POLICIES
) -> ChokingFactory:
    """
    Who chooses whom to serve.

    @param name: one of C{known}, that of a plugin, or a C{package.module:Name}.
    @raise ValueError: if there is none, in one line.
    """
    return _find(_CHOKING, name, known)


def find_picker(
    name: str, known: Mapping[str, PickerFactory] = PIECE_PICKERS
) -> PickerFactory:
    """
    Who chooses the next piece; see L{find_choking}.
    """
    return _find(_PICKING, name, known)


def look_here_too() -> None:
    """
    From now on what is in the folder we are in can be imported, as C{twistd} has it.
    """
    if "" not in sys.path:
        sys.path.append("")


def plugins_in_vain() -> Iterator[str]:
    """
    @return: what is wrong with plugins that nobody can choose, a line for each.
    """
    own = {_CHOKING.key: [*_CHOKING.own], _PICKING.key: [*_PICKING.own]}
    for plugin in offers():
        match plugin:
            case Useless(shown=shown, fault=fault):
                yield f"the plugin {shown} is never used: {fault}"
            case Offer(name=name, kind=kind) if name in own[kind]:
                yield (
                    f"the plugin {quoted(name)} is never used: one of our own is "
                    "called so"
                )


class _Unfit(Exception):
    """
    What a name stands for is no policy of that kind.

    @ivar near: the name that is meant, if that can be told.
    """

    def __init__(self, reason: str, near: str | None = None) -> None:
        super().__init__(reason)
        self.near = near


def _told(kind: _Kind[_Factory], name: str, start: str) -> _Factory:
    """
    What a C{swarm.toml} names.

    @param start: what begins an error.
    @raise ConfigError: if there is none.
    """
    try:
        return _find(kind, name, kind.own)
    except ValueError as error:
        raise ConfigError(f"{start}{error}") from error


def _find(kind: _Kind[_Factory], name: str, known: Mapping[str, _Factory]) -> _Factory:
    if name in known:
        return known[name]
    try:
        place = name if ":" in name else _place_of_plugin(kind.key, name, known)
        return _factory_at(place, kind)
    except _Unfit as unfit:
        others = f"{', '.join(map(quoted, known))}, {_ANOTHER}"
        right = quoted(unfit.near) if unfit.near else others
        raise ValueError(f"{quoted(name)}: {unfit}; {right} would be right") from unfit


def _place_of_plugin(key: str, name: str, known: Collection[str]) -> str:
    """
    Where what a plugin of that name offers is.

    @raise _Unfit: if it is not one plugin that is called so.
    """
    plugins = [*offers()]
    called_so = [plugin for plugin in plugins if plugin.name == name]
    of_use = [each for each in plugins if isinstance(each, Offer) and each.kind == key]
    places = sorted({each.factory for each in of_use if each.name == name})
    match places:
        case [place]:
            return place
        case [_, *_]:
            all_of_them = in_few_words(", ".join(places), str)
            raise _Unfit(f"several plugins are called so: {all_of_them}")
    match called_so:
        case [Useless(fault=fault), *_]:
            raise _Unfit(f"a plugin is called so, but {fault}")
        case [Offer(kind=kind), *_]:
            raise _Unfit(f"a plugin is called so, but it is for {kind}")
    names = [each.name for each in of_use]
    alike = difflib.get_close_matches(name.lower(), [*known, *names], 1)
    raise _Unfit("no policy and no plugin is called so", *alike)


def _factory_at(place: str, kind: _Kind[_Factory]) -> _Factory:
    """
    @raise _Unfit: if there is none, or it makes something else.
    """
    module, _, attribute = place.partition(":")
    interface, factory, doing = kind.interface, None, "imported"
    not_one = f"it is no {kind.noun}: "
    try:
        factory = getattr(importlib.import_module(module), attribute)
        doing = "made"
        fault = misfit(interface, kind.make(factory))
    except OUR_END:
        raise
    except BaseException as error:
        # Whatever somebody else's module does.
        if isinstance(factory, type) and not interface.implementedBy(factory):
            fault = f"it does not provide {interface.__name__}"
            raise _Unfit(not_one + fault) from error
        reason = f"{type(error).__name__} while it was {doing}{said(error)}"
        raise _Unfit(reason) from error
    if fault is not None:
        raise _Unfit(not_one + fault)
    return cast(_Factory, factory)
