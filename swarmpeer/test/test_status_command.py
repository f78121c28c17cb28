"""
Tests of L{swarmpeer.status_commands.status}.
"""

import json

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status_commands.status import as_json
from swarmpeer.test.statuses import complete
from swarmpeer.test.told_members import member, three_members


class JsonTests(SynchronousTestCase):
    """
    L{as_json}.
    """

    def test_whole(self) -> None:
        """
        The JSON has each peer's whole status, or why there is none.
        """
        value = json.loads(as_json(three_members()))
        self.assertEqual(
            [value[key] for key in ("version", "asked", "answered", "complete")],
            [1, 3, 2, 1],
        )
        self.assertEqual(value["peers"][0]["status"]["state"], "complete")
        self.assertEqual(
            value["peers"][2],
            {
                "peer_id": 1003,
                "where": "h1003:80",
                "error": "connection refused",
                "status": None,
            },
        )

    def test_gone(self) -> None:
        """
        Who was done and does not answer any more is not counted.
        """
        gone = member(complete(1001))
        gone.note_silence("connection refused", 1.0)
        self.assertEqual(json.loads(as_json([gone]))["complete"], 0)
