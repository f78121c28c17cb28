"""
Where what an operator reads goes, by the options of C{twistd swarmpeer}.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from twisted.logger import ILogObserver, textFileLogObserver

from swarmpeer.errors import ConfigError
from swarmpeer.log_output.bounded_file import LEAST_BYTES, BoundedFile
from swarmpeer.log_output.folding import MANY_AT_ONCE, Folding, guessed_kind
from swarmpeer.log_output.output import Form, LogOutput
from swarmpeer.quantities import format_size, parse_size
from swarmpeer.text import quoted

USUAL_BYTES = 10 * 2**20
USUALLY_KEPT = 4
MOST_KEPT = 1000
"""
So many full log files may be kept.
"""
_STDOUT = (None, "", "-")
_OF_TWISTD = ("logger", "logfile", "syslog")


def parse_form(text: str) -> Form:
    """
    The form of a line.

    @raise ValueError: if there is no such form.
    """
    with suppress(ValueError):
        return Form(text)
    raise ValueError(f"{quoted(text)} is no form, text or json would be right")


def parse_log_size(text: str) -> int:
    """
    How large a log file may be.

    @raise ValueError: if that is no size, or too small.
    """
    size_bytes = parse_size(text)
    if size_bytes < LEAST_BYTES:
        raise ValueError(
            f"{quoted(text)} is too small, {format_size(LEAST_BYTES)} or more would be "
            "right"
        )
    return size_bytes


def parse_log_keep(text: str) -> int:
    """
    How many full log files are kept.

    @raise ValueError: if that is no such number.
    """
    if text.isascii() and text.isdigit() and len(text) <= 4:
        count = int(text)
        if 1 <= count <= MOST_KEPT:
            return count
    raise ValueError(
        f"{quoted(text)} is no number of files, one from 1 to {MOST_KEPT} would be "
        "right"
    )


def assemble_log(
    peer_id: int,
    path: str | None,
    form: Form | None,
    size_bytes: int = USUAL_BYTES,
    keep: int = USUALLY_KEPT,
    *,
    of_twistd: Mapping[str, object],
) -> ILogObserver | None:
    """
    What takes all that is logged.

    @param path: of the log; C{None}: standard output, if C{form} is given.
    @param of_twistd: the options of C{twistd} itself.
    @return: C{None} if C{twistd} is to decide.
    @raise SwarmPeerError: if the log cannot be there.
    """
    if path is None and form is None:
        return None
    ours = "--log-format" if path is None else "--log-file"
    for option in _OF_TWISTD:
        if of_twistd.get(option):
            raise ConfigError(
                f"{ours} stands for twistd's --{option}; leave out one of them"
            )
    form = form or Form.TEXT
    if path is not None:
        return LogOutput(BoundedFile(Path(path), size_bytes, keep).write, form, peer_id)
    if not of_twistd.get("nodaemon", True):
        raise ConfigError(
            "--log-format without --log-file is for twistd -n, a daemon has no "
            "standard output; give it a --log-file"
        )
    return LogOutput(_print, form, peer_id)


def fold_all(
    log: ILogObserver | None, clock: IReactorTime, *, of_twistd: Mapping[str, object]
) -> Folding | None:
    """
    The same log, in which what others say again and again, as Twisted does of
    connections that it cannot take, is folded, too.

    @param log: what L{assemble_log} gave.
    @return: C{None} if C{twistd} has a log of its own, which is not standard output.
    """
    if log is None:
        is_printed = of_twistd.get("nodaemon") and of_twistd.get("logfile") in _STDOUT
        if not is_printed or of_twistd.get("syslog") or of_twistd.get("logger"):
            return None
        # As twistd itself has it.
        log = textFileLogObserver(sys.stdout)
    return Folding(log, clock, kind_of=guessed_kind, at_once=MANY_AT_ONCE)


def _print(line: str) -> None:
    # twistd turns sys.stdout into its log.
    if (stream := sys.__stdout__) is not None:
        # Nobody may read it any more, or it may not know every letter.
        with suppress(OSError, ValueError):
            stream.write(line)
            stream.flush()
