"""
Tests of L{swarmpeer.policies}.
"""

from random import Random

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer import policy_plugins
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.piece_pickers import PIECE_PICKERS
from swarmpeer.errors import ConfigError
from swarmpeer.interfaces import IPolicyPlugin
from swarmpeer.policies import choking_policy, piece_picker, plugins_in_vain
from swarmpeer.testing.policies import FreeRiding
from swarmpeer.text import quoted


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


class Odd(ChokingManager):
    """
    Is made from nothing.
    """

    def __init__(self) -> None:
        super().__init__(1, Random(0))


@implementer(IPolicyPlugin)
class Plugin:
    """
    Offers a policy.
    """

    def __init__(self, name: object, kind: object, factory: object) -> None:
        self.name = name
        self.kind = kind
        self.factory = factory


class Loud(Plugin):
    """
    Cannot be asked for its name.
    """

    def __getattribute__(self, attribute: str) -> object:
        if attribute == "name":
            raise SystemExit("a\nb")
        return super().__getattribute__(attribute)


def lacking(attribute: str) -> Plugin:
    """
    A plugin that was written in a hurry.
    """
    plugin = Plugin("hasty", "choking", FREE_RIDING)
    delattr(plugin, attribute)
    return plugin


RANDOM = "swarmpeer.core.picking_random:RandomPicker"
FREE_RIDING = "swarmpeer.testing.policies:FreeRiding"


class PluginTests(SynchronousTestCase):
    """
    Policies that plugins offer.
    """

    def setUp(self) -> None:
        """
        Some of them are of no use.
        """
        plugins = [
            Plugin("lots", "picking", RANDOM),
            Plugin("selfish", "choking", FREE_RIDING),
            Plugin("both", "picking", RANDOM),
            Plugin("both", "choking", FREE_RIDING),
            Plugin("twice", "picking", RANDOM),
            Plugin("twice", "picking", "a.b:C"),
            Plugin("odd", "piking", RANDOM),
            Plugin("fleet", "choking", FREE_RIDING),
        ]
        self.patch(policy_plugins, "getPlugins", lambda _: iter(plugins))

    def test_by_name(self) -> None:
        """
        Each is for the key that it tells; where one of ours has the name, that is it.
        """
        for name in ("lots", "both"):
            self.assertIs(piece_picker(name, "x"), PIECE_PICKERS["random"])
        for name in ("selfish", "both"):
            self.assertIs(choking_policy(name, "x"), FreeRiding)
        self.assertIs(choking_policy("fleet", "x"), FleetChoking)

    def test_of_no_use(self) -> None:
        """
        It is told what is the matter with one that is called so.
        """
        for find, name, fault in (
            (choking_policy, "lots", "a plugin is called so, but it is for picking; "),
            (piece_picker, "selfish", "called so, but it is for choking; "),
            (
                piece_picker,
                "twice",
                f"several plugins are called so: a.b:C, {RANDOM}; ",
            ),
            (
                piece_picker,
                "odd",
                "a plugin is called so, but its kind is 'piking', neither 'choking' "
                "nor 'picking'; ",
            ),
            (piece_picker, "lost", "called so; 'lots' would be right"),
        ):
            error = self.assertRaises(ConfigError, find, name, "s:1:1")
            self.assertIn(fault, str(error))

    def test_in_vain(self) -> None:
        """
        Those that nobody can choose are told, too.
        """
        self.assertEqual(
            list(plugins_in_vain()),
            [
                "the plugin 'odd' is never used: its kind is 'piking', neither "
                "'choking' nor 'picking'",
                "the plugin 'fleet' is never used: one of our own is called so",
            ],
        )


