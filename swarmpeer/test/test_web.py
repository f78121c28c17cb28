"""
Tests of L{swarmpeer.web}: who may look, what is told, and how long.
"""

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError, NoProtocol
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.errors import ListenError
from swarmpeer.status.encoding import decode_picture, decode_status
from swarmpeer.status.shape import Happening, Picture, Status
from swarmpeer.test.http_pages import TOKEN, request
from swarmpeer.test.statuses import FETCHING, complete
from swarmpeer.test.web_fixtures import ToldPictures, Visit, picture
from swarmpeer.web import events_page
from swarmpeer.web.access import needs_token
from swarmpeer.web.channel import REQUEST_SECONDS
from swarmpeer.web.lingering import ASKED_SECONDS, LINGER_SECONDS, Lingering
from swarmpeer.web.metrics_page import NoMetricsPage
from swarmpeer.web.requests import MOST_BODY_BYTES
from swarmpeer.web.service import WebService
from swarmpeer.web.site import MOST_CONNECTIONS, Pages, PagesSite
from swarmpeer.web.status_pages import (
    SENDING_SECONDS,
    HealthPage,
    PicturePage,
    ReadyPage,
    StatusPage,
)

_FAR = IPv4Address("TCP", "10.0.0.7", 8080)
_TAKEN = CannotListenError("", 8080, OSError(98, "busy"))


class PeerPages:
    """
    The pages of a peer that is as it is told.
    """

    def __init__(self) -> None:
        self.status: Status = FETCHING
        self.asked: list[bool | int] = []
        self.root = Pages(ToldPictures(), Clock())
        self.root.putChild(b"status.json", StatusPage(self.tell))
        self.root.putChild(b"readyz", ReadyPage(self.tell))
        self.root.putChild(b"healthz", HealthPage())
        self.root.putChild(b"picture.json", PicturePage(self.draw, Clock()))

    def tell(self, with_pieces: bool) -> Status:
        """
        The status.
        """
        self.asked.append(with_pieces)
        return self.status

    def draw(self, after: int, _with_neighbor_maps: bool) -> Picture:
        """
        The picture.
        """
        self.asked.append(after)
        return Picture(self.status, "", {}, (Happening(1, 0.0, "X", "x"),))


