"""
One check in the reactor of a process of its own.
"""

from collections.abc import Callable, Collection

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from swarmpeer.assemble import own_endpoint
from swarmpeer.config import CommonConfig, PeerInfo
from swarmpeer.conformance.checking import Report, check
from swarmpeer.conformance.plan import CheckError, Plan
from swarmpeer.conformance.subject import Patience, PieceSource, Subject
from swarmpeer.listening import listen_error
from swarmpeer.net.dialing import hostname_endpoint
from swarmpeer.running import run_in_reactor

PROBE_SECONDS = 1.0
"""
Who takes a call within that runs, and is not played.
"""


def run_check(
    plan: Plan,
    common: CommonConfig,
    source: PieceSource,
    patience: Patience,
    *,
    plays_all: bool,
    only: Collection[str],
    progress: Callable[[str], None],
) -> Report:
    """
    Check once; the reactor of this process is there for nothing else.

    @param plays_all: play whoever may be played, and do not look who runs.
    @raise Interrupted: if a signal ended it.
    @raise SwarmPeerError: if nothing could be checked.
    """

    async def checking(reactor: PosixReactorBase) -> Report:
        players = plan.playable if plays_all else await _idle(reactor, plan)
        return await check(
            Subject(
                common,
                plan.members,
                plan.tested,
                source,
                patience,
                is_alone=len(players) == len(plan.members) - 1,
            ),
            reactor,
            lambda: hostname_endpoint(reactor, plan.address),
            [each.peer_id for each in players if each not in plan.listening],
            {each.peer_id: own_endpoint(reactor, each) for each in plan.listening},
            only=only,
            progress=progress,
        )

    try:
        return run_in_reactor(checking)
    except CannotListenError as error:
        raise listen_error(Failure(error)) from error


async def _idle(reactor: PosixReactorBase, plan: Plan) -> tuple[PeerInfo, ...]:
    """
    Those that do not run.

    @raise CheckError: if that is nobody.
    """
    looks = {
        each: _runs(reactor, each)
        for each in plan.playable
        if each not in plan.listening
    }
    idle = set(plan.listening)
    for each, look in looks.items():
        if not await look:
            idle.add(each)
    if not idle:
        raise CheckError(
            "all other members run; stop one, or say as whom to talk with --play ID"
        )
    return tuple(each for each in plan.playable if each in idle)


def _runs(reactor: PosixReactorBase, member: PeerInfo) -> Deferred[bool]:
    """
    Does somebody listen there?
    """
    call = hostname_endpoint(reactor, member).connect(Factory.forProtocol(_Probe))
    call.addTimeout(PROBE_SECONDS, reactor)
    return call.addCallbacks(lambda _: True, lambda _: False)


class _Probe(Protocol):
    """
    Leaves at once.
    """

    def connectionMade(self) -> None:
        """
        Somebody is there.
        """
        if self.transport is not None:
            self.transport.loseConnection()
