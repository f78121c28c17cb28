"""
One process in conversation with scripts, message by message: handshake,
bitfield, interest, requests and serving.
"""

from tests.processes import ProcessTestCase, Settings, Swarm, random_bytes
from tests.raw_peer import (
    BITFIELD,
    CHOKE,
    HAVE,
    INTERESTED,
    NOT_INTERESTED,
    PIECE,
    REQUEST,
    UNCHOKE,
    RawMessage,
    RawPeer,
    bitfield,
    handshake,
    number,
    packed,
    split,
)

QUIET_SECONDS = 0.3
"""
How long nothing must come; what would come does so within milliseconds.
"""


class ConversationTestCase(ProcessTestCase):
    """
    A file of few small pieces, and one process that has it or wants it.
    """

    def start_seed(
        self, count: int = 3, scripts: int = 1, piece_size: int = 100
    ) -> Swarm:
        """
        The process 1001 has the file; the scripts 1002, ... are yet to call it.
        """
        return self._start(
            count, scripts, piece_size, own=1001, seeds=[1001], first_script=1002
        )

    def start_leecher(
        self, count: int = 3, scripts: int = 1, *, is_first: bool = False
    ) -> Swarm:
        """
        The process wants the file.  It calls the scripts 1001, ..., or if it
        C{is_first} in the list, the scripts 1002, ... are yet to call it.
        """
        first = 1002 if is_first else 1001
        return self._start(
            count,
            scripts,
            100,
            own=1001 if is_first else 1001 + scripts,
            seeds=range(first, first + scripts),
            first_script=first,
        )

    def _start(
        self,
        count: int,
        scripts: int,
        piece_size: int,
        own: int,
        seeds: list[int] | range,
        first_script: int,
    ) -> Swarm:
        data = random_bytes(count * piece_size - 50)
        settings = Settings(len(data), piece_size, unchoking=1, optimistic=60)
        swarm = self.make_swarm(
            settings,
            data,
            peers=scripts + 1,
            seeds=seeds,
            scripts=range(first_script, first_script + scripts),
        )
        self.pieces = split(data, piece_size)
        swarm.start(own)
        return swarm

    def meet(
        self, swarm: Swarm, script: int, held: list[int] | range = range(0)
    ) -> RawPeer:
        """
        The script C{script} and the process meet in the role that the list
        gives them, say which pieces they hold, and answer.
        """
        (own,) = swarm.processes
        if script < own:
            raw = swarm.accept(script, f"script {script}")
        else:
            raw = swarm.dial(own, f"script {script}")
        count = swarm.settings.piece_count
        is_seed = swarm.line(own).has_file
        theirs = raw.open(script, own, bitfield(count, held), reads_first=True)
        self.assertEqual(theirs, bitfield(count, range(count) if is_seed else []))
        wants = bool(held) and not is_seed
        raw.expect(INTERESTED if wants else NOT_INTERESTED, b"")
        return raw


class OpeningTests(ConversationTestCase):
    """
    Handshake and bitfield, in both roles.
    """

    def test_dialled(self) -> None:
        """
        A process that is called says its handshake before it hears one, and its
        bitfield before anything else.
        """
        swarm = self.start_seed(count=306)
        raw = swarm.dial(1001, "leecher")
        raw.expect_handshake(1001)
        raw.send_handshake(1002)
        raw.expect(BITFIELD, b"\xff" * 38 + b"\xc0")
        raw.expect_silence(QUIET_SECONDS)

    def test_dialling(self) -> None:
        """
        A process that calls says its handshake before it hears one, and a
        bitfield of zeros when it has nothing.
        """
        swarm = self.start_leecher(count=306)
        raw = swarm.accept(1001, "seed")
        raw.expect_handshake(1002)
        raw.send_handshake(1001)
        raw.expect(BITFIELD, bytes(39))
        raw.expect_silence(QUIET_SECONDS)

    def test_cut_anywhere(self) -> None:
        """
        A handshake, a bitfield and a message that come byte by byte are the
        same as in one write.
        """
        swarm = self.start_leecher(is_first=True)
        opening = (
            handshake(1002)
            + RawMessage(BITFIELD, bitfield(3, [])).encode()
            + RawMessage(HAVE, packed(1)).encode()
        )
        raw = swarm.dial(1001, "slow")
        for at in range(len(opening)):
            raw.send_raw(opening[at : at + 1])
        raw.expect_handshake(1001)
        raw.expect(BITFIELD, bitfield(3, []))
        raw.expect(NOT_INTERESTED, b"")
        raw.expect(INTERESTED, b"")
        raw.close()
        again = swarm.dial(1001, "at once")
        again.send_raw(opening)
        again.expect_handshake(1001)
        again.expect(BITFIELD, bitfield(3, []))
        heard = [again.receive(), again.receive()]
        self.assertEqual(heard, [RawMessage(NOT_INTERESTED), RawMessage(INTERESTED)])

    def test_no_bitfield(self) -> None:
        """
        A neighbour that has nothing may leave its bitfield out; its first have
        makes it interesting.
        """
        swarm = self.start_leecher()
        raw = swarm.accept(1001, "no bitfield")
        raw.open(1001, 1002, None, reads_first=True)
        raw.expect_silence(QUIET_SECONDS)
        raw.send_have(2)
        raw.expect(INTERESTED, b"")
        raw.send(UNCHOKE)
        self.assertEqual(raw.expect_request(), 2)


