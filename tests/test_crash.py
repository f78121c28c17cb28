"""
A short run of C{tools.crash}: a peer that is killed in the midst of transfers and
started again by the same command.
"""

from tests.processes import ProcessTestCase
from tools.crash import CrashRun, CrashTally

_KILLS = 6
_SIZE_BYTES = 16 * 2**20


class CrashTests(ProcessTestCase):
    """
    L{CrashRun}.
    """

    def test_some_kills(self) -> None:
        """
        Killed at any moment, the peer has what it recorded, and in the end it has
        everything; nobody is blamed.
        """
        run = CrashRun(self.make_folder(needs_bytes=4 * _SIZE_BYTES), 1, _SIZE_BYTES)
        told: list[int] = []

        def note(tally: CrashTally) -> None:
            told.append(tally.kills)

        tally = run.run(_KILLS, note)
        self.assertEqual(tally.faults, [])
        self.assertEqual(max(told), tally.kills)
        self.assertEqual(tally.kills, _KILLS)
        self.assertGreater(tally.in_transfer, 0)
        self.assertGreater(tally.transfers, 0)
