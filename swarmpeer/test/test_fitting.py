"""
Tests of L{swarmpeer.fitting}.
"""

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
        self.assertRaises(TypeError, checked, door, IDoor)

    def test_goes_further(self) -> None:
        """
        What says that it can more has to.
        """
        window = implementer(IWindow)(type("Window", (Good,), {}))()
        error = self.assertRaises(TypeError, checked, window, IDoor)
        self.assertIn("is of no use here: it has no look_out()", str(error))
