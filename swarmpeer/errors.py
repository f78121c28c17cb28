"""
What can go wrong, as exceptions with one clear line each.

Everything that swarmpeer raises on purpose derives from L{SwarmPeerError}, and
C{str()} of it is fit to be shown to a person as it is; but for C{TypeError}, where
what was handed in does not fit its interface, and L{Interrupted}, which is no fault
and passes whoever catches faults.
"""

from enum import StrEnum


class SwarmPeerError(Exception):
    """
    The base of all errors raised on purpose.
    """


class ConfigError(SwarmPeerError):
    """
    A configuration that cannot be used: C{file:line:column: what, and what
    would be right}.
    """


class StorageError(SwarmPeerError):
    """
    The file could not be opened, read, written or put in place; names the path
    and the reason.

    @ivar is_final: will it fail again, however often it is tried?
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class BadPieceError(StorageError):
    """
    The bytes of a piece are not those that the manifest tells.
    """


class PieceLostError(StorageError):
    """
    A piece that was held is not on the disk any more as it should be.
    """


class ManifestError(SwarmPeerError):
    """
    A manifest that cannot be used, made or read: what is wrong with it, or with
    the files that it is to be made of.
    """


class ListenError(SwarmPeerError):
    """
    Nobody can call us: names the address and the reason.
    """


class StatusError(SwarmPeerError):
    """
    A peer did not tell its status, or something else that is no status.
    """


class ViolationReason(StrEnum):
    """
    How a neighbour broke the protocol; the value is the code shown in logs and
    events.
    """

    BAD_HANDSHAKE = "bad-handshake"
    UNKNOWN_PEER = "unknown-peer"
    OWN_ID = "own-id"
    WRONG_PEER = "wrong-peer"
    BAD_LENGTH = "bad-length"
    UNKNOWN_TYPE = "unknown-type"
    INDEX_OUT_OF_RANGE = "index-out-of-range"
    SPARE_BITS_SET = "spare-bits-set"
    LATE_BITFIELD = "late-bitfield"
    UNREQUESTED_PIECE = "unrequested-piece"
    CLASSIC_PEER = "classic-peer"
    OTHER_SWARM = "other-swarm"
    BAD_MANIFEST = "bad-manifest"


class ProtocolViolation(SwarmPeerError):
    """
    A neighbour broke the rules.  Caught in one place, which closes that one
    connection.

    @ivar reason: the code of what happened.
    """

    def __init__(self, reason: ViolationReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class Interrupted(BaseException):
    """
    A signal asks to stop while no reactor runs.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


OUR_END = (KeyboardInterrupt, Interrupted)
"""
What is raised to end us, whoever's code runs; whatever else that raises, C{SystemExit}
or another C{BaseException} too, is a fault of it.
"""
