"""
Tests of L{swarmpeer.status.encoding}.
"""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StatusError
from swarmpeer.status.encoding import decode_picture, decode_status, encode
from swarmpeer.status.shape import (
    LastHolder,
    Missing,
    Picture,
    Problem,
    ProblemCode,
)
from swarmpeer.test.statuses import FETCHING


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

    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are a status or a L{StatusError}.
        """
        self.assertRaises(StatusError, decode_status, data)
