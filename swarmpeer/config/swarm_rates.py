"""
The rates of a C{swarm.toml}, and the times at which they hold.
"""

import re
from collections.abc import Iterable

from swarmpeer.config.rate_schedule import (
    DAY_MINUTES,
    EVERY_DAY,
    RATE_NAMES,
    WEEK_DAYS,
    Rates,
    RatesAt,
    RateSchedule,
)
from swarmpeer.config.rate_text import (
    DSCP_RIGHT,
    MAX_DSCP,
    RATE_RIGHT,
    RateError,
    parse_dscp,
    parse_speed,
    usable_speed,
)
from swarmpeer.config.toml_table import Entry, Table, shown_value
from swarmpeer.errors import ConfigError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DAYS_RIGHT = f"an array of days among {', '.join(WEEK_DAYS)}"


def read_schedule(table: Table, parts: Iterable[Table]) -> RateSchedule:
    """
    What C{[rates]} and the C{[[rates.at]]} say.
    """
    return RateSchedule(Rates(**_rates(table)), tuple(map(_read_part, parts)))


def read_dscp(entry: Entry) -> int:
    """
    A mark by its name or number.
    """
    match entry.value:
        case bool():
            pass
        case str():
            try:
                return parse_dscp(entry.value)
            except ValueError:
                pass
        case int() if 0 <= entry.value <= MAX_DSCP:
            return entry.value
    raise entry.error(DSCP_RIGHT)


def _rates(table: Table) -> dict[str, int | None]:
    """
    Those that are there, by their names.
    """
    return {
        name: _read_rate(table.entry(name)) for name in RATE_NAMES if table.has(name)
    }


def _read_rate(entry: Entry) -> int | None:
    value = entry.value
    try:
        if isinstance(value, str):
            return parse_speed(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return usable_speed(value, shown_value(value))
    except RateError as error:
        raise ConfigError(f"{entry.where}: {entry.path[-1]}: {error}") from None
    raise entry.error(RATE_RIGHT)


def _read_part(table: Table) -> RatesAt:
    begin = table.need("from", _read_time, '"08:00"')
    end = table.need("to", _read_time, '"18:00"')
    if begin == end:
        raise table.entry("to").error(
            "another time; from '00:00' to '24:00' is the whole day, which",
            "to is the same as from",
        )
    if begin == DAY_MINUTES:
        raise table.entry("from").error("'00:00'")
    days = table.read("days", _read_days, EVERY_DAY)
    rates = _rates(table)
    if not rates:
        raise table.error("no rate is told here", "a line 'up = \"2 MiB/s\"'")
    return RatesAt(begin, end, rates, days)


def _read_time(entry: Entry) -> int:
    """
    @return: minutes from midnight.
    """
    if not isinstance(entry.value, str) or not _TIME.fullmatch(entry.value):
        raise entry.error("a time of day in quotes such as '08:00'")
    hours, minutes = entry.value.split(":")
    return int(hours) * 60 + int(minutes)


def _read_days(entry: Entry) -> frozenset[int]:
    if not isinstance(entry.value, list):
        raise entry.error(_DAYS_RIGHT)
    if not entry.value:
        raise entry.error(_DAYS_RIGHT, "days is empty")
    for position, day in enumerate(entry.value):
        if day not in WEEK_DAYS:
            one = Entry(entry.source, (*entry.path, position), day)
            raise one.error(
                f"one of {', '.join(WEEK_DAYS)}", f"a day is {shown_value(day)}"
            )
    return frozenset(map(WEEK_DAYS.index, entry.value))
