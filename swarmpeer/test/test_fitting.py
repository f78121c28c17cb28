"""
Tests of L{swarmpeer.fitting}.
"""

from itertools import product
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Attribute, Interface, implementer

from swarmpeer.fitting import checked, misfit


class IDoor(Interface):
    """
    What is handed in.
    """

    colour = Attribute("str: red, say")

    def open(wide: bool) -> None:
        """
        Let them in.
        """

    def close() -> None:
        """
        Keep them out.
        """


class IWindow(IDoor):
    """
    One that more can be asked of.
    """

    def look_out() -> None:
        """
        See.
        """


class Good:
    """
    All of a door.
    """

    colour = "red"

    def open(self, wide: bool) -> None:
        """
        Let them in.
        """

    def close(self) -> None:
        """
        Keep them out.
        """


class Stuck:
    """
    Not all of it.
    """

    def open(self) -> None:
        """
        It opens in one way only.
        """

    close = None


def raising(error: BaseException) -> property:
    """
    Something that raises when it is looked at.
    """

    def look(_self: object) -> object:
        raise error

    return property(look)


class FittingTests(SynchronousTestCase):
    """
    Things with and without what their interface says.
    """

    def test_fits(self) -> None:
        """
        What has all of it is handed back.
        """
        door = implementer(IDoor)(type("Door", (Good,), {}))()
        self.assertIs(checked(door, IDoor), door)
        self.assertIsNone(misfit(IDoor, door))

    def test_misfits(self) -> None:
        """
        What is missing, or is otherwise, is told in one line.
        """
        door = implementer(IDoor)(type("Door", (Stuck,), {}))()
        words = str(misfit(IDoor, door))
        self.assertNotIn("\n", words)
        for part in (
            "it has no colour",
            "its open(wide) does not fit: implementation doesn't allow enough",
            "its close() does not fit",
        ):
            self.assertIn(part, words)
        self.assertEqual(misfit(IDoor, Good()), "it does not provide IDoor")
        error = self.assertRaises(TypeError, checked, door, IDoor)
        self.assertIn("its open(wide) does not fit", str(error))
        error = self.assertRaises(TypeError, checked, Good(), IDoor)
        self.assertTrue(str(error).endswith(": it does not provide IDoor"), error)

    def test_known_later(self) -> None:
        """
        What is handed in may know of its attributes later, and is not asked for them.
        """
        doors: Any = (
            type("Door", (Good,), {"colour": raising(RuntimeError("ask later"))}),
            type("Door", (), {"open": Good.open, "close": Good.close}),
        )
        for door in (implementer(IDoor)(each)() for each in doors):
            self.assertIs(checked(door, IDoor), door)
        self.assertEqual(misfit(IDoor, door), "it has no colour")

    def test_raises(self) -> None:
        """
        What raises where it is looked at does not fit, whatever it raises.
        """
        errors = RuntimeError("a\nb"), SystemExit("a\nb")
        for error, name in product(errors, ("close", "__providedBy__")):
            made = implementer(IDoor)(type("Door", (Good,), {}))
            setattr(made, name, raising(error))
            door = made()
            fault = f"where it was looked at it raised {type(error).__name__}: a b"
            self.assertEqual(misfit(IDoor, door), fault)
            told = self.assertRaises(TypeError, checked, door, IDoor)
            self.assertTrue(str(told).endswith(f"of no use here: {fault}"), told)
        door = implementer(IDoor)(
            type("Door", (Good,), {"close": raising(KeyboardInterrupt())})
        )()
        self.assertRaises(KeyboardInterrupt, checked, door, IDoor)

    def test_goes_further(self) -> None:
        """
        What says that it can more has to.
        """
        window = implementer(IWindow)(type("Window", (Good,), {}))()
        error = self.assertRaises(TypeError, checked, window, IDoor)
        self.assertIn("is of no use here: it has no look_out()", str(error))
        window = implementer(IWindow)(type("Window", (), {"open": Good.open}))()
        error = self.assertRaises(TypeError, checked, window, IDoor)
        self.assertEqual(str(error).count("it has no close()"), 1)

    def test_untouched(self) -> None:
        """
        The interface is as it was before something was held against it.
        """
        checked(implementer(IDoor)(type("Door", (Good,), {}))(), IDoor)
        self.assertIs(IDoor["open"].interface, IDoor)
