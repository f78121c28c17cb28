"""
Tests of L{swarmpeer.lab.web} and L{swarmpeer.lab.sockets}.
"""

import os
from pathlib import Path

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorTime
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ListenError, StatusError
from swarmpeer.lab.sockets import PictureAsker, Sockets
from swarmpeer.lab.web import LabPage, with_page


class SocketsTests(SynchronousTestCase):
    """
    Where the peers have their pages.
    """

    def test_folder(self) -> None:
        """
        In the lab's folder, and what a peer left there is taken away.
        """
        # Trial's own folder has a name that is too long on some machines.
        folder = Path(os.path.relpath(self.mktemp()))
        folder.mkdir()
        sockets = Sockets(folder, [1001])
        path = folder / "web_1001.sock"
        self.assertEqual(sockets.option(1001), f"--web=unix:{path}:mode=600")
        path.touch()
        sockets.close()
        self.assertEqual(list(folder.iterdir()), [])

    def test_long_path(self) -> None:
        """
        In a folder of their own if no socket can have a path so long, and that is taken
        away, too.
        """
        sockets = Sockets(Path("/" + "x" * 90), [1001])
        path = Path(sockets.path(1001))
        self.assertLess(len(str(path)), 104)
        path.touch()
        sockets.close()
        self.assertFalse(path.parent.exists())

    def test_odd_path(self) -> None:
        """
        What means something to an endpoint is escaped.
        """
        sockets = Sockets(Path("a:b=c"), [1001])
        self.assertEqual(
            sockets.option(1001), r"--web=unix:a\:b\=c/web_1001.sock:mode=600"
        )
        argv = with_page(lambda id_, folder: [str(id_), str(folder)], sockets)
        self.assertEqual(argv(1001, Path("f")), ["1001", "f", sockets.option(1001)])


class PictureAskerTests(SynchronousTestCase):
    """
    What a peer answers.
    """

    def test_socket(self) -> None:
        """
        A peer is asked at its socket, and not waited for forever.
        """
        reactor = MemoryReactorClock()
        asker = PictureAsker(reactor, Sockets(Path("f"), [1001]))
        asked = asker(1001, 7)
        (call,) = reactor.unixClients
        self.assertEqual(call[0], "f/web_1001.sock")
        reactor.advance(6)
        error = self.failureResultOf(asked, StatusError).value
        self.assertEqual(str(error), "no answer in 5 s")


class LabPageTests(SynchronousTestCase):
    """
    The page, with simulated sockets.
    """

    def make(self, description: str, token: str | None = None) -> LabPage:
        """
        One for two peers.
        """
        self.reactor = MemoryReactorClock()
        self.assertTrue(IReactorTime.providedBy(self.reactor))
        endpoint = serverFromString(self.reactor, description)
        sockets = Sockets(Path("f"), [1001, 1002])
        return LabPage(self.reactor, endpoint, sockets, [1001, 1002], token)

    def test_start(self) -> None:
        """
        It says where it is, and asks every peer.
        """
        page = self.make("tcp:8080", "0123456789abcdef")
        self.assertEqual(page.start(), "http://0.0.0.0:8080/")
        self.assertEqual(len(self.reactor.unixClients), 2)

    def test_others(self) -> None:
        """
        Without a token it is for this machine alone.
        """
        page = self.make("tcp:8080")
        error = self.assertRaises(ListenError, page.start)
        self.assertIn("could be read from other machines", str(error))
