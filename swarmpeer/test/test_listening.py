"""
Tests for L{swarmpeer.listening}; a service tests how it listens.
"""

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.endpoints import serverFromString
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.listening import shown_address, with_socket_mode
from swarmpeer.test.paper_reactor import PaperReactor


class AddressTests(SynchronousTestCase):
    """
    An address, for people and for endpoints.
    """

    def test_shown(self) -> None:
        """
        Host and port, or the path, on one line.
        """
        for address, shown in (
            (IPv4Address("TCP", "127.0.0.1", 6008), "127.0.0.1:6008"),
            (IPv6Address("TCP", "::1", 6008), "[::1]:6008"),
            (UNIXAddress("/run/peer.sock"), "/run/peer.sock"),
            (UNIXAddress("/run/\xe4\n.sock"), "/run/\xe4\\n.sock"),
            (UNIXAddress("\0peer"), "@peer"),
        ):
            self.assertEqual(shown_address(address), shown)

    def test_mode(self) -> None:
        """
        A local socket that is given no mode keeps strangers out; whoever gives one, or
        has another endpoint, gets what they ask for.
        """
        for given in (
            "unix:/run/x",
            "unix:address=/run/x",
            r"unix:/run/a\:mode\=7",
            r"unix:/run/a\=b",
            "unix:/run/x:lockfile=0",
        ):
            self.assertEqual(with_socket_mode(given), f"{given}:mode=660")
            serverFromString(PaperReactor(), with_socket_mode(given))
        for given in (
            "unix:/run/x:mode=600",
            "unix:/run/x:666",
            "tcp:8080",
            "systemd:domain=UNIX:name=web",
            "",
        ):
            self.assertEqual(with_socket_mode(given), given)
