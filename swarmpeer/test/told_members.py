"""
Members of a fleet that told something.
"""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import replace

from swarmpeer.status.shape import Problem, ProblemCode, Status
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.places import Place
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.wire.bitfield import Bitfield

SWARM = """
manifest = "x"
[web]
port = 8080
[[members]]
id = 1001
host = "localhost"
port = 6001
seed = true
[[members]]
id = 1002
host = "beta.example"
port = 6002
web_port = 8082
[[members]]
id = 1003
host = "::1"
port = 6003
"""
"""
A swarm whose members have pages.
"""


def place(peer_id: int, *, is_seed: bool = False) -> Place:
    """
    Where a peer would be.
    """
    shown = f"h{peer_id}:80"
    return Place(shown, f"http://{shown}", f"h{peer_id}", 80, None, peer_id, is_seed)


def member(status: Status, held: Collection[int] | None = None) -> Member:
    """
    One that told C{status} at the time 0, and which pieces it has.
    """
    if held is not None:
        bits = Bitfield(10)
        bits.add_each(held)
        pieces = b64encode(bits.to_bytes()).decode()
        status = replace(status, pieces=pieces, held=bits.count)
    found = Member(place(status.peer_id))
    found.note_status(status, 0.0)
    return found


def three_members() -> list[Member]:
    """
    One that is done, one that is not, one that does not answer.
    """
    problems = (
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 1004),
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 1003),
        Problem(ProblemCode.CHOKED, "x", 1.0),
        Problem(ProblemCode.STALLED, "x", 1.0, is_settled=False),
    )
    silent = Member(place(1003))
    silent.note_silence("connection refused", 0.0)
    return [
        member(complete(1001)),
        member(fetching(1002, problems=problems)),
        silent,
    ]