class InterestTests(ConversationTestCase):
    """
    Interest follows what the neighbour has, and is said only when it changes.
    """

    def test_seed_is_never_interested(self) -> None:
        """
        A seed answers any bitfield with not interested, and a have with nothing.
        """
        swarm = self.start_seed(scripts=2)
        self.meet(swarm, 1002, [0])
        raw = self.meet(swarm, 1003)
        raw.send_have(1)
        raw.send_have(1)
        raw.expect_silence(QUIET_SECONDS)

    def test_have_wakes_interest_once(self) -> None:
        """
        A leecher becomes interested at the first useful have and stays silent
        at the next, repeated or not.
        """
        raw = self.meet(self.start_leecher(), 1001)
        raw.send_have(1)
        raw.expect(INTERESTED, b"")
        for index in (1, 2, 2, 0):
            raw.send_have(index)
        raw.expect_silence(QUIET_SECONDS)

    def test_interest_ends_with_the_last_useful_piece(self) -> None:
        """
        After a piece is in, every neighbour that has nothing more to give hears
        not interested, and every one hears the have.
        """
        swarm = self.start_leecher(scripts=2)
        giver = self.meet(swarm, 1001, [1])
        other = self.meet(swarm, 1002, [1])
        giver.send(UNCHOKE)
        self.assertEqual(giver.expect_request(), 1)
        giver.send_piece(1, self.pieces[1])
        end = [RawMessage(HAVE, packed(1)), RawMessage(NOT_INTERESTED)]
        giver.expect_unordered(*end)
        other.expect_unordered(*end)
        giver.send_have(1)
        giver.expect_silence(QUIET_SECONDS)
        giver.send_have(0)
        giver.expect(INTERESTED, b"")
        self.assertEqual(giver.expect_request(), 0)


