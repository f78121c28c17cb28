"""
Tests of L{swarmpeer.status_commands.places}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import PeerInfo, SwarmConfig
from swarmpeer.errors import ConfigError
from swarmpeer.status_commands.places import listed_places, member_places, parse_place
from swarmpeer.test.told_members import SWARM


class PlaceTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.places}.
    """

    def test_parse(self) -> None:
        """
        Places are read as people write them.
        """
        for text, url, host, port in (
            ("beta:8080", "http://beta:8080", "beta", 8080),
            ("10.0.0.7:1", "http://10.0.0.7:1", "10.0.0.7", 1),
            ("[::1]:8080", "http://[::1]:8080", "::1", 8080),
            ("http://beta", "http://beta:80", "beta", 80),
            ("http://beta:8080/", "http://beta:8080", "beta", 8080),
            ("http://beta/peers/7/", "http://beta:80/peers/7", "beta", 80),
        ):
            found = parse_place(text)
            self.assertEqual((found.url, found.host, found.port), (url, host, port))
        self.assertEqual(parse_place("unix:/run/x y.sock").path, "/run/x y.sock")

    def test_refused(self) -> None:
        """
        Everything else is refused, in one line.
        """
        for text in (
            "",
            "beta",
            ":8080",
            "beta:0",
            "beta:65536",
            "beta:8080/x",
            "be ta:1",
            "a@b:1",
            "::1:8080",
            "[::1]",
            "http://",
            "http://beta?x",
            "http://beta/%2e\n",
            "https://beta",
            "unix:",
            "unix:\0",
        ):
            error = self.assertRaises(ValueError, parse_place, text)
            self.assertTrue(str(error).isprintable(), text)
        self.assertIn(
            "https is not", str(self.assertRaises(ValueError, parse_place, "https://x"))
        )

    def test_members(self) -> None:
        """
        Members are asked where the file has their pages: at the loopback address, if
        these are for their own machine alone.
        """
        swarm = SwarmConfig.parse(SWARM)
        self.assertEqual(
            [each.shown for each in member_places(swarm, (1001, 1002, 1003))],
            ["127.0.0.1:8080", "beta.example:8082", "127.0.0.1:8080"],
        )
        with_token = SwarmConfig.parse(SWARM.replace("[web]", "[web]\ntoken_file='t'"))
        (first, last) = member_places(with_token, (1001, 1003))
        self.assertEqual((first.shown, last.shown), ("localhost:8080", "[::1]:8080"))
        self.assertEqual((first.peer_id, first.is_seed), (1001, True))
        nowhere = SwarmConfig.parse(SWARM.replace("port = 8080", ""))
        error = self.assertRaises(ConfigError, member_places, nowhere, (1001,))
        self.assertIn("would be right", str(error))
        self.assertEqual(len(member_places(nowhere, (1002,))), 1)

    def test_list(self) -> None:
        """
        So are the peers of a classic list, all at one port.
        """
        (found,) = listed_places([PeerInfo(1001, "alpha", 6008, True)], 8080)
        self.assertEqual((found.shown, found.peer_id), ("alpha:8080", 1001))
