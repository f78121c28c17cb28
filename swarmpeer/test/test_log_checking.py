"""
Tests for L{swarmpeer.log_reading.checking}: the logs of whole swarms, as they were
written, with one thing changed, and in the words of others.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.log_reading.checking import Checked, check_logs
from swarmpeer.log_reading.ledger import Rule
from swarmpeer.log_reading.sources import config_beside, find_logs, find_terms
from swarmpeer.log_reading.survey import MOST_OTHERS
from swarmpeer.log_reading.terms import Terms
from swarmpeer.log_reading.wording import Variant
from swarmpeer.protocol_log import LogKind, LogLine, parse_line
from swarmpeer.test.simulated_logs import Logs, simulated_logs, write_config, write_logs
from swarmpeer.testing.scenario import Scenario
from swarmpeer.verdicts import Verdict

SCENARIO = Scenario(
    seed=7,
    peers=6,
    preferred=2,
    optimistic_interval_seconds=10,
    up_rate=30_000.0,
    file_size_bytes=60 * 16_384,
)
SEED = 1001

Change = Callable[[Logs], None]


def parsed(line: str) -> LogLine:
    """
    What a line says.
    """
    found = parse_line(line)
    assert found is not None, line
    return found


def lines_of(logs: Logs, kind: LogKind) -> Iterator[tuple[int, int, LogLine]]:
    """
    Every line of a kind: whose, at which place, and what it says.
    """
    for peer, lines in logs.items():
        for place, line in enumerate(lines):
            if (found := parsed(line)).kind is kind:
                yield peer, place, found


def later(line: str, seconds: int) -> str:
    """
    The same line at another time.
    """
    at = datetime.fromisoformat(line[1:20]) + timedelta(seconds=seconds)
    return f"[{at}]{line[21:]}"


def said(like: str, words: str) -> str:
    """
    Other words at the time and by the writer of a line.
    """
    head = re.match(r"\[.{19}\]: Peer \d+ ", like)
    assert head is not None
    return head[0] + words


def seconds_of(line: str) -> float:
    """
    When a line was written.
    """
    return datetime.fromisoformat(line[1:20]).timestamp()


# What may be changed. Each finds a place where nothing else is broken by it.


def have_dropped(logs: Logs) -> None:
    for peer, place, have in lines_of(logs, LogKind.HAVE):
        took = (
            line.others == have.others and line.index == have.index
            for _, _, line in lines_of({peer: logs[peer]}, LogKind.DOWNLOADED)
        )
        if not any(took):
            del logs[peer][place]
            return


def have_again(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.HAVE))
    logs[peer].append(said(logs[peer][-1], logs[peer][place].split(" ", 4)[4]))


def wrong_count(logs: Logs) -> None:
    *_, (peer, place, _) = (
        each for each in lines_of(logs, LogKind.DOWNLOADED) if each[2].held == 10
    )
    logs[peer][place] = logs[peer][place].replace("it has is 10.", "it has is 12.")


def one_more_preferred(logs: Logs) -> None:
    optimistic: dict[int, int] = {}
    for peer, lines in logs.items():
        for place, text in enumerate(lines):
            line = parsed(text)
            if line.kind is LogKind.OPTIMISTIC:
                optimistic[peer] = line.others[0]
            elif line.kind is LogKind.PREFERRED and len(line.others) == 2:
                other = optimistic.get(peer)
                if other is not None and other not in line.others:
                    lines[place] = text.replace(".", f",{other}.")
                    return
    raise AssertionError("nobody")


def too_early_round(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.PREFERRED))
    text = later(logs[peer][place], 1)
    at = next(
        number
        for number, line in enumerate(logs[peer])
        if seconds_of(line) > seconds_of(text)
    )
    logs[peer].insert(at, text)


def rounds_at(peer: int, interval: int, count: int) -> list[str]:
    """
    Lines of a peer that prefers two others in turn, a round each so many seconds.
    """
    lines = [
        f"[2026-11-26 05:00:00]: Peer {peer} received the 'interested' message from "
        f"{other}."
        for other in (1002, 1003)
    ]
    return lines + [
        later(
            f"[2026-11-26 05:00:00]: Peer {peer} has the preferred neighbors "
            f"{1002 + number % 2}.",
            number * interval,
        )
        for number in range(1, count)
    ]


def optimistic_again(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.OPTIMISTIC))
    logs[peer].insert(place, logs[peer][place])


def connection_dropped(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.DIALLED))
    del logs[peer][place]


def never_connected(logs: Logs) -> None:
    peer, place, line = next(lines_of(logs, LogKind.DIALLED))
    del logs[peer][place]
    other = line.others[0]
    ends = lines_of({other: logs[other]}, LogKind.ACCEPTED)
    (back,) = (at for _, at, accepted in ends if accepted.others == (peer,))
    del logs[other][back]


def connected_twice(logs: Logs) -> None:
    for kind in (LogKind.DIALLED, LogKind.ACCEPTED):
        for peer, place, line in lines_of(logs, kind):
            if {peer, line.others[0]} == {1002, 1003}:
                logs[peer].insert(place, logs[peer][place])
                break


def earlier_calls(logs: Logs) -> None:
    words = ("makes a connection to", "is connected from")
    for peer, other, old, new in ((1002, 1003, *words[::-1]), (1003, 1002, *words)):
        logs[peer] = [
            line.replace(f"{old} Peer {other}", f"{new} Peer {other}")
            for line in logs[peer]
        ]


def unchoked_again(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.UNCHOKED))
    logs[peer].insert(place, logs[peer][place])


def unchoked_before_any_round(logs: Logs) -> None:
    lines = logs[1002]
    at = next(n for n, line in enumerate(lines) if "interested" in line)
    lines.insert(at, said(lines[at], "is choked by 1003."))
    lines.insert(at, said(lines[at], "is unchoked by 1003."))


def kept_unchoked(logs: Logs) -> None:
    for peer, place, choke in lines_of(logs, LogKind.CHOKED):
        lines = logs[peer]
        again = (
            at
            for at in range(place, len(lines))
            if f"is unchoked by {choke.others[0]}." in lines[at]
        )
        back = next(again, None)
        until = len(lines) - 1 if back is None else back
        if seconds_of(lines[until]) - seconds_of(lines[place]) > 15:
            if back is not None:
                del lines[back]
            del lines[place]
            return
    raise AssertionError("nobody")


def not_unchoked(logs: Logs) -> None:
    for peer, place, line in lines_of(logs, LogKind.UNCHOKED):
        lines = logs[peer]
        back = place + 1
        while back < len(lines) and f"choked by {line.others[0]}." not in lines[back]:
            back += 1
        until = next(
            (
                n
                for n in range(back, len(lines))
                if f" unchoked by {line.others[0]}." in lines[n]
            ),
            len(lines) - 1,
        )
        gap = seconds_of(lines[until]) - seconds_of(lines[place])
        took = any(f"from {line.others[0]}. Now" in each for each in lines[place:back])
        if gap > 15 and not took:
            del lines[back : back + 1]
            del lines[place]
            return
    raise AssertionError("nobody")


def piece_before_unchoke(logs: Logs) -> None:
    lines = logs[1002]
    at = next(n for n, line in enumerate(lines) if "has downloaded the piece" in line)
    giver = parsed(lines[at]).others[0]
    unchoke = next(n for n, line in enumerate(lines) if f"unchoked by {giver}." in line)
    lines.insert(unchoke, said(lines[unchoke], lines.pop(at).split(" ", 4)[4]))


def giver_without_it(logs: Logs) -> None:
    got = {
        (peer, line.index): seconds_of(logs[peer][place])
        for peer, place, line in lines_of(logs, LogKind.DOWNLOADED)
    }
    for lines in logs.values():
        unchoked: set[int] = set()
        for place, text in enumerate(lines):
            line = parsed(text)
            if line.kind is LogKind.UNCHOKED:
                unchoked.add(line.others[0])
            elif line.kind is LogKind.CHOKED:
                unchoked.discard(line.others[0])
            elif line.kind is LogKind.DOWNLOADED:
                for other in unchoked - {SEED, line.others[0]}:
                    if got[other, line.index] > seconds_of(text) + 5:
                        old, new = f"from {line.others[0]}.", f"from {other}."
                        lines[place] = text.replace(old, new)
                        return
    raise AssertionError("nobody")


def no_such_piece(logs: Logs) -> None:
    words = "received the 'have' message from 1003 for the piece 60."
    logs[1002].append(said(logs[1002][-1], words))


def piece_again(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.DOWNLOADED))
    logs[peer].insert(place, logs[peer][place])


def interested_seed(logs: Logs) -> None:
    words = f"received the 'interested' message from {SEED}."
    logs[1002].append(said(logs[1002][-1], words))


def completion_dropped(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.COMPLETED))
    del logs[peer][place]


def completion_too_early(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.COMPLETED))
    last = next(
        n for n in range(place - 1, 0, -1) if "downloaded the piece" in logs[peer][n]
    )
    logs[peer].insert(last, logs[peer].pop(place))


def chosen_uninterested(logs: Logs) -> None:
    peer, place, line = next(lines_of(logs, LogKind.OPTIMISTIC))
    words = f"received the 'not interested' message from {line.others[0]}."
    logs[peer].insert(place, said(logs[peer][place], words))


def back_in_time(logs: Logs) -> None:
    lines = logs[1002]
    for place in range(len(lines) - 1):
        here, there = lines[place], lines[place + 1]
        if here[:21] != there[:21] and "'have'" in here and "'have'" in there:
            lines[place : place + 2] = [there, here]
            return
    raise AssertionError("nowhere")


def wrong_writer(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.NOT_INTERESTED))
    logs[peer][place] = logs[peer][place].replace(f"Peer {peer}", "Peer 1004", 1)


def stranger(logs: Logs) -> None:
    words = "received the 'not interested' message from 4242."
    logs[1002].append(said(logs[1002][-1], words))


def garbled(logs: Logs) -> None:
    peer, place, _ = next(lines_of(logs, LogKind.NOT_INTERESTED))
    logs[peer][place] = logs[peer][place].replace("message from", "message from from")


CHANGES: dict[Change, set[Rule]] = {
    have_dropped: {Rule.HAVE_ALL},
    have_again: {Rule.HAVE_TRUE},
    wrong_count: {Rule.COUNT},
    one_more_preferred: {Rule.PREFERRED_COUNT},
    too_early_round: {Rule.PREFERRED_INTERVAL},
    optimistic_again: {Rule.OPTIMISTIC_CHANGE, Rule.OPTIMISTIC_INTERVAL},
    connection_dropped: {Rule.BOTH_ENDS},
    never_connected: {Rule.CONNECTIONS},
    connected_twice: {Rule.CONNECTIONS},
    earlier_calls: {Rule.DIRECTION},
    unchoked_again: {Rule.ALTERNATE},
    unchoked_before_any_round: {Rule.UNCHOKES_CHOSEN},
    not_unchoked: {Rule.UNCHOKES_CHOSEN},
    kept_unchoked: {Rule.CHOKES_CHOSEN},
    piece_before_unchoke: {Rule.DOWNLOAD_UNCHOKED},
    giver_without_it: {Rule.DOWNLOAD_HELD},
    no_such_piece: {Rule.PIECE_INDEX, Rule.HAVE_TRUE},
    piece_again: {Rule.ONCE, Rule.COUNT},
    interested_seed: {Rule.INTEREST},
    completion_dropped: {Rule.COMPLETION},
    completion_too_early: {Rule.COMPLETION},
    chosen_uninterested: {Rule.CHOSEN_INTERESTED},
    back_in_time: {Rule.TIMES},
    wrong_writer: {Rule.WRITER},
    stranger: {Rule.MEMBERS},
    garbled: {Rule.LINES},
}
"""
Each change, and the rules that it breaks.
"""


class _LogsTestCase(SynchronousTestCase):
    """
    A folder for logs.
    """

    def check(
        self, logs: Logs, scenario: Scenario = SCENARIO, is_exact: bool = False
    ) -> Checked:
        """
        Hold logs against the rules, with their configuration.
        """
        folder = Path(self.mktemp())
        write_logs(folder, logs)
        write_config(folder, scenario)
        paths = [str(folder)]
        terms = find_terms(*config_beside(paths, None))
        return check_logs(find_logs(paths), terms, is_exact=is_exact)

    def broken(self, checked: Checked) -> dict[Rule, list[str]]:
        """
        What does not hold.
        """
        return {
            result.rule: [str(each) for each in result.evidence]
            for result in checked.ledger.results.values()
            if result.verdict is Verdict.FAIL
        }


class WholeSwarmTests(_LogsTestCase):
    """
    As the peers wrote them.
    """

    def test_every_rule_is_seen_and_holds(self) -> None:
        """
        In the logs of a swarm without faults every rule is seen, and holds.
        """
        checked = self.check(simulated_logs(SCENARIO))
        verdicts = {
            result.rule: result.verdict for result in checked.ledger.results.values()
        }
        self.assertEqual(verdicts, dict.fromkeys(Rule, Verdict.PASS))

    @given(
        scenario=st.builds(
            Scenario,
            seed=st.integers(0, 10_000),
            peers=st.integers(2, 7),
            seeds=st.integers(1, 2),
            preferred=st.integers(1, 4),
            unchoking_interval_seconds=st.sampled_from([1, 2, 5]),
            optimistic_interval_seconds=st.sampled_from([1, 3, 10]),
            file_size_bytes=st.integers(1, 40 * 16_384),
            up_rate=st.sampled_from([None, 20_000.0, 100_000.0]),
            latency_seconds=st.sampled_from([0.001, 0.05, 0.5]),
        )
    )
    @settings(max_examples=12, deadline=None)
    def test_any_swarm(self, scenario: Scenario) -> None:
        """
        The logs of any swarm without faults break no rule, whatever is told of it.
        """
        logs = simulated_logs(scenario)
        self.assertEqual(self.broken(self.check(logs, scenario)), {})
        folder = Path(self.mktemp())
        write_logs(folder, logs)
        checked = check_logs(find_logs([str(folder)]), Terms())
        self.assertEqual(self.broken(checked), {})

    def test_clocks_apart(self) -> None:
        """
        The clock of a host may be wrong by hours.
        """
        logs = simulated_logs(SCENARIO)
        logs[1003] = [later(line, -7200) for line in logs[1003]]
        logs[1005] = [later(line, 90_000) for line in logs[1005]]
        checked = self.check(logs)
        self.assertEqual(self.broken(checked), {})
        self.assertEqual(checked.swarm.offsets[1003], 7200.0)

    def test_missing_logs(self) -> None:
        """
        Of some peers alone nothing is wrong, and what cannot be told is not seen.
        """
        logs = simulated_logs(SCENARIO)
        checked = self.check({1002: logs[1002]})
        self.assertEqual(self.broken(checked), {})
        result = checked.ledger.results[Rule.UNCHOKES_CHOSEN]
        self.assertEqual(result.verdict, Verdict.NOT_SEEN)
        self.assertEqual(result.notes, ["there is no log of 1001, 1003-1006"])

    def test_slips_take_no_space(self) -> None:
        """
        Indexes, ids and counts that cannot be are told, and nothing is kept for them.
        """
        logs = simulated_logs(SCENARIO)
        last = logs[1002][-1]
        for words in (
            "received the 'have' message from 1003 for the piece 4294967295.",
            "has downloaded the piece 4294967295 from 1003. "
            "Now the number of pieces it has is 4294967295.",
        ):
            logs[1002].append(said(last, words))
        words = "received the 'not interested' message from {}."
        logs[1003] += [said(logs[1003][-1], words.format(n)) for n in range(10_010)]
        checked = self.check(logs)
        self.assertTrue(
            {Rule.PIECE_INDEX, Rule.COUNT, Rule.MEMBERS} <= set(self.broken(checked))
        )
        self.assertEqual(len(checked.swarm.surveys[1002].got), 60)
        self.assertEqual(len(checked.swarm.surveys[1003].mentioned), MOST_OTHERS)

    def test_cut_off(self) -> None:
        """
        A log that ends in the middle of the swarm is of a peer that is not complete.
        """
        logs = simulated_logs(SCENARIO)
        del logs[1004][len(logs[1004]) // 2 :]
        self.assertIn(Rule.EVERYBODY, self.broken(self.check(logs)))


class ChangeTests(_LogsTestCase):
    """
    One thing is wrong.
    """

    def test_changes(self) -> None:
        """
        Each change breaks exactly the rules that it should, and the first finding
        names a line.
        """
        found, wanted = {}, {}
        for change, rules in CHANGES.items():
            logs = simulated_logs(SCENARIO)
            change(logs)
            self.assertNotEqual(logs, simulated_logs(SCENARIO), change.__name__)
            found[change.__name__] = set(self.broken(self.check(logs)))
            wanted[change.__name__] = rules
        self.assertEqual(found, wanted)

    def test_every_rule_is_broken(self) -> None:
        """
        No rule is without a change that breaks it.
        """
        broken = set().union(*CHANGES.values())
        # Of these two there are tests of their own.
        self.assertEqual(set(Rule) - broken, {Rule.WORDING, Rule.EVERYBODY})


def _time_form(form: str) -> Callable[[str], str]:
    def written(line: str) -> str:
        at = datetime.fromisoformat(line[1:20])
        return at.strftime(form) + line[23:]

    return written


def _words(pattern: str, new: str) -> Callable[[str], str]:
    return lambda line: line[:23] + re.sub(pattern, new, line[23:])


def _left_out(words: str) -> Callable[[str], str | None]:
    return lambda line: None if words in line else line


STYLES: list[tuple[Variant, Callable[[str], str]]] = [
    (Variant.BRACKETS, _words(r"Peer (\d+)", r"Peer [\1]")),
    (Variant.HYPHEN, _words("optimistically unchoked", "optimistically-unchoked")),
    (Variant.PEER, _words(r"(from|by) (\d)", r"\1 Peer \2")),
    (Variant.NO_STOP, _words(r"\.$", "")),
    (Variant.ARTICLE, _words("received the '", "received a '")),
    (Variant.CURLED, _words("'([a-z ]+)'", "\u2018\\1\u2019")),
    (Variant.OTHER_QUOTES, _words("'([a-z ]+)'", r'"\1"')),
    (Variant.BLANK_MISSING, _words("' message", "'message")),
    (Variant.FROM, _words("is connected from", "makes a connection from")),
    (Variant.TO_FROM, _words("is connected from", "is connected to from")),
    (Variant.RECIEVED, _words("received", "recieved")),
    (Variant.NO_THE, _words("has the preferred", "has preferred")),
    (Variant.NO_THE, _words("makes a connection", "makes connection")),
    (Variant.NO_THE, _words("for the piece", "for piece")),
    (Variant.NO_THE, _words("the complete", "complete")),
    (Variant.BRITISH, _words("neighbor", "neighbour")),
    (Variant.LIST_BLANKS, _words(",", ", ")),
    (Variant.CASE, _words("is choked", "Is Choked")),
    (Variant.TIME, _time_form("%Y-%m-%d %H:%M:%S: ")),
    (Variant.TIME, _time_form("%Y.%m.%d %H:%M:%S: ")),
    (Variant.TIME, _time_form("%Y/%m/%d %H:%M:%S : ")),
    (Variant.NO_DATE, _time_form("%I:%M:%S %p: ")),
    (Variant.TIME, _time_form("%a %b %d %H:%M:%S UTC %Y : ")),
    (Variant.TIME, _time_form("[%m-%d-%Y %H:%M:%S]: ")),
    (Variant.CRLF, lambda line: f"{line}\r"),
]


class UnreadTests(_LogsTestCase):
    """
    Lines that cannot be read, or are not there.
    """

    def changed(self, change: Callable[[str], str | None]) -> Checked:
        """
        Each line of a good swarm with something done to it, or left out.
        """
        logs = simulated_logs(SCENARIO)
        return self.check(
            {
                peer: [new for line in lines if (new := change(line)) is not None]
                for peer, lines in logs.items()
            }
        )

    def test_one_wording(self) -> None:
        """
        Another wording of any kind of line is one fault: that it cannot be read.  It is
        shown once.
        """
        for old, new in (
            ("makes a connection to", "opens its connection to"),
            ("is connected from", "was connected from"),
            ("is unchoked by", "is un-choked by"),
            ("is choked by", "is being choked by"),
            ("the preferred neighbors", "these preferred neighbors"),
            ("the optimistically unchoked", "the lucky unchoked"),
            ("'have' message from", "'have' message sent by message from"),
            ("'interested' message", "'interested' kind of message"),
            ("'not interested' message", "'not interested' kind of message"),
            ("downloaded the piece", "downloaded the whole piece"),
            ("complete file", "entire file"),
        ):
            checked = self.changed(_words(old, new))
            broken = self.broken(checked)
            self.assertEqual(set(broken), {Rule.LINES}, new)
            self.assertEqual(len(broken[Rule.LINES]), 1, new)

    def test_reason(self) -> None:
        """
        A rule that needs those lines is not seen, and says why; others are.
        """
        results = self.changed(_words("is unchoked", "is un-choked")).ledger.results
        for rule in (Rule.ALTERNATE, Rule.DOWNLOAD_UNCHOKED, Rule.CHOKES_CHOSEN):
            self.assertEqual(results[rule].verdict, Verdict.NOT_SEEN)
            self.assertIn("see the rule lines", results[rule].remarks[0])
        self.assertEqual(results[Rule.COMPLETION].verdict, Verdict.PASS)

    def test_one_example_of_each(self) -> None:
        """
        Of each wording that cannot be read one line is shown, however many there are
        before it of another one.
        """

        def both(line: str) -> str:
            line = line.replace("is unchoked by", "is un-choked by")
            return line.replace("complete file", "entire file")

        checked = self.changed(both)
        broken = self.broken(checked)
        self.assertEqual(set(broken), {Rule.LINES})
        self.assertEqual(len(broken[Rule.LINES]), 2)
        self.assertGreater(checked.ledger.results[Rule.LINES].breaches, 20)

    def test_left_out(self) -> None:
        """
        A kind of line that nobody writes, or not in words that are close to any, is one
        fault, too.
        """
        for words in (
            "makes a connection to",
            "is connected from",
            "is unchoked by",
            "'interested' message",
            "downloaded the piece",
        ):
            checked = self.changed(_left_out(words))
            self.assertEqual(set(self.broken(checked)), {Rule.LINES}, words)
        # These are what a rule is about.
        for words, rules in (
            ("the complete file", {Rule.COMPLETION}),
            ("'have'", {Rule.HAVE_ALL, Rule.DOWNLOAD_HELD}),
        ):
            checked = self.changed(_left_out(words))
            self.assertEqual(set(self.broken(checked)), rules, words)

    def test_in_one_log(self) -> None:
        """
        The other logs are held against the rules all the same.
        """
        logs = simulated_logs(SCENARIO)
        logs[1003] = [line.replace("is unch", "is un-ch") for line in logs[1003]]
        unchoked_again(logs)
        self.assertEqual(
            set(self.broken(self.check(logs))), {Rule.LINES, Rule.ALTERNATE}
        )


class IntervalTests(_LogsTestCase):
    """
    Rounds that come too fast, a line each.
    """

    def verdict(self, configured: int, interval: int) -> Verdict:
        """
        What is said of rounds at an interval where another is configured.
        """
        scenario = Scenario(peers=3, unchoking_interval_seconds=configured)
        checked = self.check({1001: rounds_at(1001, interval, 100)}, scenario)
        return checked.ledger.results[Rule.PREFERRED_INTERVAL].verdict

    def test_intervals(self) -> None:
        """
        The configured interval passes and another one fails, though each gap alone is
        within the slack; what cannot be told from rounds that changed nothing is not
        seen, and the reason is told.
        """
        found = {
            pair: self.verdict(*pair)
            for pair in ((2, 2), (5, 5), (5, 10), (5, 4), (5, 6), (2, 1), (2, 4))
        }
        passes = dict.fromkeys(((2, 2), (5, 5), (5, 10)), Verdict.PASS)
        fails = dict.fromkeys(((5, 4), (5, 6), (2, 1)), Verdict.FAIL)
        self.assertEqual(found, {**passes, **fails, (2, 4): Verdict.NOT_SEEN})


class ShortSwarmTests(_LogsTestCase):
    """
    Everything is over before clocks could tell what was in a bitfield.
    """

    def logs(self) -> Logs:
        """
        Those of a swarm, as if all had been in one second.
        """
        logs = simulated_logs(SCENARIO)
        head = logs[SEED][0][:21]
        return {
            peer: [head + line[21:] for line in lines] for peer, lines in logs.items()
        }

    def test_missing_have(self) -> None:
        """
        A have is missed if the sender told of an earlier piece.
        """
        self.assertNotIn(Rule.HAVE_ALL, self.broken(self.check(self.logs())))
        logs = self.logs()
        *_, (peer, place, _) = lines_of(logs, LogKind.HAVE)
        del logs[peer][place]
        self.assertEqual(len(self.broken(self.check(logs))[Rule.HAVE_ALL]), 1)

    def test_no_haves(self) -> None:
        """
        Without any, the reason is told why nothing is known.
        """
        logs = {
            peer: [line for line in lines if "'have'" not in line]
            for peer, lines in self.logs().items()
        }
        result = self.check(logs).ledger.results[Rule.HAVE_ALL]
        self.assertEqual(result.verdict, Verdict.NOT_SEEN)
        self.assertIn("the run was too short", result.remarks[0])


class StyleTests(_LogsTestCase):
    """
    The same swarm in the words of others.
    """

    def test_styles(self) -> None:
        """
        Every wording is understood as what it means, and named with how often it
        stands in each log; with C{is_exact} it breaks the rule of wording, and no
        other.
        """
        for variant, style in STYLES:
            logs = simulated_logs(SCENARIO)
            changed = {peer: list(map(style, lines)) for peer, lines in logs.items()}
            checked = self.check(changed, is_exact=True)
            self.assertEqual(set(self.broken(checked)), {Rule.WORDING}, variant)
            for peer, survey in checked.swarm.surveys.items():
                pairs = zip(logs[peer], changed[peer], strict=True)
                count = sum(old != new for old, new in pairs)
                usages = {each: use.count for each, use in survey.usages.items()}
                self.assertEqual(usages, {variant: count} if count else {}, variant)
            self.assertEqual(self.broken(self.check(changed)), {}, variant)

    def test_midnight(self) -> None:
        """
        Without a date the day changes at midnight.
        """
        logs = simulated_logs(SCENARIO)
        style = _time_form("%H:%M:%S: ")
        first = seconds_of(logs[SEED][0])
        midnight = first - first % 86_400 + 86_400
        shift = int(midnight - first) - 20
        changed = {
            peer: [style(later(line, shift)) for line in lines]
            for peer, lines in logs.items()
        }
        clocks = {line[:8] for line in changed[SEED]}
        self.assertTrue({"23:59:40", "00:00:00"} <= clocks)
        self.assertEqual(self.broken(self.check(changed)), {})

    def test_lines_of_their_own(self) -> None:
        """
        What programs say besides is skipped and named: configuration, the completion
        of others, empty and unchanged preferred neighbours.
        """
        logs = simulated_logs(SCENARIO)
        lines = logs[1002]
        first = lines[0]
        lines.insert(0, "NumberOfPreferredNeighbors 2")
        lines.insert(1, "")
        lines.insert(2, said(first, "has the preferred neighbors ."))
        lines.append(said(first, LogKind.COMPLETED.value).replace("1002", "1003"))
        lines[-1] = lines[-2][:21] + lines[-1][21:]
        checked = self.check(logs)
        self.assertEqual(self.broken(checked), {})
        usages = checked.swarm.surveys[1002].usages
        self.assertEqual(
            {each: use.number for each, use in usages.items()},
            {
                Variant.EXTRA: 1,
                Variant.EMPTY: 3,
                Variant.OTHERS_COMPLETION: len(lines),
            },
        )

    def test_unchanged_preferred(self) -> None:
        """
        So are preferred neighbours that are told at each round.
        """
        logs = simulated_logs(SCENARIO)
        peer, place, _ = next(lines_of(logs, LogKind.PREFERRED))
        logs[peer].insert(place, later(logs[peer][place], -5))
        while seconds_of(logs[peer][place - 1]) > seconds_of(logs[peer][place]):
            lines = logs[peer]
            lines[place - 1], lines[place] = lines[place], lines[place - 1]
            place -= 1
        logs[peer] = [f"{line}\r" for line in logs[peer]]
        usages = self.check(logs).swarm.surveys[peer].usages
        self.assertEqual(
            {variant: usage.count for variant, usage in usages.items()},
            {Variant.CRLF: len(logs[peer]), Variant.SAME: 1},
        )
