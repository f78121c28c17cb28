"""
Carries events to those who watch.
"""

from collections import deque
from collections.abc import Callable, Sequence

from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import IRunObserver, ISwarmObserver

#: An observer, and what tells it of a run, if it can hear one at once.
_Listener = tuple[ISwarmObserver, Callable[[Sequence[SwarmEvent]], None] | None]


class EventBus:
    """
    Tells every observer every event of the classes that it wants, in one order
    that is the same for all.

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
        # Each with the classes that it wants; none means all.
        self._wishes: list[tuple[ISwarmObserver, frozenset[type[SwarmEvent]]]] = []
        # Who hears an event of a class, found out at the first one.
        self._audiences: dict[type[SwarmEvent], tuple[_Listener, ...]] = {}
        self._waiting: deque[tuple[type[SwarmEvent], Sequence[SwarmEvent]]] = deque()
        self._is_telling = False

    def add(self, observer: ISwarmObserver, *event_classes: type[SwarmEvent]) -> None:
        """
        From now on C{observer} hears every event of these classes, or every
        event if none are given.
        """
        self._wishes.append((observer, frozenset(event_classes)))
        self._audiences = {}

    def remove(self, observer: ISwarmObserver) -> None:
        """
        From now on C{observer} hears nothing.

        @raise ValueError: if it was not listening.
        """
        # By identity: observers may compare as they like.
        remaining = [wish for wish in self._wishes if wish[0] is not observer]
        if len(remaining) == len(self._wishes):
            raise ValueError(f"{observer!r} does not listen")
        self._wishes = remaining
        self._audiences = {}

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:
        """
        Would anybody be told of such an event?  Where there are very many of a
        class, one that nobody hears need not be made.
        """
        audience = self._audiences.get(event_class)
        if audience is None:
            audience = self._audience(event_class)
        return audience != ()

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell everybody, now or as soon as the events before are told.
        """
        self.publish_run((event,))

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Publish events of one class, one after the other.

        Each observer hears all of them before the next one hears the first, so that an
        L{IRunObserver} can be told of all at once.
        """
        if not events:
            return
        event_class = type(events[0])
        if self._audiences.get(event_class) == ():
            return
        if self._is_telling:
            self._waiting.append((event_class, events))
            return
        self._is_telling = True
        try:
            self._tell(event_class, events)
            while self._waiting:
                self._tell(*self._waiting.popleft())
        finally:
            self._is_telling = False

    def _tell(
        self, event_class: type[SwarmEvent], events: Sequence[SwarmEvent]
    ) -> None:
        audiences = self._audiences
        audience = audiences.get(event_class)
        if audience is None:
            audience = self._audience(event_class)
        for observer, observe_run in audience:
            if observe_run is not None:
                if self._audiences is audiences or self._is_listening(observer):
                    try:
                        observe_run(events)
                    except Exception as error:
                        self._report(observer, events[0], error)
                continue
            for event in events:
                if self._audiences is not audiences and not self._is_listening(
                    observer
                ):
                    # Removed by one before it, or by itself.
                    break
                try:
                    observer.observe(event)
                except Exception as error:
                    self._report(observer, event, error)

    def _audience(self, event_class: type[SwarmEvent]) -> tuple[_Listener, ...]:
        audience = self._audiences[event_class] = tuple(
            (observer, observer.observe_run)
            if IRunObserver.providedBy(observer)
            else (observer, None)
            for observer, wanted in self._wishes
            if not wanted or event_class in wanted
        )
        return audience

    def _is_listening(self, observer: ISwarmObserver) -> bool:
        return any(each is observer for each, _ in self._wishes)
