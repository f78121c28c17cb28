"""
C{swarmpeer config}: what has commands of its own.
"""

import argparse

from swarmpeer.commands import Commands
from swarmpeer.config_commands import check, convert

_DESCRIPTION = """\
Check the configuration of a verified swarm, or make one of the two files of a classic
swarm.
"""

_EPILOG = """\
every key of swarm.toml is told in docs/configuration.md
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{config} one of the C{commands}.
    """
    parser = commands.add_parser(
        "config",
        help="check a swarm.toml, or make one",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own_commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="config_command", required=True
    )
    check.add_parser(own_commands)
    convert.add_parser(own_commands)
