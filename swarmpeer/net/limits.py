"""
The limits that guard a peer against the network, in one value.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Times are in seconds.

    @ivar handshake_seconds: from the connection until the last byte of their
        handshake, however slowly the bytes come.
    @ivar stall_seconds: a request is outstanding and fewer than
        C{progress_bytes} of any piece come: it is offered to others.
    @ivar progress_bytes: see there; small talk is no progress, nor is a byte
        now and then.
    @ivar frame_seconds: a message has begun and no byte of it comes: closed.
    @ivar drain_seconds: of what we wrote no portion of up to 192 KiB is taken:
        closed.  A neighbour that is slow needs so long; one that is gone is
        found by the system, much sooner.
    @ivar drain_bytes: so much of small messages waits behind what is not taken,
        with what each costs in memory: closed.
    @ivar stop_seconds: this peer stops, and somebody does not take what was
        written last: closed.
    @ivar linger_seconds: how long after our end of a connection is closed we go
        on reading and dropping, so that what we said last is not lost to a
        reset.
    @ivar max_pending: inbound connections without a handshake, from anywhere;
        one more pushes out the oldest of them.
    @ivar max_pending_per_address: the same for one address.
    @ivar keep_alive_seconds: in a verified swarm, nothing was said for so long:
        that we are still here is.
    @ivar neighbors: in a verified swarm with more other members than that: so many
        neighbours a peer has, beside those that it called itself; else everybody has
        everybody.
    @ivar silence_seconds: in a verified swarm, a neighbour that knows how to say
        that it is still here says nothing: closed.
    """

    handshake_seconds: float = 10.0
    stall_seconds: float = 8.0
    progress_bytes: int = 8192
    frame_seconds: float = 60.0
    drain_seconds: float = 300.0
    drain_bytes: int = 256 * 1024
    stop_seconds: float = 4.0
    linger_seconds: float = 1.0
    max_pending: int = 256
    max_pending_per_address: int = 64
    keep_alive_seconds: float = 60.0
    silence_seconds: float = 180.0
    neighbors: int = 40
