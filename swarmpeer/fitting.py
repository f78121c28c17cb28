"""
Whether something that is handed in has what its interface says.
"""

from collections.abc import Iterator
from typing import TypeVar

from zope.interface import Invalid, providedBy
from zope.interface.exceptions import (
    BrokenImplementation,
    BrokenMethodImplementation,
    DoesNotImplement,
)
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject

from swarmpeer.text import in_few_words

_Thing = TypeVar("_Thing")


def checked(thing: _Thing, interface: InterfaceClass) -> _Thing:
    """
    The thing itself.

    @param interface: which it has to provide, and any that goes further only as it
        says.
    @raise TypeError: if it does not, or lacks something of what it says.
    """
    more = [each for each in providedBy(thing) if each.extends(interface)]
    for each in (interface, *more):
        if fault := misfit(each, thing):
            raise TypeError(f"{in_few_words(thing)} is of no use here: {fault}")
    return thing


def misfit(interface: InterfaceClass, thing: object) -> str | None:
    """
    Why C{thing} is not what the interface says, in one line, if it is not.
    """
    try:
        verifyObject(interface, thing)
    except Invalid as error:
        return "; ".join(_words(interface, error))
    return None


def _words(interface: InterfaceClass, error: Invalid) -> Iterator[str]:
    match error:
        case DoesNotImplement():
            yield f"it does not provide {interface.__name__}"
        case BrokenImplementation():
            yield f"it has no {_name_of(error.name)}"
        case BrokenMethodImplementation():
            yield f"its {_name_of(error.method)} does not fit: {error.mess}"
        case _:
            # Several at once.
            for each in getattr(error, "exceptions", ()):
                yield from _words(interface, each)


def _name_of(attribute: object) -> str:
    """
    As its interface writes it.
    """
    if isinstance(attribute, str):
        return attribute
    name = getattr(attribute, "__name__", attribute)
    signature = getattr(attribute, "getSignatureString", str)()
    return f"{name}{signature}"
