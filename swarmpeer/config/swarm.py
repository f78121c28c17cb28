"""
What C{swarm.toml} says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from swarmpeer.config.common import CommonConfig
from swarmpeer.config.peers import PeerInfo
from swarmpeer.config.rate_schedule import RateSchedule
from swarmpeer.config.rules import host_identity
from swarmpeer.config.swarm_rates import read_dscp, read_schedule
from swarmpeer.config.swarm_reading import SwarmTables
from swarmpeer.config.swarm_values import (
    OWN_ID,
    read_folder,
    read_infohash,
    read_limits,
    read_path,
    read_policy,
    read_toml_host,
)
from swarmpeer.config.toml_table import (
    Table,
    read_bytes_per_second,
    read_seconds,
    read_size,
    read_switch,
    whole,
)
from swarmpeer.config.whole import Config, shown_ids
from swarmpeer.errors import ConfigError
from swarmpeer.wire.handshake import MAX_PEER_ID

MOST_REQUEST_WINDOW = 64
"""
As many requests as a neighbour keeps waiting.
"""
SWARM_NAME = "swarm.toml"
"""
What the file is called, unless it is said otherwise.
"""


_read_port = whole(1, 65535)


@dataclass(frozen=True, slots=True)
class Member:
    """
    One peer of the swarm.

    @ivar peer_id: from 1 to L{MAX_PEER_ID}.
    @ivar host: a name or an address; IPv6 without brackets.
    @ivar seed: must it have everything from the start?
    @ivar folder: where it puts what the swarm is about, if not where the others
        do.
    @ivar classic: does it speak the classic protocol alone?
    @ivar web_port: where its pages are, if not where the others have theirs.
    """

    peer_id: int
    host: str
    port: int
    seed: bool = False
    folder: str | None = None
    classic: bool = False
    web_port: int | None = None

    @property
    def info(self) -> PeerInfo:
        """
        The same as a line of C{PeerInfo.cfg}.
        """
        return PeerInfo(self.peer_id, self.host, self.port, self.seed)


@dataclass(frozen=True, slots=True)
class SwarmConfig:
    """
    All that is said of a verified swarm.  Paths are as they are written: relative
    to the folder of the file, if they are relative.

    @ivar members: in the order of the file: a peer calls those before it.
    @ivar manifest: the path of the manifest, or C{None}.
    @ivar infohash: 32 bytes, or C{None}; exactly one of the two is given.
    @ivar folder: where the file or the folder of the swarm goes, see L{folder_for}.
    @ivar allow_classic: may peers of the classic protocol take part?
    @ivar limits: those fields of L{swarmpeer.net.limits.Limits} that are not the
        usual ones, by name.
    @ivar paranoid: hash every piece each time that it is read?
    @ivar scrub_bytes_per_second: at what rate what we have is hashed again and
        again; 0 for never.
    @ivar heals: is a piece that went bad fetched again?
    @ivar preallocates: is room for a file taken at once?
    @ivar commit_interval_seconds: how long a piece may be here before it is brought
        to the disk and recorded.
    @ivar choking: who chooses whom to serve, see
        L{swarmpeer.policies.choking_policy}.
    @ivar picking: who chooses the next piece, see L{swarmpeer.policies.piece_picker}.
    @ivar writes_protocol_log: is there a log of what is said?
    @ivar memory_bytes: of pieces that are asked for or not stored yet.
    @ivar request_window: so many pieces are asked of one neighbour at once; C{None}:
        by what its line takes.
    @ivar rates: how fast a peer may be, and when.
    @ivar dscp: the mark of its packets; 0 for none.
    @ivar web_port: where each member has its pages; C{None}: nowhere, see
        L{web_port_for}.
    @ivar web_token_file: the path of the file with the token that whoever looks at them
        has to know; C{None}: they are for their own machine alone.
    @ivar where: what stands before an error that is found out later: the file and
        the place behind its last line.
    @ivar policies_where: the same of the words in C{[policy]} that are there, by key.
    """

    members: tuple[Member, ...]
    manifest: str | None = None
    infohash: bytes | None = None
    folder: str = "."
    allow_classic: bool = False
    unchoking_interval_seconds: float = 5.0
    optimistic_unchoking_interval_seconds: float = 15.0
    preferred_neighbors: int = 4
    # Each is of the type that the field of its name has, which no mapping can tell.
    limits: Mapping[str, Any] = field(default_factory=dict, hash=False)
    paranoid: bool = False
    scrub_bytes_per_second: int = 2**20
    heals: bool = True
    preallocates: bool = False
    commit_interval_seconds: float = 2.0
    choking: str = "fleet"
    picking: str = "rarest"
    writes_protocol_log: bool = True
    memory_bytes: int = 24 * 2**20
    request_window: int | None = None
    rates: RateSchedule = field(default_factory=RateSchedule)
    dscp: int = 0
    web_port: int | None = None
    web_token_file: str | None = None
    where: str = field(default=SWARM_NAME, compare=False, repr=False)
    policies_where: Mapping[str, str] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def parse(cls, text: str | bytes, name: str = SWARM_NAME) -> Self:
        """
        Read the text of a C{swarm.toml}.

        @param name: the path shown in errors.
        @raise ConfigError: for the first thing that is wrong.
        """
        tables = SwarmTables(text, name)
        top, timing = tables.top, tables.table("timing")
        limits, checking = tables.table("limits"), tables.table("checking")
        storage, policy = tables.table("storage"), tables.table("policy")
        rates, web = tables.table("rates"), tables.table("web")
        usual = cls(())
        tables.check_one_manifest()
        return cls(
            _members(tables),
            top.read("manifest", read_path, None),
            top.read("infohash", read_infohash, None),
            top.read("folder", read_folder, usual.folder),
            top.read("allow_classic", read_switch, usual.allow_classic),
            timing.read(
                "unchoking_interval", read_seconds, usual.unchoking_interval_seconds
            ),
            timing.read(
                "optimistic_interval",
                read_seconds,
                usual.optimistic_unchoking_interval_seconds,
            ),
            limits.read(
                "preferred_neighbors",
                whole(1, MAX_PEER_ID),
                usual.preferred_neighbors,
            ),
            read_limits(limits),
            checking.read("paranoid", read_switch, usual.paranoid),
            checking.read(
                "scrub_rate", read_bytes_per_second, usual.scrub_bytes_per_second
            ),
            checking.read("heal", read_switch, usual.heals),
            storage.read("preallocate", read_switch, usual.preallocates),
            storage.read(
                "commit_interval", read_seconds, usual.commit_interval_seconds
            ),
            policy.read("choking", read_policy, usual.choking),
            policy.read("picking", read_policy, usual.picking),
            top.read("protocol_log", read_switch, usual.writes_protocol_log),
            limits.read("memory", read_size, usual.memory_bytes),
            limits.read(
                "requests", whole(1, MOST_REQUEST_WINDOW), usual.request_window
            ),
            read_schedule(rates, tables.rates_at),
            rates.read("dscp", read_dscp, usual.dscp),
            web.read("port", _read_port, None),
            web.read("token_file", read_path, None),
            tables.end,
            {key: policy.entry(key).where for key in policy.values},
        )

    @property
    def path(self) -> str:
        """
        The file itself, as it is shown in errors.
        """
        return self.where.rsplit(":", 2)[0]

    def where_policy(self, key: str) -> str:
        """
        What stands before an error about what C{key} of C{[policy]} names.
        """
        return self.policies_where.get(key, self.where)

    def own(self, peer_id: int) -> Member:
        """
        The member C{peer_id}.

        @raise ConfigError: if there is none.
        """
        for member in self.members:
            if member.peer_id == peer_id:
                return member
        known = shown_ids([member.peer_id for member in self.members])
        raise ConfigError(
            f"{self.where}: our own peer {peer_id} is no member, [[members]] with its "
            f"id or one of the ids {known} would be right"
        )

    def folder_for(self, peer_id: int) -> str:
        """
        Where the member C{peer_id} puts what the swarm is about.

        @raise ConfigError: if there is no such member.
        """
        folder = self.own(peer_id).folder
        return (self.folder if folder is None else folder).replace(OWN_ID, str(peer_id))

    def web_port_for(self, peer_id: int) -> int | None:
        """
        Where the member C{peer_id} has its pages; C{None}: nowhere.

        @raise ConfigError: if there is no such member.
        """
        own = self.own(peer_id).web_port
        return self.web_port if own is None else own

    def to_config(
        self, peer_id: int, name: str, size_bytes: int, piece_size_bytes: int
    ) -> Config:
        """
        The same as the classic files would put it, for the member C{peer_id}.

        @param name: of what the swarm is about, as the manifest has it.
        @param size_bytes: of all files together.
        @raise ConfigError: if there is no such member.
        """
        self.own(peer_id)
        common = CommonConfig(
            self.preferred_neighbors,
            self.unchoking_interval_seconds,
            self.optimistic_unchoking_interval_seconds,
            name,
            size_bytes,
            piece_size_bytes,
        )
        return Config(peer_id, common, tuple(member.info for member in self.members))


def _members(tables: SwarmTables) -> tuple[Member, ...]:
    """
    The members, no two of one id or at one address.
    """
    members: list[Member] = []
    ids: dict[int, Table] = {}
    addresses: dict[tuple[str | None, int], Table] = {}
    allow_classic = tables.top.read("allow_classic", read_switch, False)
    for table in tables.members:
        member = _member(table)
        if (first := ids.setdefault(member.peer_id, table)) is not table:
            raise table.entry("id").error(
                "an id of its own for each peer",
                f"peer {member.peer_id} is on line {first.line_of('id')} already",
            )
        address = (host_identity(member.host), member.port)
        if (first := addresses.setdefault(address, table)) is not table:
            raise table.entry("host").error(
                "another host or port",
                f"host and port are those of the peer on line {first.line_of('host')}",
            )
        if member.classic and not allow_classic:
            raise table.entry("classic").error(
                "allow_classic = true above the first [table]",
                f"peer {member.peer_id} is a classic one, which this swarm refuses",
            )
        members.append(member)
    return tuple(members)


def _member(table: Table) -> Member:
    return Member(
        table.need("id", whole(1, MAX_PEER_ID), "1001"),
        table.need("host", read_toml_host, '"alpha.example"'),
        table.need("port", _read_port, "6008"),
        table.read("seed", read_switch, False),
        table.read("folder", read_folder, None),
        table.read("classic", read_switch, False),
        table.read("web_port", _read_port, None),
    )
