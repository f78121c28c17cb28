"""
Whether something that is handed in has what its interface says.
"""

from collections.abc import Iterator
from copy import copy
from typing import TypeVar

from zope.interface import Invalid, providedBy
from zope.interface.exceptions import (
    BrokenImplementation,
    BrokenMethodImplementation,
)
from zope.interface.interface import InterfaceClass, Method
from zope.interface.verify import verifyObject

from swarmpeer.errors import OUR_END
from swarmpeer.text import in_few_words, said

_Thing = TypeVar("_Thing")


def checked(thing: _Thing, interface: InterfaceClass) -> _Thing:
    """
    The thing itself.  Only its methods are looked at: it may know of its attributes
    later, as a storage does that is not open yet.

    @param interface: which it has to provide, and any that goes further only as it
        says.
    @raise TypeError: if it does not, or lacks something of what it says.
    """
    if fault := _in_a_line(_unfit_methods(interface, thing)):
        raise TypeError(f"{in_few_words(thing)} is of no use here: {fault}")
    return thing


def misfit(interface: InterfaceClass, thing: object) -> str | None:
    """
    Why C{thing} is not what the interface says, in one line, if it is not.
    """
    return _in_a_line(_faults(interface, interface, thing))


def _unfit_methods(interface: InterfaceClass, thing: object) -> Iterator[str]:
    """
    What is wrong with the methods that are wanted of it, and with those that it says it
    has beyond them.
    """
    more = [each for each in providedBy(thing) if each.extends(interface)]
    for each in (interface, *more):
        yield from _faults(each, _methods_of(each), thing)


def _methods_of(interface: InterfaceClass) -> InterfaceClass:
    """
    What is left of it without its attributes.
    """
    # Copies, since an interface makes its own what it is made of.
    methods = {
        name: copy(each)
        for name, each in interface.namesAndDescriptions(all=True)
        if isinstance(each, Method)
    }
    return InterfaceClass(interface.__name__, (), methods)


def _faults(
    interface: InterfaceClass, wanted: InterfaceClass, thing: object
) -> Iterator[str]:
    """
    @param wanted: what of the interface is looked at.
    """
    if not interface.providedBy(thing):
        yield f"it does not provide {interface.__name__}"
    try:
        verifyObject(wanted, thing, tentative=True)
    except Invalid as error:
        yield from _words(error)


def _in_a_line(faults: Iterator[str]) -> str | None:
    """
    @param faults: found while they are asked for, which may raise.
    """
    # Each once: what goes further lacks what is lacking anyway, too.
    found: dict[str, None] = {}
    try:
        for each in faults:
            found[each] = None
    except OUR_END:
        raise
    except BaseException as error:
        # What it has is a property, say, and that raises.
        reason = f"{type(error).__name__}{said(error)}"
        found[f"where it was looked at it raised {reason}"] = None
    return "; ".join(found) or None


def _words(error: Invalid) -> Iterator[str]:
    match error:
        case BrokenImplementation():
            yield f"it has no {_name_of(error.name)}"
        case BrokenMethodImplementation():
            yield f"its {_name_of(error.method)} does not fit: {error.mess}"
        case _:
            # Several at once.
            for each in getattr(error, "exceptions", ()):
                yield from _words(each)


def _name_of(attribute: object) -> str:
    """
    As its interface writes it.
    """
    if isinstance(attribute, str):
        return attribute
    name = getattr(attribute, "__name__", attribute)
    signature = getattr(attribute, "getSignatureString", str)()
    return f"{name}{signature}"
