"""
What stands in one line for people: text from elsewhere, sizes, shares and times.
"""

from collections.abc import Callable

from swarmpeer.errors import OUR_END

_QUOTED_CHARACTERS = 40
_SHOWN_CHARACTERS = 200
_UNITS = ("B", "kB", "MB", "GB", "TB")
# So many seconds are one of the first, which has so many of the second.
_SPANS = ((86400, "d", 24, "h"), (3600, "h", 60, "min"), (60, "min", 60, "s"))


def printable(value: object) -> str:
    """
    The text of C{value}, a path say, with everything that would break the line,
    that a terminal would obey or that cannot be shown written as an escape.
    """
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def quoted(text: str) -> str:
    """
    C{text} in quotes, escaped and of bounded length.
    """
    if len(text) > _QUOTED_CHARACTERS:
        return repr(text[:_QUOTED_CHARACTERS]) + "..."
    return repr(text)


def in_few_words(value: object, write: Callable[[object], str] = repr) -> str:
    """
    Something of others in one line of bounded length, whatever it does when it is asked
    for that.
    """
    try:
        words = " ".join(write(value).split())
    except OUR_END:
        raise
    except BaseException:
        return f"a {type(value).__name__}"
    if len(words) > _SHOWN_CHARACTERS:
        words = words[: _SHOWN_CHARACTERS - 3] + "..."
    return printable(words)


def said(error: BaseException) -> str:
    """
    What an error of others says, behind a colon, if it says anything.
    """
    words = in_few_words(error, str)
    return f": {words}" if words else ""


def size_text(size_bytes: float) -> str:
    """
    A number of bytes for people, in powers of a thousand.
    """
    power = 0
    while size_bytes >= 999.5 and power < len(_UNITS) - 1:
        size_bytes /= 1000
        power += 1
    is_whole = power == 0 or size_bytes >= 99.95
    number = f"{size_bytes:.0f}" if is_whole else f"{size_bytes:#.3g}"
    return f"{number} {_UNITS[power]}"


def share_text(share: float) -> str:
    """
    A share for people, rounded down: C{100%} is all.
    """
    # What is a whole percent may be a hair less, as 0.29 is.
    return f"{int(share * 100 + 1e-9)}%"


def span_text(seconds: float) -> str:
    """
    A time for people, rounded down: C{0 s}, C{59 s}, C{3 min 20 s}, C{2 h 5 min} or
    C{3 d 4 h}.
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    size, big, parts, small = next(span for span in _SPANS if whole >= span[0])
    rest = whole % size * parts // size
    return f"{whole // size} {big}" + (f" {rest} {small}" if rest else "")
