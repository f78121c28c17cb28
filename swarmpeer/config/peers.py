"""
What C{PeerInfo.cfg} says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from swarmpeer.config.rules import host_identity, read_host, read_number
from swarmpeer.config.text import ConfigText, Word
from swarmpeer.errors import ConfigError
from swarmpeer.text import quoted
from swarmpeer.wire.handshake import MAX_PEER_ID

PEERS_NAME = "PeerInfo.cfg"
"""
What the file is called, unless it is said otherwise.
"""

_PEER_LINE = "'<peer id> <host> <port> <1 if it has the file, else 0>'"


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
    def parse_list(text: str | bytes, name: str = PEERS_NAME) -> "tuple[PeerInfo, ...]":
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
            f"{PEERS_NAME}:1:1: the hosts read back as others, "
            "plain names and addresses without brackets would be right"
        )
    return text


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
            words[4], f"{quoted(words[4].text)} is a fifth word", _PEER_LINE
        )
    id_word, host_word, port_word, file_word = words
    peer_id = read_number(source, id_word, "the peer id", 1, MAX_PEER_ID)
    host = read_host(source, host_word)
    port = read_number(source, port_word, "the port", 1, 65535)
    if file_word.text not in ("0", "1"):
        raise source.error(
            file_word,
            f"the last word is {quoted(file_word.text)}",
            "1 (it has the file) or 0 (it has nothing)",
        )
    return PeerInfo(peer_id, host, port, file_word.text == "1")
