"""
C{SIGHUP}: the rates of a C{swarm.toml} are read again.
"""

import os
from collections.abc import Callable
from dataclasses import replace

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from swarmpeer.config import SwarmConfig
from swarmpeer.config_files import read_swarm
from swarmpeer.errors import ConfigError
from swarmpeer.scheduled_rates import ScheduledRates
from swarmpeer.signals import handle_hangup
from swarmpeer.text import printable


class RatesAgain(Service):
    """
    While it runs, each C{SIGHUP} makes a peer read its rates again, and nothing else.
    If the file is wrong, they stay as they are.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorFromThreads,
        path: str | os.PathLike[str],
        rates: ScheduledRates,
        swarm: SwarmConfig,
    ) -> None:
        """
        @param path: of the C{swarm.toml}.
        @param rates: those of the peer.
        @param swarm: what the file said when the peer was made.
        """
        self._reactor = reactor
        # A daemon may be elsewhere by then.
        self._path = os.path.abspath(path)
        self._rates = rates
        self._swarm = swarm
        self._put_back: Callable[[], None] | None = None

    def startService(self) -> None:
        """
        Listen to the signal.
        """
        super().startService()
        # The signal comes in the middle of anything.
        self._put_back = handle_hangup(
            lambda: self._reactor.callFromThread(self.read_again)
        )

    def stopService(self) -> None:
        """
        It means again what it meant before.
        """
        super().stopService()
        if self._put_back is not None:
            self._put_back()
            self._put_back = None

    def read_again(self) -> None:
        """
        Read the file now.
        """
        try:
            swarm = read_swarm(self._path)
        except ConfigError as error:
            self._log.warn("the rates stay as they are: {error}", error=error)
            return
        path = printable(self._path)
        self._log.info("the rates of {path} are read again", path=path)
        self._rates.set_schedule(swarm.rates)
        if replace(swarm, rates=self._swarm.rates) != self._swarm:
            self._log.info("other changes of {path} wait for a new start", path=path)
