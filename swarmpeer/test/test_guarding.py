"""
Tests for L{swarmpeer.core.guarding}.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.choking_policies import CHOKING_POLICIES
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.guarding import make_choking, make_picker
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.piece_pickers import PIECE_PICKERS
from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.events import (
    Candidate,
    OptimisticRoundHeld,
    PolicyReplaced,
    PreferredRoundHeld,
    SwarmEvent,
)
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker
from swarmpeer.test.test_diagnostics import Lines
from swarmpeer.test.verified_peers import VerifiedPeers
from swarmpeer.wire.bitfield import Bitfield

PIECES = 16

Answers = Callable[..., object]


def fails(*_: object, **__: object) -> object:
    """
    Raises what says something over several lines.
    """
    raise RuntimeError("no tide\ntoday")


def leaves(*_: object, **__: object) -> object:
    """
    Would end the process.
    """
    raise SystemExit(3)


class Panic(BaseException):
    """
    No C{Exception}, as what comes out of a library in another language may be.
    """


def panics(*_: object, **__: object) -> object:
    """
    Raises that.
    """
    raise Panic("out of reach")


def answering(answer: object) -> Answers:
    """
    Always answers the same.
    """
    return lambda *_, **__: answer


class Odd:
    """
    Cannot even be shown.
    """

    def __repr__(self) -> str:
        raise ValueError


def broken(base: type[Any], method: str, answers: Answers, after: int = 0) -> Any:
    """
    A C{base} of which one method, or attribute, is not as it should be.

    @param after: so often it is.
    """
    asked = [0]
    right = getattr(base, method)

    def wrong(self: object, *what: Any, **more: Any) -> object:
        asked[0] += 1
        act = right if asked[0] <= after else answers
        return act(self, *what, **more)

    is_method = callable(right)
    return type("Broken", (base,), {method: wrong if is_method else answers()})


def with_attribute(name: str, value: object) -> type[ChokingManager]:
    """
    A choking policy of which one attribute is not as it should be.
    """

    class Misled(ChokingManager):
        def __init__(self, preferred_count: int, rng: Random) -> None:
            super().__init__(preferred_count, rng)
            setattr(self, name, value)

    return Misled


def plan(*preferred: Any, optimistic: Any = None) -> PreferredRoundHeld:
    """
    A plan that chooses these.
    """
    return PreferredRoundHeld((), preferred, optimistic, False, False)


def with_field(held: SwarmEvent, name: str, value: Any) -> SwarmEvent:
    """
    The same plan, of which one field is that.
    """
    return replace(held, **{name: value})


class GuardTests(SynchronousTestCase):
    """
    Peer 1 has the file; the policies of 2 and 3, or of 1, are those of others.
    """

    def replaced(
        self,
        picker: Any = RarestPicker,
        choking: Any = ChokingManager,
        seconds: float = 12.0,
    ) -> PolicyReplaced:
        """
        Let peer 2 fetch the file, with this choking policy at the seed or this picker
        at peer 2.

        @return: what the peer with the policy of others told.
        """
        swarm = VerifiedPeers(2, pieces=PIECES)
        written = Lines()
        peers = [
            swarm.peer(1, choking_policy=choking),
            swarm.peer(2, piece_picker=picker),
        ]
        whose = 1 if choking is not ChokingManager else 2
        diagnostics = DiagnosticLog(whose, PIECES, Logger(observer=written))
        peers[whose - 1].add_observer(diagnostics, *diagnostics.event_classes)
        for peer in peers:
            peer.startService()
            self.addCleanup(peer.stopService)
        swarm.run(seconds)
        self.assertTrue(swarm.is_right(2), "the transfer does not end")
        told = swarm.told(whose, PolicyReplaced)
        self.assertEqual(len(told), 1, told)
        lines = [line for line in written if " takes its place" in line]
        self.assertEqual(len(lines), 1)
        (event,) = told
        assert isinstance(event, PolicyReplaced)
        self.assertIn(
            f"{event.policy} failed in {event.method}: it {event.fault}; "
            f"{event.substitute} takes its place",
            lines[0],
        )
        self.assertNotIn("\n", lines[0])
        self.assertEqual(self.flushLoggedErrors(), [])
        return event

    def test_pickers(self) -> None:
        """
        A picker that raises, or answers what cannot be asked for, at once or in the
        midst of a transfer, is told once by its name, and the transfer ends without it.
        """
        for method, answers, fault in (
            ("pick", fails, "raised RuntimeError: no tide today ("),
            ("pick", leaves, "raised SystemExit: 3 ("),
            ("pick", panics, "raised Panic: out of reach ("),
            ("pick", answering(PIECES), f"answered {PIECES}, but there are {PIECES} "),
            ("pick", answering(-1), "answered -1, but"),
            ("pick", answering("3"), "answered '3', which is no whole number"),
            ("pick", answering(True), "answered True, which is no whole number"),
            ("pick", answering(2.0), "answered 2.0, which is no whole number"),
            ("pick", answering(Odd()), "answered a Odd, which is no whole number"),
            ("pick", answering(None), "answered None, but there is an open one"),
            ("shut", fails, "raised RuntimeError"),
            ("note_bits", fails, "raised RuntimeError"),
            ("counts_holders", answering(7), "answered 7, which is neither True nor"),
        ):
            with self.subTest(method=method, fault=fault):
                picker = broken(RarestPicker, method, answers)
                event = self.replaced(picker)
                self.assertEqual(event.policy, f"{picker.__module__}:Broken")
                self.assertEqual(event.method, method)
                self.assertIn(fault, event.fault)
                self.assertEqual(event.substitute, "RandomPicker")

    def test_seldom_asked(self) -> None:
        """
        It is told, too, of what a transfer between two may do without.
        """
        for method, answers, fault in (
            ("pick_among", fails, "raised RuntimeError"),
            ("pick_among", answering([1]), "answered [1], which is no whole number"),
            ("reopen", fails, "raised RuntimeError"),
            ("note_haves", fails, "raised RuntimeError"),
        ):
            with self.subTest(method=method, fault=fault):
                picker = broken(RarestPicker, method, answers)
                self.assertIn(fault, self.asked(picker, method).fault)

    def test_later(self) -> None:
        """
        What was fetched by then is not fetched again, nor forgotten.
        """
        event = self.replaced(broken(RarestPicker, "pick", fails, after=PIECES // 2))
        self.assertEqual(event.method, "pick")
        event = self.replaced(broken(RarestPicker, "pick", answering(3), after=5))
        self.assertIn("answered piece 3, which is not open", event.fault)

    def test_cannot_be_made(self) -> None:
        """
        One that is not made at the start, or is something else, is replaced there.
        """
        event = self.replaced(fails)
        self.assertEqual(event.policy, f"{__name__}:fails")
        self.assertEqual(event.method, "__init__")
        self.assertIn("raised RuntimeError", event.fault)
        self.assertIn(f"{__name__.rpartition('.')[2]}.py:", event.fault)
        event = self.replaced(answering("a picker"))
        self.assertIn("made 'a picker', which does not provide what", event.fault)
        event = self.replaced(choking=answering(3))
        self.assertEqual(event.substitute, "FleetChoking")

    def test_choking(self) -> None:
        """
        A choking policy that raises, or whose plan cannot be, is told once by its
        name, and the transfer ends without it.
        """
        for method, answers, fault in (
            ("hold_preferred_round", fails, "raised RuntimeError"),
            ("hold_preferred_round", answering(None), "answered None, which is no"),
            ("hold_preferred_round", answering(plan(7)), "chose 7, which is none of"),
            ("hold_preferred_round", answering(plan(2, 2)), "chose (2, 2), where each"),
            ("hold_preferred_round", answering(plan("2")), "chose '2', which is no id"),
            (
                "hold_preferred_round",
                answering(plan(optimistic=9)),
                "chose 9, which is none of",
            ),
            ("hold_optimistic_round", fails, "raised RuntimeError"),
            ("hold_optimistic_round", answering(plan()), "which is no Optimistic"),
            (
                "hold_optimistic_round",
                answering(OptimisticRoundHeld((), 5, True)),
                "chose 5, which is none of",
            ),
            *self.told_wrongly(),
            ("note_uplink", fails, "raised RuntimeError"),
            ("is_unchoked", fails, "raised RuntimeError"),
            ("is_unchoked", answering(1), "answered 1, which is neither True nor"),
            ("wants_review", fails, "raised RuntimeError"),
            ("ranks_by_rate", answering("yes"), "answered 'yes', which is neither"),
        ):
            with self.subTest(method=method, fault=fault):
                event = self.replaced(choking=broken(ChokingManager, method, answers))
                self.assertEqual(event.method, method)
                self.assertIn(fault, event.fault)
                self.assertEqual(event.substitute, "FleetChoking")

    def told_wrongly(self) -> Iterator[tuple[str, Answers, str]]:
        """
        Plans that choose nobody, and of which one field that observers are told is not
        as it should be.
        """
        no_id: Any = []
        value: Any
        for field, value, fault in (
            ("candidates", None, "told of None, which are not its candidates"),
            ("candidates", [], "told of [], which are not"),
            ("candidates", (2,), "told of (2,), which are not"),
            ("candidates", (Candidate(7, 0, False),), "told of (Candidate(peer_id=7"),
            ("candidates", (Candidate(no_id, 0, False),), "raised TypeError"),
            ("by_rate", "x", "told by_rate='x', which is neither True nor False"),
            ("is_changed", None, "told is_changed=None, which is neither"),
        ):
            wrong = answering(with_field(plan(), field, value))
            yield "hold_preferred_round", wrong, fault
        for field, value, fault in (
            ("candidates", None, "answered None, which is no tuple"),
            ("candidates", (7,), "chose 7, which is none of"),
            ("is_changed", 1, "told is_changed=1, which is neither"),
        ):
            drawn = OptimisticRoundHeld((), None, False)
            wrong = answering(with_field(drawn, field, value))
            yield "hold_optimistic_round", wrong, fault

    def test_attributes_of_a_policy(self) -> None:
        """
        A choking policy whose attributes say what cannot be is replaced as well, and
        they say nothing.
        """
        for name, value, fault in (
            ("preferred", [1], "answered [1], which is no tuple"),
            ("preferred", (2, 1), "by ascending id"),
            ("optimistic", "1", "chose '1', which is no id"),
        ):
            told: list[PolicyReplaced] = []
            policy = with_attribute(name, value)
            guarded = make_choking(policy, 1, Random(0), told.append, FleetChoking)
            self.assertFalse(getattr(guarded, name))
            ((_, method, said),) = [(e.policy, e.method, e.fault) for e in told]
            self.assertEqual(method, name)
            self.assertIn(fault, said)

    def test_interfaces(self) -> None:
        """
        A guard is asked as what it guards is.
        """
        picker = type("Good", (RarestPicker,), {})
        verifyObject(
            IPiecePicker, make_picker(picker, Bitfield(3), Random(0), self.fail)
        )
        choking = type("Good", (ChokingManager,), {})
        verifyObject(
            IChokingPolicy,
            make_choking(choking, 1, Random(0), self.fail, ChokingManager),
        )

    def test_our_own(self) -> None:
        """
        Nothing stands between a peer and a policy of our own.
        """
        for factory in PIECE_PICKERS.values():
            made = make_picker(factory, Bitfield(3), Random(0), self.fail)
            self.assertIs(type(made), factory)
        for choking in CHOKING_POLICIES.values():
            policy = make_choking(choking, 1, Random(0), self.fail, ChokingManager)
            self.assertIs(type(policy), choking)

    def test_not_to_be_changed(self) -> None:
        """
        What a policy of others is told it may change as it likes: it has copies.
        """

        class Careless(RarestPicker):
            def pick(self, theirs: Bitfield, useful: int) -> int | None:
                index = super().pick(theirs, useful)
                theirs.add_all(Bitfield.full(theirs.size))
                return index

            def note_bits(self, theirs: Bitfield) -> None:
                super().note_bits(theirs)
                theirs.add_all(Bitfield.full(theirs.size))

            def pick_among(self, few: list[int]) -> int | None:
                return few.pop()

        picker = make_picker(Careless, Bitfield(4), Random(0), self.fail)
        theirs = Bitfield(4)
        theirs.add(2)
        picker.note_bits(theirs)
        self.assertEqual(picker.pick(theirs, 1), 2)
        self.assertEqual(list(theirs), [2])
        picker.shut(3)
        few = [1, 3]
        self.assertEqual(picker.pick_among(few), 1)
        self.assertEqual(few, [1])

    def test_held_is_not_theirs(self) -> None:
        """
        The pieces that a peer holds stay what they are, whatever a picker is told to
        ask for no more, or again, and whatever it does with what it was made from.
        """

        class Greedy(RarestPicker):
            def __init__(self, held: Bitfield, rng: Random) -> None:
                super().__init__(held, rng)
                held.add_all(Bitfield.full(held.size))

        for factory in (*PIECE_PICKERS.values(), Greedy):
            held = Bitfield(4)
            held.add(2)
            picker = make_picker(factory, held, Random(0), self.fail)
            picker.shut(1)
            self.assertEqual(list(held), [2])
            picker.reopen(2)
            self.assertEqual(list(held), [2])

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=60))
    def test_good_ones(self, steps: Sequence[tuple[int, int]]) -> None:
        """
        One that does as its interface says answers the same with the guard and
        without, and is never replaced.
        """
        kind = type("Good", (RarestPicker,), {})
        guarded = make_picker(kind, Bitfield(10), Random(5), self.fail)
        bare = RarestPicker(Bitfield(10), Random(5))
        theirs = Bitfield(10)
        for each in (guarded, bare):
            each.note_bits(theirs)
        for step, index in steps:
            if step == 0 and theirs.add(index):
                guarded.note_haves([index])
                bare.note_haves([index])
            elif step == 1:
                guarded.shut(index)
                bare.shut(index)
            elif step == 2:
                guarded.reopen(index)
                bare.reopen(index)
            answer = guarded.pick(theirs, theirs.count)
            self.assertEqual(answer, bare.pick(theirs, theirs.count))

    def asked(self, factory: Any, method: str) -> PolicyReplaced:
        """
        Ask a picker of C{factory} everything.

        @return: what was told once.
        """
        told: list[PolicyReplaced] = []
        picker: IPiecePicker = make_picker(factory, Bitfield(4), Random(0), told.append)
        theirs = Bitfield(4)
        picker.note_bits(theirs)
        for index in range(4):
            theirs.add(index)
            picker.note_haves([index])
        picker.shut(1)
        picker.reopen(1)
        self.assertIn(picker.pick(theirs, 4), range(4))
        self.assertIn(picker.pick_among([0, 1]), (0, 1))
        picker.note_lacking(2)
        picker.note_left(theirs)
        (event,) = told
        self.assertEqual(event.method, method)
        return event


class ChoiceTests(SynchronousTestCase):
    """
    What the one that takes the place does.
    """

    def test_answers_the_same_question(self) -> None:
        """
        The round in which a policy fails is held all the same.
        """
        told: list[PolicyReplaced] = []
        factory = broken(FleetChoking, "hold_preferred_round", fails)
        policy = make_choking(factory, 2, Random(0), told.append, ChokingManager)
        candidates = [Candidate(1, 5, False), Candidate(2, 0, False)]
        held = policy.hold_preferred_round(candidates, by_rate=True)
        self.assertEqual(held.preferred, (1, 2))
        self.assertEqual(policy.preferred, (1, 2))
        self.assertEqual(len(told), 1)
        self.assertTrue(policy.is_unchoked(1))
        self.assertFalse(policy.review(candidates))
        policy.forget(1)
        self.assertEqual(policy.preferred, (2,))
