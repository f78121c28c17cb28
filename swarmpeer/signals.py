"""
The signals that ask a command to stop, before, while and after a reactor runs.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from swarmpeer.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handle_signals(handle: Callable[[int], object]) -> None:
    """
    From now on C{handle} is called with the number of each.  It interrupts
    whatever runs, so it must only note, or raise.
    """

    def handler(number: int, _frame: FrameType | None) -> None:
        handle(number)

    for number in _SIGNALS:
        if not _is_to_be_outlived(number):
            signal.signal(number, handler)


class Interruption:
    """
    Whether a signal asked to stop.  It raises wherever it comes, and what it meets
    there may swallow anything, as a C{Deferred} or
    C{Logger.failuresHandled} does; so who runs such things looks between them.
    """

    def __init__(self) -> None:
        self._number: int | None = None

    def note(self, number: int) -> None:
        """
        The signal is here.

        @raise Interrupted: always.
        """
        self._number = number
        raise Interrupted(number)

    def look(self) -> None:
        """
        Was there one?

        @raise Interrupted: if so, as often as it is asked.
        """
        if self._number is not None:
            raise Interrupted(self._number)


@contextmanager
def raising_signals() -> Iterator[Interruption]:
    """
    While this lasts, each raises L{Interrupted}; afterwards all is as before.

    @return: what knows of one that was swallowed.
    @raise Interrupted: at the end, if one was and nobody looked.
    """
    interruption = Interruption()

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handle_signals(interruption.note)
    try:
        yield interruption
        interruption.look()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def handle_hangup(handle: Callable[[], object]) -> Callable[[], None]:
    """
    From now on C{SIGHUP} calls C{handle}, and does nothing else.  It interrupts
    whatever runs, so it must only note.

    @return: from when it is called on, all is as before.
    """

    def handler(_number: int, _frame: FrameType | None) -> None:
        handle()

    before = signal.signal(signal.SIGHUP, handler)

    def put_back() -> None:
        signal.signal(signal.SIGHUP, before)

    return put_back


def ignore_hangup() -> None:
    """
    From now on C{SIGHUP} changes nothing.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def ignore_signals() -> None:
    """
    From now on they change nothing: what is to be done takes but a moment.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _is_to_be_outlived(number: signal.Signals) -> bool:
    """
    Was it switched off for us, as C{nohup} does with the end of the terminal?
    """
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
