"""
Tests of L{swarmpeer.status_commands}: whom to ask, how, and what is made of it.
"""

import argparse
import io
import json
import os
from base64 import b64encode
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError, ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.__main__ import main
from swarmpeer.asking import ANSWER_SECONDS
from swarmpeer.config import PeerInfo, SwarmConfig
from swarmpeer.console import ProgressLine
from swarmpeer.errors import ConfigError, StatusError
from swarmpeer.status.problems import SETTLED_SECONDS
from swarmpeer.status.shape import (
    LastHolder,
    Missing,
    Problem,
    ProblemCode,
    State,
    Status,
)
from swarmpeer.status_commands.asking import MOST_ANSWER_BYTES, StatusAsker
from swarmpeer.status_commands.changes import Changes
from swarmpeer.status_commands.fleet import Fleet, Member
from swarmpeer.status_commands.news import News
from swarmpeer.status_commands.options import add_whom, read_whom
from swarmpeer.status_commands.places import (
    Place,
    listed_places,
    member_places,
    parse_place,
)
from swarmpeer.status_commands.reasons import is_settled, why_not_done
from swarmpeer.status_commands.status import as_json
from swarmpeer.status_commands.table import render, summary, waiting_summary
from swarmpeer.status_commands.wait import PAUSE_SECONDS, Waiting
from swarmpeer.test.http_pages import HERE, TOKEN
from swarmpeer.test.statuses import NEIGHBOR, complete, fetching
from swarmpeer.test.web_fixtures import ToldPictures
from swarmpeer.web.site import Pages, PagesSite
from swarmpeer.web.status_pages import StatusPage
from swarmpeer.wire.bitfield import Bitfield

_SWARM = """
manifest = "x"
[web]
port = 8080
[[members]]
id = 1001
host = "localhost"
port = 6001
seed = true
[[members]]
id = 1002
host = "beta.example"
port = 6002
web_port = 8082
[[members]]
id = 1003
host = "::1"
port = 6003
"""


def place(peer_id: int, *, is_seed: bool = False) -> Place:
    """
    Where a peer would be.
    """
    shown = f"h{peer_id}:80"
    return Place(shown, f"http://{shown}", f"h{peer_id}", 80, None, peer_id, is_seed)


def member(status: Status, held: Iterable[int] | None = None) -> Member:
    """
    One that told C{status} at the time 0, and which pieces it has.
    """
    if held is not None:
        bits = Bitfield(10)
        bits.add_each(held)
        pieces = b64encode(bits.to_bytes()).decode()
        status = replace(status, pieces=pieces, held=bits.count)
    found = Member(place(status.peer_id))
    found.note_status(status, 0.0)
    return found


class PlaceTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.places}.
    """

    def test_parse(self) -> None:
        """
        Places are read as people write them.
        """
        for text, url, host, port in (
            ("beta:8080", "http://beta:8080", "beta", 8080),
            ("10.0.0.7:1", "http://10.0.0.7:1", "10.0.0.7", 1),
            ("[::1]:8080", "http://[::1]:8080", "::1", 8080),
            ("http://beta", "http://beta:80", "beta", 80),
            ("http://beta:8080/", "http://beta:8080", "beta", 8080),
            ("http://beta/peers/7/", "http://beta:80/peers/7", "beta", 80),
        ):
            found = parse_place(text)
            self.assertEqual((found.url, found.host, found.port), (url, host, port))
        self.assertEqual(parse_place("unix:/run/x y.sock").path, "/run/x y.sock")

    def test_refused(self) -> None:
        """
        Everything else is refused, in one line.
        """
        for text in (
            "",
            "beta",
            ":8080",
            "beta:0",
            "beta:65536",
            "beta:8080/x",
            "be ta:1",
            "a@b:1",
            "::1:8080",
            "[::1]",
            "http://",
            "http://beta?x",
            "http://beta/%2e\n",
            "https://beta",
            "unix:",
            "unix:\0",
        ):
            error = self.assertRaises(ValueError, parse_place, text)
            self.assertTrue(str(error).isprintable(), text)
        self.assertIn(
            "https is not", str(self.assertRaises(ValueError, parse_place, "https://x"))
        )

    def test_members(self) -> None:
        """
        Members are asked where the file has their pages: at the loopback address, if
        these are for their own machine alone.
        """
        swarm = SwarmConfig.parse(_SWARM)
        self.assertEqual(
            [each.shown for each in member_places(swarm, (1001, 1002, 1003))],
            ["127.0.0.1:8080", "beta.example:8082", "127.0.0.1:8080"],
        )
        with_token = SwarmConfig.parse(_SWARM.replace("[web]", "[web]\ntoken_file='t'"))
        (first, last) = member_places(with_token, (1001, 1003))
        self.assertEqual((first.shown, last.shown), ("localhost:8080", "[::1]:8080"))
        self.assertEqual((first.peer_id, first.is_seed), (1001, True))
        nowhere = SwarmConfig.parse(_SWARM.replace("port = 8080", ""))
        error = self.assertRaises(ConfigError, member_places, nowhere, (1001,))
        self.assertIn("would be right", str(error))
        self.assertEqual(len(member_places(nowhere, (1002,))), 1)

    def test_list(self) -> None:
        """
        So are the peers of a classic list, all at one port.
        """
        (found,) = listed_places([PeerInfo(1001, "alpha", 6008, True)], 8080)
        self.assertEqual((found.shown, found.peer_id), ("alpha:8080", 1001))


@implementer(IStreamClientEndpoint)
class PagesEndpoint:
    """
    Connects to a server in memory.
    """

    def __init__(self, server: IProtocolFactory) -> None:
        self._server = server
        self.pump: IOPump | None = None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Now.
        """
        client = protocolFactory.buildProtocol(HERE)
        server = self._server.buildProtocol(HERE)
        assert client is not None and server is not None
        self.pump = connect(
            server,
            FakeTransport(server, isServer=True, hostAddress=HERE),
            client,
            FakeTransport(client, isServer=False, hostAddress=HERE),
            greet=False,
        )
        return succeed(client)


@implementer(IStreamClientEndpoint)
class Nowhere:
    """
    Leads nowhere, for that reason.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error

    def way(self, _: Place) -> IStreamClientEndpoint:
        """
        From wherever one comes.
        """
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        It fails.
        """
        del protocolFactory
        return fail(self._error)


class Raw(Protocol):
    """
    Answers whatever is asked with the same bytes, and closes.
    """

    data = b""

    def dataReceived(self, _: bytes) -> None:
        """
        It is a request.
        """
        assert self.transport is not None
        self.transport.write(self.data)
        self.transport.loseConnection()


