"""
The way out without a detour: from the queue of a connection into its socket.
"""

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.internet.main import CONNECTION_LOST

from swarmpeer.net.allowance import Allowance
from swarmpeer.net.fast.plain_tcp import PlainTCP
from swarmpeer.net.fast.send_queue import SendQueue
from swarmpeer.net.flow import MESSAGE_COST_BYTES, TimedGate
from swarmpeer.net.spans import SpanBroken
from swarmpeer.seam import PieceContent

ROOM_BYTES = 2**18
"""
While less than this waits there is room for another piece, so that the socket never
runs dry between two of them.
"""
CLOSING_BYTES = 2**16
"""
If more than this waits the gate is closed.
"""
TURN_BYTES = 2**20 + 2**14
"""
So much is sent in one go, then others have their turn: a piece of 1 MiB with its head,
or it would take two turns, each with a call of its own.
"""
LIMITED_TURN_BYTES = 2**16
"""
The same where only so much may go: what there is to share is shared finely.
"""


class FastGate(TimedGate):
    """
    A L{swarmpeer.net.flow.Gate} in place of the writing half of a transport.

    @ivar _is_closed: does more wait than goes at once, so that the neighbour is judged
        by what it takes?
    @ivar _is_full: was there no room for another piece, and is that to be told when it
        changes?
    @ivar _is_corked: is something being read, whose answers leave together after it?
    @ivar _is_due: is C{_send_soon} to be called when this turn of the reactor is over?
    @ivar _is_writing: does the reactor call C{do_write} as soon as there is room?
    @ivar _write_plainly: the C{doWrite} of the transport, which is only asked to close:
        nothing that is sent ever goes through its own buffer.
    """

    __slots__ = (
        "_broken",
        "_closed",
        "_is_closed",
        "_is_corked",
        "_is_due",
        "_is_full",
        "_is_writing",
        "_opened",
        "_queue",
        "_transport",
        "_write_plainly",
    )

    def __init__(
        self,
        transport: PlainTCP,
        clock: IReactorTime,
        closed: Callable[[], None],
        opened: Callable[[], None],
        broken: Callable[[str], None],
        up: Allowance | None,
    ) -> None:
        """
        Take over.

        @param closed: called when the gate closes.
        @param opened: called when there was no room and is room again, and when all
            is out after the end.
        @param broken: called with the reason when the rest of a piece cannot be had:
            nothing can be said any more.
        @param up: how much may go; C{None}: all.
        """
        super().__init__(clock, up)
        self._transport = transport
        self._write_plainly = transport.doWrite
        self._closed = closed
        self._opened = opened
        self._broken = broken
        self._queue = SendQueue(transport.socket)
        self._is_closed = False
        self._is_corked = False
        self._is_due = False
        self._is_full = False
        self._is_writing = False
        transport.doWrite = self.do_write

    @property
    def backlog_bytes(self) -> int:
        """
        See L{swarmpeer.net.flow.Gate}.
        """
        return self._queue.backlog_bytes

    @property
    def is_open(self) -> bool:
        """
        Does the neighbour take what we write?
        """
        return not self._is_closed

    @property
    def is_flushed(self) -> bool:
        """
        Does the system have all that was written?
        """
        return not self._queue

    @property
    def room_bytes(self) -> int:
        """
        For how many bytes of pieces is there room?
        """
        return max(0, ROOM_BYTES - self._queue.waits_bytes)

    def write(self, data: bytes) -> None:
        """
        Write a small message, after all that was written before, even if the
        gate is closed.  Once it is finished this does nothing.
        """
        if self.is_finished or not data:
            return
        if self._is_closed:
            self._queue.backlog_bytes += len(data) + MESSAGE_COST_BYTES
        self._queue.add(data)
        self._more_waits()

    def write_pieces(
        self, heads: Sequence[bytes], contents: Sequence[PieceContent]
    ) -> None:
        """
        The same for pieces, each with its head in front.
        """
        if self.is_finished:
            self._refuse(contents)
            return
        self._queue.add_pieces(heads, contents)
        self._more_waits()

    def retire(self) -> None:
        """
        No piece goes out any more, nor what was said after it.
        """
        self.finish()
        if self._up is not None:
            self._up.forget(self._allowed)
            self._is_held = False
        self._queue.drop_pieces()

    def cork(self) -> None:
        """
        More may be written soon: gather it.
        """
        self._is_corked = True

    def uncork(self) -> object:
        """
        Send what was gathered, without waiting for the reactor to say that there is
        room.  The last words are left to it, who also closes.

        @return: why the connection is over, if it is.
        """
        self._is_corked = False
        why = None
        if self._queue and not self._is_writing and not self._is_held:
            if not self.is_finished:
                why = self.push()
            self._wait_for_room()
        return why

    def do_write(self) -> object:
        """
        The socket has room.

        @return: why the connection is over, if it is.
        """
        if not self._transport.connected:
            # It was lost while it was read.
            return None
        if self._queue:
            why = self.push()
            if why is not None or self._queue:
                return why
        self._is_writing = False
        if self.is_finished:
            # It finds nothing to send, and closes what is to be closed.
            return self._write_plainly()
        self._transport.stopWriting()
        return None

    def push(self) -> object:
        """
        Send what waits, as far as it goes.

        @return: why the connection is over, if it is.
        """
        up = self._up
        if up is not None and not up.is_limited:
            up = None
        turn_bytes = TURN_BYTES if up is None else LIMITED_TURN_BYTES
        total_bytes = 0
        is_blocked = False
        while self._queue and not is_blocked and total_bytes < turn_bytes:
            may_bytes = turn_bytes - total_bytes
            if up is not None:
                may_bytes = up.grant(min(may_bytes, self._queue.waits_bytes))
                if not may_bytes:
                    self._hold()
                    break
            sent_bytes = 0
            try:
                sent_bytes, asked_bytes = self._queue.send(may_bytes)
                is_blocked = sent_bytes < asked_bytes
            except BlockingIOError:
                is_blocked = True
            except SpanBroken as broken:
                self._broken(str(broken))
                return None
            except OSError:
                return CONNECTION_LOST
            finally:
                if up is not None:
                    up.refund(may_bytes - sent_bytes)
            total_bytes += sent_bytes
        self._less_waits(total_bytes)
        return None

    def _more_waits(self) -> None:
        waits_bytes = self._queue.waits_bytes
        if waits_bytes > CLOSING_BYTES:
            self._is_full = waits_bytes >= ROOM_BYTES
            self._close()
        if not (self._is_due or self._is_writing or self._is_held or self._is_corked):
            # To wait for room first would be three system calls in place of one.
            self._is_due = True
            self._clock.callLater(0, self._send_soon)

    def _send_soon(self) -> None:
        """
        The turn of the reactor is over in which something was written: send all of it
        together.  What goes wrong here does so again for the reactor, who ends it.
        """
        self._is_due = False
        if not self._transport.connected:
            # It was lost in that very turn.
            return
        may_send = not (self.is_finished or self._is_writing or self._is_held)
        if may_send and self._queue:
            self.push()
        if self._transport.connected:
            self._wait_for_room()

    def _wait_for_room(self) -> None:
        if self._is_writing or self._is_held or self._is_corked or not self._queue:
            return
        self._is_writing = True
        self._transport.startWriting()

    def _less_waits(self, sent_bytes: int) -> None:
        is_told = False
        if self._queue:
            if sent_bytes and self._is_closed:
                self._progressed_at = self._clock.seconds()
            self._close()
        else:
            self._is_closed = False
            self._queue.backlog_bytes = 0
            is_told = self.is_finished
        if self._is_full and self.room_bytes:
            self._is_full = False
            is_told = True
        if is_told:
            self._opened()

    def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._progressed_at = self._clock.seconds()
            self._closed()

    def _hold(self) -> None:
        """
        Wait until something may go.
        """
        self._is_held = True
        self._is_writing = False
        self._transport.stopWriting()
        if self._up is not None:
            self._up.wait(self._allowed)

    def _may_go(self) -> None:
        self._wait_for_room()
