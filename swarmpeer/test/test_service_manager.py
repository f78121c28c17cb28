"""
Tests for L{swarmpeer.service_manager}.
"""

import contextlib
import os
import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.service_manager import (
    STATUS_SECONDS,
    Notifying,
    NotifySocket,
    ServiceManager,
    status_text,
)
from swarmpeer.status.shape import Problem, ProblemCode, State, Status
from swarmpeer.test.statuses import TROUBLED


class NotifySocketTests(SynchronousTestCase):
    """
    L{NotifySocket} sends datagrams.
    """

    def bound(self, address: str | bytes) -> socket.socket:
        """
        A service manager at that address.
        """
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.settimeout(5)
        return manager

    def test_send(self) -> None:
        """
        What is sent arrives in one datagram, at a path and at a name in no folder.
        """
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        name = f"swarmpeer-test-{os.getpid()}"
        for path, address in (
            (f"{folder.name}/notify", f"{folder.name}/notify"),
            (f"@{name}", f"\0{name}"),
        ):
            manager = self.bound(address)
            NotifySocket(path).send("READY=1", "STATUS=ä")
            self.assertEqual(manager.recv(999), "READY=1\nSTATUS=ä".encode())

    def test_nobody(self) -> None:
        """
        If nobody listens it is said once, and the peer goes on; the same of a path
        that is too long.
        """
        for path in ("/nowhere/at/all", "/" + "x" * 200):
            notify = NotifySocket(path)
            with capturedLogs() as said:
                notify.send("READY=1")
                notify.send("WATCHDOG=1")
            self.assertEqual(len(said), 1)

    def test_full(self) -> None:
        """
        One that reads nothing never makes the peer wait.
        """
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name, "notify"))
        manager = self.bound(path)
        notify = NotifySocket(path)
        sent = 2000
        with capturedLogs() as said:
            for number in range(sent):
                notify.send(f"STATUS={number} " + "x" * 1000)
        # It was full, which is told once; what it took before that it has.
        self.assertEqual(len(said), 1)
        manager.setblocking(False)
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while manager.recv(9999).startswith(f"STATUS={taken} ".encode()):
                taken += 1
        self.assertGreater(taken, 0)
        self.assertLess(taken, sent)
        with capturedLogs() as said:
            notify.send("STATUS=again")
        self.assertEqual(said, [])
        self.assertEqual(manager.recv(9999), b"STATUS=again")


class ServiceManagerTests(SynchronousTestCase):
    """
    L{ServiceManager} is what the environment tells.
    """

    def test_none(self) -> None:
        """
        Without a socket there is none, whatever else is said.
        """
        for environment in (
            {},
            {"NOTIFY_SOCKET": ""},
            {"NOTIFY_SOCKET": "relative"},
            {"WATCHDOG_USEC": "1000000"},
        ):
            self.assertIs(ServiceManager.of(environment, 7), None)

    def test_watchdog(self) -> None:
        """
        The watchdog is told in microseconds, and may be for another process.
        """
        for more, expected in (
            ({}, None),
            ({"WATCHDOG_USEC": "3000000"}, 3.0),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 3.0),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
            ({"WATCHDOG_USEC": "0"}, None),
        ):
            with capturedLogs() as said:
                manager = ServiceManager.of({"NOTIFY_SOCKET": "@x", **more}, 7)
            self.assertEqual(manager, ServiceManager("@x", expected))
            self.assertEqual(said, [])

    def test_no_time(self) -> None:
        """
        A time that makes no sense is told in one line, and there is no watchdog.
        """
        for text in (
            "soon",
            "",
            "-1",
            "1_000_000",
            "1",
            "99999",
            "9" * 30,
            "9" * 400,
            "9" * 5000,
            "3000000 ",
            "\u0663" * 7,
            "1e7",
            "x\ny",
        ):
            environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": text}
            with capturedLogs() as said:
                manager = ServiceManager.of(environment, 7)
            self.assertEqual(manager, ServiceManager("@x", None), text)
            (event,) = said
            self.assertEqual(len(formatEvent(event).splitlines()), 1)

    @given(
        st.dictionaries(st.sampled_from(["NOTIFY_SOCKET", "WATCHDOG_USEC"]), st.text())
    )
    def test_any(self, environment: dict[str, str]) -> None:
        """
        Nothing in the environment makes it fail.
        """
        manager = ServiceManager.of(environment, 7)
        if manager is not None and manager.watchdog_seconds is not None:
            self.assertGreaterEqual(manager.watchdog_seconds, 0.1)

    def test_take(self) -> None:
        """
        What was taken is not there for others.
        """
        environment = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "2000000", "HOME": "/"}
        self.assertEqual(ServiceManager.take(environment, 7), ServiceManager("/x", 2.0))
        self.assertEqual(environment, {"HOME": "/"})


