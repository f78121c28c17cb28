"""
The scripted peer against itself, in both roles.
"""

import socket
from concurrent.futures import ThreadPoolExecutor

from twisted.trial.unittest import SynchronousTestCase

from tests.raw_peer import (
    BITFIELD,
    CHOKE,
    HAVE,
    INTERESTED,
    PIECE,
    RawListener,
    RawMessage,
    RawPeer,
    ScriptFailure,
    bitfield,
    handshake,
    packed,
    split,
)


class RawPeerTests(SynchronousTestCase):
    """
    Scripts that hear what they expect go on; others fail and say why.
    """

    def setUp(self) -> None:
        """
        Two scripts that have met.
        """
        listener = RawListener()
        self.addCleanup(listener.close)
        self.dialler = RawPeer.dial(listener.port, "dialler")
        self.addCleanup(self.dialler.close)
        self.accepter = listener.accept("accepter")
        self.addCleanup(self.accepter.close)

    def test_examples(self) -> None:
        """
        The encodings are those of the written examples of the protocol.
        """
        self.assertEqual(
            handshake(1001).hex(),
            "50325046494c4553484152494e4750524f4a" + "00" * 10 + "000003e9",
        )
        self.assertEqual(RawMessage(CHOKE).encode().hex(), "0000000100")
        self.assertEqual(
            RawMessage(HAVE, packed(5)).encode().hex(), "000000050400000005"
        )
        whole = RawMessage(BITFIELD, bitfield(306, range(306))).encode()
        self.assertEqual(whole.hex(), "0000002805" + "ff" * 38 + "c0")
        self.assertEqual(bitfield(10, [0, 9]), bytes([0x80, 0x40]))

    def test_whole_file(self) -> None:
        """
        One script fetches the file that another serves, whichever of them
        dialled.
        """
        pieces = split(bytes(range(250)), 100)
        full, empty = bitfield(3, range(3)), bitfield(3, [])

        def serve() -> list[int]:
            self.dialler.open(1001, 1002, full, reads_first=False)
            return self.dialler.serve_file(pieces)

        with ThreadPoolExecutor() as pool:
            served = pool.submit(serve)
            theirs = self.accepter.open(1002, 1001, empty, reads_first=True)
            fetched = self.accepter.fetch_file(3)
            self.assertEqual(served.result(), [0, 1, 2])
        self.assertEqual((theirs, fetched), (full, b"".join(pieces)))

    def test_wrong_message(self) -> None:
        """
        Another message than the expected one fails the script with all that was
        said before.
        """
        self.dialler.send(CHOKE)
        self.dialler.send_have(7)
        self.accepter.expect(CHOKE)
        failure = self.assertRaises(
            ScriptFailure, self.accepter.expect, HAVE, packed(8)
        )
        self.assertIn("expected have 8, heard have 7", str(failure))
        self.assertIn("< choke", str(failure))

    def test_unordered(self) -> None:
        """
        Messages may be expected in any order, but no other one.
        """
        self.dialler.send_all([RawMessage(INTERESTED), RawMessage(HAVE, packed(1))])
        self.accepter.expect_unordered(
            RawMessage(HAVE, packed(1)), RawMessage(INTERESTED)
        )
        self.dialler.send(CHOKE)
        self.assertRaises(
            ScriptFailure, self.accepter.expect_unordered, RawMessage(INTERESTED)
        )

    def test_silence(self) -> None:
        """
        Silence is heard when nothing comes, and broken by a message or a close.
        """
        self.accepter.expect_silence(0.05)
        self.dialler.send(INTERESTED)
        self.assertRaises(ScriptFailure, self.accepter.expect_silence, 1.0)
        self.dialler.close()
        self.assertRaises(ScriptFailure, self.accepter.expect_silence, 1.0)

    def test_nothing_comes(self) -> None:
        """
        A message that does not come in time fails the script.
        """
        self.assertRaises(ScriptFailure, self.accepter.receive, 0.05)
        self.assertRaises(ScriptFailure, self.accepter.expect_closed, 0.05)

    def test_closed(self) -> None:
        """
        A FIN is told from a reset, and what came before it is kept.
        """
        self.dialler.send(CHOKE)
        self.dialler.close()
        self.assertEqual(self.accepter.expect_closed(), [RawMessage(CHOKE)])

    def test_reset(self) -> None:
        """
        A reset fails a script that expects a FIN, unless it allows both.
        """
        self.dialler.reset()
        self.assertRaises(ScriptFailure, self.accepter.expect_closed)

    def test_reset_allowed(self) -> None:
        """
        A script that does not mind takes a reset for an end.
        """
        self.dialler.reset()
        self.assertEqual(self.accepter.expect_closed(by_reset_too=True), [])

    def test_gone(self) -> None:
        """
        Any end will do for who is only to be gone, but an end there must be.
        """
        self.dialler.send(CHOKE)
        self.assertRaises(ScriptFailure, self.accepter.expect_gone, 0.05)
        self.dialler.reset()
        self.accepter.expect_gone()

    def test_cut_message(self) -> None:
        """
        An end in the middle of a message is no good end.
        """
        self.dialler.send_raw(bytes.fromhex("0000000504"))
        self.dialler.close()
        self.assertRaises(ScriptFailure, self.accepter.expect_closed)

    def test_hear_for(self) -> None:
        """
        All messages of a time, or up to a certain one, are heard.
        """
        said = [RawMessage(CHOKE), RawMessage(PIECE, packed(3) + b"bytes")]
        self.dialler.send_all(said)
        self.assertEqual(self.accepter.hear_for(0.05), said)
        self.dialler.send_all(said)
        heard = self.accepter.hear_until(lambda message: message.kind == PIECE)
        self.assertEqual(heard, said)

    def test_nobody_calls(self) -> None:
        """
        A listener that nobody calls fails the script.
        """
        listener = RawListener()
        self.addCleanup(listener.close)
        self.assertRaises(ScriptFailure, listener.accept, "lonely", 0.05)

    def test_port_is_bound(self) -> None:
        """
        A listener's port is taken from the start.
        """
        listener = RawListener()
        self.addCleanup(listener.close)
        other = socket.socket()
        self.addCleanup(other.close)
        self.assertRaises(OSError, other.bind, ("127.0.0.1", listener.port))
