"""
The configuration of a swarm: two small texts in, frozen values out.

Forgiving about layout (see L{swarmpeer.config_text}), strict about meaning.
Each error is one printable line, C{file:line:column: what, and what would be
right}.  Nothing here touches a file.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from swarmpeer.config_rules import (
    host_identity,
    read_file_name,
    read_host,
    read_number,
)
from swarmpeer.config_text import ConfigText, Word, show
from swarmpeer.errors import ConfigError

MAX_PEER_ID = 2**32 - 1
"""The highest peer id: it travels in four bytes."""

MAX_PIECE_COUNT = 2**32 - 1
"""The most pieces that a file may have: an index travels in four bytes."""

MAX_PIECE_SIZE_BYTES = 2**31 - 1 - 5
"""The largest piece: with type and index it fits a signed length."""

_FILE_NAME = "FileName"

# What stands after each key: the least and the most of a number and its unit, or
# a file name.  In the order of the course's own files, since some programs read
# by position.
_KEYS: dict[str, tuple[int, int, str] | None] = {
    "NumberOfPreferredNeighbors": (1, MAX_PEER_ID, "neighbors"),
    "UnchokingInterval": (1, 2**31 - 1, "seconds"),
    "OptimisticUnchokingInterval": (1, 2**31 - 1, "seconds"),
    _FILE_NAME: None,
    "FileSize": (0, 2**63 - 1, "bytes"),
    "PieceSize": (1, MAX_PIECE_SIZE_BYTES, "bytes"),
}

_PEER_LINE = "'<peer id> <host> <port> <1 if it has the file, else 0>'"
_MAX_SHOWN_IDS = 10


@dataclass(frozen=True, slots=True)
class CommonConfig:
    """
    What all peers of one swarm agree on.

    @ivar preferred_neighbors: how many neighbors are served for what they give.
    @ivar unchoking_interval_seconds: the time between two choices of them.
    @ivar optimistic_unchoking_interval_seconds: the time between two draws of
        the one that is served by lot.
    @ivar file_name: a plain name; bytes that are no UTF-8 stand in it as
        C{os.fsdecode} puts them.
    """

    preferred_neighbors: int
    unchoking_interval_seconds: float
    optimistic_unchoking_interval_seconds: float
    file_name: str
    file_size_bytes: int
    piece_size_bytes: int

    @classmethod
    def parse(cls, text: str | bytes, name: str = "Common.cfg") -> Self:
        """
        Read the text of a C{Common.cfg}.

        @param name: the path shown in errors.
        @raise ConfigError: for the first thing that is wrong.
        """
        source = ConfigText(text, name, raw_key=_FILE_NAME)
        values = _values_by_key(source)
        numbers = {
            key: read_number(source, values[key], key, *allowed)
            for key, allowed in _KEYS.items()
            if allowed is not None
        }
        file_size_bytes, piece_size_bytes = numbers["FileSize"], numbers["PieceSize"]
        if file_size_bytes > MAX_PIECE_COUNT * piece_size_bytes:
            raise source.error(
                values["PieceSize"],
                f"PieceSize {piece_size_bytes} cuts FileSize {file_size_bytes} into "
                f"more than {MAX_PIECE_COUNT} pieces",
                f"at least {-(-file_size_bytes // MAX_PIECE_COUNT)}",
            )
        return cls(
            numbers["NumberOfPreferredNeighbors"],
            float(numbers["UnchokingInterval"]),
            float(numbers["OptimisticUnchokingInterval"]),
            read_file_name(source, values[_FILE_NAME], _FILE_NAME),
            file_size_bytes,
            piece_size_bytes,
        )

    def format(self) -> str:
        """
        Write the text that L{parse} reads back as this very value.  Like the
        course's own files it has no line end after the last line.

        @raise ConfigError: if there is no such text, as with half a second or
            a blank in the file name.
        """
        values = (
            str(self.preferred_neighbors),
            _whole(self.unchoking_interval_seconds),
            _whole(self.optimistic_unchoking_interval_seconds),
            self.file_name,
            str(self.file_size_bytes),
            str(self.piece_size_bytes),
        )
        text = "\n".join(
            f"{key} {value}" for key, value in zip(_KEYS, values, strict=True)
        )
        if CommonConfig.parse(text) != self:
            raise ConfigError(
                f"Common.cfg:4:10: FileName {show(self.file_name)} reads back as "
                "another one, a name without blanks would be right"
            )
        return text


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """
    One peer of the swarm.

    @ivar peer_id: from 1 to L{MAX_PEER_ID}.
    @ivar host: a name or an address; IPv6 without brackets.
    @ivar has_file: does it start with the whole file (else with nothing)?
    """

    peer_id: int
    host: str
    port: int
    has_file: bool

    @staticmethod
    def parse_list(
        text: str | bytes, name: str = "PeerInfo.cfg"
    ) -> "tuple[PeerInfo, ...]":
        """
        Read the text of a C{PeerInfo.cfg}; the order of its lines is kept.

        @param name: the path shown in errors.
        @raise ConfigError: for the first thing that is wrong.
        """
        source = ConfigText(text, name)
        if not source.lines:
            raise source.error(
                source.end, "no peer is listed", f"at least one line {_PEER_LINE}"
            )
        peers: list[PeerInfo] = []
        id_lines: dict[int, int] = {}
        address_lines: dict[tuple[str | None, int], int] = {}
        for words in source.lines:
            peer = _peer(source, words)
            peers.append(peer)
            id_word, host_word, *_ = words
            first = id_lines.setdefault(peer.peer_id, id_word.line)
            if first != id_word.line:
                raise source.error(
                    id_word,
                    f"peer {peer.peer_id} is on line {first} already",
                    "an id of its own for each peer",
                )
            address = (host_identity(peer.host), peer.port)
            first = address_lines.setdefault(address, host_word.line)
            if first != host_word.line:
                raise source.error(
                    host_word,
                    f"host and port are those of the peer on line {first}",
                    "another host or port",
                )
        if not any(peer.has_file for peer in peers):
            raise source.error(
                source.lines[0][3],
                "no peer has the file",
                "a 1 at the end of the line of each peer that starts with it "
                f"(at least one, say peer {peers[0].peer_id})",
            )
        return tuple(peers)


def format_peers(peers: Iterable[PeerInfo]) -> str:
    """
    Write the text that L{PeerInfo.parse_list} reads back as these very peers.
    Like the course's own files it has no line end after the last line.

    @raise ConfigError: if there is no such text, as with no peer at all.
    """
    peers = tuple(peers)
    text = "\n".join(
        f"{peer.peer_id} {peer.host} {peer.port} {int(peer.has_file)}" for peer in peers
    )
    if PeerInfo.parse_list(text) != peers:
        raise ConfigError(
            "PeerInfo.cfg:1:1: the hosts read back as others, "
            "plain names and addresses without brackets would be right"
        )
    return text


@dataclass(frozen=True, slots=True)
class Config:
    """
    Everything that one peer is told before it starts.

    @ivar peer_id: our own id; it is in the list.
    @ivar peers: all peers, in the order of C{PeerInfo.cfg}.
    """

    peer_id: int
    common: CommonConfig
    peers: tuple[PeerInfo, ...]

    @classmethod
    def parse(
        cls,
        peer_id: int,
        common_text: str | bytes,
        peers_text: str | bytes,
        common_name: str = "Common.cfg",
        peers_name: str = "PeerInfo.cfg",
    ) -> Self:
        """
        Read both texts for the peer C{peer_id}.

        @raise ConfigError: for the first thing that is wrong, or if the peer
            is not in the list.
        """
        common = CommonConfig.parse(common_text, common_name)
        peers = PeerInfo.parse_list(peers_text, peers_name)
        ids = [peer.peer_id for peer in peers]
        if peer_id not in ids:
            source = ConfigText(peers_text, peers_name)
            known = ", ".join(map(str, ids[:_MAX_SHOWN_IDS]))
            if len(ids) > _MAX_SHOWN_IDS:
                known += f" (and {len(ids) - _MAX_SHOWN_IDS} more)"
            raise source.error(
                source.end,
                f"our own peer {peer_id} is not listed",
                f"a line for it or one of the ids {known}",
            )
        return cls(peer_id, common, peers)

    def position(self, peer_id: int) -> int:
        """
        The place of a peer in the list, counted from 0.

        @raise LookupError: if it is not there.
        """
        for position, peer in enumerate(self.peers):
            if peer.peer_id == peer_id:
                return position
        raise LookupError(f"peer {peer_id} is not in the list")

    @property
    def own(self) -> PeerInfo:
        """
        Our own line.

        @raise LookupError: if there is none.
        """
        return self.peers[self.position(self.peer_id)]

    @property
    def earlier(self) -> tuple[PeerInfo, ...]:
        """
        The peers listed before us: the ones we dial.
        """
        return self.peers[: self.position(self.peer_id)]

    @property
    def others(self) -> tuple[PeerInfo, ...]:
        """
        All peers but ourselves.
        """
        return tuple(peer for peer in self.peers if peer.peer_id != self.peer_id)


def _values_by_key(source: ConfigText) -> dict[str, Word]:
    """
    The one word behind each key; all keys are there.
    """
    values: dict[str, Word] = {}
    for key, *rest in source.lines:
        if key.text not in _KEYS:
            raise source.error(key, f"{show(key.text)} is no key", _nearest(key.text))
        if key.text in values:
            raise source.error(
                key,
                f"{key.text} is here again",
                f"only the one on line {values[key.text].line}",
            )
        if not rest:
            raise source.error(
                key.after(), f"{key.text} has no value", f"a line {_key_line(key.text)}"
            )
        value, *extra = rest
        if extra:
            raise source.error(
                extra[0],
                f"{show(extra[0].text)} is a second value of {key.text}",
                "one value without blanks in it",
            )
        values[key.text] = value
    for name in _KEYS:
        if name not in values:
            raise source.error(
                source.end, f"{name} is missing", f"a line {_key_line(name)}"
            )
    return values


def _key_line(key: str) -> str:
    allowed = _KEYS[key]
    return f"'{key} <{allowed[2] if allowed else 'name'}>'"


def _nearest(typed: str) -> str:
    """
    The key that was most likely meant, else all of them.
    """
    by_lower_case = {key.lower(): key for key in _KEYS}
    if (same := by_lower_case.get(typed.lower())) is not None:
        return f"{same} (upper and lower case matter)"
    near = difflib.get_close_matches(typed.lower(), by_lower_case, n=1)
    return by_lower_case[near[0]] if near else f"one of {', '.join(_KEYS)}"


def _whole(seconds: float) -> str:
    return f"{seconds:.0f}" if float(seconds).is_integer() else str(seconds)


def _peer(source: ConfigText, words: tuple[Word, ...]) -> PeerInfo:
    """
    The peer of one line.
    """
    if len(words) < 4:
        raise source.error(
            words[-1].after(), f"only {len(words)} of 4 words are here", _PEER_LINE
        )
    if len(words) > 4:
        raise source.error(
            words[4], f"{show(words[4].text)} is a fifth word", _PEER_LINE
        )
    id_word, host_word, port_word, file_word = words
    peer_id = read_number(source, id_word, "the peer id", 1, MAX_PEER_ID)
    host = read_host(source, host_word)
    port = read_number(source, port_word, "the port", 1, 65535)
    if file_word.text not in ("0", "1"):
        raise source.error(
            file_word,
            f"the last word is {show(file_word.text)}",
            "1 (it has the file) or 0 (it has nothing)",
        )
    return PeerInfo(peer_id, host, port, file_word.text == "1")