class GuardedTests(SynchronousTestCase):
    """
    L{swarmpeer.web.access.Guarded}.
    """

    def setUp(self) -> None:
        """
        Some pages.
        """
        self.pages = PeerPages().root

    def test_names_of_this_machine(self) -> None:
        """
        Without a token whoever asks for a name of this machine may look; a page of a
        stranger, whose name leads here, may not.
        """
        for host, code in (
            ("localhost", 200),
            ("LocalHost:8080", 200),
            ("127.0.0.1:8080", 200),
            ("127.8.9.10", 200),
            ("[::1]:8080", 200),
            ("[::ffff:127.0.0.1]", 200),
            (None, 200),
            ("evil.example", 403),
            ("localhost.evil.example:8080", 403),
            ("127.0.0.1.evil.example", 403),
            ("10.0.0.7", 403),
            ("[2001:db8::1]", 403),
            ("", 403),
            ("\xff\xfe", 403),
        ):
            self.assertEqual(request(self.pages, host=host).code, code, host)

    def test_other_addresses(self) -> None:
        """
        Without a token nothing is told at an address that others can reach, whatever
        name they ask for; at a unix socket, whoever may open it may look.
        """
        self.assertEqual(request(self.pages, address=_FAR).code, 403)
        unix = UNIXAddress("/run/peer.sock")
        for host in ("evil.example", None):
            self.assertEqual(request(self.pages, address=unix, host=host).code, 200)

    def test_token(self) -> None:
        """
        With one, it has to be told, as a header, in the address or as a cookie; then
        the name does not matter.
        """

        def code(path: str = "/status.json", **headers: str) -> int:
            return request(
                self.pages,
                path,
                token=TOKEN,
                host="peer.example",
                address=_FAR,
                headers=headers,
            ).code

        wrong = TOKEN[:-1] + "0"
        self.assertEqual(code(Authorization=f"Bearer {TOKEN}"), 200)
        self.assertEqual(code(Authorization=f"bearer  {TOKEN}"), 200)
        self.assertEqual(code(f"/status.json?token={TOKEN}"), 200)
        self.assertEqual(code(Cookie=f"swarmpeer-token={TOKEN}"), 200)
        self.assertEqual(code(), 401)
        self.assertEqual(code(Authorization=f"Bearer {wrong}"), 401)
        self.assertEqual(code(Authorization=f"Basic {TOKEN}"), 401)
        self.assertEqual(code(Authorization="Bearer"), 401)
        self.assertEqual(code(Authorization="Bearer \xff"), 401)
        self.assertEqual(code(f"/status.json?token={wrong}"), 401)
        self.assertEqual(code("/status.json?token="), 401)
        self.assertEqual(code(f"/status.json?token={wrong}&token={TOKEN}"), 401)
        self.assertEqual(code(Cookie=f"swarmpeer-token={wrong}"), 401)
        self.assertEqual(code(Cookie="swarmpeer-token"), 401)

    def test_cookie(self) -> None:
        """
        A token in the address is kept by the browser, out of reach of other sites and
        of scripts; a wrong one is not.
        """
        found = request(self.pages, f"/status.json?token={TOKEN}", token=TOKEN)
        cookie = found.headers["set-cookie"]
        for part in (f"swarmpeer-token={TOKEN}", "httponly", "samesite=strict"):
            self.assertIn(part, cookie)
        found = request(self.pages, "/status.json?token=x", token=TOKEN)
        self.assertNotIn("set-cookie", found.headers)
        self.assertEqual(found.headers["www-authenticate"], 'bearer realm="swarmpeer"')

    def test_open(self) -> None:
        """
        Health is told in a word to everybody who can connect, such as the probes of a
        container, which know no token and ask by any name; how far the peer is only
        to who may look.
        """
        for token, host in ((TOKEN, "10.0.0.7:8080"), (None, "peer.example")):
            far = request(self.pages, "/healthz", token=token, host=host, address=_FAR)
            self.assertEqual((far.code, far.body), (200, b"ok\n"))
            far = request(self.pages, "/readyz", token=token, host=host, address=_FAR)
            self.assertEqual((far.code, far.body), (503, b"not ready\n"))
            self.assertNotIn("www-authenticate", far.headers)
        known = {"Authorization": f"Bearer {TOKEN}"}
        near = request(self.pages, "/readyz", token=TOKEN, headers=known)
        self.assertEqual(near.body, b"fetching: 5 of 10 pieces\n")

    def test_every_page(self) -> None:
        """
        Everything else is guarded, also what is not there, by every method.
        """
        for path in ("/", "/nothing", "/status.json/x", "/healthz/x", "//healthz"):
            for method in ("GET", "HEAD", "POST", "BREW"):
                found = request(self.pages, path, method=method, token=TOKEN)
                self.assertEqual(found.code, 401, path)

    def test_addresses_that_need_one(self) -> None:
        """
        All that other machines can reach.
        """
        for host, needs in (
            ("127.0.0.1", False),
            ("127.1.2.3", False),
            ("0.0.0.0", True),
            ("10.0.0.7", True),
        ):
            self.assertEqual(needs_token(IPv4Address("TCP", host, 1)), needs)
        for host, needs in (("::1", False), ("::", True), ("2001:db8::1", True)):
            self.assertEqual(needs_token(IPv6Address("TCP", host, 1)), needs)
        self.assertFalse(needs_token(UNIXAddress("/x")))


