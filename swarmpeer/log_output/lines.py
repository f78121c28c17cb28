"""
One event of C{twisted.logger} as a line of text, or of JSON.
"""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from twisted.logger import LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure

from swarmpeer.text import printable

MOST_CHARACTERS = 4000
"""
A text of a line is cut there, a traceback at four times as many.
"""
MAX_LINE_BYTES = 2**18
"""
No line is longer.
"""
_LEVEL_WIDTH = 8
_NEIGHBOR = "neighbor"
_RENAMED = {"peer_id": _NEIGHBOR}


def text_line(event: LogEvent) -> str:
    """
    Time, level and text; a traceback follows in lines that are indented.
    """
    lines = [f"{_time(event)} {_level(event):{_LEVEL_WIDTH}} {_text(event)}\n"]
    lines += [f"    {printable(line)}\n" for line in _traceback(event).splitlines()]
    return "".join(lines)


def json_line(event: LogEvent, peer_id: int | None) -> str:
    """
    One object on one line: C{time}, C{level}, C{peer}, C{event} (the name of the
    event's class, if there is one) and C{text}, then what else is known: the fields
    of the event (its C{peer_id} as C{neighbor}), C{repeats}, C{traceback}, and
    C{source} of what is no event.

    @param peer_id: whose log it is.
    """
    most = MOST_CHARACTERS
    # What is cut are its texts: half a line would be no JSON.
    while len(line := _json_line(event, peer_id, most)) > MAX_LINE_BYTES:
        most //= 2
    return line


def _json_line(event: LogEvent, peer_id: int | None, most: int) -> str:
    """
    @param most: so many characters of each text, and elements of each list.
    """
    told = event.get("event")
    line: dict[str, Any] = {
        "time": _time(event),
        "level": _level(event),
        "peer": peer_id,
        "event": None,
        "text": _text(event, most),
    }
    if is_dataclass(told) and not isinstance(told, type):
        line["event"] = type(told).__name__
        for field in fields(told):
            name = _RENAMED.get(field.name, field.name)
            line[name] = _plain(getattr(told, field.name), most)
    else:
        line["source"] = printable(event.get("log_namespace", ""))
    if "repeats" in event:
        line["repeats"] = event["repeats"]
        line["repeats_seconds"] = round(event["repeats_seconds"], 1)
    if traceback := _traceback(event, most):
        line["traceback"] = traceback
    return json.dumps(line, allow_nan=False) + "\n"


def _time(event: LogEvent) -> str:
    at = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _level(event: LogEvent) -> str:
    level = event.get("log_level", LogLevel.info)
    return str(getattr(level, "name", level))


def _text(event: LogEvent, most: int = MOST_CHARACTERS) -> str:
    text = formatEvent(event) or ""
    if (failure := _failure(event)) is not None and not text:
        text = failure.getErrorMessage()
    return printable(text[:most].rstrip("\n"))


def _failure(event: LogEvent) -> Failure | None:
    failure = event.get("log_failure")
    return failure if isinstance(failure, Failure) else None


def _traceback(event: LogEvent, most: int = MOST_CHARACTERS) -> str:
    failure = _failure(event)
    if failure is None:
        return ""
    text = failure.getTraceback()[-4 * most :]
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: object, most: int) -> object:
    """
    What JSON has a form for.
    """
    match value:
        case bool() | int() | None:
            return value
        case float():
            return value if value - value == 0 else None
        case list() | tuple():
            return [_plain(each, most) for each in value[:most]]
        case _:
            return printable(str(value)[:most])
