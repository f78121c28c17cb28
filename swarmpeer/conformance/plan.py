"""
Whom to check, and as whom: what the options and the list of peers say together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from swarmpeer.config import PeerInfo
from swarmpeer.config.rules import host_identity, loopback_address
from swarmpeer.errors import SwarmPeerError
from swarmpeer.text import quoted


class CheckError(SwarmPeerError):
    """
    There is nothing to check, or no way to it.
    """


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Who is who in a check.

    @ivar members: the list.
    @ivar tested: the peer under test, as the list has it.
    @ivar address: where it is called.
    @ivar playable: as whom we may talk.
    @ivar listening: those of them that wait to be called.
    """

    members: tuple[PeerInfo, ...]
    tested: PeerInfo
    address: PeerInfo
    playable: tuple[PeerInfo, ...]
    listening: tuple[PeerInfo, ...]


def make_plan(
    members: tuple[PeerInfo, ...],
    address: str | None,
    tested_id: int | None,
    played_ids: Collection[int],
    listen_ports: Sequence[int],
) -> Plan:
    """
    @param address: C{HOST:PORT}, if it was given.
    @param tested_id: C{--id}, if it was given.
    @param played_ids: C{--play}; none: all others.
    @param listen_ports: each C{--listen}.
    @raise CheckError: if these do not go together.
    """
    place = None if address is None else _parse_address(address)
    tested = _tested(members, place, tested_id)
    called = tested
    if place is not None:
        called = replace(tested, host=place[0], port=place[1])
    known = {member.peer_id for member in members}
    for peer_id in played_ids:
        if peer_id not in known:
            raise CheckError(f"--play {peer_id}: no such peer is in the list")
        if peer_id == tested.peer_id:
            raise CheckError(f"--play {peer_id}: that is the peer under test")
    playable = tuple(
        member
        for member in members
        if member is not tested and (not played_ids or member.peer_id in played_ids)
    )
    if not playable:
        raise CheckError("the list has no other peer that we could play")
    listening: list[PeerInfo] = []
    for port in listen_ports:
        listening.append(_listener(port, playable, tested, members))
    return Plan(members, tested, called, playable, tuple(listening))


def _parse_address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdigit() and len(port) < 6
    if not colon or not host or not is_port or not 1 <= int(port) <= 65535:
        raise CheckError(
            f"{quoted(text)} is no address; HOST:PORT such as localhost:6008 would be "
            "right"
        )
    return host, int(port)


def _tested(
    members: tuple[PeerInfo, ...], place: tuple[str, int] | None, tested_id: int | None
) -> PeerInfo:
    if tested_id is not None:
        for member in members:
            if member.peer_id == tested_id:
                return member
        raise CheckError(f"--id {tested_id}: no such peer is in the list")
    if place is None:
        raise CheckError("say which peer to check: HOST:PORT, or --id ID")
    host, port = place
    there = [member for member in members if member.port == port]
    same = [each for each in there if _machine(each.host) == _machine(host)]
    found = same or there
    if len(found) != 1:
        what = "several peers" if found else "no peer"
        raise CheckError(
            f"{what} of the list could be the one at {host}:{port}; say which one is, "
            "with --id ID"
        )
    return found[0]


def _machine(host: str) -> str | None:
    """
    One text for all names of this machine that need no look-up.
    """
    return "localhost" if loopback_address(host) else host_identity(host)


def _listener(
    port: int,
    playable: tuple[PeerInfo, ...],
    tested: PeerInfo,
    members: tuple[PeerInfo, ...],
) -> PeerInfo:
    found = [member for member in playable if member.port == port]
    if not found:
        raise CheckError(f"--listen {port}: no peer that we may play has that port")
    place = members.index(tested)
    before = [each for each in found if members.index(each) < place]
    if not before:
        raise CheckError(
            f"--listen {port}: peer {tested.peer_id} stands before "
            f"{found[0].peer_id} in the list, so it does not call it"
        )
    if len(before) > 1:
        raise CheckError(
            f"--listen {port}: several peers have that port; say as which of them, "
            "with --play ID"
        )
    return before[0]