class StatusPagesTests(SynchronousTestCase):
    """
    L{swarmpeer.web.status_pages}.
    """

    def setUp(self) -> None:
        """
        Some pages.
        """
        self.pages = PeerPages()

    def test_status(self) -> None:
        """
        The status is JSON, not to be kept, with the pieces if they are asked for.
        """
        found = request(self.pages.root, "/status.json")
        self.assertEqual(decode_status(found.body), FETCHING)
        self.assertEqual(found.headers["content-type"], "application/json")
        self.assertEqual(found.headers["cache-control"], "no-store")
        for query in ("pieces=1", "pieces=0", "pieces", "pieces=&x=%ff;;=&&"):
            self.assertEqual(
                request(self.pages.root, f"/status.json?{query}").code, 200
            )
        self.assertEqual(self.pages.asked, [False, True, False, False, False])

    def test_picture(self) -> None:
        """
        The picture tells what happened after a number; odd ones are refused.
        """
        for query in ("", "?after=0", "?after=7", "?after=" + "9" * 18):
            found = request(self.pages.root, f"/picture.json{query}")
            self.assertEqual(decode_picture(found.body).status, FETCHING)
        self.assertEqual(self.pages.asked, [0, 0, 7, 10**18 - 1])
        for after in ("-1", "x", "", "1.5", "%b2", "9" * 19):
            found = request(self.pages.root, f"/picture.json?after={after}")
            self.assertEqual(found.code, 400, after)

    def test_health(self) -> None:
        """
        A peer that answers is healthy, and ready when everything is in place.
        """
        self.assertEqual(request(self.pages.root, "/healthz").body, b"ok\n")
        found = request(self.pages.root, "/readyz")
        self.assertEqual((found.code, found.body), (503, b"fetching: 5 of 10 pieces\n"))
        self.pages.status = complete()
        found = request(self.pages.root, "/readyz")
        self.assertEqual((found.code, found.body), (200, b"ready\n"))

    def test_head(self) -> None:
        """
        HEAD gives the same head as GET, without the body, and Twisted need not
        complain of one.
        """
        for path in ("/status.json", "/picture.json", "/healthz", "/readyz", "/none"):
            got = request(self.pages.root, path)
            with capturedLogs() as logged:
                head = request(self.pages.root, path, method="HEAD")
            self.assertEqual(logged, [])
            self.assertEqual((head.code, head.body), (got.code, b""))
            length = head.headers["content-length"]
            self.assertEqual(length, got.headers["content-length"], path)

    def test_other_methods(self) -> None:
        """
        Nothing can be changed.
        """
        form = {"Content-Length": "3", "Content-Type": "multipart/form-data"}
        found = request(self.pages.root, method="POST", body=b"x=1", headers=form)
        self.assertEqual(found.code, 405)
        self.assertIn("get", found.headers["allow"])
        for method in ("PUT", "DELETE", "BREW"):
            self.assertEqual(request(self.pages.root, method=method).code, 501)
        self.assertEqual(self.pages.asked, [])

    def test_refusals(self) -> None:
        """
        Whatever is refused is refused in a line of text, which no browser takes for
        something else.
        """

        def fail(_: bool) -> Status:
            raise ZeroDivisionError

        self.pages.root.putChild(b"bad", StatusPage(fail))
        for path, method, code in (
            ("/none", "GET", 404),
            ("/readyz/x", "GET", 404),
            ("/status.json", "POST", 405),
            ("/", "BREW", 501),
            ("/bad", "GET", 500),
        ):
            found = request(self.pages.root, path, method=method)
            self.assertEqual(found.code, code)
            self.assertEqual(found.headers["content-type"], "text/plain; charset=utf-8")
            self.assertEqual(found.headers["x-content-type-options"], "nosniff")
            self.assertRegex(found.body, rb"\A[^<\n]+\n\Z")
        self.flushLoggedErrors(ZeroDivisionError)

    def test_large_requests(self) -> None:
        """
        Who sends much along, be it told before or not, is cut off before it is here.
        """
        for size in (MOST_BODY_BYTES, MOST_BODY_BYTES + 1):
            much = b"x" * size
            for headers, body in (
                ({"Content-Length": str(size)}, b""),
                ({"Transfer-Encoding": "chunked"}, b"%x\r\n%s\r\n" % (size, much)),
            ):
                found = request(
                    self.pages.root, method="POST", body=body, headers=headers
                )
                self.assertEqual(found.code, 0)
                self.assertEqual(found.is_cut_off, size > MOST_BODY_BYTES)

    def test_nothing_else(self) -> None:
        """
        There is nothing else.
        """
        for path in ("/none", "/status", "/../etc/passwd", "/%00", "/none/x"):
            self.assertEqual(request(self.pages.root, path).code, 404, path)

    def test_nothing_below(self) -> None:
        """
        Nor below a page, whoever asks.
        """
        root = self.pages.root
        root.putChild(b"metrics", NoMetricsPage())
        for name in map(bytes.decode, root.listStaticNames()):
            for below in ("x", "", "x/y"):
                path = f"/{name}/{below}"
                self.assertEqual(request(root, path).code, 404, path)
        self.assertEqual(self.pages.asked, [])


class LastPictureTests(SynchronousTestCase):
    """
    L{PicturePage} at the end of its peer.
    """

    def test_waits_for_who_asked(self) -> None:
        """
        Whoever asked lately is told how it was when the peer ended, and how long ago
        that was; the peer goes when they were, or after some seconds. Nobody else is
        waited for.
        """
        for asked, answered in ((False, False), (True, True), (True, False)):
            clock = Clock()
            held = [4]
            page = PicturePage(
                lambda *_, held=held: picture(1001, held[0], 10.0, 1, 2), clock
            )
            pages = Pages(ToldPictures(), clock, page)
            if asked:
                request(pages, "/picture.json")
            closing = pages.close()
            held[0] = 0
            if not asked:
                self.successResultOf(closing)
                continue
            self.assertNoResult(closing)
            clock.advance(1.0)
            if answered:
                body = request(pages, "/picture.json?after=1").body
                told = decode_picture(body)
                self.assertEqual((told.status.held, told.age_seconds), (4, 1.0))
                self.assertEqual([one.number for one in told.happenings], [2])
                clock.advance(SENDING_SECONDS)
            else:
                clock.advance(LINGER_SECONDS - 1.0)
            self.successResultOf(closing)
            self.assertEqual(clock.getDelayedCalls(), [])


