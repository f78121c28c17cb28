"""
Tests of L{swarmpeer.simulate.replay}.
"""

import argparse
import shlex
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.replay import (
    ScenarioError,
    add_options,
    replay_command,
    scenario_of,
)
from swarmpeer.simulate.summary import conditions_words
from swarmpeer.simulate.words import HostileShare
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.policies import POLICIES
from swarmpeer.testing.scenario import FaultLevel, Scenario

_RATES = st.none() | st.floats(0.5, 1e12)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """
    Any scenario that options can say.
    """
    peers = draw(st.integers(2, 2000))
    seeds = draw(st.integers(1, peers))
    piece_size = draw(st.integers(1, 2**26))
    return Scenario(
        seed=draw(st.integers(0, 2**60)),
        peers=peers,
        seeds=seeds,
        file_size_bytes=piece_size * draw(st.integers(1, 1000))
        + draw(st.integers(0)) % 7,
        piece_size_bytes=piece_size,
        preferred=draw(st.integers(1, 100)),
        unchoking_interval_seconds=draw(st.integers(1, 1000)),
        optimistic_interval_seconds=draw(st.integers(1, 1000)),
        policy=draw(st.sampled_from(sorted(POLICIES))),
        free_riders=draw(st.integers(0, peers - seeds)),
        hostile=tuple(draw(st.lists(st.sampled_from(sorted(ROLES)), max_size=5))),
        up_rate=draw(_RATES),
        seed_up_rate=draw(_RATES),
        down_rate=draw(_RATES),
        latency_seconds=draw(st.floats(0.0001, 2) | st.just(0.0)),
        jitter_seconds=draw(st.floats(0.0001, 2) | st.just(0.0)),
        neighbors=draw(st.none() | st.integers(1, 1000)),
        up_factors=tuple(draw(st.lists(st.floats(0.001, 1000), max_size=3))),
        faults=draw(st.sampled_from(FaultLevel)),
        skipped_faults=draw(st.frozensets(st.integers(0, 60))),
        on_disk=draw(st.booleans()),
    )


def parse(words: list[str]) -> Scenario:
    """
    The scenario of some options.

    @raise ScenarioError: if they are not right.
    """
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    parser.add_argument("--no-checks", action="store_true")
    try:
        return scenario_of(parser.parse_args(words))
    except argparse.ArgumentError as error:
        raise ScenarioError(str(error)) from None


class ReplayTests(SynchronousTestCase):
    """
    From a scenario to its command and back.
    """

    def test_default(self) -> None:
        """
        The usual needs no word, and no word is the usual.
        """
        self.assertEqual(replay_command(Scenario()), "swarmpeer simulate")
        self.assertEqual(parse([]), Scenario())

    def test_example(self) -> None:
        """
        Only what is not as usual is said, in the units that people use.
        """
        scenario = Scenario(
            seed=9,
            peers=3,
            file_size_bytes=48 * 1024,
            up_rate=6_250_000.0,
            hostile=("liar", "poisoner"),
            faults=FaultLevel.WILD,
            skipped_faults=frozenset([0, 3, 4, 5, 9]),
        )
        self.assertEqual(
            replay_command(scenario, checks=False),
            "swarmpeer simulate --peers 3 --hostile liar,poisoner --file-size 48K "
            "--up 50Mbit --faults wild --skip-faults 0,3-5,9 --seed 9 --no-checks",
        )

    @given(scenarios())
    def test_round_trip(self, scenario: Scenario) -> None:
        """
        Whatever the scenario, its command makes the same.
        """
        words = shlex.split(replay_command(scenario))
        self.assertEqual(words[:2], ["swarmpeer", "simulate"])
        self.assertEqual(parse(words[2:]), scenario)

    def test_every_field_is_said(self) -> None:
        """
        No field of a scenario is left out of the command.
        """
        other = Scenario(
            seed=1,
            peers=9,
            seeds=2,
            file_size_bytes=10,
            piece_size_bytes=3,
            preferred=4,
            unchoking_interval_seconds=7,
            optimistic_interval_seconds=8,
            policy="open",
            free_riders=1,
            hostile=("liar",),
            up_rate=1.0,
            seed_up_rate=2.0,
            down_rate=3.0,
            latency_seconds=2.0,
            jitter_seconds=0.5,
            neighbors=5,
            up_factors=(0.5, 2.0),
            faults=FaultLevel.MILD,
            skipped_faults=frozenset([6]),
            on_disk=False,
        )
        values = {field.name: getattr(other, field.name) for field in fields(Scenario)}
        # These do not go together with some of the others, or only with them.
        del values["files"]
        verified = {"most_neighbors": 2, "picking": "random"}
        for name, value in {**values, **verified}.items():
            base = Scenario(files=3) if name in verified else Scenario()
            words = len(replay_command(base).split())
            self.assertNotEqual(value, getattr(base, name))
            command = replay_command(replace(base, **{name: value}))
            more = len(command.split()) - words
            self.assertEqual(more, 1 if value is False else 2, command)


