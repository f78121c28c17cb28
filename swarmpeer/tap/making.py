"""
The service of C{twistd swarmpeer}: a peer, and what goes with it in its process.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from twisted.application.service import IService
from twisted.internet.interfaces import IReactorTime, IStreamServerEndpoint

from swarmpeer.assemble import watch_peer
from swarmpeer.assemble_log import assemble_log, fold_all
from swarmpeer.errors import SwarmPeerError
from swarmpeer.joining import JoiningService
from swarmpeer.own_process import (
    keep_freed_memory,
    leave_uncollected,
    monotonic_reactor,
)
from swarmpeer.rates_again import RatesAgain
from swarmpeer.scheduled_rates import ScheduledRates
from swarmpeer.service import PeerService
from swarmpeer.service_manager import Notifying, ServiceManager
from swarmpeer.signals import ignore_hangup
from swarmpeer.status.watch import StatusWatch
from swarmpeer.tap.options import Options
from swarmpeer.tap.process import PeerProcess, leave_soon
from swarmpeer.tap.wanted import Wanted


class _Made(NamedTuple):
    """
    A peer; if it has pages, these, and what watches it for them.
    """

    peer: PeerService | JoiningService
    web: IService | None = None
    watch: StatusWatch | None = None


def makeService(options: Options) -> IService:
    """
    One peer for these options.

    @raise SystemExit: with one line, if they cannot be used.
    """
    if options["swarm"] is not None:
        # To a verified peer the signal means other rates while it runs, and nothing
        # before and after that.
        ignore_hangup()
    reactor = monotonic_reactor()
    keep_freed_memory()
    of_twistd: Mapping[str, object] = options.parent or {}
    try:
        log = assemble_log(
            options["id"],
            options["log-file"],
            options["log-format"],
            options["log-size"],
            options["log-keep"],
            of_twistd=of_twistd,
        )
        wanted = Wanted(reactor, options)
        web_at = wanted.web_endpoint()
        made = (
            _Made(wanted.peer(None))
            if web_at is None
            else _make_shown(reactor, wanted, web_at)
        )
    except SwarmPeerError as error:
        raise SystemExit(f"swarmpeer: {error}") from None
    peer = made.peer
    outcome = peer.when_complete() if options["stay"] else peer.when_swarm_complete()
    outcome.addBoth(leave_soon, reactor, stay=bool(options["stay"]))
    process = PeerProcess(fold_all(log, IReactorTime(reactor), of_twistd=of_twistd))
    if made.web is not None:
        made.web.setServiceParent(process)
    peer.setServiceParent(process)
    if wanted.swarm is not None:
        rates = ScheduledRates.below(peer)
        path = Path(options["dir"], options["swarm"])
        RatesAgain(reactor, path, rates, wanted.swarm).setServiceParent(process)
    manager = ServiceManager.take(os.environ, os.getpid())
    if manager is not None:
        # The last to start and the first to stop.
        watch = made.watch or watch_peer(reactor, peer)
        Notifying(manager, IReactorTime(reactor), watch.status).setServiceParent(
            process
        )
    leave_uncollected()
    return process


def _make_shown(
    reactor: object, wanted: Wanted, web_at: IStreamServerEndpoint
) -> _Made:
    """
    @raise SwarmPeerError: if the options cannot be used.
    """
    # Most peers have none, and would wait for the import.
    from swarmpeer.assemble_web import assemble_web, peer_metrics

    metrics = peer_metrics(reactor)
    peer = wanted.peer(None if metrics is None else metrics.stopwatch)
    watch = watch_peer(reactor, peer)
    web = assemble_web(
        reactor,
        peer,
        web_at,
        token=wanted.web_token(),
        watch=watch,
        metrics=metrics,
    )
    return _Made(peer, web, watch)
