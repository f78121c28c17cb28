"""
Where the observers of a service hear of its events.
"""

from twisted.logger import Logger
from twisted.python.failure import Failure

from swarmpeer.core.bus import EventBus
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver


def logging_bus(log: Logger) -> EventBus:
    """
    A bus that tells C{log} of each observer that fails.
    """

    def report(observer: ISwarmObserver, event: SwarmEvent, error: Exception) -> None:
        log.failure(
            "the observer {observer!r} failed at {event!r}",
            Failure(error),
            observer=observer,
            event=event,
        )

    return EventBus(report)
