"""
Peers that break the rules, in named roles.

Each speaks raw bytes over endpoints that it is given, gets far enough by good
manners to do its one evil thing, counts how often it did, and goes on until it
is stopped.  All chance is handed in.
"""

from collections.abc import Mapping
from types import MappingProxyType

from swarmpeer.testing.hostile.breaking import LengthBomb, OutOfRange, SpareBitSetter
from swarmpeer.testing.hostile.claiming import BlackHole, Liar, Poisoner, SlowDrip
from swarmpeer.testing.hostile.context import HostileContext, PieceSource
from swarmpeer.testing.hostile.peer import HostilePeer
from swarmpeer.testing.hostile.pestering import Flapper, RequestFlood
from swarmpeer.testing.hostile.posing import IdThief, SelfDialler
from swarmpeer.testing.hostile.replaying import LateReplayer

ROLES: Mapping[str, type[HostilePeer]] = MappingProxyType(
    {
        "liar": Liar,
        "poisoner": Poisoner,
        "black-hole": BlackHole,
        "slow-drip": SlowDrip,
        "length-bomb": LengthBomb,
        "id-thief": IdThief,
        "self-dialler": SelfDialler,
        "flapper": Flapper,
        "request-flood": RequestFlood,
        "spare-bit-setter": SpareBitSetter,
        "out-of-range": OutOfRange,
        "late-replayer": LateReplayer,
    }
)
"""
What each is called in a scenario.
"""

__all__ = ["ROLES", "HostileContext", "HostilePeer", "PieceSource"]
