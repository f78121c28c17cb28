"""
Carries events to those who watch.
"""

from collections import deque
from collections.abc import Callable

from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver


class EventBus:
    """
    Tells every observer every event, in one order that is the same for all.

    An event that is published while another is being told waits for its turn.
    An observer that raises is reported and hurts nobody.
    """

    def __init__(
        self, report: Callable[[ISwarmObserver, SwarmEvent, Exception], None]
    ) -> None:
        """
        @param report: told, while the exception is being handled, of an
            observer that raised.
        """
        self._report = report
        self._observers: list[ISwarmObserver] = []
        self._waiting: deque[SwarmEvent] = deque()
        self._is_telling = False

    def add(self, observer: ISwarmObserver) -> None:
        """
        From now on C{observer} hears every event.
        """
        self._observers = [*self._observers, observer]

    def remove(self, observer: ISwarmObserver) -> None:
        """
        From now on C{observer} hears nothing.

        @raise ValueError: if it was not listening.
        """
        if not self._is_listening(observer):
            raise ValueError(f"{observer!r} does not listen")
        self._observers = [each for each in self._observers if each is not observer]

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell everybody, now or as soon as the events before are told.
        """
        self._waiting.append(event)
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._is_telling = False

    def _tell(self, event: SwarmEvent) -> None:
        for observer in self._observers:
            if not self._is_listening(observer):
                # Removed by one before it.
                continue
            try:
                observer.observe(event)
            except Exception as error:
                self._report(observer, event, error)

    def _is_listening(self, observer: ISwarmObserver) -> bool:
        # By identity: observers may compare as they like.
        return any(each is observer for each in self._observers)
