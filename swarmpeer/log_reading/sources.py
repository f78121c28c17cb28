"""
Where the logs are, whose they are, and the configuration beside them.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from swarmpeer.config import COMMON_NAME, PEERS_NAME, CommonConfig, PeerInfo
from swarmpeer.config_files import read_text
from swarmpeer.log_reading.lines import LogEntry, LogError, LogLines
from swarmpeer.log_reading.terms import Terms
from swarmpeer.text import printable

MOST_CONFIG_BYTES = 16 << 20

_LOG_NAME = re.compile(r"log_peer_\[?([0-9]{1,10})\]?\.log")


@dataclass(frozen=True, slots=True)
class Source:
    """
    A log, and whose it is.
    """

    path: str
    peer_id: int


def find_logs(paths: Sequence[str]) -> list[Source]:
    """
    The logs at C{paths}, by ascending id.  A folder stands for the
    C{log_peer_*.log} in it, or in the folders in it if it has none itself.

    @raise LogError: if there is none, or two of one peer.
    """
    found: dict[int, Source] = {}
    for path in paths:
        for log in _logs_in(path) if os.path.isdir(path) else [path]:
            source = Source(log, _writer(log))
            other = found.setdefault(source.peer_id, source)
            if other is not source and not is_same_file(other.path, log):
                raise LogError(
                    f"{printable(other.path)} and {printable(log)} are both of peer "
                    f"{source.peer_id}; give the logs of one run of a swarm"
                )
    return [found[peer] for peer in sorted(found)]


def is_same_file(one: str, other: str) -> bool:
    """
    Are both names of one file?

    @raise LogError: if there is none at one of them, or it cannot be told.
    """
    try:
        return os.path.samefile(one, other)
    except OSError as error:
        where = printable(os.fsdecode(error.filename or other))
        raise LogError(f"{where} cannot be read: {error.strerror}") from error


def _logs_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
        logs = [name for name in names if _LOG_NAME.fullmatch(name)]
        if not logs:
            logs = [
                os.path.join(name, log)
                for name in names
                if os.path.isdir(os.path.join(folder, name))
                for log in sorted(os.listdir(os.path.join(folder, name)))
                if _LOG_NAME.fullmatch(log)
            ]
    except OSError as error:
        raise LogError(
            f"{printable(folder)} cannot be read: {error.strerror}"
        ) from error
    if not logs:
        raise LogError(f"{printable(folder)} has no log_peer_<id>.log in it")
    return [os.path.join(folder, log) for log in logs]


def _writer(path: str) -> int:
    """
    Whose log it is: its name tells, or else its first line.
    """
    if named := _LOG_NAME.fullmatch(os.path.basename(path)):
        return int(named[1])
    for entry in LogLines(path):
        if isinstance(entry, LogEntry):
            return entry.writer
    raise LogError(
        f"{printable(path)} is no protocol log: neither its name tells the peer, as "
        "in log_peer_1001.log, nor any line of it"
    )


def find_terms(common_path: str | None, peers_path: str | None) -> Terms:
    """
    What the configuration says.

    @raise ConfigError: if it cannot be used.
    """
    common = peers = None
    if common_path is not None:
        text = read_text(common_path, MOST_CONFIG_BYTES)
        common = CommonConfig.parse(text, common_path)
    if peers_path is not None:
        text = read_text(peers_path, MOST_CONFIG_BYTES)
        peers = PeerInfo.parse_list(text, peers_path)
    return Terms.told(common, peers)


def config_beside(
    paths: Sequence[str], folder: str | None
) -> tuple[str | None, str | None]:
    """
    Where C{Common.cfg} and C{PeerInfo.cfg} are.

    @param folder: has both; C{None}: whichever are beside the logs are taken.
    """
    if folder is not None:
        return os.path.join(folder, COMMON_NAME), os.path.join(folder, PEERS_NAME)
    folders = [
        path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths
    ]

    def beside(name: str) -> str | None:
        found = (os.path.join(each, name) for each in folders)
        return next(filter(os.path.isfile, found), None)

    return beside(COMMON_NAME), beside(PEERS_NAME)
