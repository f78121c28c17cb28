"""
What the neighbours gave us, counted by rounds.
"""


class RateTracker:
    """
    The bytes that each neighbour gave us since the last preferred round.

    All rounds are equally long, so bytes in a round rank neighbours as rates
    do, and no clock is needed.
    """

    def __init__(self) -> None:
        self._received_bytes: dict[int, int] = {}

    def credit(self, peer_id: int, size_bytes: int) -> None:
        """
        They gave us so much more.
        """
        received = self._received_bytes
        received[peer_id] = received.get(peer_id, 0) + size_bytes

    def received_bytes(self, peer_id: int) -> int:
        """
        What they gave us in this round so far.
        """
        return self._received_bytes.get(peer_id, 0)

    def begin_round(self) -> None:
        """
        Count anew, for everybody.
        """
        self._received_bytes.clear()

    def forget(self, peer_id: int) -> None:
        """
        They left; a new conversation starts from nothing.
        """
        self._received_bytes.pop(peer_id, None)
