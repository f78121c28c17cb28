"""
A relay between two peers, which notes what passes it.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec

from bench.peers import Host
from swarmpeer.testing.figures import Passed

_CHUNK_BYTES = 65536
# Little is under way in it, so that whoever reads slowly holds back who sends.
_BUFFER_BYTES = 65536

_P = ParamSpec("_P")


class Relay:
    """
    Takes the calls for a peer, and passes on what is said.

    @ivar answered: what the peer said to all its callers, by the monotonic clock.
    """

    def __init__(self, host: Host, peer: Host) -> None:
        """
        @param host: where it takes calls.
        @param peer: where it calls.
        """
        self.answered: list[Passed] = []
        self._peer = peer
        self._server = socket.create_server((host.address, host.port))
        self._spawn(self._take_calls)

    def close(self) -> None:
        """
        Take no more calls.
        """
        self._server.close()

    def _take_calls(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                try:
                    called = socket.create_connection(
                        (self._peer.address, self._peer.port)
                    )
                except OSError:
                    caller.close()
                    continue
                for end in (caller, called):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                        end.setsockopt(socket.SOL_SOCKET, buffer, _BUFFER_BYTES)
                self._spawn(self._pass_on, caller, called, [])
                self._spawn(self._pass_on, called, caller, self.answered)

    def _pass_on(
        self, source: socket.socket, target: socket.socket, passed: list[Passed]
    ) -> None:
        buffer = bytearray(_CHUNK_BYTES)
        view = memoryview(buffer)
        with suppress(OSError):
            while size := source.recv_into(buffer):
                passed.append((time.monotonic(), size))
                target.sendall(view[:size])
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _spawn(
        self, act: Callable[_P, None], *args: _P.args, **more: _P.kwargs
    ) -> None:
        threading.Thread(target=act, args=args, kwargs=more, daemon=True).start()
