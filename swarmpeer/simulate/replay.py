"""
A scenario as a command line, and back.
"""

import argparse
import shlex
from dataclasses import fields

from swarmpeer.arguments import type_of
from swarmpeer.errors import SwarmPeerError
from swarmpeer.quantities import format_size
from swarmpeer.simulate.options import OPTIONS, UNSET
from swarmpeer.simulate.words import HostileShare
from swarmpeer.testing.scenario import Scenario

MOST_PIECES = 1_000_000

_DEFAULT = Scenario()

_VERIFIED = ("most_neighbors", "picking")
"""
Fields that only a verified swarm has.
"""


class ScenarioError(SwarmPeerError):
    """
    Options that make no scenario.
    """


def add_options(parser: argparse.ArgumentParser) -> None:
    """
    Let C{parser} take everything that makes a scenario.
    """
    group = parser.add_argument_group("the swarm")
    for option in OPTIONS:
        default = getattr(_DEFAULT, option.field)
        if default is None:
            meaning = f"{option.meaning} (default: {UNSET[option.field]})"
        elif default in ((), frozenset()):
            meaning = f"{option.meaning} (default: none)"
        else:
            meaning = f"{option.meaning} (default: {option.write(default)})"
        group.add_argument(
            option.flag,
            type=type_of(option.parse),
            dest=option.field,
            metavar=option.metavar,
            # Said or not said: that makes a difference where there is no such thing.
            default=None if option.field in _VERIFIED else default,
            help=meaning,
        )
    group.add_argument(
        "--no-disk",
        dest="on_disk",
        action="store_false",
        help="simulate no disks: quicker, and for swarms of a thousand",
    )


def scenario_of(arguments: argparse.Namespace, seed: int | None = None) -> Scenario:
    """
    The scenario that was asked for.

    @param seed: another one than the given.
    @raise ScenarioError: if the options do not go together.
    """
    values = {field.name: getattr(arguments, field.name) for field in fields(Scenario)}
    if seed is not None:
        values["seed"] = seed
    for option in OPTIONS:
        if option.field in _VERIFIED:
            if values[option.field] is None:
                values[option.field] = getattr(_DEFAULT, option.field)
            elif values["files"] is None:
                raise ScenarioError(
                    f"{option.flag} is for verified swarms: give --files N"
                )
    hostile = values["hostile"]
    if isinstance(hostile, HostileShare):
        values["hostile"] = hostile.roles(values["peers"], values["seed"])
    peers, seeds, free_riders = (
        values[name] for name in ("peers", "seeds", "free_riders")
    )
    # A scenario says so too, but not by the names of the options.
    if seeds > peers:
        raise ScenarioError(f"--seeds {seeds} is more than --peers {peers}")
    if free_riders > peers - seeds:
        raise ScenarioError(
            f"--free-riders {free_riders} is more than the {peers - seeds} "
            "that begin without the file"
        )
    try:
        scenario = Scenario(**values)
    except ValueError as error:
        raise ScenarioError(str(error)) from None
    if scenario.piece_count > MOST_PIECES:
        raise ScenarioError(
            f"--piece-size {format_size(scenario.piece_size_bytes)} gives "
            f"{scenario.piece_count} pieces, {MOST_PIECES} at most"
        )
    return scenario


def replay_command(scenario: Scenario, *, checks: bool = True) -> str:
    """
    The one command that runs C{scenario} again, ready for a shell.

    @param checks: were the invariants looked at after every event?
    """
    words = ["swarmpeer", "simulate"]
    for option in OPTIONS:
        value = getattr(scenario, option.field)
        if value != getattr(_DEFAULT, option.field):
            words += [option.flag, option.write(value)]
    if not scenario.on_disk:
        words.append("--no-disk")
    if not checks:
        words.append("--no-checks")
    return shlex.join(words)
