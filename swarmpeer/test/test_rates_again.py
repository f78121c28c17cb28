"""
Tests for L{swarmpeer.rates_again}.
"""

import os
import signal
from pathlib import Path

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import Rates, RateSchedule
from swarmpeer.config_files import read_swarm
from swarmpeer.rates_again import RatesAgain
from swarmpeer.scheduled_rates import ScheduledRates
from swarmpeer.test.paper_reactor import PaperReactor
from swarmpeer.test.test_scheduled_rates import RecordingPeer

SWARM = """\
manifest = "m.torrent"
[rates]
up = "2 MiB/s"
[[members]]
id = 1
host = "localhost"
port = 6001
seed = true
"""


class RatesAgainTests(SynchronousTestCase):
    """
    A peer that began without limits, and a file that was changed since.
    """

    def setUp(self) -> None:
        """
        It runs.
        """
        self.path = Path(self.mktemp())
        self.path.write_text(SWARM)
        self.reactor = PaperReactor()
        self.peer = RecordingPeer(self.reactor)
        rates = ScheduledRates(
            self.peer.set_rates, 1, RateSchedule(), self.reactor, lambda: (0, 0.0)
        )
        rates.setServiceParent(self.peer)
        self.peer.startService()
        self.peer.set.clear()
        self.before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, self.before)
        self.swarm = read_swarm(self.path)
        self.again = RatesAgain(self.reactor, self.path, rates, self.swarm)
        self.again.startService()

    def hang_up(self) -> list[str]:
        """
        Send the signal.

        @return: what the log says.
        """
        with capturedLogs() as events:
            os.kill(os.getpid(), signal.SIGHUP)
        return [str(formatEvent(event)) for event in events]

    def test_reads_again(self) -> None:
        """
        The signal makes the peer as fast as the file says now, and says so.
        """
        first, second = self.hang_up()
        self.assertEqual(first, f"the rates of {self.path.absolute()} are read again")
        self.assertIn("from now on up 2.10 MB/s, down unlimited", second)
        self.assertEqual(self.peer.set, [(0.0, Rates(up=2**21))])

    def test_other_changes(self) -> None:
        """
        If other things are changed, too, a line says that they wait; that lines are
        elsewhere now is no change.
        """
        self.path.write_text(f"# by me\n{SWARM}")
        self.assertEqual(len(self.hang_up()), 2)
        text = f"{SWARM}[checking]\nparanoid = true\n"
        self.path.write_text(text.replace("2 MiB", "3 MiB"))
        *_, rates, others = self.hang_up()
        self.assertIn("from now on up 3.15 MB/s", rates)
        path = self.path.absolute()
        self.assertEqual(others, f"other changes of {path} wait for a new start")

    def test_wrong_file(self) -> None:
        """
        If the file is wrong, or gone, the rates stay as they are, and one line says
        why.
        """
        self.path.write_text(SWARM.replace("MiB/s", "MiB/h"))
        (line,) = self.hang_up()
        self.assertIn("the rates stay as they are: ", line)
        self.assertIn(":3:6: up: '2 MiB/h' is no rate, bytes a second such as", line)
        self.path.unlink()
        (line,) = self.hang_up()
        self.assertIn(":1:1: cannot be read: ", line)
        self.assertEqual(self.peer.set, [])

    def test_pipe(self) -> None:
        """
        A pipe is not waited for.
        """
        self.path.unlink()
        os.mkfifo(self.path)
        (line,) = self.hang_up()
        self.assertIn("the rates stay as they are: ", line)
        self.assertIn("Not a regular file", line)
        self.assertEqual(self.peer.set, [])

    def test_elsewhere(self) -> None:
        """
        A daemon may have gone to another folder.
        """
        again = RatesAgain(
            self.reactor,
            os.path.relpath(self.path),
            ScheduledRates.below(self.peer),
            self.swarm,
        )
        before = os.getcwd()
        os.chdir("/")
        self.addCleanup(os.chdir, before)
        again.read_again()
        self.assertEqual(len(self.peer.set), 1)

    def test_stopped(self) -> None:
        """
        When it stops the signal means again what it meant.
        """
        self.assertIsNot(signal.getsignal(signal.SIGHUP), self.before)
        self.again.stopService()
        self.assertIs(signal.getsignal(signal.SIGHUP), self.before)
        self.again.stopService()
