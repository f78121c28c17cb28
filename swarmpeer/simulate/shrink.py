"""
Making a failing scenario smaller, as long as it fails in the same way.

What is smaller is tried in this order, again and again until nothing helps:
fewer peers, fewer pieces, fewer hostile peers, what is not needed of the other
options, and fewer faults.  A smaller swarm draws other faults from the same seed,
so the faults come last and are all there until then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultLevel, Scenario

MOST_TRIES = 150
MOST_EVENTS = 10_000_000

_PLAIN = Scenario()
_DISPENSABLE = (
    "free_riders",
    "up_rate",
    "seed_up_rate",
    "down_rate",
    "neighbors",
    "most_neighbors",
    "up_factors",
    "latency_seconds",
    "jitter_seconds",
    "policy",
    "picking",
    "preferred",
    "unchoking_interval_seconds",
    "optimistic_interval_seconds",
)
"""
Fields that go back to their default if the failure does not need them.
"""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """
    @ivar origin: what it began with.
    @ivar outcome: of the smallest failing run that was found.
    @ivar tries: how many runs it took to find it.
    @ivar is_done: was everything tried?  Else the effort was at its bound.
    """

    origin: Scenario
    outcome: Outcome
    tries: int
    is_done: bool


class _BoundReached(Exception):
    """
    Enough was tried.
    """


class Shrinker:
    """
    The search for the smallest run that breaks the same rule.
    """

    def __init__(
        self,
        run: Callable[[Scenario], Outcome],
        failing: Outcome,
        most_tries: int = MOST_TRIES,
        most_events: int = MOST_EVENTS,
        tried: Callable[[int], None] = lambda _: None,
    ) -> None:
        """
        @param run: runs a scenario just as C{failing} was run.
        @param failing: where to begin.
        @param most_tries: no more runs than that.
        @param most_events: no further run once all tries together had so many,
            which bounds the time, and the same way everywhere.
        @param tried: told how many runs there were, after each.
        """
        self._run = run
        self._origin = failing.scenario
        self._smallest = failing
        self._rule = failing.breaches[0].rule
        self._tries_left = most_tries
        self._events_left = most_events
        self._told = tried
        self._tries = 0
        self._known = {failing.scenario}

    def shrink(self) -> Shrunk:
        """
        Search until nothing smaller fails, or the effort is at its bound.
        """
        try:
            before = None
            while before != self._smallest.scenario:
                before = self._smallest.scenario
                self._shrink_swarm()
                self._shrink_file()
                self._shrink_hostile()
                self._drop_options()
                self._shrink_faults()
        except _BoundReached:
            return self._shrunk(is_done=False)
        return self._shrunk(is_done=True)

    def _shrunk(self, *, is_done: bool) -> Shrunk:
        return Shrunk(self._origin, self._smallest, self._tries, is_done)

    @property
    def _scenario(self) -> Scenario:
        return self._smallest.scenario

    def _shrink_swarm(self) -> None:
        self._lower(lambda: self._scenario.peers, 2, self._of_size)
        self._lower(
            lambda: self._scenario.seeds,
            1,
            lambda seeds: replace(self._scenario, seeds=seeds),
        )

    def _of_size(self, peers: int) -> Scenario:
        """
        The same with so many peers: somebody fetches, and somebody gives.
        """
        now = self._scenario
        seeds = max(1, min(now.seeds, peers - 1))
        return replace(
            now,
            peers=peers,
            seeds=seeds,
            free_riders=min(now.free_riders, peers - seeds),
            skipped_faults=frozenset(),
        )

    def _shrink_file(self) -> None:
        def pieces() -> int:
            # As if a folder were one file.
            now = self._scenario
            return -(-now.file_size_bytes // now.piece_size_bytes)

        def with_pieces(count: int) -> Scenario:
            less = pieces() - count
            size = self._scenario.file_size_bytes
            piece_size = self._scenario.piece_size_bytes
            # The last piece stays as short as it is.
            return replace(self._scenario, file_size_bytes=size - less * piece_size)

        self._lower(pieces, 1, with_pieces)
        if self._scenario.files is not None:
            self._lower(
                lambda: self._scenario.files or 1,
                1,
                lambda files: replace(self._scenario, files=files),
            )

    def _shrink_hostile(self) -> None:
        self._thin_out(
            self._scenario.hostile, lambda roles: replace(self._scenario, hostile=roles)
        )

    def _drop_options(self) -> None:
        for field in _DISPENSABLE:
            self._is_failing(replace(self._scenario, **{field: getattr(_PLAIN, field)}))

    def _shrink_faults(self) -> None:
        if self._scenario.faults is FaultLevel.NONE:
            return
        if self._is_failing(
            replace(self._scenario, faults=FaultLevel.NONE, skipped_faults=frozenset())
        ):
            return
        planned = range(self._smallest.faults_planned)
        skipped = self._scenario.skipped_faults
        self._thin_out(
            tuple(number for number in planned if number not in skipped),
            lambda kept: replace(
                self._scenario, skipped_faults=frozenset(planned) - frozenset(kept)
            ),
        )

    def _lower(
        self, now: Callable[[], int], least: int, smaller: Callable[[int], Scenario]
    ) -> None:
        """
        Bring a number down by bisection: by as much as can be, else by half of
        that, and so on, from the start again after each success.
        """
        while any(self._is_failing(smaller(value)) for value in _halfway(now(), least)):
            pass

    def _thin_out(
        self,
        items: tuple[_Item, ...],
        with_items: Callable[[tuple[_Item, ...]], Scenario],
    ) -> None:
        """
        Leave out what can be left out: all, else halves, quarters, ... down to
        one by one, until not a single one more can go.
        """
        length = len(items)
        while length:
            start = 0
            has_helped = False
            while start < len(items):
                fewer = items[:start] + items[start + length :]
                if self._is_failing(with_items(fewer)):
                    items = fewer
                    has_helped = True
                else:
                    start += length
            if length > 1:
                length = min(length // 2, len(items))
            elif not has_helped:
                break

    def _is_failing(self, scenario: Scenario) -> bool:
        """
        Try C{scenario}; if it breaks the same rule, it is the smallest now.
        """
        if scenario in self._known:
            return False
        if not self._tries_left or self._events_left <= 0:
            raise _BoundReached
        self._known.add(scenario)
        self._tries_left -= 1
        self._tries += 1
        outcome = self._run(scenario)
        self._events_left -= outcome.events
        self._told(self._tries)
        if all(breach.rule != self._rule for breach in outcome.breaches):
            return False
        self._smallest = outcome
        return True


def _halfway(now: int, least: int) -> Iterator[int]:
    """
    From C{least} up to one below C{now}, each step half as far from C{now}.
    """
    distance = now - least
    while distance > 0:
        yield now - distance
        distance //= 2
