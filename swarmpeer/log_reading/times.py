"""
The time at the beginning of a line, however it is written.
"""

import re
from datetime import date, datetime

DAY_SECONDS = 86_400.0
_HALF_DAY = DAY_SECONDS / 2
_EPOCH = datetime(1970, 1, 1)
_LATE_SECONDS = 600.0
_LONGEST = 80

_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2}):(\d\d):(\d\d)(?:[.,:](\d{1,9}))?"
    r"(?: ?([AaPp])\.?[Mm]\b\.?)?(?!\d)"
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?!\d)")
_MONTHS = re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec")
_NAMED = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\b", re.IGNORECASE)
_DAY = re.compile(r"(?<![\d:.])(\d{1,2})(?![\d:.])")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_USUAL = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]: ")


class TimeReader:
    """
    Reads the times of one log, in order.  Without a date midnight is where the
    clock falls back by more than half a day.

    @ivar has_date: did the last time have one?
    @ivar is_usual: was it written as the commonest programs do,
        C{[2026-11-25 13:43:14]: }?
    """

    def __init__(self) -> None:
        self.has_date = True
        self.is_usual = True
        self._text: str | None = None
        self._seconds: float | None = None
        self._days = 0
        self._clock_before = 0.0

    def read(self, text: str) -> float | None:
        """
        @param text: what stands before C{Peer}.
        @return: seconds since 1970 by the writer's own clock, or since the first
            midnight before the log where there is no date; C{None}: no time.
        """
        # Many lines have the time of the one before.
        if text != self._text:
            self._text = text
            self._seconds = self._read(text) if len(text) <= _LONGEST else None
        return self._seconds

    def _read(self, text: str) -> float | None:
        clock = _CLOCK.search(text)
        if clock is None:
            return None
        seconds = _clock_seconds(clock)
        if seconds is None:
            return None
        self.is_usual = _USUAL.fullmatch(text) is not None
        rest = text[: clock.start()] + " " + text[clock.end() :]
        day = _day(rest)
        self.has_date = day is not None
        if day is not None:
            return day + seconds
        if any(map(str.isdigit, rest)):
            # A date that does not exist, or one of a form unheard of.
            return None
        if seconds < self._clock_before - _HALF_DAY:
            self._days += 1
        elif self._days and seconds - self._clock_before > DAY_SECONDS - _LATE_SECONDS:
            # Two threads that wrote around midnight.
            return (self._days - 1) * DAY_SECONDS + seconds
        self._clock_before = seconds
        return self._days * DAY_SECONDS + seconds


def _clock_seconds(clock: re.Match[str]) -> float | None:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3])
    if clock[5] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock[5] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    part = float(f"0.{clock[4]}") if clock[4] else 0.0
    return hour * 3600.0 + minute * 60.0 + second + part


def _day(text: str) -> float | None:
    """
    The beginning of the day that is named.
    """
    if found := _YEAR_FIRST.search(text):
        return _midnight(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.search(text):
        month, day = int(found[1]), int(found[2])
        if month > 12:
            month, day = day, month
        return _midnight(int(found[3]), month, day)
    month_name, year = _NAMED.search(text), _YEAR.search(text)
    day_number = _DAY.search(text)
    if month_name and year and day_number:
        month = _MONTHS.index(month_name[1].lower()) + 1
        return _midnight(int(year[1]), month, int(day_number[1]))
    return None


def _midnight(year: int, month: int, day: int) -> float | None:
    try:
        return (datetime(year, month, day) - _EPOCH).total_seconds()
    except ValueError:
        return None


def clock_text(seconds: float) -> str:
    """
    A moment for people: the date, if there is one, and the time.
    """
    if seconds < 366 * DAY_SECONDS:
        hours, rest = divmod(int(seconds), 3600)
        return f"{hours % 24:02}:{rest // 60:02}:{rest % 60:02}"
    try:
        day = date.fromordinal(_EPOCH.toordinal() + int(seconds // DAY_SECONDS))
    except (ValueError, OverflowError):
        # Clocks that are thousands of years apart.
        return f"{seconds:,.0f} s after 1970"
    return f"{day} {clock_text(seconds % DAY_SECONDS)}"
