"""
Carries events to those who watch.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVarTuple

from swarmpeer.events import HaveReceived, SwarmEvent
from swarmpeer.interfaces import IHavesObserver, IRunObserver, ISwarmObserver

_What = TypeVarTuple("_What")


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
        self._audiences: dict[type[SwarmEvent], tuple[ISwarmObserver, ...]] = {}
        self._waiting: deque[Sequence[SwarmEvent]] = deque()
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
        if not events or self._audiences.get(type(events[0])) == ():
            return
        if self._is_telling:
            self._waiting.append(events)
            return
        self._tell_all(self._tell, events)

    def publish_haves(self, peer_id: int, indexes: Sequence[int]) -> None:
        """
        Publish a L{HaveReceived} for each of these pieces.

        There may be more of them than of all other events together: an
        L{IHavesObserver} that is the only one who hears them is told all at once.
        """
        audience = self._audiences.get(HaveReceived)
        if audience is None:
            audience = self._audience(HaveReceived)
        if not audience:
            return
        if len(audience) == 1 and not self._is_telling:
            (observer,) = audience
            if IHavesObserver.providedBy(observer):
                self._tell_all(self._tell_haves, observer, peer_id, indexes)
                return
        for index in indexes:
            self.publish(HaveReceived(peer_id, index))

    def _tell_all(self, tell_first: Callable[[*_What], None], *what: *_What) -> None:
        """
        Tell something, and then what was published meanwhile.
        """
        self._is_telling = True
        try:
            tell_first(*what)
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._is_telling = False

    def _tell_haves(
        self, observer: IHavesObserver, peer_id: int, indexes: Sequence[int]
    ) -> None:
        try:
            observer.observe_haves(peer_id, indexes)
        except Exception as error:
            self._report(observer, HaveReceived(peer_id, indexes[0]), error)

    def _tell(self, events: Sequence[SwarmEvent]) -> None:
        audiences = self._audiences
        audience = audiences.get(type(events[0]))
        if audience is None:
            audience = self._audience(type(events[0]))
        for observer in audience:
            if len(events) > 1 and IRunObserver.providedBy(observer):
                if self._audiences is audiences or self._is_listening(observer):
                    self._tell_run(observer, events)
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

    def _tell_run(self, observer: IRunObserver, events: Sequence[SwarmEvent]) -> None:
        try:
            observer.observe_run(events)
        except Exception as error:
            self._report(observer, events[0], error)

    def _audience(self, event_class: type[SwarmEvent]) -> tuple[ISwarmObserver, ...]:
        audience = self._audiences[event_class] = tuple(
            observer
            for observer, wanted in self._wishes
            if not wanted or event_class in wanted
        )
        return audience

    def _is_listening(self, observer: ISwarmObserver) -> bool:
        return any(each is observer for each, _ in self._wishes)
