"""
What the tests of mistakes in our own code share.
"""

from collections.abc import Callable

from twisted.python.monkey import MonkeyPatcher
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.swarm import SimulatedSwarm
from tests.swarm_runs import told


class MutantTestCase(SynchronousTestCase):
    """
    One mistake in each test, which a simulated swarm must find.
    """

    def setUp(self) -> None:
        """
        There is no mistake yet.
        """
        self._mutations: list[MonkeyPatcher] = []

    def mutate(self, owner: object, name: str, mutant: object) -> None:
        """
        Make a mistake until something is found.
        """
        self._mutations.append(self.patch(owner, name, mutant))

    def assert_broken(
        self, rule: str, swarm: Callable[[int], SimulatedSwarm], *, within: int
    ) -> None:
        """
        Fail unless C{rule} is the first that is broken, in one of the first
        C{within} swarms, and every rule holds there without the mistake.

        @param swarm: makes the swarm of that number.
        """
        for number in range(within):
            breaches = swarm(number).run().breaches
            if breaches:
                break
        else:
            self.fail(f"{rule!r} held in {within} swarms")
        # A mistake may make an exception, which is one of the rules.
        self.flushLoggedErrors()
        self.assertEqual(breaches[0].rule, rule, str(breaches[0]))
        for mutation in self._mutations:
            mutation.restore()
        self.assertEqual(told(swarm(number).run()), ())