class RequestTests(ConversationTestCase):
    """
    What a leecher asks for, and when.
    """

    def test_one_at_a_time(self) -> None:
        """
        One request is outstanding at a neighbour; the next goes out when the
        piece is in, and the have goes to the giver too.
        """
        raw = self.meet(self.start_leecher(), 1001, range(3))
        raw.expect_silence(QUIET_SECONDS)
        raw.send(UNCHOKE)
        left = {0, 1, 2}
        index = raw.expect_request()
        while len(left) > 1:
            raw.expect_silence(QUIET_SECONDS)
            left.remove(index)
            raw.send_piece(index, self.pieces[index])
            heard = sorted([raw.receive(), raw.receive()])
            self.assertEqual(heard[0], RawMessage(HAVE, packed(index)))
            self.assertEqual(heard[1].kind, REQUEST)
            index = number(heard[1].payload)
            self.assertIn(index, left)
        raw.send_piece(index, self.pieces[index])
        raw.expect_unordered(
            RawMessage(HAVE, packed(index)), RawMessage(NOT_INTERESTED)
        )

    def test_order_is_by_lot(self) -> None:
        """
        The pieces are asked for in no fixed order.
        """
        orders = []
        for _ in range(2):
            swarm = self.start_leecher(count=24)
            raw = self.meet_quietly(swarm)
            orders.append(raw.serve_file(self.pieces))
            raw.expect_closed()
        self.assertNotEqual(orders[0], orders[1])

    def meet_quietly(self, swarm: Swarm) -> RawPeer:
        """
        Meet as the seed 1001, before its interest is heard.
        """
        raw = swarm.accept(1001, "seed")
        count = swarm.settings.piece_count
        raw.open(1001, 1002, bitfield(count, range(count)), reads_first=False)
        return raw

    def test_choke_takes_the_request_back(self) -> None:
        """
        A choke forgets the request: nothing is asked while choked, and the
        piece is asked for again after the unchoke.
        """
        raw = self.meet(self.start_leecher(count=1), 1001, [0])
        for _ in range(2):
            raw.send(UNCHOKE)
            self.assertEqual(raw.expect_request(), 0)
            raw.send(CHOKE)
            raw.expect_silence(QUIET_SECONDS)
        raw.send(CHOKE)
        raw.expect_silence(QUIET_SECONDS)
        raw.send(UNCHOKE)
        self.assertEqual(raw.expect_request(), 0)
        raw.send(UNCHOKE)
        raw.expect_silence(QUIET_SECONDS)

    def test_choked_piece_goes_to_another(self) -> None:
        """
        What a choke took back is asked of another holder at once.
        """
        swarm = self.start_leecher(count=1, scripts=2)
        first, second = self.meet(swarm, 1001, [0]), self.meet(swarm, 1002, [0])
        first.send(UNCHOKE)
        self.assertEqual(first.expect_request(), 0)
        second.send(UNCHOKE)
        second.expect_silence(QUIET_SECONDS)
        first.send(CHOKE)
        self.assertEqual(second.expect_request(), 0)
        first.send(UNCHOKE)
        first.expect_silence(QUIET_SECONDS)
        second.close()
        self.assertEqual(first.expect_request(), 0)

    def test_late_piece_is_taken(self) -> None:
        """
        A piece that was asked for and comes after the choke is kept.
        """
        raw = self.meet(self.start_leecher(), 1001, [1])
        raw.send(UNCHOKE)
        self.assertEqual(raw.expect_request(), 1)
        raw.send(CHOKE)
        raw.expect_silence(QUIET_SECONDS)
        raw.send_piece(1, self.pieces[1])
        raw.expect_unordered(RawMessage(HAVE, packed(1)), RawMessage(NOT_INTERESTED))

    def test_second_of_a_piece_is_ignored(self) -> None:
        """
        A piece that comes late while another holder has given it already is
        dropped without a word, and the conversation goes on.
        """
        swarm = self.start_leecher(count=2, scripts=2)
        late, prompt = self.meet(swarm, 1001, [1]), self.meet(swarm, 1002, [1])
        late.send(UNCHOKE)
        self.assertEqual(late.expect_request(), 1)
        late.send(CHOKE)
        prompt.send(UNCHOKE)
        self.assertEqual(prompt.expect_request(), 1)
        prompt.send_piece(1, self.pieces[1])
        end = [RawMessage(HAVE, packed(1)), RawMessage(NOT_INTERESTED)]
        prompt.expect_unordered(*end)
        late.expect_unordered(*end)
        late.send_piece(1, self.pieces[1])
        late.expect_silence(QUIET_SECONDS)
        late.send_have(0)
        late.expect(INTERESTED, b"")
        prompt.expect_silence(QUIET_SECONDS)

    def test_both_answers_for_one_piece(self) -> None:
        """
        A piece that was asked for, taken back by a choke and asked for again at
        the same neighbour may come twice: the first request can have reached it
        after its unchoke.  The second answer is dropped without a word.
        """
        raw = self.meet(self.start_leecher(count=2), 1001, [1])
        raw.send(UNCHOKE)
        self.assertEqual(raw.expect_request(), 1)
        raw.send_all([RawMessage(CHOKE), RawMessage(UNCHOKE)])
        self.assertEqual(raw.expect_request(), 1)
        answer = RawMessage(PIECE, packed(1) + self.pieces[1])
        raw.send_all([answer, answer])
        raw.expect_unordered(RawMessage(HAVE, packed(1)), RawMessage(NOT_INTERESTED))
        raw.expect_silence(QUIET_SECONDS)
        raw.send_have(0)
        raw.expect(INTERESTED, b"")
        self.assertEqual(raw.expect_request(), 0)

    def test_two_holders_share_the_work(self) -> None:
        """
        No piece is asked of two neighbours at once, and nobody is asked for what
        it lacks.
        """
        swarm = self.start_leecher(count=4, scripts=2)
        both = [self.meet(swarm, 1001, [0, 1, 2]), self.meet(swarm, 1002, [2, 3])]
        for raw in both:
            raw.send(UNCHOKE)
        asked = [raw.expect_request() for raw in both]
        self.assertNotEqual(asked[0], asked[1])
        self.assertIn(asked[0], {0, 1, 2})
        self.assertIn(asked[1], {2, 3})

    def test_unknown_types_are_skipped(self) -> None:
        """
        Messages of unknown types, empty or a megabyte long, change nothing.
        """
        raw = self.meet(self.start_leecher(count=1), 1001, [0])
        raw.send_all([RawMessage(8), RawMessage(255, bytes(100)), RawMessage(UNCHOKE)])
        self.assertEqual(raw.expect_request(), 0)
        raw.send(9, bytes((1 << 20) - 100))
        raw.send(CHOKE)
        raw.send(200, b"\x00\x00\x00\x01\x01")
        raw.expect_silence(QUIET_SECONDS)
        raw.send(UNCHOKE)
        self.assertEqual(raw.expect_request(), 0)


