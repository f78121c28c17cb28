"""
Running scenarios: one here, or many in processes of their own, answers in order.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Protocol

from twisted.logger import globalLogBeginner

from swarmpeer.errors import SwarmPeerError
from swarmpeer.simulate.replay import ScenarioError, replay_command
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import Progress, Trace

_WAITING_PER_PROCESS = 4


class Simulate(Protocol):
    """
    What runs a scenario: L{swarmpeer.testing.swarm.simulate}.
    """

    def __call__(
        self,
        scenario: Scenario,
        *,
        checks: bool = True,
        trace: Trace | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """
        Run it to its end.
        """


def run_one(
    simulate: Simulate,
    scenario: Scenario,
    *,
    checks: bool = True,
    trace: Trace | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """
    Run one scenario.  If the simulator itself breaks, its exception tells how to
    come there again.

    @raise ScenarioError: if the scenario is none.
    """
    try:
        return simulate(scenario, checks=checks, trace=trace, progress=progress)
    except (SwarmPeerError, OSError):
        raise
    except ValueError as error:
        raise ScenarioError(str(error)) from error
    except Exception as error:
        error.add_note(f"to replay: {replay_command(scenario, checks=checks)}")
        raise


def without_history(outcome: Outcome) -> Outcome:
    """
    C{outcome} without what only a plot needs, which is most of it.
    """
    return replace(outcome, holdings=(), unchokes=())


def run_all(
    simulate: Simulate,
    scenarios: Iterable[Scenario],
    *,
    checks: bool,
    jobs: int,
    progress: Progress | None = None,
) -> Generator[Outcome, None, None]:
    """
    Run many scenarios.

    @param simulate: a function that another process can import, if C{jobs} is
        above 1.
    @param jobs: how many processes; 1 is this one.
    @param progress: told of the one that runs, if it runs here.
    @return: what became of each, without its history, in the order of
        C{scenarios}.  To be closed if it is not read to its end.
    """
    if jobs == 1:
        yield from map(partial(_run, simulate, checks, progress=progress), scenarios)
    else:
        yield from _run_apart(partial(_run, simulate, checks), scenarios, jobs)


def _run(
    simulate: Simulate,
    checks: bool,
    scenario: Scenario,
    progress: Progress | None = None,
) -> Outcome:
    return without_history(
        run_one(simulate, scenario, checks=checks, progress=progress)
    )


def _run_apart(
    run: Callable[[Scenario], Outcome], scenarios: Iterable[Scenario], jobs: int
) -> Generator[Outcome, None, None]:
    """
    The processes are new ones, not copies of this one, so that a run cannot see
    what was before; and few scenarios wait at a time, however many there are.
    """
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_begin_worker
    )
    rest = iter(scenarios)
    waiting: deque[Future[Outcome]] = deque()
    try:
        while True:
            room = jobs * _WAITING_PER_PROCESS - len(waiting)
            waiting += [executor.submit(run, each) for each in islice(rest, room)]
            if not waiting:
                break
            yield waiting.popleft().result()
    except BaseException:
        # Nobody waits for what they are at: it may take minutes.
        for process in multiprocessing.active_children():
            if process not in before:
                process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """
    In a process of its own: leave Ctrl-C to the one that was called, do not outlive
    it, however it ends, and print nothing of what simulated peers log.
    """
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.join,), daemon=True).start()


def _follow(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)