class NotifyingTests(SynchronousTestCase):
    """
    L{Notifying} tells how the peer is.
    """

    def setUp(self) -> None:
        """
        A peer, and what is told of it.
        """
        self.clock = Clock()
        self.status = replace(
            TROUBLED, state=State.CHECKING, checked_share=0.996, problems=()
        )
        self.told: list[tuple[str, ...]] = []

    def start(self, watchdog_seconds: float | None = None) -> Notifying:
        """
        Begin to tell.
        """
        notifying = Notifying(
            ServiceManager("@nobody", watchdog_seconds),
            self.clock,
            lambda: self.status,
            lambda *lines: self.told.append(lines),
        )
        notifying.startService()
        return notifying

    def become(self, **changes: Any) -> list[tuple[str, ...]]:
        """
        The peer changes; what is told then.
        """
        self.told.clear()
        status: Status = replace(self.status, **changes)
        self.status = status
        self.clock.advance(STATUS_SECONDS)
        return self.told

    def test_life(self) -> None:
        """
        As long as it begins it asks for time; it is ready once it takes part, which is
        told once; then how it is, when that changes; then that it stops.
        """
        notifying = self.start()
        more_time = "EXTEND_TIMEOUT_USEC=60000000"
        self.assertEqual(self.told, [(more_time, "STATUS=checking, 99% looked at")])
        self.assertEqual(self.become(), [(more_time,)])
        self.assertEqual(
            self.become(state=State.FETCHING, checked_share=None),
            [("READY=1", "STATUS=fetching, 3 of 10 pieces, 10 B/s, 5 s left")],
        )
        self.assertEqual(self.become(), [])
        self.assertEqual(
            self.become(held=4),
            [("STATUS=fetching, 4 of 10 pieces, 10 B/s, 5 s left",)],
        )
        self.assertEqual(
            self.become(expected_seconds=90061.0),
            [("STATUS=fetching, 4 of 10 pieces, 10 B/s, 1 d 1 h left",)],
        )
        self.assertEqual(
            self.become(state=State.COMPLETE, held=8),
            [("STATUS=complete, 3 others are not known to be",)],
        )
        self.told.clear()
        notifying.stopService()
        self.assertEqual(self.told, [("STOPPING=1", "STATUS=stops")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_joining(self) -> None:
        """
        Who has no manifest yet does not take part.
        """
        self.status = replace(self.status, state=State.JOINING, checked_share=None)
        self.start()
        self.assertNotIn("READY=1", self.told[0])

    def test_watchdog(self) -> None:
        """
        The watchdog hears of us twice in its time, as long as the event loop turns.
        """
        notifying = self.start(watchdog_seconds=10.0)
        self.told.clear()
        self.clock.pump([0.5] * 60)
        beats = [lines for lines in self.told if lines == ("WATCHDOG=1",)]
        self.assertEqual(len(beats), 6)
        notifying.stopService()
        self.told.clear()
        self.clock.pump([0.5] * 60)
        self.assertEqual(self.told, [])

    def test_no_watchdog(self) -> None:
        """
        Without one nobody is told.
        """
        self.start().stopService()
        self.assertNotIn(("WATCHDOG=1",), self.told)

    def test_problem(self) -> None:
        """
        The first problem is told, on one line of bounded length.
        """
        problem = Problem(ProblemCode.DISK, "no room\nREADY=1" + "x" * 999, 1.0)
        text = status_text(replace(self.status, problems=(problem,)))
        self.assertIn("no room\\nREADY=1", text)
        self.assertLessEqual(len(text), 500)
        self.assertEqual(len(text.splitlines()), 1)
