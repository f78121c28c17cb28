"""
Who is connected with whom, whose call it was, and when two may part.
"""

from collections.abc import Collection, Iterator

from swarmpeer.core.bounded_node import BOTH_COMPLETE, FULL
from swarmpeer.core.node import REPLACED, PeerNode
from swarmpeer.events import NeighborConnected, NeighborDisconnected
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.invariants import Finding, gathered
from swarmpeer.testing.world import World


class MeetingRules:
    """
    Looks at the connections between honest peers; where somebody poses as one of them
    there is nothing to be told of those.
    """

    def __init__(
        self, world: World, crossed: Collection[frozenset[int | None]]
    ) -> None:
        """
        @param crossed: the pairs of which somebody calls out of turn.
        """
        self._hosts = world.hosts
        # With so many neighbours a caller is turned away; C{None}: never.
        self._most_neighbors = world.most_neighbors
        self._has_impostor = world.has_impostor
        self._crossed = crossed
        # By whom and with whom: who opened the conversation that stands, and the
        # one that was replaced just now.
        self._is_dialled: dict[tuple[int, int], bool] = {}
        self._was_dialled: dict[tuple[int, int], bool] = {}

    def ended(self, peer_id: int) -> None:
        """
        A process is gone, and its connections with it.
        """
        for lines in (self._is_dialled, self._was_dialled):
            for pair in [pair for pair in lines if pair[0] == peer_id]:
                del lines[pair]

    @gathered
    def connected(
        self, host: SimulatedHost, event: NeighborConnected
    ) -> Iterator[Finding]:
        """
        A conversation began.
        """
        pair, is_dialled = (host.peer_id, event.peer_id), event.is_dialled
        self._is_dialled[pair] = is_dialled
        was_dialled = self._was_dialled.pop(pair, is_dialled)
        if was_dialled is not is_dialled and not self._has_impostor:
            yield from _check_winner(host, event.peer_id, is_ours=is_dialled)

    @gathered
    def disconnected(
        self, host: SimulatedHost, event: NeighborDisconnected, *, is_calm: bool
    ) -> Iterator[Finding]:
        """
        A conversation ended.

        @param is_calm: is nothing happening to the honest peers?
        """
        other, reason = event.peer_id, event.reason
        pair = host.peer_id, other
        is_dialled = self._is_dialled.pop(pair)
        if reason == REPLACED:
            self._was_dialled[pair] = is_dialled
        if (
            is_calm
            and not self._may_part(reason)
            and other in self._hosts
            and not self._has_impostor
        ):
            yield "nobody is cut off", f"{other}: {reason}"

    def refused(self, host: SimulatedHost, other: int | None) -> Iterator[Finding]:
        """
        Of two that call each other, the later one's call survives.
        """
        node = host.node
        if (
            node is None
            or other is None
            or other not in self._hosts
            or self._has_impostor
        ):
            return
        # In a large swarm any two may call each other at once.
        is_large = self._most_neighbors is not None
        if not is_large and frozenset((host.peer_id, other)) not in self._crossed:
            yield "who calls again is heard", f"not {other}"
        present = node.registry.find(other)
        if present is not None:
            is_ours = present.network.is_dialled
            yield from _check_winner(host, other, is_ours=is_ours)

    def together(
        self, host: SimulatedHost, node: PeerNode, *, is_ever_calm: bool
    ) -> Iterator[Finding]:
        """
        Everybody is done, and time was given to find together.

        @param is_ever_calm: had what was said the time to arrive?
        """
        for peer in host.config.others:
            if peer.peer_id in self._hosts and self._most_neighbors is None:
                yield from self._know_each_other(
                    node, peer.peer_id, is_ever_calm=is_ever_calm
                )

    def _know_each_other(
        self, node: PeerNode, other: int, *, is_ever_calm: bool
    ) -> Iterator[Finding]:
        conversation = node.registry.find(other)
        if conversation is None:
            yield "everybody together", f"not {other}"
            return
        there = self._hosts[other]
        if is_ever_calm and there.is_running and there.node is not None:
            known, held = conversation.neighbor.bits, there.node.store.bits
            if known.count != held.count:
                yield (
                    "everything is told",
                    f"{other} has {held.count}, {known.count} known",
                )

    def _may_part(self, reason: str) -> bool:
        """
        In a large swarm there are reasons to part where nothing goes wrong.
        """
        return self._most_neighbors is not None and any(
            words in reason for words in (FULL, BOTH_COMPLETE, REPLACED)
        )


def _check_winner(
    host: SimulatedHost, other: int, *, is_ours: bool
) -> Iterator[Finding]:
    place = host.config.position
    if is_ours is not (place(host.peer_id) > place(other)):
        yield "the later caller wins", f"not {other}'s"