class StatusAskerTests(SynchronousTestCase):
    """
    L{StatusAsker}.
    """

    def ask(
        self, server: IProtocolFactory, token: str | None = None
    ) -> Deferred[Status]:
        """
        Ask there.
        """
        self.reactor = MemoryReactorClock()
        endpoint = PagesEndpoint(server)
        asker = StatusAsker(self.reactor, token, lambda _: endpoint)
        told = asker.ask(Place("x:80", "http://localhost:80", "x", 80), True)
        assert endpoint.pump is not None
        endpoint.pump.flush()
        return told

    def raw(self, data: bytes) -> str:
        """
        What is made of such an answer.
        """
        factory = Factory.forProtocol(type("_Raw", (Raw,), {"data": data}))
        return str(self.failureResultOf(self.ask(factory), StatusError).value)

    def pages(self, token: str | None = None) -> IProtocolFactory:
        """
        A peer's.
        """
        clock = Clock()
        root = Pages(ToldPictures(), clock)
        root.putChild(b"status.json", StatusPage(lambda p: fetching(held=6 + p)))
        return PagesSite(root, token, clock)

    def test_told(self) -> None:
        """
        A peer tells its status, if it is given its token.
        """
        self.assertEqual(self.successResultOf(self.ask(self.pages())).held, 7)
        told = self.ask(self.pages(TOKEN), TOKEN)
        self.assertEqual(self.successResultOf(told).held, 7)
        for token, words in (
            (None, "it wants a token; give"),
            (TOKEN + "x", "it wants another token; give"),
        ):
            told = self.ask(self.pages(TOKEN), token)
            error = self.failureResultOf(told, StatusError).value
            self.assertIn(words, str(error))
            self.assertIn("--token-file", str(error))

    def test_answers_of_others(self) -> None:
        """
        Whatever else answers is one line that says so.
        """
        head = b"HTTP/1.1 200 OK\r\nContent-Length: "
        for data, words in (
            (b"", "does not speak HTTP"),
            (b"SSH-2.0-x\r\n", "does not speak HTTP"),
            (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "no pages of a peer"),
            (
                b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\no\x1bh",
                "answers 500: o\\x1bh",
            ),
            (b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "302"),
            (head + b"2\r\n\r\n{}", "no status of a peer"),
            (head + b"9\r\n\r\n{}", "broke off"),
        ):
            self.assertIn(words, self.raw(data))

    def test_long_answers(self) -> None:
        """
        An answer without end is not kept.
        """
        data = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_ANSWER_BYTES + 1)
        self.assertIn("too long", self.raw(data))

    def test_silence(self) -> None:
        """
        Who does not answer in time does not answer.
        """
        told = self.ask(Factory.forProtocol(Protocol))
        self.reactor.advance(ANSWER_SECONDS - 0.1)
        self.assertNoResult(told)
        self.reactor.advance(0.1)
        error = self.failureResultOf(told, StatusError).value
        self.assertEqual(str(error), "no answer in 5 s")

    def test_unreachable(self) -> None:
        """
        Nor does who cannot be reached.
        """
        missing = ConnectError(2, "No such file or directory")
        asker = StatusAsker(MemoryReactorClock(), None, Nowhere(missing).way)
        told = asker.ask(parse_place("unix:/nope"), False)
        self.assertEqual(
            str(self.failureResultOf(told, StatusError).value),
            "there is no such socket; start the peer with --web unix:/nope, or name "
            "the path that it has",
        )
        for error, words in (
            (ConnectionRefusedError(), "connection refused"),
            (DNSLookupError("no\nname."), "no such name"),
        ):
            endpoint = Nowhere(error)
            asker = StatusAsker(MemoryReactorClock(), None, endpoint.way)
            told = asker.ask(place(1001), False)
            self.assertEqual(str(self.failureResultOf(told, StatusError).value), words)

    def test_wrong_peer(self) -> None:
        """
        Another peer is not taken for the one that is meant.
        """
        endpoint = PagesEndpoint(self.pages())
        asker = StatusAsker(MemoryReactorClock(), None, lambda _: endpoint)
        told = asker.ask(replace(place(1002), url="http://localhost"), False)
        assert endpoint.pump is not None
        endpoint.pump.flush()
        error = self.failureResultOf(told, StatusError).value
        self.assertEqual(str(error), "peer 1001 answers at h1002:80")


class ReasonsTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.reasons}.
    """

    def test_whereabouts(self) -> None:
        """
        Of a peer that is not done it is told what it lacks, who has it, and who had
        what nobody has.
        """
        problem = Problem(ProblemCode.CHOKED, "choked by 1003", 14.0)
        nowhere = Problem(ProblemCode.NO_HOLDER, "no neighbour has", 14.0)
        lacking = Missing(6, 4, ((6, 9),), ())
        status = fetching(1002, missing=lacking, problems=(problem, nowhere))
        here = member(status, range(4))
        other = member(fetching(1003), range(2, 6))
        gone = member(complete(1001), range(10))
        gone.note_silence("connection refused", 8.0)
        members = [gone, here, other]
        self.assertEqual(
            why_not_done(here, members, 20.0),
            "1002 is fetching, 4 of 10 pieces; it lacks 6 pieces (4-9); 1003 has 2 of "
            "them; nobody who answers has 4 pieces (6-9), 1001 had 4 of them and left "
            "12 s ago; choked by 1003, for 14 s",
        )
        self.assertTrue(is_settled(gone, members))

    def test_told_by_others(self) -> None:
        """
        Who had what nobody has is also known from those whom it left; and who is to
        have everything is known from the list.
        """
        missing = Missing(6, 6, ((4, 9),), (LastHolder(1009, 5, 7.0),))
        here = member(fetching(1002, missing=missing), range(4))
        seed = Member(place(1001, is_seed=True))
        seed.note_silence("connection refused", 0.0)
        text = why_not_done(here, [seed, here], 3.0)
        self.assertIn("1009 had 5 of them and left 10 s ago", text)
        self.assertIn("1001 is to have everything and does not answer", text)
        missing = Missing(6, 6, ((4, 9),), (LastHolder(1001, 2, 7.0),))
        here = member(fetching(1002, missing=missing), range(4))
        text = why_not_done(here, [seed, here], 3.0)
        self.assertTrue(text.endswith("1001 had 6 of them and left 10 s ago"))

    def test_neighbors(self) -> None:
        """
        What neighbours have that are not asked is not said to be nowhere.
        """
        one = fetching(1003, missing=Missing(6, 0, (), ()))
        seed = replace(NEIGHBOR, peer_id=1001, holds_all=True)
        for neighbors, words in (
            ((seed, NEIGHBOR), "1001 has 6 of them"),
            ((NEIGHBOR,), "its neighbours have 6 of them"),
        ):
            here = member(replace(one, neighbors=neighbors), range(4))
            self.assertEqual(
                why_not_done(here, [here], 1.0),
                f"1003 is fetching, 4 of 10 pieces; it lacks 6 pieces (4-9); {words}",
            )
        for lacking, told in (
            (Missing(6, 2, ((5, 5), (8, 8)), ()), "2 pieces (5,8)"),
            (Missing(6, 4, ((5, 5),), ()), "5 pieces (5-9)"),
            (Missing(6, 6, ((5, 2**60),), ()), "5 pieces (5-9)"),
        ):
            here = member(replace(one, missing=lacking), range(4))
            text = why_not_done(here, [here], 1.0)
            self.assertIn(f"nobody who answers has {told}", text)

    def test_silent(self) -> None:
        """
        Of one that does not answer it is told why, since when, and what it was last.
        """
        gone = member(fetching(1002))
        gone.note_silence("connection refused", 2.0)
        gone.note_silence("no answer in 5 s", 4.0)
        self.assertEqual(
            why_not_done(gone, [gone], 90.0),
            "1002 does not answer at h1002:80: no answer in 5 s, for 1 min 28 s; 1 min "
            "30 s ago it was fetching, 5 of 10 pieces",
        )
        never = Member(place(1003))
        never.note_silence("connection refused", 2.0)
        self.assertTrue(why_not_done(never, [never], 3.0).endswith("it never did"))

    def test_settled(self) -> None:
        """
        Who is away is done if it said so, or if one that is done says that all are.
        """
        gone = member(fetching(1002))
        gone.note_silence("connection refused", 2.0)
        never = Member(place(1003))
        for witness, is_done in (
            (complete(1001, incomplete=()), True),
            (complete(1001, incomplete=(1002,)), False),
            (fetching(1001, incomplete=()), False),
            (complete(1001, incomplete=(), infohash="bb"), False),
        ):
            members = [member(witness), gone, never]
            self.assertEqual(is_settled(gone, members), is_done)
            self.assertFalse(is_settled(never, members))
        back = member(fetching(1002))
        self.assertFalse(is_settled(back, [member(complete(1001, incomplete=()))]))

    def test_hostile(self) -> None:
        """
        What a peer says of its pieces need not be true, nor fit on a line.
        """
        problem = Problem(ProblemCode.DISK, "a\nb\x1b", 1.0)
        status = fetching(1002, pieces="####", problems=(problem,), piece_count=2**61)
        for pieces in ("####", "", "/////w==", "é"):
            one = member(replace(status, pieces=pieces))
            line = why_not_done(one, [one, member(complete(1001), range(10))], 1.0)
            self.assertTrue(line.isprintable(), line)


class NewsTests(SynchronousTestCase):
    """
    L{News}.
    """

    def test_once(self) -> None:
        """
        What is wrong is said once, when it has been so for a while, and once more when
        it is over.
        """
        news, gone = News(), Member(place(1002))
        gone.note_silence("connection refused", 0.0)
        self.assertEqual(news.lines([gone], [gone], SETTLED_SECONDS - 1), [])
        (line,) = news.lines([gone], [gone], SETTLED_SECONDS)
        self.assertIn("does not answer", line)
        self.assertEqual(news.lines([gone], [gone], 100.0), [])
        gone.note_status(fetching(1002), 101.0)
        self.assertEqual(news.lines([gone], [gone], 101.0), ["1002 answers"])
        self.assertEqual(news.lines([gone], [gone], 102.0), [])

    def test_settled(self) -> None:
        """
        What is not settled yet is not said.
        """
        news = News()
        choked = Problem(ProblemCode.CHOKED, "choked by 1001", 3.0)
        for is_told, count in ((False, 0), (True, 1)):
            problem = replace(choked, is_settled=is_told)
            one = member(fetching(1002, problems=(problem,)))
            self.assertEqual(len(news.lines([one], [one], 0.0)), count)
        self.assertEqual(
            news.lines([member(complete(1002))], [], 0.0),
            ["1002: is over: choked by 1001"],
        )


class TableTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.table} and what else shows everybody.
    """

    def setUp(self) -> None:
        """
        One that is done, one that is not, one that does not answer.
        """
        problems = (
            Problem(ProblemCode.UNREACHABLE, "x", 1.0, 1004),
            Problem(ProblemCode.UNREACHABLE, "x", 1.0, 1003),
            Problem(ProblemCode.CHOKED, "x", 1.0),
            Problem(ProblemCode.STALLED, "x", 1.0, is_settled=False),
        )
        silent = Member(place(1003))
        silent.note_silence("connection refused", 0.0)
        self.members = [
            member(complete(1001)),
            member(fetching(1002, problems=problems)),
            silent,
        ]

    def test_plain(self) -> None:
        """
        Everything is in it, in columns.
        """
        self.assertEqual(
            render(self.members, None, None).split("\n"),
            [
                "peer  state      done  pieces      in    out  left  neighbours  "
                "served by  serves  problems",
                "1001  complete   100%   10/10  10 B/s  4 B/s     -           1  "
                "        1       0  -",
                "1002  fetching    50%    5/10  10 B/s  4 B/s   5 s           1  "
                "        1       0  unreachable 1004 1003, choked",
                "1003  no answer     -       -       -      -     -           -  "
                "        -       -  connection refused (h1003:80)",
                "1 of 3 complete, 50% of all, 20 B/s, 5 s left, no answer from 1003",
            ],
        )

    def test_room(self) -> None:
        """
        Bars are drawn where there is room; what does not fit is left out, those that
        are done first.
        """
        wide = render(self.members, 140, None)
        self.assertIn("[########........]  50%", wide)
        for width in (20, 60, 140):
            for height in (3, 4, 5, 9):
                lines = render(self.members, width, height).split("\n")
                self.assertLessEqual(max(map(len, lines)), width)
                self.assertLessEqual(len(lines), max(4, height))
        self.assertNotIn("1001 ", render(self.members, 140, 4))

    def test_summary(self) -> None:
        """
        What cannot be told is left out.
        """
        self.assertEqual(summary([]), "0 of 0 complete, 0% of all, 0 B/s")
        text = summary([member(fetching(1002, expected_seconds=None))])
        self.assertEqual(text, "0 of 1 complete, 50% of all, 10 B/s")

    def test_gone(self) -> None:
        """
        Who does not answer any more counts as one who never did: looking again tells
        the same as looking for the first time.
        """
        first = [Member(place(1001)), Member(place(1002))]
        again = [member(complete(1001)), member(fetching(1002))]
        for one in (*first, *again):
            one.note_silence("connection refused", 1.0)
        text = "0 of 2 complete, 0% of all, 0 B/s, no answer from 1001, 1002"
        for members in (first, again):
            self.assertEqual(summary(members), text)
            self.assertEqual(json.loads(as_json(members))["complete"], 0)
        self.assertIn("1 of 2 complete, 75% of all", waiting_summary(again, again, 0))

    def test_json(self) -> None:
        """
        The JSON has each peer's whole status, or why there is none.
        """
        value = json.loads(as_json(self.members))
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

    def test_changes(self) -> None:
        """
        Where nothing can be redrawn, what changed is a line.
        """
        changes = Changes()
        self.assertEqual(len(changes.lines(self.members)), 4)
        self.assertEqual(len(changes.lines(self.members)), 1)
        self.members[2].note_status(fetching(1003, state=State.CHECKING), 1.0)
        self.assertEqual(changes.lines(self.members)[0], "1003 is checking")


