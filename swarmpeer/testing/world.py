"""
All that a simulated swarm consists of, put together from its scenario.
"""

from dataclasses import replace
from random import Random

from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.testing.contents import Contents
from swarmpeer.testing.host import HostWatcher, SimulatedHost
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.hostile import ROLES, HostileContext, HostilePeer
from swarmpeer.testing.lines import PACKET_BYTES
from swarmpeer.testing.members import draw_members
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.policies import FreeRiding
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.virtual_time import VirtualTime

_IMPOSTORS = frozenset(["id-thief", "self-dialler"])


class World:
    """
    The machines of a swarm, honest and hostile, with a time and a network.
    Nothing runs yet.

    @ivar scenario: what it follows from.
    @ivar policy: of every honest peer that is no free rider.
    @ivar time: its time.
    @ivar network: its network.
    @ivar contents: what it spreads.
    @ivar members: who belongs to the swarm.
    @ivar hosts: the honest machines by id.
    @ivar hostile: the others.
    """

    def __init__(
        self,
        scenario: Scenario,
        policy: ChokingFactory,
        picker: PickerFactory,
        watcher: HostWatcher,
        *,
        keeps_log: bool,
        is_coarse: bool = False,
    ) -> None:
        """
        @param policy: of every honest peer that is no free rider.
        @param picker: of every honest peer of a verified swarm.
        @param watcher: told what becomes of the honest machines.
        @param keeps_log: do the peers write their protocol logs?
        @param is_coarse: may the network let small packets through some milliseconds
            early, to save events?
        @raise ValueError: if the scenario is none.
        """
        seed = scenario.seed
        self.scenario = scenario
        self.time = VirtualTime()
        self.network = SimulatedNetwork(
            self.time,
            Random(f"{seed}/network"),
            latency_seconds=scenario.latency_seconds,
            jitter_seconds=scenario.jitter_seconds,
            ahead_bytes=PACKET_BYTES if is_coarse else 0,
        )
        self.contents = Contents(scenario)
        self.members = draw_members(scenario, Random(f"{seed}/members"))
        self.policy = policy
        self._picker = picker
        self._watcher = watcher
        self._limits = Limits()
        if scenario.most_neighbors is not None:
            self._limits = replace(self._limits, neighbors=scenario.most_neighbors)
        self._keeps_log = keeps_log
        self.hosts = {peer: self._host(peer) for peer in self.members.honest}
        self.hostile = {
            peer: self._hostile(peer, role)
            for peer, role in self.members.hostile.items()
        }

    @property
    def most_neighbors(self) -> int | None:
        """
        With so many neighbours a peer turns callers away; C{None}: all have all.
        """
        scenario, most = self.scenario, self._limits.neighbors
        known = len(self.members.configs) - 1
        if scenario.neighbors is not None:
            known = min(known, scenario.neighbors)
        return most if scenario.files is not None and known > most else None

    @property
    def has_impostor(self) -> bool:
        """
        Does somebody pose as an honest peer?
        """
        return not _IMPOSTORS.isdisjoint(self.scenario.hostile)

    def role(self, peer_id: int) -> str:
        """
        What a member is: C{seed}, C{leecher}, C{free rider} or a hostile role.
        """
        if peer_id in self.hostile:
            return self.members.hostile[peer_id]
        if self.hosts[peer_id].is_seed:
            return "seed"
        return "free rider" if peer_id in self.members.free_riders else "leecher"

    def _host(self, peer_id: int) -> SimulatedHost:
        scenario = self.scenario
        config = self.members.configs[peer_id]
        up_rate = scenario.up_rate
        if config.own.has_file and scenario.seed_up_rate is not None:
            up_rate = scenario.seed_up_rate
        elif not config.own.has_file and up_rate is not None and scenario.up_factors:
            place = self.members.honest.index(peer_id)
            up_rate *= scenario.up_factors[place % len(scenario.up_factors)]
        is_free_rider = peer_id in self.members.free_riders
        return SimulatedHost(
            config,
            time=self.time,
            network=self.network.host(
                config.own.host, up_rate=up_rate, down_rate=scenario.down_rate
            ),
            contents=self.contents,
            seed=f"{scenario.seed}/{peer_id}",
            watcher=self._watcher,
            choking_policy=FreeRiding if is_free_rider else self.policy,
            piece_picker=self._picker,
            is_on_disk=scenario.on_disk,
            limits=self._limits,
            keeps_log=self._keeps_log,
        )

    def _hostile(self, peer_id: int, role: str) -> HostilePeer:
        scenario = self.scenario
        config = self.members.configs[peer_id]
        network = self.network.host(
            config.own.host, up_rate=scenario.up_rate, down_rate=scenario.down_rate
        )
        clock = HostClock(self.time)
        return ROLES[role](
            HostileContext(
                peer_id=peer_id,
                config=config,
                clock=clock,
                rng=Random(f"{scenario.seed}/{peer_id}"),
                dial=lambda peer: network.dial_endpoint(clock, peer.host, peer.port),
                listen=network.listen_endpoint(clock, config.own.port),
                layout=self.contents.layout,
                source=self.contents.source,
                handshake=self.contents.handshake,
            )
        )
