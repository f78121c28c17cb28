"""
What a line says, in the words of the protocol or in those that programs are known
to use instead.

A wording is a line with C{#} for each number.  There are few of them in a log, so
each is understood once and then only looked up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from swarmpeer.protocol_log import LogKind

K = LogKind


class Variant(Enum):
    """
    A way in which logs are known to differ from the protocol; the value tells it
    to people.
    """

    BRACKETS = "ids in brackets"
    HYPHEN = '"optimistically-unchoked" with a hyphen'
    PEER = '"Peer" before an id that has none'
    NO_STOP = "no full stop at the end"
    BRITISH = '"neighbours"'
    ARTICLE = '"a" instead of "the" before the message'
    CURLED = "typographic quotes"
    OTHER_QUOTES = "no quotes, or others than '...'"
    BLANK_MISSING = "a blank is missing"
    FROM = '"makes a connection from"'
    TO_FROM = '"is connected to from"'
    RECIEVED = '"recieved"'
    NO_THE = '"the" or "a" is left out'
    LIST_BLANKS = "blanks between the ids of a list"
    EMPTY = "no preferred neighbours, and told"
    SAME = "the preferred neighbours told again, unchanged"
    CASE = "capitals or small letters elsewhere"
    WORDS = "other small differences"
    NO_DATE = "times without a date"
    TIME = "times in another form"
    CRLF = "lines that end with CR LF"
    UTF16 = "UTF-16"
    OTHERS_COMPLETION = "the completion of another peer"
    EXTRA = "lines that the protocol does not have"


@dataclass(frozen=True, slots=True)
class Wording:
    """
    A wording that was understood.

    @ivar kind: what it says.
    @ivar variants: how it differs.
    """

    kind: LogKind
    variants: tuple[Variant, ...]


_QUOTES = "['\"`\u00b4\u2018\u2019\u201c\u201d\ufffd?]"
# Atomic, or a long list that ends in something else would be tried in all ways that
# its blanks can be shared out.
_PEER = r"(?>(?:\[? ?peer ?)?\[? ?# ?\]?)"
_LIST = rf"(?>[\[({{]? ?(?:{_PEER}(?> ?[,;]? ?{_PEER})*)? ?[\])}}]?)"
_ARTICLE = "(?:(?:the|an|a) ?)?"
_LOOSE = {
    "{other}": _PEER,
    "{others}": f":? ?{_LIST}",
    "{index}": r"\[? ?# ?\]?",
    "{held}": r"\[? ?# ?\]?",
    "'": f"{_QUOTES}{{0,2}}",
    ".": r" ?[.,;]?",
    " ": " ?",
    "the ": _ARTICLE,
    "received": "rec(?:ei|ie)ved",
    "neighbors": "neighbou?rs?",
    "neighbor": "neighbou?r",
    "optimistically unchoked": "optimistically[- ]?unchoked",
    "not interested": "not[- ]?interested",
    "connected from Peer ": "connected ?(?:to ?)?from ?",
    "makes a connection to Peer ": f"makes ?{_ARTICLE}connection ?to ?",
}
_PART = re.compile("|".join(map(re.escape, sorted(_LOOSE, key=len, reverse=True))))


def _loose(words: str) -> str:
    """
    The pattern for one of the protocol's wordings and everything close to it.
    """
    parts, at = [], 0
    for found in _PART.finditer(words):
        parts += [re.escape(words[at : found.start()]), _LOOSE[found[0]]]
        at = found.end()
    return "".join([*parts, re.escape(words[at:])])


_PATTERNS = [
    (kind, re.compile(rf"{_PEER} ?{_loose(kind.value)} ?\.?", re.IGNORECASE))
    for kind in K
]
_PATTERNS.append(
    (
        K.ACCEPTED,
        re.compile(
            rf"{_PEER} ?makes {_ARTICLE}connection from ?{_PEER} ?\.?", re.IGNORECASE
        ),
    )
)
_EXACT: dict[str, LogKind] = {
    f"Peer # {kind.value}".replace("{other}", "#")
    .replace("{index}", "#")
    .replace("{held}", "#"): kind
    for kind in K
    if kind is not K.PREFERRED
}
_EXACT_LIST = re.compile(r"Peer # has the preferred neighbors #(?:,#)*\.")
_NAMED_PEER = (K.DIALLED, K.ACCEPTED)


def _has(pattern: str) -> Callable[[LogKind, str], bool]:
    search = re.compile(pattern).search
    return lambda _, words: search(words) is not None


def _other_quotes(kind: LogKind, words: str) -> bool:
    if kind not in (K.HAVE, K.INTERESTED, K.NOT_INTERESTED):
        return False
    is_curled = re.search("[\u2018\u2019\u201c\u201d]", words)
    return is_curled is None and words.count("'") != 2


_TESTS: tuple[tuple[Variant, Callable[[LogKind, str], bool]], ...] = (
    (Variant.BRACKETS, _has(r"[\[({] ?(?:[Pp]eer ?)?#|# ?[\])}]")),
    (Variant.HYPHEN, _has("(?i)optimistically-")),
    (
        Variant.PEER,
        lambda kind, words: kind not in _NAMED_PEER and words.lower().count("peer") > 1,
    ),
    (Variant.NO_STOP, lambda _, words: not words.rstrip().endswith(".")),
    (Variant.BRITISH, _has("(?i)neighbour")),
    (Variant.ARTICLE, _has("(?i)rec(?:ei|ie)ved an? ?['\"`\u2018\u201c\ufffd?hin]")),
    (Variant.CURLED, _has("[\u2018\u2019\u201c\u201d]")),
    (Variant.OTHER_QUOTES, _other_quotes),
    (
        Variant.BLANK_MISSING,
        _has(r"[A-Za-z]#|#[A-Za-z]|\w\[#|#\]\w|#\.[A-Z]|[^\w\s\[\]#]message"),
    ),
    (Variant.FROM, _has("(?i)connection ?from")),
    (Variant.TO_FROM, _has("(?i)connected ?to ?from")),
    (Variant.RECIEVED, _has("(?i)recieved")),
    (
        Variant.NO_THE,
        _has(
            "(?i)has (?:preferred|optimistically)|received ['\u2018hin]|"
            "downloaded (?:piece|complete)|for piece|now number|makes connection"
        ),
    ),
    (Variant.LIST_BLANKS, _has(r"#\]? ?, |#\]? \[?#")),
    (Variant.EMPTY, lambda kind, words: kind is K.PREFERRED and words.count("#") < 2),
)

_BLANKS = re.compile(r"[ \t\u00a0]+")


def understand(words: str) -> Wording | None:
    """
    @param words: a line from C{Peer} on, with C{#} for each number.
    @return: C{None} if it says nothing that the protocol has.
    """
    if (exact := _EXACT.get(words)) is not None:
        return Wording(exact, ())
    if _EXACT_LIST.fullmatch(words):
        return Wording(K.PREFERRED, ())
    plain = _BLANKS.sub(" ", words).strip()
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(plain):
            found = [variant for variant, test in _TESTS if test(kind, words)]
            if _is_capitalised_otherwise(kind, plain):
                found.append(Variant.CASE)
            return Wording(kind, tuple(found) or (Variant.WORDS,))
    return None


def _is_capitalised_otherwise(kind: LogKind, words: str) -> bool:
    """
    Would the line have fewer strange words in the protocol's own letters?
    """
    own = set(re.findall("[A-Za-z]+", f"Peer {kind.value} to from"))
    folded = {word.lower() for word in own}
    return any(
        word not in own and word.lower() in folded and word != "Peer"
        for word in re.findall("[A-Za-z]+", words)
    )


_LIKE_OURS: tuple[tuple[re.Pattern[str], frozenset[LogKind]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), frozenset(kinds))
    for pattern, kinds in (
        ("un.?choked by", {K.UNCHOKED}),
        ("choked by", {K.CHOKED}),
        ("not.?interested.{0,9}message from", {K.NOT_INTERESTED}),
        ("interested.{0,9}message from", {K.INTERESTED}),
        ("have.{0,9}message from", {K.HAVE}),
        ("message from", {K.HAVE, K.INTERESTED, K.NOT_INTERESTED}),
        ("downloaded the.{0,20}piece", {K.DOWNLOADED}),
        ("downloaded the.{0,20}file", {K.COMPLETED}),
        ("downloaded the", {K.DOWNLOADED, K.COMPLETED}),
        ("preferred neighb", {K.PREFERRED}),
        ("unchoked neighb", {K.OPTIMISTIC}),
        ("connection (?:to|from)|connected (?:to|from)", {K.DIALLED, K.ACCEPTED}),
    )
)
"""
What lines have in them that are meant as lines of the protocol, the narrowest first.
"""


def meant(words: str) -> frozenset[LogKind]:
    """
    What a line may be meant as that cannot be understood.

    @return: nothing, if it is no line of the protocol.
    """
    found = (kinds for pattern, kinds in _LIKE_OURS if pattern.search(words))
    return next(found, frozenset())
