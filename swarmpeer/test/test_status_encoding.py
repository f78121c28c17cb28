"""
Tests of L{swarmpeer.status.encoding}.
"""

import json
from dataclasses import replace
from typing import get_type_hints

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StatusError
from swarmpeer.manifest.parsing import MAX_PIECES
from swarmpeer.status.encoding import decode_picture, decode_status, encode
from swarmpeer.status.shape import (
    MOST_PEERS,
    MOST_RUNS,
    LastHolder,
    Missing,
    OptimisticRound,
    Picture,
    PreferredRound,
    Problem,
    ProblemCode,
    State,
    Status,
)
from swarmpeer.test.statuses import FETCHING, NEIGHBOR


class EncodingTests(SynchronousTestCase):
    """
    L{swarmpeer.status.encoding}.
    """

    def test_round_trip(self) -> None:
        """
        What is encoded is decoded as it was.
        """
        rich = replace(
            FETCHING,
            missing=Missing(5, 2, ((3, 4),), (LastHolder(1003, 2, 1.5),)),
            problems=(Problem(ProblemCode.CHOKED, "choked by 1002", 3.0, 1002),),
            pieces="+AA=",
        )
        self.assertEqual(decode_status(encode(rich)), rich)
        picture = Picture(rich, "AA==", {1002: "AA=="}, ())
        self.assertEqual(decode_picture(encode(picture)), picture)

    def test_later_versions(self) -> None:
        """
        Further fields and codes of problems are borne; another version is told.
        """
        value = json.loads(encode(FETCHING))
        value["moon_phase"] = [1, 2]
        value["problems"] = [{"code": "eclipse", "text": "dark", "since_seconds": 1}]
        (problem,) = decode_status(json.dumps(value).encode()).problems
        self.assertEqual((problem.code, problem.text), (ProblemCode.OTHER, "dark"))
        value["version"] = 2
        error = self.assertRaises(StatusError, decode_status, json.dumps(value))
        self.assertIn("version 2", str(error))

    def test_refused(self) -> None:
        """
        What is no status is one error in one line, whatever it is.
        """
        value = json.loads(encode(FETCHING))
        faulty = [
            b"",
            b"\xff",
            b"[]",
            b'{"version":1}',
            b'{"version":1e999}',
            b'{"version":1,"x":' + b"[" * 100_000,
            *(
                json.dumps({**value, key: wrong}).encode()
                for key, wrong in (
                    ("piece_count", -1),
                    ("piece_count", 10**30),
                    ("held", "5"),
                    ("receive_rate", -1.0),
                    ("up_seconds", 1e300),
                    ("state", "asleep"),
                    ("neighbors", None),
                    ("problems", [{"code": "disk"}]),
                )
            ),
        ]
        for data in faulty:
            error = self.assertRaises(StatusError, decode_status, data)
            self.assertTrue(str(error).isprintable(), data[:40])

    def test_contradictions(self) -> None:
        """
        What contradicts itself is no status: more pieces than there are or may be,
        runs that lie over one another or lead beyond the last.
        """
        few = FETCHING.missing
        left = LastHolder(1003, 11, 1.0)
        for faulty, words in (
            (replace(FETCHING, held=11), "it holds 11 of 10 pieces"),
            (replace(FETCHING, held=2**62), "pieces"),
            (replace(FETCHING, recorded=11), "it recorded 11 of 10 pieces"),
            (replace(FETCHING, piece_count=MAX_PIECES + 1), "more than there may be"),
            (replace(FETCHING, infohash=None, piece_count=2**62), "than there may be"),
            (replace(FETCHING, state=State.COMPLETE), "complete with 5 of 10 pieces"),
            (replace(FETCHING, neighbors=(replace(NEIGHBOR, held=11),)), "1002 holds"),
            *(
                (replace(FETCHING, missing=replace(few, **lie)), words)
                for lie, words in (
                    ({"count": 11}, "it holds 5 of 10 pieces and lacks 11"),
                    ({"count": 4}, "it holds 5 of 10 pieces and lacks 4"),
                    ({"nowhere": 6}, "of 5 missing pieces 6 are nowhere"),
                    ({"nowhere": 5, "nowhere_runs": ((0, 2**61),)}, "no run"),
                    ({"nowhere": 5, "nowhere_runs": ((3, 2),)}, "no run"),
                    ({"nowhere": 5, "nowhere_runs": ((3, 4), (4, 5))}, "no run"),
                    ({"nowhere": 5, "nowhere_runs": ((6, 7), (1, 2))}, "no run"),
                    ({"nowhere": 5, "nowhere_runs": ((0, 5),)}, "6 of 5 pieces"),
                    ({"last_holders": (left,)}, "1003 had 11 of 10 pieces"),
                )
            ),
        ):
            for data, decode in (
                (encode(faulty), decode_status),
                (encode(Picture(faulty, "", {}, ())), decode_picture),
            ):
                error = self.assertRaises(StatusError, decode, data)
                self.assertIn("it is no status of a peer: ", str(error))
                self.assertIn(words, str(error))

    def test_bounds(self) -> None:
        """
        A reader takes no more of anything than a peer tells, and what it says of what
        it refuses is short.
        """
        value = json.loads(encode(FETCHING))
        value["missing"]["nowhere_runs"] = [[0, 0]] * (MOST_RUNS + 1)
        error = self.assertRaises(StatusError, decode_status, json.dumps(value))
        self.assertIn(f"length <= {MOST_RUNS}", str(error))
        value = json.loads(encode(FETCHING))
        for key, wrong in (
            ("incomplete", [1] * (MOST_PEERS + 1)),
            ("state", "x" * 100_000),
        ):
            lie = json.dumps({**value, key: wrong})
            error = self.assertRaises(StatusError, decode_status, lie)
            self.assertLess(len(str(error)), 300)

    def test_every_bound(self) -> None:
        """
        Whatever a status or a picture has many of has a bound.
        """
        for shape in (Status, Picture, Missing, PreferredRound, OptimisticRound):
            for name, hint in get_type_hints(shape, include_extras=True).items():
                if "..." in str(hint) or "dict" in str(hint):
                    self.assertIn("max_length", str(hint), f"{shape.__name__}.{name}")

    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are a status or a L{StatusError}.
        """
        self.assertRaises(StatusError, decode_status, data)
