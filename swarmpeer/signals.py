"""
The signals that ask a command to stop, before, while and after a reactor runs.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """
    A signal asks to stop while no reactor runs.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


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


@contextmanager
def raising_signals() -> Iterator[None]:
    """
    While this lasts, each raises L{Interrupted}; afterwards all is as before.
    """

    def interrupt(number: int) -> None:
        raise Interrupted(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handle_signals(interrupt)
    try:
        yield
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
