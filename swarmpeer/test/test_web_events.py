"""
Tests of L{swarmpeer.web.events_page} and L{swarmpeer.web.stream}.
"""

import json
from socket import SO_SNDBUF, SOL_SOCKET, socketpair
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.test.web_fixtures import ToldPictures, Visit, picture
from swarmpeer.web.events_page import MOST_STREAMS, ROOM_SECONDS, TICK_SECONDS
from swarmpeer.web.site import Pages, PagesSite
from swarmpeer.web.stream import QUIET_SECONDS, SEND_BUFFER_BYTES, STUCK_SECONDS


def pictures_in(text: str) -> list[dict[str, Any]]:
    """
    The data of each event.
    """
    found = []
    for event in text.split("\n\n"):
        lines = event.splitlines()
        if "event: picture" in lines:
            (data,) = (line[6:] for line in lines if line.startswith("data: "))
            found.append(json.loads(data))
    return found


class EventsTests(SynchronousTestCase):
    """
    Somebody reads, in virtual time.
    """

    def setUp(self) -> None:
        """
        A site, and nobody there.
        """
        self.clock = Clock()
        self.source = ToldPictures()
        self.pages = Pages(self.source, self.clock)
        self.site = PagesSite(self.pages, None, self.clock)

    def visit(self) -> Visit:
        """
        Begin to read.
        """
        visit = Visit(self.site)
        visit.ask("/events")
        return visit

    def test_first(self) -> None:
        """
        A reader is told at once how it is, as events that are not to be kept.
        """
        said = self.visit().said()
        head, _, body = said.partition("\r\n\r\n")
        self.assertIn("200 OK", head)
        self.assertIn("text/event-stream", head)
        self.assertIn("no-store", head)
        self.assertTrue(body.startswith("retry: 2000\n\n"))
        (data,) = pictures_in(body)
        self.assertEqual([one["status"]["peer_id"] for one in data["peers"]], [1001])

    def test_only_news(self) -> None:
        """
        After that there is something only when something changed, and at most twice a
        second.
        """
        visit = self.visit()
        visit.said()
        self.clock.pump([TICK_SECONDS] * 5)
        self.assertEqual(visit.said(), "")
        self.source.peers = (picture(held=5),)
        self.clock.advance(TICK_SECONDS / 2)
        self.source.peers = (picture(held=6),)
        self.assertEqual(visit.said(), "")
        self.clock.advance(TICK_SECONDS / 2)
        (data,) = pictures_in(visit.said())
        self.assertEqual(data["peers"][0]["status"]["held"], 6)

    def test_happenings_once(self) -> None:
        """
        Each happening is told once, of each peer.
        """
        self.source.peers = (picture(1001, 1, 1.0, 1, 2), picture(1002, 1, 1.0, 1))
        visit = self.visit()
        visit.said()
        self.source.peers = (picture(1001, 1, 1.0, 1, 2, 3), picture(1002, 1, 1.0, 1))
        self.clock.advance(TICK_SECONDS)
        (data,) = pictures_in(visit.said())
        numbers = [[h["number"] for h in one["happenings"]] for one in data["peers"]]
        self.assertEqual(numbers, [[3], []])
        late = pictures_in(self.visit().said())[0]["peers"]
        self.assertEqual([h["number"] for h in late[0]["happenings"]], [1, 2, 3])

    def test_alive(self) -> None:
        """
        When nothing changes there is a comment every fifteen seconds.
        """
        visit = self.visit()
        visit.said()
        ticks = int(QUIET_SECONDS / TICK_SECONDS)
        self.clock.pump([TICK_SECONDS] * (ticks - 1))
        self.assertEqual(visit.said(), "")
        self.clock.advance(TICK_SECONDS)
        self.assertEqual(visit.said(), ": nothing new\n\n")
        self.clock.pump([TICK_SECONDS] * ticks)
        self.assertEqual(visit.said(), ": nothing new\n\n")

    def test_slow(self) -> None:
        """
        A reader that does not take what it was sent misses events, and is told how it
        is when it took it.
        """
        visit = self.visit()
        visit.said()
        producer = visit.transport.producer
        assert producer is not None
        producer.pauseProducing()
        for held in (5, 6, 7):
            self.source.peers = (picture(held=held),)
            self.clock.advance(TICK_SECONDS)
        self.assertEqual(visit.said(), "")
        producer.resumeProducing()
        self.clock.advance(TICK_SECONDS)
        (data,) = pictures_in(visit.said())
        self.assertEqual(data["peers"][0]["status"]["held"], 7)

    def test_stuck(self) -> None:
        """
        One that takes nothing for a minute is cut off.
        """
        visit = self.visit()
        producer = visit.transport.producer
        assert producer is not None
        producer.pauseProducing()
        ticks = int(STUCK_SECONDS / TICK_SECONDS)
        self.clock.pump([TICK_SECONDS] * ticks)
        self.assertFalse(visit.transport.is_aborted)
        self.clock.advance(TICK_SECONDS)
        self.assertTrue(visit.transport.is_aborted)

    def test_gone(self) -> None:
        """
        When the last reader is gone nothing is looked at any more.
        """
        visits = [self.visit(), self.visit()]
        visits[0].leave()
        self.assertEqual(self.pages.events.readers, 1)
        visits[1].leave()
        self.assertEqual(self.pages.events.readers, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_too_many(self) -> None:
        """
        There is a limit of readers; one more is told so, and can come when another one
        has gone.
        """
        visits = [self.visit() for _ in range(MOST_STREAMS)]
        said = self.visit().said()
        self.assertIn("503", said.splitlines()[0])
        self.assertIn("close one of their pages", said)
        visits[3].leave()
        self.assertIn("200 OK", self.visit().said())

    def test_small_buffer(self) -> None:
        """
        The system keeps little for a reader, so that it is seen early that it takes
        nothing.
        """
        ours, theirs = socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        visit = Visit(self.site)
        visit.transport.handle = ours
        visit.ask("/events")
        # Linux tells twice as much as it was told.
        size = ours.getsockopt(SOL_SOCKET, SO_SNDBUF)
        self.assertLessEqual(size, 2 * SEND_BUFFER_BYTES)

    def test_stuck_makes_room(self) -> None:
        """
        When all places are taken, whoever has taken nothing for longest, and for some
        seconds, makes room for one more.
        """
        visits = [self.visit() for _ in range(MOST_STREAMS)]
        for visit in (visits[5], visits[2]):
            producer = visit.transport.producer
            assert producer is not None
            producer.pauseProducing()
            self.clock.advance(TICK_SECONDS)
        self.assertIn("503", self.visit().said().splitlines()[0])
        self.clock.pump([TICK_SECONDS] * int(ROOM_SECONDS / TICK_SECONDS))
        self.assertIn("200 OK", self.visit().said())
        aborted = [visit for visit in visits if visit.transport.is_aborted]
        self.assertEqual(aborted, [visits[5]])
        visits[5].leave()
        self.assertEqual(self.pages.events.readers, MOST_STREAMS)

    def test_made_once(self) -> None:
        """
        For readers who know the same a picture is made once.
        """
        for _ in range(5):
            self.visit()
        self.source.peers = (picture(held=5),)
        made = self.source.made
        self.clock.advance(TICK_SECONDS)
        self.assertEqual(self.source.made, made + 1)

    def test_last(self) -> None:
        """
        At the end everybody is told how it is then, and the answer is complete; nothing
        more can be asked on that connection.
        """
        visit = Visit(self.site)
        visit.ask("/events", version="1.1")
        visit.said()
        self.source.peers = (picture(held=10),)
        closed = self.site.close()
        (data,) = pictures_in(visit.said())
        self.assertEqual(data["peers"][0]["status"]["held"], 10)
        self.assertTrue(visit.transport.disconnecting)
        self.assertIsNone(self.successResultOf(closed))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_last_waits(self) -> None:
        """
        The end waits for a reader that has not taken everything, but not for long.
        """
        for ends_by_itself in (True, False):
            producer = self.visit().transport.producer
            assert producer is not None
            producer.pauseProducing()
            closed = self.site.close()
            self.assertNoResult(closed)
            if ends_by_itself:
                producer.resumeProducing()
            else:
                self.clock.advance(1.0)
            self.assertIsNone(self.successResultOf(closed))

    def test_head(self) -> None:
        """
        Who asks for the head alone is told no events.
        """
        visit = Visit(self.site)
        visit.ask("/events", "HEAD")
        said = visit.said()
        self.assertIn("text/event-stream", said)
        self.assertTrue(said.endswith("\r\n\r\n"))
        self.assertEqual(self.pages.events.readers, 0)

    def test_interface(self) -> None:
        """
        A stream is what Twisted can tell to wait.
        """
        self.visit()
        (stream,) = self.pages.events._streams
        verifyObject(IPushProducer, stream)
