"""
A picker that every C{swarm.toml} of a machine may choose by its name.

Put the file into a folder C{twisted/plugins} below one that Python imports from: into
C{/srv/policies/twisted/plugins} with C{PYTHONPATH=/srv/policies}.  Then it is

    [policy]
    picking = "last-first"

Where the file itself can be imported it needs no plugin, nor a name:

    swarmpeer simulate --files 1 --picking picking_plugin:LastFirst
"""

from collections.abc import Sequence
from random import Random

from twisted.plugin import IPlugin
from zope.interface import implementer

from swarmpeer.interfaces import IPiecePicker, IPolicyPlugin
from swarmpeer.wire.bitfield import Bitfield


@implementer(IPiecePicker)
class LastFirst:
    """
    The last open piece that they have comes first, as for an archive whose index is at
    its end.  All pieces above C{_top} are shut.
    """

    # So the last four methods are never called.
    counts_holders = False

    def __init__(
        self,
        held: Bitfield,
        rng: Random,  # noqa: ARG002  (there is nothing to draw)
    ) -> None:
        self._shut = held.copy()
        self._top = held.size - 1

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        self._shut.discard(index)
        self._top = max(self._top, index)

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        self._shut.add(index)

    def pick(self, theirs: Bitfield, useful: int) -> int | None:
        """
        Choose for one neighbour.
        """
        while self._top >= 0 and self._top in self._shut:
            self._top -= 1
        if self._top < 0 or not useful:
            return None
        # Who has the whole file has that one; for others all bits are compared.
        if self._top in theirs:
            return self._top
        eligible = self._shut.missing_from(theirs)
        return eligible.at_rank(eligible.count - 1) if eligible.count else None

    def pick_among(self, few: list[int]) -> int | None:
        """
        The same where only a few come into question.
        """
        few[:] = self._shut.missing_among(few)
        return max(few, default=None)

    def note_haves(self, indexes: Sequence[int]) -> None:
        """
        A neighbour holds more pieces.
        """

    def note_lacking(self, index: int) -> None:
        """
        A neighbour holds a piece no more.
        """

    def note_bits(self, theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds.
        """

    def note_left(self, theirs: Bitfield) -> None:
        """
        A neighbour that told is gone.
        """


@implementer(IPlugin, IPolicyPlugin)
class LastFirstPlugin:
    """
    Tells where it is.
    """

    name = "last-first"
    kind = "picking"
    factory = f"{__name__}:LastFirst"


last_first = LastFirstPlugin()
