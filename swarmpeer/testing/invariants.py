"""
What must hold in a peer after every event.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.node import PeerNode
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.requests import REQUEST_WINDOW
from swarmpeer.core.serving import QUEUE_LIMIT
from swarmpeer.core.verified_node import VerifiedNode
from swarmpeer.core.verified_requests import REFUSALS_LIMIT
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.verified_protocol import VerifiedProtocol

Finding = tuple[str, str]
"""
The short name of a rule, and how it was broken.
"""

P = ParamSpec("P")

_MOST_HOLDERS = 2
"""
Of whom a verified peer waits for the same piece.
"""


def gathered(look: Callable[P, Iterator[Finding]]) -> Callable[P, list[Finding]]:
    """
    A look that remembers what it saw is over when it is called, whatever becomes of
    what it found.
    """

    @wraps(look)
    def look_at_once(*what: P.args, **more: P.kwargs) -> list[Finding]:
        return list(look(*what, **more))

    return look_at_once


class NodeChecker:
    """
    Looks at one L{PeerNode}, from its start to its end.  What did not change
    since the last look is not counted again.
    """

    def __init__(self, node: PeerNode, preferred: int) -> None:
        """
        @param preferred: the most neighbours that may be preferred.
        """
        self._node = node
        self._preferred = preferred
        self._states = b""
        self._held = node.store.bits.count
        self._is_verified = isinstance(node, VerifiedNode)
        # By neighbour: for how many pieces of ours and theirs it was counted how
        # many of theirs are useful.  In a classic swarm both only grow, so they are
        # the same as long as their numbers are.
        self._useful: dict[int, tuple[NeighborState, int, int, int]] = {}

    def note_lost(self) -> None:
        """
        A piece was withdrawn, as only happens in a verified swarm.
        """
        self._held -= 1

    @gathered
    def check(self) -> Iterator[Finding]:
        """
        @return: what does not hold now.
        """
        states = self._node.store.states()
        yield from self._check_owners(states)
        if self._is_verified:
            yield from self._check_holders(states)
        if states != self._states:
            self._states = states
            yield from self._check_bits(states)
            yield from self._check_budget(states)
        choking = self._node.choking
        if len(choking.preferred) > self._preferred:
            yield "k preferred", f"{choking.preferred} with k {self._preferred}"
        for conversation in self._node.registry.conversations:
            neighbor = conversation.neighbor
            peer_id = neighbor.peer_id
            if not neighbor.am_choking and not choking.is_unchoked(peer_id):
                yield "unchoked by plan", f"{peer_id} has no place"
            yield from self._check_interest(neighbor)
            yield from self._check_requests(neighbor, states)
            network = conversation.network
            if (
                neighbor.requested
                and isinstance(network, PeerProtocol)
                and network.waits_until is None
            ):
                yield "a timer for each request", f"none for {neighbor.peer_id}"

    def _check_owners(self, states: bytes) -> Iterator[Finding]:
        owners, registry = self._node.requests.owners, self._node.registry
        if states.count(PieceState.IN_FLIGHT) != len(owners):
            yield "one owner", f"{len(owners)} owners, states {states.hex()}"
        for index, owner in owners:
            live = registry.find(owner.peer_id)
            if states[index] != PieceState.IN_FLIGHT:
                yield "one owner", f"piece {index} is {states[index]}, not in flight"
            if index not in owner.requested:
                yield "one owner", f"piece {index} is not asked of {owner.peer_id}"
            if live is None or live.neighbor is not owner:
                yield "live owner", f"piece {index} is {owner.peer_id}'s, who left"

    def _check_holders(self, states: bytes) -> Iterator[Finding]:
        """
        A piece is waited for at few, and at nobody once it is here.
        """
        holders: dict[int, list[int]] = {}
        for conversation in self._node.registry.conversations:
            network, neighbor = conversation.network, conversation.neighbor
            is_verified = isinstance(network, VerifiedProtocol) and network.is_verified
            for index in neighbor.requested:
                holders.setdefault(index, []).append(neighbor.peer_id)
                if is_verified and states[index] == PieceState.HAVE:
                    said = f"piece {index} is here, and waited for at"
                    yield "waits for what it lacks", f"{said} {neighbor.peer_id}"
        for index, peers in holders.items():
            if len(peers) > _MOST_HOLDERS:
                yield "two holders at most", f"piece {index} is asked of {peers}"

    def _check_bits(self, states: bytes) -> Iterator[Finding]:
        bits = self._node.store.bits
        for index, state in enumerate(states):
            if (state == PieceState.HAVE) is not (index in bits):
                yield "one state", f"piece {index} is {state} against its bit"
        if bits.count < self._held:
            yield "bits only grow", f"{self._held} pieces, then {bits.count}"
        self._held = bits.count

    def _check_budget(self, states: bytes) -> Iterator[Finding]:
        layout, counted = self._node.store.layout, self._node.requests.unsettled_bytes
        under_way = PieceState.IN_FLIGHT, PieceState.STORING
        size = sum(map(states.count, under_way)) * layout.piece_size_bytes
        for index, short_size in layout.short_sizes.items():
            if states[index] in under_way:
                size += short_size - layout.piece_size_bytes
        if size != counted:
            yield "bytes under way", f"{size}, counted as {counted}"

    def _check_interest(self, neighbor: NeighborState) -> Iterator[Finding]:
        own, theirs = self._node.store.needless, neighbor.bits
        counted = self._useful.get(neighbor.peer_id)
        if (
            counted is None
            or self._is_verified
            or counted[:3] != (neighbor, own.count, theirs.count)
        ):
            useful = own.count_missing_from(theirs)
            counted = (neighbor, own.count, theirs.count, useful)
            self._useful[neighbor.peer_id] = counted
        useful = counted[3]
        if neighbor.useful != useful:
            yield (
                "useful pieces",
                f"{neighbor.peer_id} has {useful}, counted as {neighbor.useful}",
            )
        if neighbor.am_interested is not (useful > 0):
            yield (
                "interest",
                f"{neighbor.peer_id} has {useful} useful pieces, "
                f"interested: {neighbor.am_interested}",
            )

    def _check_requests(
        self, neighbor: NeighborState, states: bytes
    ) -> Iterator[Finding]:
        requested, requests = neighbor.requested, self._node.requests
        if len(requested) > (QUEUE_LIMIT if self._is_verified else REQUEST_WINDOW):
            yield "one request", f"{sorted(requested)} of {neighbor.peer_id}"
        if neighbor.peer_choking:
            if requested:
                yield "no request while choked", f"{sorted(requested)}"
            return
        if requested or requests.is_paused or requests.is_starved:
            return
        # At one that does not answer a timer will ask again.
        if neighbor.is_snubbed or len(neighbor.refused) >= REFUSALS_LIMIT:
            return
        for index, state in enumerate(states):
            if (
                index in neighbor.bits
                # What was given up, or refused a moment ago, is asked of nobody.
                and index not in self._node.store.needless
                and index not in neighbor.refused
                and self._waits(index, state)
            ):
                yield (
                    "nothing waits",
                    f"{neighbor.peer_id} would serve piece {index}, "
                    f"which nobody is asked for who answers",
                )
                return

    def _waits(self, index: int, state: int) -> bool:
        if state == PieceState.IN_FLIGHT:
            owner = self._node.requests.owner(index)
            return owner is not None and owner.is_snubbed
        return state == PieceState.MISSING
