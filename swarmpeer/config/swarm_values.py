"""
What the values of C{swarm.toml} may be that are of no common kind.
"""

import re
from collections.abc import Mapping

from swarmpeer.config.rules import HOST_KINDS, plain_host
from swarmpeer.config.swarm_keys import LIMITS
from swarmpeer.config.toml_table import Entry, Table, read_words
from swarmpeer.text import quoted

OWN_ID = "{id}"
"""
Stands in a folder for the id of the peer whose folder it is.
"""

_BRACES = re.compile(r"\{[^{}]*\}")
_INFOHASH_DIGITS = 64
_INFOHASH = re.compile(f"[0-9A-Fa-f]{{{_INFOHASH_DIGITS}}}")
_NO_DIGIT = re.compile("[^0-9A-Fa-f]")
_POLICY = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*|[^\W\d][\w-]*")

_INFOHASH_RIGHT = "64 hexadecimal digits in quotes, as 'swarmpeer show' tells them,"
_ODD_INFOHASHES = (
    (
        re.compile("[0-9A-Fa-f]{40}"),
        "has 40 digits, so it is one of BitTorrent v1",
        "the 64 digits of the v2 one",
    ),
    (
        re.compile("1220[0-9A-Fa-f]{64}"),
        "has 1220 before it, as in a magnet link",
        "the 64 digits behind that",
    ),
    (
        re.compile("magnet:.*"),
        "is a whole magnet link",
        "the 64 digits behind urn:btmh:1220",
    ),
)

_USUAL_KEEP_ALIVE_SECONDS = 60.0
_USUAL_SILENCE_SECONDS = 180.0


def read_path(entry: Entry) -> str:
    """
    A path.  Nothing in it is replaced as a shell would, so what looks like that
    is a mistake.
    """
    path = read_words(entry)
    if path.startswith("~"):
        what = f"{entry.path[-1]} begins with ~, which means nothing here"
        raise entry.error("the whole path, such as /home/me/data,", what)
    if path.startswith("$"):
        what = f"{entry.path[-1]} begins with $, which means nothing here"
        raise entry.error("the path that the variable holds", what)
    return path


def read_folder(entry: Entry) -> str:
    """
    A path in which L{OWN_ID} may stand.
    """
    folder = read_path(entry)
    for braces in _BRACES.findall(folder):
        if braces != OWN_ID:
            what = f"{entry.path[-1]} has {braces} in it"
            raise entry.error(f"{OWN_ID}, for the id of the peer,", what)
    return folder


def read_infohash(entry: Entry) -> bytes:
    """
    The infohash of a v2 manifest.
    """
    if not isinstance(entry.value, str):
        raise entry.error(_INFOHASH_RIGHT)
    if _INFOHASH.fullmatch(entry.value):
        return bytes.fromhex(entry.value)
    for pattern, what, right in _ODD_INFOHASHES:
        if pattern.fullmatch(entry.value):
            raise entry.error(right, f"{entry.path[-1]} {what}")
    if len(entry.value) != _INFOHASH_DIGITS:
        what = f"{entry.path[-1]} is {len(entry.value)} characters long"
        raise entry.error(_INFOHASH_RIGHT, what)
    odd = next(filter(_NO_DIGIT.match, entry.value))
    raise entry.error(_INFOHASH_RIGHT, f"{entry.path[-1]} has {quoted(odd)} in it")


def read_policy(entry: Entry) -> str:
    """
    The name of a policy, or where to find one.  Whether there is one is not known
    here.
    """
    name = read_words(entry)
    if not _POLICY.fullmatch(name):
        raise entry.error('one word or "package.module:Name"')
    return name


def read_toml_host(entry: Entry) -> str:
    """
    A host; IPv6 without brackets.
    """
    if not isinstance(entry.value, str):
        raise entry.error(f"{HOST_KINDS} in quotes")
    host = plain_host(entry.value)
    if host is None:
        name, colon, port = entry.value.rpartition(":")
        if colon and port.isdecimal() and plain_host(name) is not None:
            raise entry.error(f'host = "{name}" and port = {port}')
        raise entry.error(HOST_KINDS)
    return host


def read_limits(table: Table) -> Mapping[str, float | int]:
    """
    The limits that are there, by name.

    @raise ConfigError: if a peer would be taken for dead between two signs of life.
    """
    limits = {
        name: read(table.entry(name))
        for name, read in LIMITS.items()
        if table.has(name)
    }
    beat = limits.get("keep_alive_seconds", _USUAL_KEEP_ALIVE_SECONDS)
    silence = limits.get("silence_seconds", _USUAL_SILENCE_SECONDS)
    if beat >= silence:
        key = (
            "silence_seconds" if table.has("silence_seconds") else "keep_alive_seconds"
        )
        raise table.entry(key).error(
            "silence_seconds some times as long as keep_alive_seconds",
            f"keep_alive_seconds is {beat:g} and silence_seconds is {silence:g}",
        )
    return limits
