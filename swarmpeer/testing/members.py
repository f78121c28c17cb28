"""
Who is in a simulated swarm, and who is told of whom.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.testing.contents import FILE_NAME
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.scenario import Scenario

FIRST_ID = 1001
PORT = 6008


@dataclass(frozen=True, slots=True)
class Members:
    """
    The members of a swarm.

    @ivar configs: of all members by id, in the order of the list.
    @ivar hostile: the role of each that breaks the rules.
    @ivar free_riders: the ids of those that serve nobody.
    """

    configs: Mapping[int, Config]
    hostile: Mapping[int, str]
    free_riders: frozenset[int]

    @property
    def honest(self) -> tuple[int, ...]:
        """
        The ids of the others, ascending.
        """
        return tuple(peer for peer in self.configs if peer not in self.hostile)


def host_name(peer_id: int) -> str:
    """
    How a member's machine is called.
    """
    return f"peer{peer_id}.example"


def draw_members(scenario: Scenario, rng: Random) -> Members:
    """
    Make the list: seeds first, hostile peers anywhere.

    @raise ValueError: if there is no such hostile role.
    """
    unknown = sorted(set(scenario.hostile) - set(ROLES))
    if unknown:
        raise ValueError(f"no such role: {', '.join(unknown)}")
    roles = [""] * scenario.peers
    for role in scenario.hostile:
        roles.insert(rng.randint(0, len(roles)), role)
    ids = range(FIRST_ID, FIRST_ID + len(roles))
    hostile = {peer: role for peer, role in zip(ids, roles, strict=True) if role}
    honest = [peer for peer in ids if peer not in hostile]
    seeds = frozenset(honest[: scenario.seeds])
    peers = tuple(PeerInfo(peer, host_name(peer), PORT, peer in seeds) for peer in ids)
    common = CommonConfig(
        preferred_neighbors=scenario.preferred,
        unchoking_interval_seconds=scenario.unchoking_interval_seconds,
        optimistic_unchoking_interval_seconds=scenario.optimistic_interval_seconds,
        file_name=FILE_NAME,
        file_size_bytes=scenario.file_size_bytes,
        piece_size_bytes=scenario.piece_size_bytes,
    )
    free_riders = frozenset(rng.sample(honest[scenario.seeds :], scenario.free_riders))
    serves = [peer not in hostile and peer not in free_riders for peer in ids]
    known = _acquaintances(serves, scenario.neighbors, rng)
    return Members(
        configs={
            peer.peer_id: Config(
                peer.peer_id,
                common,
                tuple(peers[place] for place in sorted(known[own])),
            )
            for own, peer in enumerate(peers)
        },
        hostile=hostile,
        free_riders=free_riders,
    )


def _acquaintances(
    serves: Sequence[bool], neighbors: int | None, rng: Random
) -> list[set[int]]:
    """
    Who knows whom, by places in the list; each knows itself, and whoever is
    known knows back.  With few neighbours a ring of those that serve keeps the
    swarm in one piece; each of the others knows two of them.

    @param serves: does the member at that place serve others?
    """
    count = len(serves)
    if neighbors is None or neighbors >= count - 1:
        return [set(range(count)) for _ in range(count)]
    known = [{place} for place in range(count)]

    def introduce(one: int, other: int) -> None:
        known[one].add(other)
        known[other].add(one)

    ring = [place for place in range(count) if serves[place]]
    for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
        introduce(one, other)
    for place in range(count):
        if not serves[place]:
            for other in rng.sample(ring, min(2, len(ring))):
                introduce(place, other)
        # A few more draws than needed: some meet one who knows enough already.
        for _ in range(4 * neighbors):
            if len(known[place]) > neighbors:
                break
            other = rng.randrange(count)
            if len(known[other]) <= neighbors:
                introduce(place, other)
    return known
