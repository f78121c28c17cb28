"""
Which piece to fetch next: the ways to choose that a peer brings along.
"""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.picking_sequential import SequentialPicker
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.wire.bitfield import Bitfield

PickerFactory = Callable[[Bitfield, Random], IPiecePicker]
"""
Makes the picker of one peer, from the pieces that need no fetching, which it must not
change, and from where it is to draw.
"""

PIECE_PICKERS: Mapping[str, PickerFactory] = MappingProxyType(
    {
        "random": RandomPicker,
        "rarest": RarestPicker,
        "sequential": SequentialPicker,
    }
)
"""
Those that have a name.
"""
