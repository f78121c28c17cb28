"""
Tests for L{swarmpeer.config.toml_lines}.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.toml_lines import (
    KeyPath,
    Place,
    find_places,
    place_of_offset,
)

SAMPLE = """\
# swarm = "no"
top = 1
"quo#ted".'dot.ted' = '''
a = 2 \\''''

[table . "in]ner"]  # [comment]
list = [ 1, "]", # ]
    { a = { b.c = 1979-05-27 07:32:00 }, d = [] },
]

[[members]]
id = 1
[members.extra]
x = "\\"#"
[[members]]
[[members.more]]
y = \"""a\\\""" = \"""
"""

PLACES = {
    ("top",): ((2, 1), (2, 7)),
    ("quo#ted",): ((3, 1), (3, 23)),
    ("quo#ted", "dot.ted"): ((3, 11), (3, 23)),
    ("table",): ((6, 1), (6, 1)),
    ("table", "in]ner"): ((6, 1), (6, 1)),
    ("table", "in]ner", "list"): ((7, 1), (7, 8)),
    ("table", "in]ner", "list", 0): ((7, 10), (7, 10)),
    ("table", "in]ner", "list", 1): ((7, 13), (7, 13)),
    ("table", "in]ner", "list", 2): ((8, 5), (8, 5)),
    ("table", "in]ner", "list", 2, "a"): ((8, 7), (8, 11)),
    ("table", "in]ner", "list", 2, "a", "b"): ((8, 13), (8, 19)),
    ("table", "in]ner", "list", 2, "a", "b", "c"): ((8, 15), (8, 19)),
    ("table", "in]ner", "list", 2, "d"): ((8, 42), (8, 46)),
    ("members",): ((11, 1), (11, 1)),
    ("members", 0): ((11, 1), (11, 1)),
    ("members", 0, "id"): ((12, 1), (12, 6)),
    ("members", 0, "extra"): ((13, 1), (13, 1)),
    ("members", 0, "extra", "x"): ((14, 1), (14, 5)),
    ("members", 1): ((15, 1), (15, 1)),
    ("members", 1, "more"): ((16, 1), (16, 1)),
    ("members", 1, "more", 0): ((16, 1), (16, 1)),
    ("members", 1, "more", 0, "y"): ((17, 1), (17, 5)),
}

VALUES = [
    "0",
    "-1.5e3",
    "true",
    "0xfF",
    "inf",
    "1979-05-27",
    "1979-05-27 07:32:00.5+01:00",
    "07:32:00",
    '""',
    "''",
    '"a \\" # ] } , = \\\\"',
    "'C:\\ [#'",
    '"""a\n[b]\nc = "d" \\""""""',
    "'''a\n''[[b]]\n'''''",
    "[]",
    "[1, 2,]",
    '[ # [\n "]", \'#\',\n # "\n]',
    "[[1], [[], ['']]]",
    "{}",
    "{ a = 1, 'b c'.d = [ {e = 2} ] }",
    "[{a = 1}, {a = 2, \"b\" = '}'}]",
]
"""
Values as a text may spell them.
"""

KEYS = ["a", "b", "c-1", "007", '"a"', '"q # = \\u00e9"', "'l]'", '""']
"""
Keys too; two of them are the same.
"""

KEY = re.compile(r""""(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+""")

blanks = st.sampled_from(["", " ", "\t "])
gaps = st.sampled_from(["", "\n", "# [x]\n", ' # y = """\n\n'])


@st.composite
def dotted_keys(draw: st.DrawFn) -> str:
    """
    One to three keys, as a text may spell them.
    """
    names = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    dot = draw(st.sampled_from([".", " . ", "\t."]))
    return dot.join(names)


@st.composite
def statements(draw: st.DrawFn) -> str:
    """
    A header, or a key and a value.
    """
    key, blank = draw(dotted_keys()), draw(blanks)
    line = draw(
        st.sampled_from(
            [
                f"[{blank}{key}{blank}]",
                f"[[{key}{blank}]]",
                f"{key}{blank}={blank}{draw(st.sampled_from(VALUES))}",
            ]
        )
    )
    return f"{draw(blanks)}{line}{draw(blanks)}\n{draw(gaps)}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """
    Statements, of which those are left out that C{tomllib} does not take behind the
    others.
    """
    text = draw(gaps)
    for statement in draw(st.lists(statements(), max_size=12)):
        try:
            tomllib.loads(text + statement)
        except tomllib.TOMLDecodeError:
            continue
        text += statement
    return text


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """
    Every path that there is, with what is there.
    """
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))


def offset_of(text: str, place: Place) -> int:
    """
    Which character stands there.
    """
    lines = text.split("\n")[: place.line - 1]
    return sum(len(line) + 1 for line in lines) + place.column - 1


def prefixes(text: str) -> Iterator[str]:
    """
    What a text may begin with.
    """
    return (text[:size] for size in range(1, min(len(text), 40) + 1))


def reads_as(value: object, text: str) -> bool:
    """
    Is that how C{value} may be spelt?
    """
    try:
        return tomllib.loads(f"x = {text}") == {"x": value}
    except tomllib.TOMLDecodeError:
        return False


class PlacesTests(SynchronousTestCase):
    """
    Tests for L{find_places}.
    """

    def test_sample(self) -> None:
        """
        Every key and value of a text with a bit of everything is where it is.
        """
        tomllib.loads(SAMPLE)
        found = find_places(SAMPLE)
        self.assertEqual(
            found.keys, {path: Place(*key) for path, (key, _) in PLACES.items()}
        )
        self.assertEqual(
            found.values, {path: Place(*value) for path, (_, value) in PLACES.items()}
        )

    def test_nothing(self) -> None:
        """
        Where nothing is said, there are no places.
        """
        for text in ("", "\n", "# a = 1", " \t# [a]\n\n"):
            self.assertEqual(find_places(text).keys, {})

    @settings(deadline=None)
    @given(texts())
    def test_same_paths(self, text: str) -> None:
        """
        Whatever C{tomllib} reads, the same paths are found.
        """
        paths = {path for path, _ in leaves(tomllib.loads(text))}
        found = find_places(text)
        self.assertEqual(set(found.keys), paths)
        self.assertEqual(set(found.values), paths)

    @settings(deadline=None)
    @given(texts())
    def test_right_places(self, text: str) -> None:
        """
        Where a key is said to stand, it stands, or the header of its table; where a
        plain value, it begins.
        """
        found = find_places(text)
        for path, value in leaves(tomllib.loads(text)):
            name, key = path[-1], text[offset_of(text, found.keys[path]) :]
            is_compound = isinstance(value, dict | list)
            if isinstance(name, str) and not (is_compound and key.startswith("[")):
                spelt = KEY.match(key)
                self.assertTrue(spelt and tomllib.loads(f"{spelt[0]}=0") == {name: 0})
            if not is_compound:
                rest = text[offset_of(text, found.values[path]) :]
                self.assertNotIn(rest[0], " \t\n")
                self.assertTrue(any(map(partial(reads_as, value), prefixes(rest))))

    @given(st.text("ab\n", max_size=20), st.data())
    def test_offsets(self, text: str, data: st.DataObject) -> None:
        """
        A character is found again at its place.
        """
        offset = data.draw(st.integers(0, len(text)))
        self.assertEqual(offset_of(text, place_of_offset(text, offset)), offset)
