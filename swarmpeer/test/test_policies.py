"""
Tests of L{swarmpeer.policies}.
"""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.picking import PIECE_PICKERS
from swarmpeer.errors import ConfigError
from swarmpeer.policies import choking_policy, piece_picker


def cannot(*_: object) -> None:
    """
    Makes nothing, and does not say why.
    """
    raise ValueError


def leaves(*_: object) -> None:
    """
    Would end the process.
    """
    raise SystemExit(3)


class PolicyTests(SynchronousTestCase):
    """
    Policies by name.
    """

    def test_built_in(self) -> None:
        """
        Those that are here have one word each.
        """
        self.assertIs(choking_policy("classic", "x"), ChokingManager)
        self.assertIs(choking_policy("fleet", "x"), FleetChoking)
        for name, factory in PIECE_PICKERS.items():
            self.assertIs(piece_picker(name, "x"), factory)

    def test_by_place(self) -> None:
        """
        Others are told by where they are.
        """
        place = "swarmpeer.testing.policies:FreeRiding"
        self.assertIsInstance(choking_policy(place, "x")(1, Random(0)), ChokingManager)
        picker = "swarmpeer.core.picking_random:RandomPicker"
        self.assertIs(piece_picker(picker, "x"), PIECE_PICKERS["random"])

    def test_none(self) -> None:
        """
        What cannot be found, cannot be made or is something else is told in one line.
        """
        for find, name, reason in (
            (choking_policy, "clasic", "no policy and no plugin is called so"),
            (choking_policy, "rarest", "no policy and no plugin is called so"),
            (
                choking_policy,
                "no.where:It",
                "ModuleNotFoundError while it was imported: No module named 'no'; ",
            ),
            (
                choking_policy,
                "random:Nobody",
                "AttributeError while it was imported: module 'random' has no "
                "attribute 'Nobody'; ",
            ),
            (choking_policy, "collections:Counter", "takes from 1 to 2 positional"),
            (choking_policy, f"{__name__}:cannot", "ValueError while it was made; "),
            (choking_policy, f"{__name__}:leaves", "SystemExit while it was made: 3; "),
            (choking_policy, "operator:is_", "does not provide IChokingPolicy"),
            (piece_picker, "fleet", "no policy and no plugin is called so"),
            (piece_picker, "operator:is_", "does not provide IPiecePicker"),
        ):
            error = self.assertRaises(ConfigError, find, name, "s:1:1")
            key = "choking" if find is choking_policy else "picking"
            self.assertTrue(str(error).startswith(f"s:1:1: {key} = {name!r}: "), error)
            self.assertIn(reason, str(error))
            self.assertNotIn("\n", str(error))

    def test_what_would_be_right(self) -> None:
        """
        Who mistyped a name is told the one that is meant, others all that there are.
        """
        cannot = "no policy and no plugin is called so"
        others = "the name of a plugin or package.module:Name"
        for find, name, right in (
            (choking_policy, "clasic", "'classic'"),
            (choking_policy, "FLEET", "'fleet'"),
            (choking_policy, "nicest", f"'classic', 'fleet', {others}"),
            (piece_picker, "rarest-first", "'rarest'"),
        ):
            error = self.assertRaises(ConfigError, find, name, "s:1:1")
            key = "choking" if find is choking_policy else "picking"
            self.assertEqual(
                str(error),
                f"s:1:1: {key} = {name!r}: {cannot}; {right} would be right",
            )
