"""
Whom to serve: the ways to choose that a peer brings along.
"""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.interfaces import IChokingPolicy

ChokingFactory = Callable[[int, Random], IChokingPolicy]
"""
Makes who chooses whom to serve: from how many neighbours are to be preferred, and
from where every draw comes.
"""

CHOKING_POLICIES: Mapping[str, ChokingFactory] = MappingProxyType(
    {"classic": ChokingManager, "fleet": FleetChoking}
)
"""
Those that have a name.
"""
