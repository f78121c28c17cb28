"""
The judge of logs finds what is wrong with them.
"""

from twisted.trial.unittest import SynchronousTestCase

from tests.logs import check_swarm, parse_line, parse_log

_GOOD = {
    1: """
Peer 1 is connected from Peer 2.
Peer 1 received the 'interested' message from 2.
Peer 1 has the preferred neighbors 2.
Peer 1 received the 'have' message from 2 for the piece 1.
Peer 1 received the 'have' message from 2 for the piece 0.
Peer 1 received the 'not interested' message from 2.
""",
    2: """
Peer 2 makes a connection to Peer 1.
Peer 2 received the 'not interested' message from 1.
Peer 2 is unchoked by 1.
Peer 2 has downloaded the piece 1 from 1. Now the number of pieces it has is 1.
Peer 2 has downloaded the piece 0 from 1. Now the number of pieces it has is 2.
Peer 2 has downloaded the complete file.
""",
}


def _dated(text: str) -> str:
    return "".join(
        f"[2026-01-31 23:59:{second:02}]: {line}\n"
        for second, line in enumerate(text.split("\n")[1:-1])
    )


def _check(logs: dict[int, str]) -> None:
    check_swarm(
        {peer_id: _dated(text) for peer_id, text in logs.items()},
        seeds={1},
        order=[1, 2],
        piece_count=2,
        preferred=1,
    )


class LogTests(SynchronousTestCase):
    """
    Good logs pass; one wrong, missing or added line is found.
    """

    def test_good(self) -> None:
        """
        The logs of a swarm that kept to the protocol are accepted.
        """
        _check(_GOOD)

    def test_every_line_counts(self) -> None:
        """
        Without any one of the lines of a leecher, or of the seed up to the last
        piece told, the logs are refused.
        """
        for peer_id, text in _GOOD.items():
            lines = text.split("\n")
            for at, line in enumerate(lines):
                if line and "not interested" not in line:
                    less = "\n".join(lines[:at] + lines[at + 1 :])
                    self.assertRaises(AssertionError, _check, {**_GOOD, peer_id: less})

    def test_no_line_twice(self) -> None:
        """
        With any one of the lines twice, the logs are refused.
        """
        for peer_id, text in _GOOD.items():
            lines = text.split("\n")
            for at, line in enumerate(lines):
                if line:
                    more = "\n".join([*lines[:at], line, *lines[at:]])
                    self.assertRaises(AssertionError, _check, {**_GOOD, peer_id: more})

    def test_strange_choices(self) -> None:
        """
        Neighbours that are unknown, too many or not interested are no choice.
        """
        for wrong in ("7", "2,2", "1"):
            text = _GOOD[1].replace("neighbors 2.", f"neighbors {wrong}.")
            self.assertRaises(AssertionError, _check, {**_GOOD, 1: text})

    def test_piece_while_choked(self) -> None:
        """
        A piece that comes before any unchoke is found.
        """
        lines = _GOOD[2].split("\n")
        lines[3], lines[4] = lines[4], lines[3]
        self.assertRaises(AssertionError, _check, {**_GOOD, 2: "\n".join(lines)})

    def test_grammar(self) -> None:
        """
        A line that differs in one character from the right wording is refused.
        """
        good = "[2026-01-31 23:59:59]: Peer 1 is choked by 2."
        parse_line(good, 1)
        for wrong in (
            good[:-1],
            good + " ",
            good.replace("Peer 1", "Peer [1]"),
            good.replace("]: ", "] : "),
            good.replace("by 2", "by Peer 2"),
            good.replace("2026-01-31", "31.01.2026"),
            good.replace("Peer 1", "Peer 3"),
        ):
            self.assertRaises(AssertionError, parse_line, wrong, 1)

    def test_cut_off(self) -> None:
        """
        A log that ends within a line is refused, as is one that runs backwards.
        """
        line = "[2026-01-31 23:59:59]: Peer 1 is choked by 2.\n"
        self.assertEqual(len(parse_log(line + line, 1)), 2)
        self.assertRaises(AssertionError, parse_log, line[:-1], 1)
        self.assertRaises(
            AssertionError, parse_log, line + line.replace("59]", "58]"), 1
        )