class IllFormedPluginTests(SynchronousTestCase):
    """
    Plugins that are not what they should be, beside one that is.
    """

    def among(self, *plugins: Plugin) -> None:
        """
        Those are on this machine, and then the good one.
        """
        good = Plugin("selfish", "choking", FREE_RIDING)
        self.patch(policy_plugins, "getPlugins", lambda _: iter([*plugins, good]))

    def test_others_go_on(self) -> None:
        """
        Each is one line of warning, and keeps nobody from a policy of ours, nor from
        one of another plugin, nor from hearing what is meant.
        """
        wanted = "where the text package.module:Name is wanted"
        odd = "cho\nking"
        neither = "neither 'choking' nor 'picking'"
        for plugin, fault in (
            (lacking("name"), "it has no name"),
            (lacking("kind"), "it has no kind"),
            (lacking("factory"), "it has no factory"),
            (Loud("x", "choking", FREE_RIDING), "its name raises SystemExit: a b"),
            (Plugin(None, "choking", RANDOM), "its name is None, which is no text"),
            (Plugin(5, "picking", RANDOM), "its name is 5, which is no text"),
            (Plugin("x", ["choking"], RANDOM), f"its kind is ['choking'], {neither}"),
            (
                Plugin("x", odd * 100, RANDOM),
                f"its kind is {odd * 5!r}..., {neither}",
            ),
            (Plugin("x", "choking", object), f"is <class 'object'>, {wanted}"),
            (Plugin("x", "choking", "mGood"), f"its factory is 'mGood', {wanted}"),
            (Plugin("x", "choking", ":Good"), f"its factory is ':Good', {wanted}"),
        ):
            self.among(plugin)
            [line] = plugins_in_vain()
            self.assertTrue(line.isprintable(), line)
            self.assertTrue(line.startswith("the plugin "), line)
            self.assertIn(" is never used: ", line)
            self.assertTrue(line.endswith(fault), line)
            self.assertLess(len(line), 300)
            self.assertIs(choking_policy("fleet", "x"), FleetChoking)
            self.assertIs(choking_policy("selfish", "x"), FreeRiding)
            error = self.assertRaises(ConfigError, choking_policy, "selfsh", "s:1:1")
            self.assertIn("called so; 'selfish' would be right", str(error))

    def test_chosen(self) -> None:
        """
        Who chooses one hears what is wrong with it.
        """
        for plugin, fault in (
            (lacking("kind"), "it has no kind"),
            (lacking("factory"), "it has no factory"),
            (Plugin("hasty", "choking", FreeRiding), "its factory is <class 'swarm"),
            (Plugin("hasty", "choking", "mGood"), "its factory is 'mGood', where the "),
        ):
            self.among(plugin)
            error = self.assertRaises(ConfigError, choking_policy, "hasty", "s:1:1")
            self.assertIn(f"a plugin is called so, but {fault}", str(error))

    def test_end_of_ours(self) -> None:
        """
        What is to end us does.
        """

        class Ends(Plugin):
            """
            Its name takes so long that somebody presses Ctrl-C.
            """

            def __getattribute__(self, attribute: str) -> object:
                raise KeyboardInterrupt

        self.among(Ends("x", "choking", RANDOM))
        self.assertRaises(KeyboardInterrupt, list, plugins_in_vain())


class Outdated(RarestPicker):
    """
    A picker that was written for another version.
    """

    note_haves = property()


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
            (choking_policy, f"{__name__}:Odd", "takes 1 positional argument but 3"),
            (
                choking_policy,
                "collections:Counter",
                "it is no choking policy: it does not provide IChokingPolicy; ",
            ),
            (
                piece_picker,
                "swarmpeer.core.classic_choking:ChokingManager",
                "it is no picker: it does not provide IPiecePicker; ",
            ),
            (choking_policy, f"{__name__}:cannot", "ValueError while it was made; "),
            (choking_policy, f"{__name__}:leaves", "SystemExit while it was made: 3; "),
            (choking_policy, "operator:is_", "it is no choking policy: it does not"),
            (piece_picker, "fleet", "no policy and no plugin is called so"),
            (piece_picker, "operator:is_", "it is no picker: it does not provide"),
            (
                piece_picker,
                f"{__name__}:Outdated",
                "it is no picker: it has no note_haves(indexes); ",
            ),
        ):
            error = self.assertRaises(ConfigError, find, name, "s:1:1")
            key = "choking" if find is choking_policy else "picking"
            start = f"s:1:1: {key} = {quoted(name)}: "
            self.assertEqual(str(error)[: len(start)], start)
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
