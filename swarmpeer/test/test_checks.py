"""
Tests of L{swarmpeer.testing.checks}: small swarms of peers with one mistake each.
C{tests/test_mutants.py} has more of them, for other rules.
"""

from collections.abc import Sequence
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import Candidate, NotInterestedReceived, PreferredRoundHeld
from swarmpeer.net import dialing
from swarmpeer.net.backoff import Backoff
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.sending import MessageSender
from swarmpeer.service import PeerService
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.outcome import Breach
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from swarmpeer.wire.bitfield import Bitfield

SMALL = Scenario(
    peers=3,
    file_size_bytes=30_000,
    piece_size_bytes=1000,
    preferred=2,
    unchoking_interval_seconds=1,
    optimistic_interval_seconds=2,
)


class BrokenPicker(RandomPicker):
    """
    Cannot choose.
    """

    def pick(
        self,
        theirs: Bitfield,  # noqa: ARG002
        useful: int,  # noqa: ARG002
    ) -> int | None:
        """
        Raise.
        """
        raise ValueError("odd")


class SwarmChecksTests(SynchronousTestCase):
    """
    L{swarmpeer.testing.checks.SwarmChecks}, in a swarm.
    """

    def find(
        self, rule: str, scenario: Scenario = SMALL, faults: Sequence[Fault] = ()
    ) -> Breach:
        """
        Run the swarm.

        @return: the first breach of C{rule}; one mistake may break others, too.
        """
        breaches = SimulatedSwarm(scenario, faults=faults).run().breaches
        found = [breach for breach in breaches if breach.rule == rule]
        self.assertGreater(len(found), 0, str(breaches))
        return found[0]

    def test_good(self) -> None:
        """
        Nothing is found where there is no mistake.
        """
        self.assertEqual(SimulatedSwarm(SMALL).run().breaches, ())

    def test_honest_peers_are_blamed(self) -> None:
        """
        A peer takes what others tell it for a breach of the protocol.
        """

        def on_haves(_: PeerConnection, indexes: Sequence[int]) -> None:
            raise ProtocolViolation(ViolationReason.BAD_LENGTH, f"pieces {indexes}")

        self.patch(PeerConnection, "on_haves", on_haves)
        breach = self.find("no honest peer is blamed")
        self.assertIn(ViolationReason.BAD_LENGTH, breach.detail)

    def test_lots_in_place_of_tit_for_tat(self) -> None:
        """
        A peer that lacks pieces chooses by lot.
        """
        hold = ChokingManager.hold_preferred_round

        def hold_by_lot(
            choking: ChokingManager,
            candidates: Sequence[Candidate],
            *,
            by_rate: bool,  # noqa: ARG001
        ) -> PreferredRoundHeld:
            return hold(choking, candidates, by_rate=False)

        self.patch(ChokingManager, "hold_preferred_round", hold_by_lot)
        self.assertEqual(self.find("tit for tat").detail, "by rate: False")

    def test_policy_is_replaced(self) -> None:
        """
        A policy of somebody else fails, and one of ours has to take its place.
        """
        picker = f"{__name__}:{BrokenPicker.__name__}"
        detail = self.find(
            "no mistake of our own",
            replace(SMALL, files=1, piece_size_bytes=2**14, picking=picker),
        ).detail
        self.assertIn(f"{picker} failed in pick: it raised ValueError: odd", detail)

    def test_interest_is_not_heard(self) -> None:
        """
        A neighbour says that it is not interested any more, for nothing.
        """

        def on_not_interested(connection: PeerConnection) -> None:
            connection._note_message()
            connection._swarm.publish(NotInterestedReceived(connection.peer_id))

        self.patch(PeerConnection, "on_not_interested", on_not_interested)
        self.assertIn("said False", self.find("interest is heard").detail)

    def test_peers_do_not_find_together(self) -> None:
        """
        Two that lost each other are not connected any more.
        """
        self.patch(dialing, "RETRY", Backoff(1e9, 1.0, 1e9))
        reset = Fault(20.0, FaultKind.RESET, 1002, 1003)
        breach = self.find("everybody together", faults=[reset])
        self.assertEqual((breach.peer_id, breach.detail), (1002, "not 1003"))

    def test_connections_are_left_open(self) -> None:
        """
        A conversation that is over leaves its connection open.
        """
        self.patch(PeerProtocol, "close", PeerProtocol._end)
        crossed = [
            Fault(0.5 + turn / 10, FaultKind.CROSSED_DIAL, 1001, 1002)
            for turn in range(100)
        ]
        breach = self.find("few connections", faults=crossed)
        self.assertEqual(breach.detail, "13, not 12")

    def test_timers_are_left_behind(self) -> None:
        """
        Every have leaves a timer.
        """
        send_haves = MessageSender.send_haves

        def leave_timer(sender: MessageSender, indexes: Sequence[int]) -> None:
            sender._clock.callLater(1000.0, lambda: None)
            send_haves(sender, indexes)

        self.patch(MessageSender, "send_haves", leave_timer)
        self.find("few timers")

    def test_too_much_waits_to_be_sent(self) -> None:
        """
        A neighbour gets all that it could ask for at once.
        """
        send = PeerProtocol.send_bitfield

        def flood(protocol: PeerProtocol, bits: Bitfield) -> None:
            send(protocol, bits)
            for _ in range(2000):
                protocol.send_pieces((0,), (bytes(1000),))

        self.patch(PeerProtocol, "send_bitfield", flood)
        self.find("small buffers", replace(SMALL, up_rate=10_000.0))

    def test_something_is_raised(self) -> None:
        """
        A peer raises what nobody expects as it is started.
        """

        def start(_: PeerService) -> None:
            raise LookupError("no service")

        self.patch(PeerService, "startService", start)
        breach = self.find("no exception")
        self.assertIsNone(breach.peer_id)
        self.assertIn("LookupError('no service')", breach.detail)

    def test_something_is_raised_later(self) -> None:
        """
        Out of an event it is found too.
        """
        swarm = SimulatedSwarm(SMALL)

        def fail() -> None:
            raise LookupError("no event")

        swarm.time.callLater(1.5, fail)
        (breach,) = swarm.run().breaches
        self.assertEqual((breach.at_seconds, breach.rule), (1.5, "no exception"))