class LingeringTests(SynchronousTestCase):
    """
    L{Lingering}.
    """

    def test_seconds(self) -> None:
        """
        The pages of a peer that is done stay a little, if somebody asked lately.
        """
        clock = Clock()
        is_done = True
        lingering = Lingering(lambda: is_done, clock.seconds)
        self.assertEqual(lingering.seconds(), 0.0)
        lingering.note_asked()
        clock.advance(ASKED_SECONDS - 1)
        self.assertEqual(lingering.seconds(), LINGER_SECONDS)
        clock.advance(1)
        self.assertEqual(lingering.seconds(), 0.0)
        lingering.note_asked()
        is_done = False
        self.assertEqual(lingering.seconds(), 0.0)


@implementer(IListeningPort)
class FakePort:
    """
    A port, as far as it is asked.
    """

    def __init__(self, host: str) -> None:
        self.address = IPv4Address("TCP", host, 8080)
        self.is_open = True

    def startListening(self) -> None:
        """
        It did.
        """

    def getHost(self) -> IPv4Address:
        """
        Where it is.
        """
        return self.address

    def stopListening(self) -> Deferred[None]:
        """
        It is closed.
        """
        self.is_open = False
        return succeed(None)


@implementer(IStreamServerEndpoint)
class FakeEndpoint:
    """
    Listens when it is told.
    """

    def __init__(self) -> None:
        self.listening: Deferred[IListeningPort] = Deferred()
        self.factory: IProtocolFactory | None = None

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        Perhaps now.
        """
        self.factory = protocolFactory
        return self.listening


class WebServiceTests(SynchronousTestCase):
    """
    L{WebService}.
    """

    def setUp(self) -> None:
        """
        A service that listens when it is told.
        """
        self.clock = Clock()
        self.endpoint = FakeEndpoint()
        self.linger = 0.0

    def service(self, token: str | None = None) -> WebService:
        """
        One that is not started.
        """
        return WebService(
            PagesSite(Pages(ToldPictures(), self.clock), token, self.clock),
            self.endpoint,
            has_token=token is not None,
            clock=self.clock,
            linger=lambda: self.linger,
        )

    def started(self, port: FakePort, token: str | None = None) -> WebService:
        """
        One that listens at that port.
        """
        self.endpoint.listening = succeed(port)
        service = self.service(token)
        service.startService()
        return service

    def visits(self, count: int = MOST_CONNECTIONS) -> list[Visit]:
        """
        So many that connected and said nothing.
        """
        site = self.endpoint.factory
        assert site is not None
        return [Visit(site) for _ in range(count)]

    def test_too_many(self) -> None:
        """
        So many connections may be open; for one more the oldest one whose request is
        not all here is pushed out, which is said once.
        """
        self.started(FakePort("127.0.0.1"))
        visits = self.visits()
        visits[0].ask("/events")
        for visit in visits[1:]:
            visit.say("GET /healthz HTTP/1.1\r\n")
        with capturedLogs() as events:
            newcomers = self.visits(2)
            for newcomer in newcomers:
                newcomer.ask("/")
                self.assertIn("200 OK", newcomer.said())
        pushed = [visit.transport.is_aborted for visit in visits]
        self.assertEqual(pushed, [False, True, True] + [False] * 61)
        (event,) = [each for each in events if "most" in each]
        self.assertIn("connections to the pages are open", formatEvent(event))

    def test_room_again(self) -> None:
        """
        Nobody is pushed out once others went, nor twice.
        """
        self.started(FakePort("127.0.0.1"))
        visits = self.visits()
        visits += self.visits(1)
        for visit in visits[:2]:
            visit.leave()
        visits += self.visits(1)
        pushed = [visit.transport.is_aborted for visit in visits]
        self.assertEqual(pushed, [True] + [False] * 65)

    def test_all_are_answered(self) -> None:
        """
        If all others are being answered, it is the newcomer that is closed.
        """
        self.patch(events_page, "MOST_STREAMS", MOST_CONNECTIONS)
        self.started(FakePort("127.0.0.1"))
        visits = self.visits()
        for visit in visits:
            visit.ask("/events")
        (newcomer,) = self.visits(1)
        self.assertTrue(newcomer.transport.is_aborted)
        self.assertFalse(any(visit.transport.is_aborted for visit in visits))

    def test_slow_request(self) -> None:
        """
        A request has its time as a whole, however often something of it comes.
        """
        self.started(FakePort("127.0.0.1"))
        (visit,) = self.visits(1)
        visit.say("GET /healthz HTTP/1.1\r\n")
        for _ in range(REQUEST_SECONDS // 10):
            self.assertFalse(visit.transport.disconnecting)
            self.clock.advance(10)
            visit.say("X: y\r\n")
        self.assertTrue(visit.transport.disconnecting)

    def test_one_request_after_the_other(self) -> None:
        """
        Each has as much time, from the answer before on.
        """
        self.started(FakePort("127.0.0.1"))
        (visit,) = self.visits(1)
        for _ in range(3):
            self.clock.advance(REQUEST_SECONDS - 1)
            visit.ask("/", version="1.1")
            self.assertIn("200 OK", visit.said())
        self.assertFalse(visit.transport.disconnecting)
        self.clock.advance(REQUEST_SECONDS)
        self.assertTrue(visit.transport.disconnecting)

    def test_long_answer(self) -> None:
        """
        An answer may take as long as it likes.
        """
        self.started(FakePort("127.0.0.1"))
        (visit,) = self.visits(1)
        visit.ask("/events", version="1.1")
        self.clock.pump([1.0] * 2 * REQUEST_SECONDS)
        self.assertFalse(visit.transport.disconnecting)

    def test_stop(self) -> None:
        """
        It listens until it is stopped.
        """
        port = FakePort("127.0.0.1")
        service = self.started(port)
        self.assertTrue(port.is_open)
        self.successResultOf(service.stopService())
        self.assertFalse(port.is_open)

    def test_linger(self) -> None:
        """
        Or a little longer.
        """
        port = FakePort("127.0.0.1")
        service = self.started(port)
        self.linger = 3.0
        stopped = service.stopService()
        self.clock.advance(2.5)
        self.assertNoResult(stopped)
        self.assertTrue(port.is_open)
        self.clock.advance(0.5)
        self.successResultOf(stopped)
        self.assertFalse(port.is_open)

    def test_open_to_others(self) -> None:
        """
        What other machines can reach is not opened without a token.
        """
        port = FakePort("0.0.0.0")
        self.endpoint.listening = succeed(port)
        error = self.assertRaises(ListenError, self.service().startService)
        self.assertIn("give a token", str(error))
        self.assertFalse(port.is_open)
        port = FakePort("0.0.0.0")
        self.started(port, TOKEN)
        self.assertTrue(port.is_open)

    def test_taken(self) -> None:
        """
        A port that is taken fails the start, and names it.
        """
        self.endpoint.listening.errback(_TAKEN)
        error = self.assertRaises(ListenError, self.service().startService)
        self.assertEqual(
            str(error), "cannot listen at *:8080: busy; free it or change it"
        )

    def test_no_folder(self) -> None:
        """
        So does a socket that cannot be made.
        """
        reason = FileNotFoundError(2, "No such file", "7", None, b"/none/x.sock.lock")
        self.endpoint.listening.errback(reason)
        error = self.assertRaises(ListenError, self.service().startService)
        self.assertEqual(
            str(error),
            "cannot listen at unix:/none/x.sock: No such file; name a path in a folder "
            "that is there and that this user may write to",
        )

    def test_no_words(self) -> None:
        """
        A failure that says nothing, or much, is told in a line all the same.
        """
        for failure, words in (
            (NoProtocol(), "NoProtocol"),
            (ValueError("a\n b."), "a b"),
        ):
            self.endpoint = FakeEndpoint()
            self.endpoint.listening.errback(failure)
            error = self.assertRaises(ListenError, self.service().startService)
            self.assertEqual(str(error), f"cannot listen: {words}")

    def test_late_failure(self) -> None:
        """
        One that is found out later is logged, and the peer goes on.
        """
        self.service().startService()
        self.endpoint.listening.errback(_TAKEN)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_stopped_early(self) -> None:
        """
        What is stopped before it listens never does, and says nothing of it.
        """
        service = self.service()
        service.startService()
        self.successResultOf(service.stopService())
        self.assertTrue(self.endpoint.listening.called)
