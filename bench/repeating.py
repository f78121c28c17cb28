"""
Run after run, whatever a run is.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from bench.command import NOTHING_WAS_RUN, CannotRun, tell
from bench.processes import RunFailed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class Tally:
    """
    Makes the runs of one benchmark, and counts them.

    @ivar made: how many did not fail.
    @ivar failed: how many did.
    """

    def __init__(self) -> None:
        self.made = 0
        self.failed = 0

    def repeat(
        self,
        runs: Iterable[tuple[str, Callable[[], T]]],
        show: Callable[[Sequence[T]], None],
    ) -> None:
        """
        Make one after the other.  Each is printed at once: as a line of JSON, or, if it
        failed, why.

        @param runs: what each is called, and what makes it.
        @param show: is given those that did not fail, if there are any, also where
            Ctrl-C keeps the rest from being made.
        @raise CannotRun: if the very first one cannot be made.
        """
        made: list[T] = []
        try:
            for name, make in runs:
                try:
                    run = make()
                except CannotRun as why:
                    if not (self.made or self.failed):
                        raise
                    # Something was run.
                    self._fail(name, why)
                except RunFailed as failure:
                    self._fail(name, failure)
                else:
                    self.made += 1
                    made.append(run)
                    print(json.dumps(asdict(run)), flush=True)
        finally:
            if made:
                show(made)

    def _fail(self, name: str, why: Exception) -> None:
        self.failed += 1
        tell(f"{name}: {why}")

    @property
    def status(self) -> int:
        """
        The exit status: 0 only if there were runs and none failed.
        """
        if self.failed:
            return 1
        return 0 if self.made else NOTHING_WAS_RUN
