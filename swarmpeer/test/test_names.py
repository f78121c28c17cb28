"""
Tests of L{swarmpeer.testing.names}, and of what needs nothing else.
"""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.piece_pickers import PIECE_PICKERS
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.names import PICKING_NAMES, POLICY_NAMES, ROLE_NAMES
from swarmpeer.testing.policies import POLICIES


class NamesTests(SynchronousTestCase):
    """
    Names, and what they are of.
    """

    def test_all_are_there(self) -> None:
        """
        Every role, policy and picker is named, in their order, and nothing else.
        """
        self.assertEqual(ROLE_NAMES, tuple(ROLES))
        self.assertEqual(POLICY_NAMES, tuple(POLICIES))
        self.assertEqual(PICKING_NAMES, tuple(PIECE_PICKERS))

    def test_parsing_needs_no_simulator(self) -> None:
        """
        The command that reads options loads the simulator only to run it.
        """
        code = (
            "import sys; from swarmpeer.command_line import build_parser; "
            "build_parser().parse_args(['simulate', '--hostile', 'liar']); "
            "names = [n for n in sys.modules if n.startswith('swarmpeer.testing')]; "
            "print(*names)"
        )
        said = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        self.assertEqual(
            sorted(said.stdout.split()),
            [
                "swarmpeer.testing",
                "swarmpeer.testing.names",
                "swarmpeer.testing.scenario",
            ],
        )
