"""
The rates of a C{swarm.toml}, and when they hold, in lines for people.
"""

from collections.abc import Iterator, Mapping

from swarmpeer.config.rate_schedule import (
    EVERY_DAY,
    RATE_NAMES,
    WEEK_DAYS,
    RatesAt,
    RateSchedule,
)
from swarmpeer.config.rate_text import format_speed


def rate_lines(schedule: RateSchedule, dscp: int) -> Iterator[str]:
    """
    One line for the usual rates, and one for each part of the week that has others.

    @param dscp: how packets are marked; 0: not at all.
    """
    usual = {name: getattr(schedule.usual, name) for name in RATE_NAMES}
    limited = {name: rate for name, rate in usual.items() if rate is not None}
    # Without any both ways are told all the same.
    told = {"up": usual["up"], "down": usual["down"], **limited}
    marked = f"; marked as DSCP {dscp}" if dscp else ""
    yield f"rates: {_rates(told)}{marked}"
    for part in schedule.parts:
        yield f"rates {_when(part)}: {_rates(part.rates)}"


def _rates(rates: Mapping[str, int | None]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {format_speed(rates[name])}"
        for name in RATE_NAMES
        if name in rates
    )


def _when(part: RatesAt) -> str:
    return f"{_days(part)}, {_time(part.begin)} to {_time(part.end)}"


def _days(part: RatesAt) -> str:
    if part.days == EVERY_DAY:
        return "every day"
    return " ".join(WEEK_DAYS[day] for day in sorted(part.days))


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
