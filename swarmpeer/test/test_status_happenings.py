"""
Tests of L{swarmpeer.status.happenings}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import (
    DialFailed,
    DiskShort,
    FilePlacingFailed,
    PeerShutOut,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    RecordFailed,
)
from swarmpeer.status.happenings import Happenings
from swarmpeer.status.shape import (
    MOST_HAPPENINGS,
    Group,
)


class HappeningsTests(SynchronousTestCase):
    """
    L{Happenings}.
    """

    def test_last(self) -> None:
        """
        The last ones are remembered, numbered without gaps, and fit on a line each.
        """
        happenings = Happenings()
        for number in range(MOST_HAPPENINGS + 5):
            happenings.note(DialFailed(1002, f"no\n{number}", 1.0), float(number))
            happenings.note(PieceStored(1002, 1, 1, 1), float(number))
        told = happenings.after(0)
        self.assertEqual(
            [one.number for one in told], list(range(6, MOST_HAPPENINGS + 6))
        )
        self.assertEqual(told[0].text, "cannot reach 1002: no\\n5")
        self.assertEqual(happenings.after(told[-2].number), told[-1:])
        self.assertEqual((told[0].kind, told[0].peer_id), ("DialFailed", 1002))

    def test_warned_of(self) -> None:
        """
        Of whatever is an error for the log, a reader of the page learns, too, and as
        trouble.
        """
        happenings = Happenings()
        errors = [
            PieceStoreFailed(1002, 3, "full"),
            FilePlacingFailed("full"),
            PolicyReplaced("mine", "pick", "raised KeyError", "rarest"),
            RecordFailed("full"),
            DiskShort(2, 1),
            PieceWithdrawn(3, "it rotted"),
            PeerShutOut(1002, 2, 60.0),
        ]
        for event in errors:
            happenings.note(event, 0.0)
        self.assertEqual(
            [(one.kind, one.group) for one in happenings.after(0)],
            [(type(event).__name__, Group.TROUBLE) for event in errors],
        )
