"""
Tests for L{swarmpeer.manifest.bencode}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ManifestError
from swarmpeer.manifest.bencode import (
    MAX_DEPTH,
    MAX_NUMBER,
    MAX_VALUES,
    Bencoded,
    Encodable,
    decode,
    encode,
)
from swarmpeer.test.thoroughness import tries

NUMBERS = st.integers(-MAX_NUMBER, MAX_NUMBER)
VALUES: st.SearchStrategy[Bencoded] = st.recursive(
    NUMBERS | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.binary(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)

NEAR_VALUES = st.one_of(
    st.binary(max_size=40),
    st.text("0123456789deil:-", max_size=20).map(str.encode),
)
"""Bytes that are values now and then."""


class BencodeTests(SynchronousTestCase):
    """
    One spelling for each value.
    """

    def test_spellings(self) -> None:
        """
        Each kind of value is spelt as the book says, keys in order.
        """
        cases: tuple[tuple[Encodable, bytes], ...] = (
            (0, b"i0e"),
            (-7, b"i-7e"),
            (MAX_NUMBER, b"i9223372036854775807e"),
            (b"", b"0:"),
            (b"spam", b"4:spam"),
            ([], b"le"),
            ([b"a", [1]], b"l1:ali1eee"),
            ({}, b"de"),
            ({b"b": 1, b"a": b"x", b"": []}, b"d0:le1:a1:x1:bi1ee"),
        )
        for value, spelling in cases:
            self.assertEqual(encode(value), spelling)
            self.assertEqual(decode(spelling), value)

    def test_refused(self) -> None:
        """
        Whatever is no value, or another spelling of one, is refused with the place
        where it goes wrong.
        """
        for data, expected in (
            (b"", "byte 0: it ends too early"),
            (b"x", "byte 0: no value"),
            (b"e", "byte 0: no value"),
            (b"i", "byte 1: it ends too early"),
            (b"ie", "byte 1: no value"),
            (b"i-e", "byte 2: no value"),
            (b"i-0e", "byte 0: zero with a minus"),
            (b"i00e", "byte 1: a number with a zero before it"),
            (b"i-01e", "byte 2: a number with a zero before it"),
            (b"i+1e", "byte 1: no value"),
            (b"i 1e", "byte 1: no value"),
            (b"i1_0e", "byte 2: no end of a number"),
            ("i\u0661e".encode(), "byte 1: no value"),
            (b"i1", "byte 2: it ends too early"),
            (b"i1x", "byte 2: no end of a number"),
            (b"i%de" % (MAX_NUMBER + 1), "byte 0: a number beyond 63 bits"),
            (b"i-%de" % (MAX_NUMBER + 1), "byte 0: a number beyond 63 bits"),
            (b"i" + b"9" * 5000 + b"e", "byte 1: a number beyond 63 bits"),
            (b"5:spam", "byte 0: a string that goes on after the end"),
            (b"9999999999999999999:x", "byte 0: a string that goes on after the end"),
            (b"04:spam", "byte 0: a number with a zero before it"),
            (b"-1:", "byte 0: no value"),
            (b"l", "byte 1: it ends too early"),
            (b"l1:a", "byte 4: it ends too early"),
            (b"d1:b0:1:a0:e", "byte 6: keys out of order"),
            (b"d1:a0:1:a0:e", "byte 6: a key twice"),
            (b"di1e0:e", "byte 1: no value"),
            (b"d1:ae", "byte 4: no value"),
            (b"i1ei2e", "byte 3: more follows after the end"),
            (b"le\n", "byte 2: more follows after the end"),
        ):
            error = self.assertRaises(ManifestError, decode, data)
            self.assertEqual(str(error), expected, data[:40])

    def test_depth(self) -> None:
        """
        Values may lie in each other so deep and no deeper, however deep it goes.
        """
        deepest = b"l" * (MAX_DEPTH + 1) + b"e" * (MAX_DEPTH + 1)
        self.assertEqual(encode(decode(deepest)), deepest)
        for bomb in (b"l" + deepest + b"e", b"l" * 10**6, b"d1:a" * 10**6):
            error = self.assertRaises(ManifestError, decode, bomb)
            self.assertIn(f"nested more than {MAX_DEPTH} deep", str(error))

    def test_values(self) -> None:
        """
        There may be so many values and no more.
        """
        most = b"l" + b"0:" * (MAX_VALUES - 1) + b"e"
        found = decode(most)
        assert isinstance(found, list)
        self.assertEqual(len(found), MAX_VALUES - 1)
        error = self.assertRaises(ManifestError, decode, b"l0:" + most[1:])
        self.assertIn(f"more than {MAX_VALUES} values", str(error))

    @settings(deadline=None)
    @given(VALUES)
    def test_round_trip(self, value: Bencoded) -> None:
        """
        What is spelt is read as it was.
        """
        self.assertEqual(decode(encode(value)), value)

    @settings(deadline=None, max_examples=tries(100, 500))
    @given(NEAR_VALUES)
    def test_one_spelling(self, data: bytes) -> None:
        """
        Any bytes are refused, or are just what their value is spelt as.
        """
        try:
            value = decode(data)
        except ManifestError:
            return
        self.assertEqual(encode(value), data)

    @settings(deadline=None)
    @given(VALUES, st.data())
    def test_mutations(self, value: Bencoded, draw: st.DataObject) -> None:
        """
        The same of spellings with one byte changed, put in or left out.
        """
        data = encode(value)
        at = draw.draw(st.integers(0, len(data)))
        left_out = draw.draw(st.integers(0, 1))
        put_in = draw.draw(st.binary(max_size=1))
        changed = data[:at] + put_in + data[at + left_out :]
        try:
            found = decode(changed)
        except ManifestError:
            return
        self.assertEqual(encode(found), changed)
