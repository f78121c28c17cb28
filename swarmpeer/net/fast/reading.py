"""
The way in without a detour: from the socket into the piece that it belongs to.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST

from swarmpeer.net.allowance import Allowance
from swarmpeer.net.fast.gate import FastGate
from swarmpeer.net.fast.plain_tcp import PlainTCP
from swarmpeer.net.fast.waking import Waking

TURN_BYTES = 2**20
"""
So much of pieces is read in one go, then others have their turn.
"""
LIMITED_TURN_BYTES = 2**16
"""
The same where only so much may come.
"""
SMALL_BYTES = 2**16
"""
Room for small messages, and for what there is of a piece before it is known to be one.
"""
WIDE_BYTES = 2**18
"""
The same where no piece is larger than that: many whole ones are read at once, and what
follows from them is done once.
"""
SMALL_BEHIND_BYTES = 2**14
"""
The same behind the rest of a large piece.
"""

#: All connections of a process share it: nothing stays in it from one read to the next.
_BUFFER = bytearray(WIDE_BYTES)
_WIDE = memoryview(_BUFFER)
_SMALL = _WIDE[:SMALL_BYTES]
_SMALL_BEHIND = _WIDE[:SMALL_BEHIND_BYTES]


class Listener(Protocol):
    """
    Who hears what is read.
    """

    @property
    def hears_plain_bytes(self) -> bool:
        """
        Must the transport read by itself, for now?
        """

    @property
    def is_holding(self) -> bool:
        """
        Must no more be read for now?
        """

    @property
    def is_mid_piece(self) -> bool:
        """
        Is a piece on its way?
        """

    @property
    def rest(self) -> memoryview:
        """
        Where the rest of the message goes that is on its way; empty if there is none.
        """

    def hear(self, in_rest_bytes: int, small: bytearray, small_bytes: int) -> None:
        """
        There are C{in_rest_bytes} more in the C{rest}, and behind it came
        C{small_bytes} that are in C{small}, which serves others when this returns.
        """

    def hold_for_rate(self) -> None:
        """
        Nothing may come for now.
        """


class FastReader:
    """
    Takes the place of the reading half of a transport.
    """

    __slots__ = (
        "_down",
        "_gate",
        "_listener",
        "_read_plainly",
        "_small",
        "_socket",
        "_transport",
        "_waking",
    )

    def __init__(
        self,
        transport: PlainTCP,
        gate: FastGate,
        listener: Listener,
        seconds: Callable[[], float],
        down: Allowance | None,
        longest_piece_bytes: int,
    ) -> None:
        """
        Take over.

        @param gate: what is written while something is heard leaves right after.
        @param seconds: tells the time.
        @param down: how much may come; C{None}: all.
        @param longest_piece_bytes: how long the longest piece is.
        """
        self._transport = transport
        self._socket = transport.socket
        self._read_plainly = transport.doRead
        self._gate = gate
        self._listener = listener
        self._down = down
        self._small = _WIDE if longest_piece_bytes <= SMALL_BYTES else _SMALL
        self._waking = Waking(seconds, self._wake_for)
        transport.doRead = self.do_read

    def do_read(self) -> object:
        """
        The socket has something.

        @return: why the connection is over, if it is.
        """
        if self._listener.hears_plain_bytes:
            return self._read_plainly()
        self._gate.cork()
        why = self._read()
        return self._gate.uncork() or why

    def catch_up(self) -> bool:
        """
        It is late: read what the system did not wake us for.

        @return: might there have been anything?
        """
        if self._waking.is_for_any:
            return False
        self._waking.wake_for_any()
        # If it is over, the reactor will find that out, too.
        self.do_read()
        return True

    def _read(self) -> object:
        listener, transport = self._listener, self._transport
        down = self._down
        if down is not None and not down.is_limited:
            down = None
        most_bytes = TURN_BYTES if down is None else LIMITED_TURN_BYTES
        total_bytes = 0
        is_dry = False
        try:
            while not is_dry and total_bytes < most_bytes:
                rest = listener.rest
                rest_bytes = len(rest)
                small = _SMALL_BEHIND if rest_bytes >= SMALL_BYTES else self._small
                if down is not None:
                    may_bytes = down.grant(most_bytes - total_bytes)
                    if not may_bytes:
                        listener.hold_for_rate()
                        return None
                    rest = rest[:may_bytes]
                    rest_bytes = len(rest)
                    small = small[: may_bytes - rest_bytes]
                asked_bytes = rest_bytes + len(small)
                got_bytes = 0
                try:
                    if rest_bytes:
                        got_bytes = self._socket.recvmsg_into((rest, small))[0]
                    else:
                        got_bytes = self._socket.recv_into(small)
                except BlockingIOError:
                    is_dry = True
                    break
                except OSError:
                    return CONNECTION_LOST
                finally:
                    if down is not None:
                        down.refund(may_bytes - got_bytes)
                if not got_bytes:
                    return CONNECTION_DONE
                total_bytes += got_bytes
                in_rest_bytes = min(got_bytes, rest_bytes)
                listener.hear(in_rest_bytes, _BUFFER, got_bytes - in_rest_bytes)
                if (
                    listener.is_holding
                    or transport.disconnecting
                    or not transport.connected
                ):
                    return None
                # Small messages come in one portion; the rest of a piece is waited
                # for.
                is_dry = got_bytes < asked_bytes or not rest_bytes
        finally:
            if is_dry:
                is_mid_piece = listener.is_mid_piece
                rest_bytes = len(listener.rest) if is_mid_piece else 0
                self._waking.choose(total_bytes, rest_bytes, is_mid_piece=is_mid_piece)
            else:
                # It may not hold any more, and whoever waited for so much would be
                # deaf for less.
                self._waking.wake_for_any()
        return None

    def _wake_for(self, least_bytes: int) -> None:
        """
        @param least_bytes: for how many bytes the system is to wake us.
        """
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least_bytes)
