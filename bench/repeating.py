"""
Run after run, whatever a run is.
"""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from bench.processes import RunFailed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def repeat_runs(runs: Iterable[tuple[str, Callable[[], T]]]) -> tuple[list[T], int]:
    """
    Make one after the other.  Each is printed at once: as a line of JSON, or, if it
    failed, why.

    @param runs: what each is called, and what makes it.
    @return: those that did not fail, and how many did.
    """
    made = []
    failures = 0
    for name, make in runs:
        try:
            run = make()
        except RunFailed as failure:
            failures += 1
            print(f"{name}: {failure}", file=sys.stderr, flush=True)
        else:
            made.append(run)
            print(json.dumps(asdict(run)), flush=True)
    return made, failures
