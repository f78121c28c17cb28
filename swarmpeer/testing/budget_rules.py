"""
What one simulated peer may use up: connections, timers, bytes that wait.
"""

from collections.abc import Iterator

from swarmpeer.net.sampling import LINES
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.invariants import Finding
from swarmpeer.testing.world import World

_TIMERS_PER_CONNECTION = 4
"""
One for all its deadlines; one or two while it is dialled or between two calls.
"""
_TIMERS_PER_PEER = 6
"""
The two rounds, and what comes and goes with a stop.
"""
_CONNECTIONS_PER_PEER = 4
"""
With each other one: the one that stands, a crossing one, and those that take
their leave.
"""
_CONNECTIONS_PER_HOSTILE = 80
"""
What an address may have open without a handshake, and some that take their leave.
"""
_BUFFER_BYTES = 512 * 1024
"""
For each connection, beside a piece: the small messages that may wait, at twice
their limit.
"""


def check_budgets(world: World, host: SimulatedHost) -> Iterator[Finding]:
    """
    Look at a peer that runs.
    """
    network, members = world.network, world.members
    name = host.network.name
    connections = network.open_connections(name)
    most = _CONNECTIONS_PER_PEER * len(world.hosts)
    most += _CONNECTIONS_PER_HOSTILE * len(members.hostile)
    if connections > most:
        yield "few connections", f"{connections}, not {most}"
    if world.most_neighbors is not None and host.node is not None:
        neighbors = len(host.node.registry.conversations)
        if neighbors > world.most_neighbors + LINES:
            yield "few neighbours", f"{neighbors} of them"
    timers = 0 if host.process is None else host.process.clock.pending
    if timers > _TIMERS_PER_PEER + _TIMERS_PER_CONNECTION * max(
        connections, len(members.configs)
    ):
        yield "few timers", f"{timers} with {connections} lines"
    buffered = network.buffered_bytes(name)
    if buffered > connections * (_BUFFER_BYTES + world.contents.layout.size(0)):
        yield "small buffers", f"{buffered} bytes wait"
