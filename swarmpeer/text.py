"""
Text from elsewhere, made fit to stand in one line for people.
"""

_QUOTED_CHARACTERS = 40


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
