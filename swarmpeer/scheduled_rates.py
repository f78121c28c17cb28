"""
The rates of a peer by the time of day.
"""

from collections.abc import Callable

from twisted.application.service import IServiceCollection, Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from swarmpeer.config.rate_schedule import DAY_MINUTES, Rates, RateSchedule
from swarmpeer.config.rate_text import format_speed

LocalTime = Callable[[], tuple[int, float]]
"""
The time of those who run the peer: the day of the week, 0 on Mondays, and the seconds
since its midnight.
"""

_log = Logger()
_NAME = "rates"
_MINUTE = 60.0


def say_rates(peer_id: int, rates: Rates) -> None:
    """
    Say in the log what holds from now on.
    """
    _log.info(
        "peer {peer}: from now on up {up}, down {down}, for each neighbour up "
        "{up_each}, down {down_each}",
        peer=peer_id,
        up=format_speed(rates.up),
        down=format_speed(rates.down),
        up_each=format_speed(rates.up_per_neighbor),
        down_each=format_speed(rates.down_per_neighbor),
    )


class ScheduledRates(Service):
    """
    Sets the rates that hold when it is made, and others when the schedule has others.
    It hangs below the peer.

    It looks at the time of day at the start and at each full minute, so that a clock
    that is set, or summer time, is noticed in a minute.  Rates that somebody else set
    meanwhile, or before the start, stay until the schedule has others.
    """

    def __init__(
        self,
        set_rates: Callable[[Rates], None],
        peer_id: int,
        schedule: RateSchedule,
        clock: IReactorTime,
        local_time: LocalTime,
    ) -> None:
        """
        @param set_rates: that of the peer, see L{swarmpeer.interfaces.IPeerService}.
        @param clock: wakes us.
        """
        self.setName(_NAME)
        self._set_rates = set_rates
        self._peer_id = peer_id
        self._schedule = schedule
        self._clock = clock
        self._local_time = local_time
        # What the schedule had last: the peer may have been told others since.
        self._rates = Rates()
        self._set(self._rates_now())
        self._next_look: IDelayedCall | None = None

    @classmethod
    def below(cls, peer: object) -> "ScheduledRates":
        """
        The one that hangs below a peer.

        @raise KeyError: if there is none.
        """
        found = IServiceCollection(peer).getServiceNamed(_NAME)
        if not isinstance(found, cls):
            raise KeyError(_NAME)
        return found

    def set_schedule(self, schedule: RateSchedule) -> None:
        """
        From now on this one holds, or from the next start on.
        """
        self._schedule = schedule
        if self.running:
            self._stop_looking()
            self._look()

    def startService(self) -> None:
        """
        Look from now on.
        """
        super().startService()
        self._look()

    def stopService(self) -> None:
        """
        Set no more.
        """
        super().stopService()
        self._stop_looking()

    def _look(self) -> None:
        self._next_look = None
        self._set(self._rates_now())
        if self._schedule.parts:
            _, seconds = self._local_time()
            self._next_look = self._clock.callLater(
                _MINUTE - seconds % _MINUTE, self._look
            )

    def _stop_looking(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _rates_now(self) -> Rates:
        day, seconds = self._local_time()
        # A leap second may be told as one of the next day.
        return self._schedule.at(day, min(int(seconds // _MINUTE), DAY_MINUTES - 1))

    def _set(self, rates: Rates) -> None:
        """
        Unless they are those that were set last.
        """
        if rates == self._rates:
            return
        say_rates(self._peer_id, rates)
        self._rates = rates
        self._set_rates(rates)
