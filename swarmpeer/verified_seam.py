"""
What else passes between the network and the logic in a verified swarm, beside what
L{swarmpeer.seam} has for every one.
"""

from collections.abc import Sequence
from typing import Protocol

from swarmpeer.seam import LogicSide, NetworkSide
from swarmpeer.wire.extension import GoodbyeCode


class VerifiedNetworkSide(NetworkSide, Protocol):
    """
    One connection of a verified swarm.  The C{send_*} below do nothing where the
    neighbour does not know them.
    """

    @property
    def is_verified(self) -> bool:
        """
        Do they speak more than the eight messages?  Known from their handshake on.
        """

    def send_haves(self, indexes: Sequence[int], *, can_wait: bool = False) -> None:
        """
        Tell them that we hold these pieces; at least one.

        @param can_wait: they have no use for them now, so it is enough if they hear of
            them with something else, or a moment later.
        """

    def send_reject(self, index: int) -> None:
        """
        Tell them that they will not get the piece that they asked for.
        """

    def send_cancel(self, index: int) -> None:
        """
        Tell them that they need not send the piece that we asked for.
        """

    def send_have_all(self) -> None:
        """
        Tell them that we hold every piece; only as the first message.
        """

    def send_have_none(self) -> None:
        """
        Tell them that we hold no piece; only as the first message.
        """

    def send_withdrawal(self, index: int) -> None:
        """
        Tell them that we hold the piece C{index} no more.
        """

    def send_bad_piece(self, index: int) -> None:
        """
        Tell them that what they sent as the piece C{index} was wrong.
        """

    def send_manifest_part(self, part: int, manifest: bytes) -> None:
        """
        Send them a part of the manifest.

        @param manifest: all of it.
        """

    def close(self, reason: str = "", code: int = GoodbyeCode.OTHER) -> None:
        """
        Tell them why, unless either side said goodbye already, and close.

        @param code: the same for their program; a
            L{swarmpeer.wire.extension.GoodbyeCode}.
        """


class VerifiedLogicSide(LogicSide, Protocol):
    """
    The logic of one conversation of a verified swarm.
    """

    def on_reject(self, index: int) -> None:
        """
        They will not send the piece C{index}, which may be any 32-bit number.
        """

    def on_cancel(self, index: int) -> None:
        """
        They want the piece no more that they asked for; any 32-bit number.
        """

    def on_have_all(self) -> None:
        """
        They hold every piece.
        """

    def on_have_none(self) -> None:
        """
        They hold no piece.
        """

    def on_withdrawal(self, index: int) -> None:
        """
        They hold the piece C{index} no more.
        """

    def on_bad_piece(self, index: int) -> None:
        """
        What we sent them as the piece C{index} was wrong, they say.
        """

    def on_manifest_request(self, part: int) -> None:
        """
        They ask for a part of the manifest, which may be any 32-bit number.
        """

    def on_goodbye(self, code: int, words: str) -> None:
        """
        They close, and tell why; C{words} are fit to be shown.
        """
