"""
Many neighbours in one process that stall: each has the whole file, sends a peer that is
watched from outside all of one piece but its end, and of that a byte a second.  See
bench.processes for the words it exchanges.

They know that one, and nobody else.  It says DONE once each of them has begun a piece.
"""

from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.interfaces import IReactorCore
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from bench.command import parser_of
from bench.control import Control, run_controlled, say
from bench.ours import FIRST_ID
from swarmpeer.core.layout import PieceLayout, layout_of
from swarmpeer.manifest_files import read_manifest
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.extension import HaveAllMessage
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, SWARM_BYTES, Feature, Handshake
from swarmpeer.wire.messages import (
    MessageType,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

_KEPT_BYTES = 4096
_DRIP_SECONDS = 1.0


class _Staller(Int32StringReceiver):
    """
    One of them.
    """

    def __init__(
        self, handshake: Handshake, layout: PieceLayout, begun: Callable[[], None]
    ) -> None:
        """
        @param begun: called at the piece.
        """
        self._handshake = handshake
        self._layout = layout
        self._codec = ExtendedCodec(layout)
        self._begun = begun
        self._to_skip = HANDSHAKE_SIZE
        self._drip = LoopingCall(self._send, b"\0")

    def connectionMade(self) -> None:
        """
        Have everything, and serve.
        """
        self._send(self._handshake.encode())
        self._send(self._codec.encode_extension(HaveAllMessage()))
        self._send(self._codec.encode(UnchokeMessage()))

    def dataReceived(self, data: bytes) -> None:
        """
        Hear what follows the handshake.
        """
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        super().dataReceived(data[skipped:])

    def stringReceived(self, string: bytes) -> None:
        """
        Answer the first request, as it were.
        """
        if string[0] != MessageType.REQUEST or self._drip.running:
            return
        message = self._codec.decode(string)
        assert isinstance(message, RequestMessage)
        content = bytes(self._layout.size(message.index))
        piece = self._codec.encode(PieceMessage(message.index, content))
        self._send(piece[:-_KEPT_BYTES])
        self._drip.start(_DRIP_SECONDS)
        self._begun()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Enough.
        """
        super().connectionLost(reason)
        if self._drip.running:
            self._drip.stop()

    def _send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


def main() -> None:
    """
    Run them until the end of the input.
    """
    parser = parser_of("bench.stalling_crowd", __doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    manifest = read_manifest(options.manifest)
    layout = layout_of(manifest)
    left = options.count

    def note_begun() -> None:
        nonlocal left
        left -= 1
        if not left:
            say("DONE")

    def begin() -> None:
        for number in range(1, options.count + 1):
            connectProtocol(
                HostnameEndpoint(reactor, options.host, options.port),
                _Staller(
                    Handshake(
                        FIRST_ID + number,
                        Feature.VERIFIED,
                        manifest.infohash[:SWARM_BYTES],
                    ),
                    layout,
                    note_begun,
                ),
            )

    core = IReactorCore(reactor)
    run_controlled(core, Control(core, begin))


if __name__ == "__main__":
    main()
