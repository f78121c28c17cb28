"""
What the outcome of one run comes to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from swarmpeer.testing.figures import fluid_bound, jain
from swarmpeer.testing.outcome import Outcome, PeerOutcome

SEED = "seed"
LEECHER = "leecher"
FREE_RIDER = "free rider"


@dataclass(frozen=True, slots=True)
class RunFigures:
    """
    Times are seconds of virtual time from the start.

    @ivar fetchers: how many honest peers began without the file, free riders
        included.
    @ivar completions: when they had it, in ascending order; those that never had
        it are missing.
    @ivar first_pieces: the same for the first piece.
    @ivar distribution_seconds: until the last one had the file; C{None} if one
        never had it, or if there is nobody to have it.
    @ivar bound_seconds: before which that is not possible, see L{fluid_bound}.
    @ivar jain_given: how evenly the leechers gave, 1 being all the same.
    @ivar jain_got: how evenly they received what they lacked.
    @ivar received_bytes: of pieces, by all who fetch.
    @ivar duplicate_bytes: so many of them for nothing.
    """

    fetchers: int
    completions: tuple[float, ...]
    first_pieces: tuple[float, ...]
    distribution_seconds: float | None
    bound_seconds: float | None
    jain_given: float
    jain_got: float
    received_bytes: int
    duplicate_bytes: int

    @classmethod
    def of(cls, outcome: Outcome) -> "RunFigures":
        """
        The figures of C{outcome}.
        """
        fetchers = [peer for peer in outcome.peers if is_fetcher(peer)]
        leechers = [peer for peer in fetchers if peer.role == LEECHER]
        completions = _known(peer.completed_at for peer in fetchers)
        is_whole = bool(fetchers) and len(completions) == len(fetchers)
        return cls(
            fetchers=len(fetchers),
            completions=completions,
            first_pieces=_known(peer.first_piece_at for peer in fetchers),
            distribution_seconds=completions[-1] if is_whole else None,
            bound_seconds=fluid_bound(
                outcome.scenario.file_size_bytes,
                [peer.up_rate for peer in outcome.peers if peer.role == SEED],
                [0.0 if p.role == FREE_RIDER else p.up_rate for p in fetchers],
                [peer.down_rate for peer in fetchers],
            ),
            jain_given=jain(peer.sent_bytes for peer in leechers),
            jain_got=jain(p.received_bytes - p.duplicate_bytes for p in leechers),
            received_bytes=sum(peer.received_bytes for peer in fetchers),
            duplicate_bytes=sum(peer.duplicate_bytes for peer in fetchers),
        )


def is_fetcher(peer: PeerOutcome) -> bool:
    """
    Is it an honest peer that began without the file?
    """
    return peer.role in (LEECHER, FREE_RIDER)


def is_hostile(peer: PeerOutcome) -> bool:
    """
    Does it break the rules?
    """
    return peer.role not in (SEED, LEECHER, FREE_RIDER)


def quantile(ordered: Sequence[float], share: float) -> float:
    """
    The value below which C{share} of all lie, between two values in proportion.

    @param ordered: at least one, in ascending order.
    @param share: from 0 to 1.
    """
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _known(times: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(sorted(time for time in times if time is not None))