class WaitingTests(SynchronousTestCase):
    """
    L{Waiting}, over a L{Fleet}.
    """

    def setUp(self) -> None:
        """
        Two peers that tell what they are told to.
        """
        self.clock = Clock()
        self.told: dict[int, Status | Exception | Deferred[Status]] = {
            1001: complete(1001),
            1002: fetching(1002),
        }
        self.said: list[str] = []

    def wait(
        self, timeout: float | None, awaited: tuple[int, ...] | None = None
    ) -> Deferred[int]:
        """
        Wait for them.
        """

        def ask(where: Place, _: bool) -> Deferred[Status]:
            result = self.told[where.peer_id or 0]
            if isinstance(result, Deferred):
                return result
            return fail(result) if isinstance(result, Exception) else succeed(result)

        self.out = io.StringIO()
        fleet = Fleet([place(1001), place(1002)], ask, self.clock)
        line = ProgressLine(io.StringIO(), self.clock.seconds, lambda: 80)
        waiting = Waiting(fleet, awaited, self.clock, line, self.said.append)
        with redirect_stdout(self.out):
            return Deferred.fromCoroutine(waiting.wait(timeout))

    def advance(self, seconds: float) -> None:
        """
        So long passes.
        """
        with redirect_stdout(self.out):
            self.clock.pump([0.25] * round(seconds * 4))

    def test_done(self) -> None:
        """
        It ends with 0 as soon as all are done, also if they end before others are.
        """
        waiting = self.wait(100.0)
        self.advance(3)
        self.told[1001] = StatusError("connection refused")
        self.advance(3)
        self.assertNoResult(waiting)
        self.told[1002] = complete(1002)
        self.advance(PAUSE_SECONDS + 0.25)
        self.assertEqual(self.successResultOf(waiting), 0)
        self.assertEqual(self.out.getvalue(), "all 2 peers are complete\n")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_timeout(self) -> None:
        """
        When the time is over it ends with 1, and a line for who is not done.
        """
        waiting = self.wait(7.0)
        self.advance(2)
        self.told[1002] = StatusError("connection refused")
        self.advance(4.75)
        self.assertNoResult(waiting)
        self.advance(0.25)
        self.assertEqual(self.successResultOf(waiting), 1)
        (line, last) = self.out.getvalue().splitlines()
        self.assertIn("1002 does not answer at h1002:80: connection refused", line)
        self.assertIn("1 of 2 complete", last)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_short_timeout(self) -> None:
        """
        The first answers are waited for, however short the time is: those that come,
        and those that do not.
        """
        for timeout in (0.0, 0.1):
            for told, said in (
                (complete(1002), None),
                (StatusError("no answer in 5 s"), "no answer in 5 s"),
            ):
                answer: Deferred[Status] = Deferred()
                self.told[1002] = answer
                waiting = self.wait(timeout)
                self.advance(ANSWER_SECONDS)
                self.assertNoResult(waiting)
                if isinstance(told, Status):
                    answer.callback(told)
                else:
                    answer.errback(told)
                self.advance(0.25)
                self.assertEqual(self.successResultOf(waiting), int(said is not None))
                self.assertIn(said or "all 2 peers", self.out.getvalue())

    def test_short_timeout_and_many(self) -> None:
        """
        Whose turn did not come until then is not waited for.
        """
        self.told[1002] = Deferred()
        waiting = self.wait(0.1)
        self.advance(ANSWER_SECONDS + 0.75)
        self.assertEqual(self.successResultOf(waiting), 1)
        self.assertIn("1002 was not reached yet", self.out.getvalue())

    def test_says_soon(self) -> None:
        """
        What is wrong for some seconds is said before that.
        """
        self.told[1002] = StatusError("connection refused")
        waiting = self.wait(60.0)
        self.advance(SETTLED_SECONDS - 0.5)
        self.assertEqual(self.said, [])
        self.advance(1)
        self.assertEqual(len(self.said), 1)
        with redirect_stdout(self.out):
            waiting.cancel()
        self.failureResultOf(waiting)

    def test_some(self) -> None:
        """
        Who is not waited for need not be done; who is, and is not known, is told.
        """
        waiting = self.wait(100.0, (1001,))
        self.advance(1)
        self.assertEqual(self.successResultOf(waiting), 0)
        waiting = self.wait(1.0, (1001, 1009))
        self.advance(2)
        self.assertEqual(self.successResultOf(waiting), 1)
        self.assertIn("1009", self.out.getvalue())
        self.assertIn("1 of 2 complete, 50% of all", self.out.getvalue())

    def test_interrupted(self) -> None:
        """
        Interrupted, it says the same.
        """
        waiting = self.wait(None)
        self.advance(1)
        with redirect_stdout(self.out):
            waiting.cancel()
        self.failureResultOf(waiting)
        self.assertIn("1002 is fetching", self.out.getvalue())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class CommandLineTests(SynchronousTestCase):
    """
    What the commands are given.
    """

    def complaint(self, *arguments: str) -> str:
        """
        The one line with which a command ends with status 2.
        """
        err = io.StringIO()
        with redirect_stderr(err):
            try:
                status = main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
        self.assertEqual(status, 2, arguments)
        (line,) = err.getvalue().splitlines()
        return line

    def test_token_beside(self) -> None:
        """
        With --at it is the token of the swarm.toml of the same folder, if nothing else
        is said.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(folder)
        parser = argparse.ArgumentParser()
        add_whom(parser)
        arguments = parser.parse_args(["--at", "beta:1"])
        self.assertIsNone(read_whom(arguments).token)
        swarm = _SWARM.replace("[web]", '[web]\ntoken_file = "token"')
        Path("swarm.toml").write_text(swarm)
        Path("token").write_text(TOKEN)
        Path("other").write_text(TOKEN + "x")
        self.assertEqual(read_whom(arguments).token, TOKEN)
        arguments = parser.parse_args(["--at", "beta:1", "--token-file", "other"])
        self.assertEqual(read_whom(arguments).token, TOKEN + "x")

    def test_refused(self) -> None:
        """
        What cannot be asked is told in one line.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        swarm = folder / "swarm.toml"
        swarm.write_text(_SWARM)
        peers = folder / "PeerInfo.cfg"
        peers.write_text("1001 alpha 6008 1\n")
        file, listed = str(swarm), str(peers)
        for command in ("status", "wait"):
            for words, arguments in (
                ("there is no swarm.toml here", []),
                ("cannot be read", [str(folder / "none.toml")]),
                ("no place", ["--at", "beta"]),
                ("only one of them", [file, "--at", "beta:1"]),
                ("only one of them", [file, "--peers", listed, "--web-port", "1"]),
                ("belong together", ["--peers", listed]),
                ("belong together", [file, "--web-port", "1"]),
                ("from 1 to 65535", ["--peers", listed, "--web-port", "0"]),
                ("there is no peer 7", [file, "--id", "7"]),
                (
                    "there is no peer 7",
                    ["--peers", listed, "--web-port", "1", "--id", "7"],
                ),
                ("no ids", [file, "--id", "1001,x"]),
                ("--id is for members", ["--at", "beta:1", "--id", "1001"]),
                ("the token cannot be read", [file, "--token-file", str(folder / "t")]),
            ):
                self.assertIn(words, self.complaint(command, *arguments))
        for arguments in (["--timeout", "-1"], ["--timeout", "nan"], ["--for", "x"]):
            self.complaint("wait", file, *arguments)
        self.assertIn("no peer 7", self.complaint("wait", file, "--for", "7"))
        for seconds in ("0", "x", "nan", "1e9"):
            self.complaint("status", file, "--watch", seconds)
