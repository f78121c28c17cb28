"""
Tests of L{swarmpeer.testing.log_rules}: one bad line each.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.log_rules import check_log

PIECES = 2
HEAD = "[2026-01-02 03:04:05]: Peer 1002 "
DIALLED = HEAD + "makes a connection to Peer 1001.\n"
FIRST = HEAD + (
    "has downloaded the piece 1 from 1001. Now the number of pieces it has is 1.\n"
)
SECOND = HEAD + (
    "has downloaded the piece 0 from 1001. Now the number of pieces it has is 2.\n"
)
THIRD = SECOND.replace("is 2", "is 3")
COMPLETE = HEAD + "has downloaded the complete file.\n"


def preferred(ids: str) -> str:
    """
    The line of a round.
    """
    return f"{HEAD}has the preferred neighbors {ids}.\n"


class LogRulesTests(SynchronousTestCase):
    """
    L{check_log}.
    """

    def findings(self, *lines: str, seed: bool = False) -> list[tuple[str, str]]:
        """
        What is wrong with a log of peer 1002, of two pieces and two places.
        """
        raw = [line.encode() for line in lines]
        return list(check_log(raw, 1002, PIECES, 2, seed=seed))

    def test_good(self) -> None:
        """
        Nothing is wrong with the log of a peer that was started twice, nor with
        that of a seed.
        """
        rounds = [preferred("1001"), preferred("1001,1003")]
        self.assertEqual(
            self.findings(DIALLED, FIRST, FIRST, *rounds, SECOND, COMPLETE), []
        )
        self.assertEqual(self.findings(DIALLED, *rounds, seed=True), [])
        self.assertEqual(self.findings(), [])

    def test_bad(self) -> None:
        """
        Whatever is wrong is found, and nothing else.
        """
        other = DIALLED.replace("Peer 1002", "Peer 1003")
        counts = "log counts pieces"
        for lines, expected in (
            (["hello\n"], ("log wording", r"b'hello\n'")),
            ([DIALLED[:-1]], ("log wording", repr(DIALLED[:-1].encode()))),
            ([DIALLED, other], ("log of its own", repr(other.encode()))),
            ([SECOND], (counts, f"0 pieces, then {SECOND.encode()!r}")),
            ([FIRST, THIRD], (counts, f"1 pieces, then {THIRD.encode()!r}")),
            ([FIRST, COMPLETE], ("log of completion", "complete with 1 of 2")),
            ([preferred("1003,1001")], ("log of preferred", "(1003, 1001)")),
            ([preferred("1001,1001")], ("log of preferred", "(1001, 1001)")),
            ([preferred("1001,1003,1004")], ("log of preferred", "(1001, 1003, 1004)")),
        ):
            self.assertEqual(self.findings(*lines), [expected])
        for index in ("2", "9999999999"):
            line = (
                HEAD + f"received the 'have' message from 1001 for the piece {index}.\n"
            )
            self.assertEqual(
                self.findings(line), [("log names a piece", repr(line.encode()))]
            )

    def test_seed(self) -> None:
        """
        A seed downloads nothing, and never becomes complete.
        """
        self.assertEqual(
            self.findings(FIRST, COMPLETE, seed=True),
            [
                ("log counts pieces", f"2 pieces, then {FIRST.encode()!r}"),
                ("log of completion", "complete with 1 of 2"),
            ],
        )
        self.assertEqual(
            self.findings(COMPLETE, seed=True),
            [("log of completion", "complete with 2 of 2")],
        )