class ServingTests(ConversationTestCase):
    """
    What a seed gives, to whom, and when.
    """

    def test_never_while_choked(self) -> None:
        """
        A request while choked is dropped for good; one after the unchoke is
        answered with exactly the bytes, the short last piece unpadded.
        """
        raw = self.meet(self.start_seed(), 1002)
        raw.send_request(0)
        raw.expect_silence(QUIET_SECONDS)
        raw.send(INTERESTED)
        raw.send_request(1)
        raw.expect(UNCHOKE, b"")
        raw.expect_silence(QUIET_SECONDS)
        for index in (2, 0):
            raw.send_request(index)
            raw.expect_piece(index, self.pieces[index])
        raw.expect_silence(QUIET_SECONDS)

    def test_impossible_requests(self) -> None:
        """
        A request beyond the last piece is ignored, and the next good one is
        answered.
        """
        raw = self.meet(self.start_seed(), 1002)
        raw.send(INTERESTED)
        raw.expect(UNCHOKE, b"")
        for index in (3, 0xFFFFFFFF):
            raw.send_request(index)
        raw.send_request(1)
        raw.expect_piece(1, self.pieces[1])

    def test_what_is_not_held(self) -> None:
        """
        A leecher gives the piece it has and ignores a request for another.
        """
        swarm = self.start_leecher(is_first=True, scripts=2)
        giver = self.meet(swarm, 1002, [0])
        giver.send(UNCHOKE)
        giver.expect_request()
        giver.send_piece(0, self.pieces[0])
        giver.expect_unordered(RawMessage(HAVE, packed(0)), RawMessage(NOT_INTERESTED))
        taker = swarm.dial(1001, "taker")
        theirs = taker.open(1003, 1001, bitfield(3, []), reads_first=True)
        self.assertEqual(theirs, bitfield(3, [0]))
        taker.expect(NOT_INTERESTED)
        taker.send(INTERESTED)
        taker.expect(UNCHOKE, b"")
        taker.send_request(1)
        taker.send_request(0)
        taker.expect_piece(0, self.pieces[0])
        taker.expect_silence(QUIET_SECONDS)

    def test_repeated_interest(self) -> None:
        """
        Interest said many times is the same as said once.
        """
        raw = self.meet(self.start_seed(), 1002)
        raw.send_all([RawMessage(INTERESTED)] * 50)
        raw.expect(UNCHOKE, b"")
        raw.send_all([RawMessage(INTERESTED)] * 50)
        raw.expect_silence(QUIET_SECONDS)
        raw.send_request(0)
        raw.expect_piece(0, self.pieces[0])

    def test_no_piece_after_a_choke(self) -> None:
        """
        A choke drops all that is queued: no piece follows it, asked for before
        or after.
        """
        swarm = self.start_seed(count=24, scripts=2, piece_size=1 << 20)
        greedy, other = (self.meet(swarm, script) for script in (1002, 1003))
        greedy.send(INTERESTED)
        greedy.expect(UNCHOKE, b"")
        requests = [RawMessage(REQUEST, packed(index)) for index in range(24)]
        greedy.send_all([*requests, RawMessage(NOT_INTERESTED)])
        other.send(INTERESTED)
        other.expect(UNCHOKE, b"")
        greedy.send_all(requests)
        heard = greedy.hear_until(lambda message: message.kind == CHOKE)
        self.assertEqual({message.kind for message in heard[:-1]}, {PIECE})
        self.assertLess(len(heard), 24)
        greedy.expect_silence(1.5)
