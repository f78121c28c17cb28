"""
What is asked of neighbours and taken back beside one piece after the other.
"""

from collections.abc import Iterable

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.swarm_side import VerifiedSwarm
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_requests import Choice, VerifiedRequests
from swarmpeer.events import (
    GivenBackReason,
    RequestCancelled,
    RequestGivenBack,
    SecondRequested,
)


class Asking:
    """
    Carries out what L{VerifiedRequests} chooses: asks a second neighbour, and tells the
    loser; tries a disk that refused pieces; asks others for what does not come, and
    again for what was refused.
    """

    def __init__(self, requests: VerifiedRequests, swarm: VerifiedSwarm) -> None:
        self._requests = requests
        self._swarm = swarm

    def ask_second(self) -> None:
        """
        Ask a second neighbour for what takes long at the first.
        """
        chosen = self._requests.review(self._neighbors())
        self._ask(chosen)
        for neighbor, index in chosen:
            self._swarm.publish(SecondRequested(neighbor.peer_id, index))

    def probe(self) -> None:
        """
        Ask for a few pieces, for the disk that refused some.
        """
        self._ask(self._requests.probe(self._neighbors()))

    def ask_again(self) -> None:
        """
        Ask again for what neighbours refused.
        """
        for conversation in self._swarm.conversations:
            if self._requests.ask_again(conversation.neighbor):
                self._swarm.request_next(conversation)

    def cancel(self, indexes: Iterable[int]) -> list[RequestCancelled]:
        """
        Pieces need not come any more: whoever was asked for one is told, and is free
        for another.

        @return: what to publish.
        """
        cancelled: list[RequestCancelled] = []
        # Most are owed by nobody.
        for index in self._requests.owed_among(indexes):
            cancelled += self._cancel(index)
        return cancelled

    def _cancel(self, index: int) -> list[RequestCancelled]:
        owing = [
            conversation
            for neighbor in self._requests.debtors(index)
            if (conversation := self._swarm.find(neighbor.peer_id)) is not None
            and conversation.network.is_verified
        ]
        freed = [each for each in owing if self._free(each, index)]
        # All of them first: who cannot be told leaves, and the others are asked for
        # what was asked of them.
        for conversation in freed:
            conversation.network.stop_waiting()
        for conversation in owing:
            conversation.cancel(index)
        for conversation in owing:
            self._swarm.request_next(conversation)
        return [RequestCancelled(each.peer_id, index) for each in owing]

    def rejected(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They will not send a piece, or not now: ask others, and them later.  The answer
        to one that we gave up tells nothing.
        """
        neighbor = conversation.neighbor
        if not neighbor.may_send(index):
            return
        is_awaited = self._requests.rejected(neighbor, index)
        if not neighbor.requested:
            conversation.network.stop_waiting()
        if is_awaited:
            self._ask_others(conversation, index)
        else:
            self._swarm.request_next(conversation)

    def withdrawn(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They hold a piece no more; the neighbour's page says so already.
        """
        is_awaited = index in conversation.neighbor.requested
        if self._free(conversation, index):
            conversation.network.stop_waiting()
        conversation.review_interest()
        if is_awaited:
            self._ask_others(conversation, index)

    def give_up(self, index: int) -> list[RequestCancelled]:
        """
        A piece could not be stored, and cannot be, whoever sends it.

        @return: what to publish.
        """
        self._requests.give_up(index)
        conversations = self._swarm.conversations
        for conversation in conversations:
            conversation.neighbor.note_needless((index,))
        cancelled = self.cancel((index,))
        for conversation in conversations:
            conversation.review_interest()
        self._swarm.request_everywhere()
        return cancelled

    def _neighbors(self) -> list[NeighborState]:
        return [conversation.neighbor for conversation in self._swarm.conversations]

    def _ask(self, chosen: Choice) -> None:
        for neighbor, index in chosen:
            conversation = self._swarm.find(neighbor.peer_id)
            if conversation is not None:
                conversation.request((index,))

    def _ask_others(self, conversation: VerifiedConnection, index: int) -> None:
        """
        A piece will not come from them: ask others, and them for another.
        """
        self._swarm.request_everywhere(but=conversation)
        self._swarm.request_next(conversation)
        self._swarm.publish(
            RequestGivenBack(conversation.peer_id, index, GivenBackReason.REJECT)
        )

    def _free(self, conversation: VerifiedConnection, index: int) -> bool:
        """
        @return: is nothing waited for any more?
        """
        neighbor = conversation.neighbor
        if index not in neighbor.requested:
            return False
        self._requests.give_back_one(neighbor, index)
        return not neighbor.requested
