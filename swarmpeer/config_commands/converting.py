"""
A classic swarm as a verified one, and as the text of it.
"""

import json
import posixpath
import shlex
from collections.abc import Container, Iterable

from swarmpeer.config import (
    COMMON_NAME,
    PEERS_NAME,
    CommonConfig,
    Member,
    PeerInfo,
    SwarmConfig,
)
from swarmpeer.errors import ConfigError
from swarmpeer.manifest.merkle import BLOCK_BYTES
from swarmpeer.manifest.parsing import MAX_PIECE_SIZE_BYTES
from swarmpeer.quantities import format_size
from swarmpeer.text import printable, quoted

_REPLACED_BY_SHELLS = ("~", "$")


def convert(
    common: CommonConfig,
    peers: Iterable[PeerInfo],
    manifest: str,
    home: str,
    in_short_folders: Container[int] = (),
) -> SwarmConfig:
    """
    @param manifest: its path, relative to where the text will be.
    @param home: the working folder of the classic peers, relative to the same.
    @param in_short_folders: the peers whose file is in C{<id>}, and not in
        C{peer_<id>}.
    """

    def place(name: str) -> str:
        return _plain(posixpath.normpath(posixpath.join(home, name)))

    def member(peer: PeerInfo) -> Member:
        own = place(str(peer.peer_id)) if peer.peer_id in in_short_folders else None
        return Member(peer.peer_id, peer.host, peer.port, peer.has_file, own)

    members = tuple(map(member, peers))
    return SwarmConfig(
        members,
        manifest=_plain(manifest),
        folder=place("peer_{id}"),
        unchoking_interval_seconds=common.unchoking_interval_seconds,
        optimistic_unchoking_interval_seconds=(
            common.optimistic_unchoking_interval_seconds
        ),
        preferred_neighbors=common.preferred_neighbors,
    )


def is_piece_size(size_bytes: int) -> bool:
    """
    Can a manifest have it?
    """
    is_power_of_two = not size_bytes & (size_bytes - 1)
    return is_power_of_two and BLOCK_BYTES <= size_bytes <= MAX_PIECE_SIZE_BYTES


def format_converted(swarm: SwarmConfig, file_name: str, piece_size_bytes: int) -> str:
    """
    Write the text that L{SwarmConfig.parse} reads back as this very value, if
    L{convert} has made it.

    @param file_name: of the file that the swarm is about.
    @param piece_size_bytes: that its manifest is to have, if it can.
    @raise ConfigError: if a path cannot stand in such a text.
    """
    lines = [
        f"# The swarm of {COMMON_NAME} and {PEERS_NAME}.  Each key is told in",
        "# docs/configuration.md; 'swarmpeer config check' looks whether all is right.",
        "",
        *_about_the_file(swarm, file_name, piece_size_bytes),
        "",
        "[timing]  # in seconds",
        f"unchoking_interval = {_seconds(swarm.unchoking_interval_seconds)}",
        "optimistic_interval = "
        f"{_seconds(swarm.optimistic_unchoking_interval_seconds)}",
        "",
        "[limits]",
        f"preferred_neighbors = {swarm.preferred_neighbors}",
        "",
        "# A peer calls those that stand before it.",
    ]
    for member in swarm.members:
        lines += [
            "[[members]]",
            f"id = {member.peer_id}",
            f"host = {_text(member.host)}",
            f"port = {member.port}",
        ]
        if member.seed:
            lines.append("seed = true  # it has the file from the start")
        if member.folder is not None:
            lines.append(f"folder = {_text(member.folder)}")
        lines.append("")
    text = "\n".join(lines)
    # What a path may be is told there.
    SwarmConfig.parse(text)
    return text


def _about_the_file(
    swarm: SwarmConfig, file_name: str, piece_size_bytes: int
) -> Iterable[str]:
    yield "# What the swarm is about, to be made once, where the whole file is:"
    manifest = swarm.manifest or ""
    is_usual = is_piece_size(piece_size_bytes)
    for member in swarm.members:
        if member.seed:
            path = posixpath.join(swarm.folder_for(member.peer_id), file_name)
            command = f"swarmpeer make {shlex.quote(path)} -o {shlex.quote(manifest)}"
            if is_usual:
                command += f" --piece-size {format_size(piece_size_bytes)}"
            yield f"#   {printable(command)}"
            break
    if not is_usual:
        yield f"# No manifest can have pieces of {piece_size_bytes} bytes, so classic"
        yield f"# peers with that {COMMON_NAME} cannot take part."
    yield f"manifest = {_text(manifest)}"
    yield "# Where the file is, or will be; {id} stands for the id of the peer."
    yield f"folder = {_text(swarm.folder)}"


def _text(text: str) -> str:
    """
    A text in quotes: what JSON escapes is escaped so in TOML too.

    @raise ConfigError: if it is no UTF-8, as only names on the disk can be.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"{quoted(text)} is no UTF-8 and cannot stand in a swarm.toml; rename it"
        ) from None
    return json.dumps(text, ensure_ascii=False)


def _seconds(seconds: float) -> str:
    return str(int(seconds)) if seconds.is_integer() else repr(seconds)


def _plain(path: str) -> str:
    """
    The same path, not to be taken for something of a shell.
    """
    return f"./{path}" if path.startswith(_REPLACED_BY_SHELLS) else path
