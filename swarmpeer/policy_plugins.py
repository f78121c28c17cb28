"""
Which policies the plugins of this machine offer.  A plugin is somebody else's code:
whatever one is, or does when it is asked, the others are not the worse for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from twisted.plugin import getPlugins

from swarmpeer.errors import OUR_END
from swarmpeer.interfaces import IPolicyPlugin
from swarmpeer.text import in_few_words, quoted, said

_KINDS = ("choking", "picking")


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A policy, as L{IPolicyPlugin} has it.
    """

    name: str
    kind: str
    factory: str


@dataclass(frozen=True, slots=True)
class Useless:
    """
    A plugin that offers nothing that could be chosen.

    @ivar name: C{None} if it has none.
    @ivar shown: which plugin that is, for people.
    @ivar fault: why it is of no use.
    """

    name: str | None
    shown: str
    fault: str


def offers() -> Iterator[Offer | Useless]:
    """
    What each of the plugins offers.
    """
    for plugin in getPlugins(IPolicyPlugin):
        name = None
        try:
            name = _name(plugin)
            yield Offer(name, _kind(plugin), _factory(plugin))
        except _IllFormed as fault:
            shown = in_few_words(plugin) if name is None else quoted(name)
            yield Useless(name, shown, str(fault))


class _IllFormed(Exception):
    """
    What a plugin says of itself is not what L{IPolicyPlugin} has.
    """


def _name(plugin: object) -> str:
    name = _told(plugin, "name")
    if isinstance(name, str):
        return name
    raise _IllFormed(f"its name is {_shown(name)}, which is no text")


def _kind(plugin: object) -> str:
    kind = _told(plugin, "kind")
    if isinstance(kind, str) and kind in _KINDS:
        return kind
    neither = " nor ".join(map(repr, _KINDS))
    raise _IllFormed(f"its kind is {_shown(kind)}, neither {neither}")


def _factory(plugin: object) -> str:
    factory = _told(plugin, "factory")
    if isinstance(factory, str) and all(factory.partition(":")):
        return factory
    # Often the class itself.
    raise _IllFormed(
        f"its factory is {_shown(factory)}, where the text package.module:Name is "
        "wanted"
    )


def _told(plugin: object, attribute: str) -> object:
    try:
        return getattr(plugin, attribute)
    except OUR_END:
        raise
    except AttributeError as error:
        raise _IllFormed(f"it has no {attribute}") from error
    except BaseException as error:
        reason = f"{type(error).__name__}{said(error)}"
        raise _IllFormed(f"its {attribute} raises {reason}") from error


def _shown(value: object) -> str:
    return quoted(value) if isinstance(value, str) else in_few_words(value)