class VerifiedTests(SynchronousTestCase):
    """
    What only a verified swarm has.
    """

    def test_only_with_files(self) -> None:
        """
        It is refused without --files, even if it asks for the usual.
        """
        for option, value in (
            ("--picking", "sequential"),
            ("--picking", "rarest"),
            ("--most-neighbors", "4"),
        ):
            error = self.assertRaises(ScenarioError, parse, [option, value])
            self.assertEqual(
                str(error), f"{option} is for verified swarms: give --files N"
            )
            parse(["--files", "2", option, value])

    def test_usual_policy(self) -> None:
        """
        Unless it is said, who is served is chosen as the peers of such a swarm do by
        themselves; the command says what is not so.
        """
        for words, policy in (
            ([], "classic"),
            (["--files", "2"], "fleet"),
            (["--files", "2", "--policy", "classic"], "classic"),
            (["--policy", "fleet"], "fleet"),
        ):
            scenario = parse(words)
            self.assertEqual(scenario.policy_name, policy)
            self.assertIn(f"policy {policy}", conditions_words(scenario))
            command = replay_command(scenario)
            self.assertEqual(command, " ".join(["swarmpeer simulate", *words]))

    def test_of_others(self) -> None:
        """
        A policy or a picker of somebody else is told as in a C{swarm.toml}, and the
        command tells it so, too.
        """
        for option, place in (
            ("--policy", "swarmpeer.core.fleet_choking:FleetChoking"),
            ("--picking", "swarmpeer.core.picking_sequential:SequentialPicker"),
        ):
            words = ["--files", "2", option, place]
            command = replay_command(parse(words))
            self.assertEqual(command, " ".join(["swarmpeer simulate", *words]))

    def test_together(self) -> None:
        """
        What makes no scenario in another way is told, too.
        """
        words = ["--files", "1", "--most-neighbors", "4", "--neighbors", "3"]
        self.assertRaises(ScenarioError, parse, words)


class HostileTests(SynchronousTestCase):
    """
    The share of hostile peers.
    """

    def test_share(self) -> None:
        """
        So many for each honest one, at least one, and none for 0.
        """
        for text, count in (("0", 0), ("0.01", 1), ("0.5", 5), ("50%", 5), ("3", 30)):
            hostile = parse(["--peers", "10", "--hostile", text]).hostile
            self.assertEqual(len(hostile), count)
            self.assertLessEqual(set(hostile), set(ROLES))

    def test_by_seed(self) -> None:
        """
        The roles follow from the seed, and none comes twice before all came.
        """
        share = HostileShare(1.0)
        count = len(ROLES)
        drawn = share.roles(count, 5)
        self.assertEqual(drawn, share.roles(count, 5))
        self.assertNotEqual(drawn, share.roles(count, 6))
        self.assertEqual(set(drawn), set(ROLES))


class WrongTests(SynchronousTestCase):
    """
    What is no scenario.
    """

    def test_wrong(self) -> None:
        """
        It is said what is wrong, and what would be right.
        """
        for words, expected in (
            ("--peers 1", "'1' is no whole number from 2 to 10000"),
            ("--seeds 0", "'0' is no whole number from 1"),
            ("--seed -1", "is no whole number at least 0"),
            ("--seed 99999999999999999999", "is no whole number at least 0"),
            ("--seeds 7", "--seeds 7 is more than --peers 6"),
            ("--free-riders 6", "--free-riders 6 is more than the 5 that begin"),
            ("--hostile saint", "'saint' is neither a share, such as 0.2, nor one of"),
            ("--hostile liar,", "'' is neither a share"),
            ("--hostile 11", "'11': ten for each honest peer at most"),
            ("--file-size 0", "'0' is not from 1 to 16T"),
            ("--file-size 16K5", "'16K5' is no size"),
            ("--file-size 1G --piece-size 1", "--piece-size 1 gives 1073741824 pieces"),
            ("--piece-size 3G", "'3G' is not from 1 to 2147483642"),
            (
                "--policy fair",
                "'fair': no policy and no plugin is called so; 'classic', ",
            ),
            ("--policy lotery", "called so; 'lottery' would be right"),
            ("--policy no.where:It", "ModuleNotFoundError while it was imported"),
            ("--picking rares", "called so; 'rarest' would be right"),
            ("--picking random:Random", "it is no picker: it does not provide"),
            ("--faults many", "'many' is none of none, mild, wild"),
            ("--skip-faults 1,x", "'x' is no whole number from 0"),
            ("--skip-faults 5-3", "'3' is no whole number from 5"),
            ("--up 0", "a rate of 0 lets nothing through"),
            ("--latency 2001ms", "'2001ms' is more than 2s"),
            ("--jitter 1e9", "'1e9' is no time"),
            ("--jitter 3", "'3' is more than 2s"),
        ):
            error = self.assertRaises(ScenarioError, parse, words.split())
            self.assertIn(expected, str(error))
