"""
Saying once what is said again and again.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import ILogObserver, LogEvent, formatEvent
from twisted.python import threadable
from twisted.python.failure import Failure
from zope.interface import implementer

AT_ONCE = 3
"""
So many lines of a kind are said at once: a neighbour that is started anew leaves and
comes back, and whoever looks should see both.
"""
MANY_AT_ONCE = 20
"""
The same of lines whose kind is only guessed, by L{guessed_kind}.
"""
FOLDED_SECONDS = 60.0
"""
What was said so often is not said again for so long.
"""
MOST_KINDS = 1000
"""
So many kinds of lines are told apart; all others are one kind.
"""
_WORDS = " (said {repeats} {repeats_unit} more in the last {repeats_seconds:.0f} s)"
_REST = "the rest"
_WORDLESS = ("", "{log_text}", "{log_io}")
"""
Formats that say nothing of a line.
"""


def own_kind(event: LogEvent) -> Hashable | None:
    """
    The kind that a line says it is of, by C{fold}; C{None}: it is never folded.
    """
    kind: Hashable | None = event.get("fold")
    return kind


def guessed_kind(event: LogEvent) -> Hashable | None:
    """
    The kind of a line that knows nothing of folding, as those of Twisted: who says it,
    its level and its format.

    @return: C{None} for one that does, and for one of another thread, which may not be
        kept waiting here.
    """
    if "fold" in event or not threadable.isInIOThread():
        return None
    words = event.get("log_format") or ""
    if words in _WORDLESS:
        words = formatEvent(event)
    failure = event.get("log_failure")
    raised = failure.type if isinstance(failure, Failure) else None
    return event.get("log_namespace"), event.get("log_level"), words, raised


@dataclass(slots=True)
class _Folded:
    """
    What was said of one kind.

    @ivar said_at: when it was said first.
    @ivar said: how often since.
    @ivar repeats: how often it was not, and C{last} is the latest such line.
    """

    said_at: float
    said: int = 1
    repeats: int = 0
    last: LogEvent | None = None


@implementer(ILogObserver)
class Folding:
    """
    Passes a line on at once if few of its kind were said lately, and else the latest
    of its kind with how many there were, when the time is over.  So of what is said on
    and on there is one line in that time.

    One that is of no kind is always passed on.
    """

    def __init__(
        self,
        observer: ILogObserver,
        clock: IReactorTime,
        folded_seconds: float = FOLDED_SECONDS,
        *,
        kind_of: Callable[[LogEvent], Hashable | None] = own_kind,
        at_once: int = AT_ONCE,
    ) -> None:
        """
        @param observer: what the lines are passed on to.
        @param at_once: so many lines of a kind are.
        """
        self._kind_of = kind_of
        self._at_once = at_once
        self._observer = observer
        self._clock = clock
        self._folded_seconds = folded_seconds
        # By kind; who was said first is first.
        self._kinds: dict[Hashable, _Folded] = {}
        self._timer: IDelayedCall | None = None

    def __call__(self, event: LogEvent) -> None:
        """
        Say it, or fold it.
        """
        kind = self._kind_of(event)
        if kind is None:
            self._observer(event)
            return
        now = self._clock.seconds()
        self._say_due(now)
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = _REST
        folded = self._kinds.get(kind)
        if folded is None:
            self._kinds[kind] = _Folded(now)
            self._observer(event)
            return
        if folded.said < self._at_once:
            folded.said += 1
            self._observer(event)
            return
        folded.repeats += 1
        folded.last = event
        if self._timer is None:
            self._set_timer(now)

    def flush(self) -> None:
        """
        Say what is folded now, and begin anew.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kinds, self._kinds = self._kinds, {}
        now = self._clock.seconds()
        for folded in kinds.values():
            self._say(folded, now)

    def _say_due(self, now: float) -> None:
        while self._kinds:
            kind, folded = next(iter(self._kinds.items()))
            if now - folded.said_at < self._folded_seconds:
                return
            del self._kinds[kind]
            if folded.repeats:
                # It goes on and on, and was said just now.
                self._kinds[kind] = _Folded(now, said=self._at_once)
                self._say(folded, now)

    def _on_time(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        self._say_due(now)
        if any(folded.repeats for folded in self._kinds.values()):
            self._set_timer(now)

    def _set_timer(self, now: float) -> None:
        oldest = next(iter(self._kinds.values()))
        seconds = max(0.0, oldest.said_at + self._folded_seconds - now)
        self._timer = self._clock.callLater(seconds, self._on_time)

    def _say(self, folded: _Folded, now: float) -> None:
        if folded.last is None:
            return
        event = dict(folded.last)
        event["log_format"] = f"{event.get('log_format') or ''}{_WORDS}"
        event["repeats"] = folded.repeats
        event["repeats_unit"] = "time" if folded.repeats == 1 else "times"
        event["repeats_seconds"] = now - folded.said_at
        self._observer(event)
