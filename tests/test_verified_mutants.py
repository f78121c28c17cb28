"""
Mistakes put into the code of verified swarms: the simulator must find each of them.

As in L{tests.test_mutants}, each test makes one mistake and runs fitting swarms until a
rule is broken; it says which rule that must be, and within how many swarms.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random

from swarmpeer.core import blame
from swarmpeer.core.asking import Asking
from swarmpeer.core.blame import FIRST_SECONDS, Blame
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.outstanding import Outstanding
from swarmpeer.core.scrubbing import Scrubbing
from swarmpeer.core.serving import Serving
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_node import VerifiedNode
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_serving import VerifiedServing
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.core.wrong_pieces import WrongPieces
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    FileCompleted,
    PieceRequested,
    RequestCancelled,
    SwarmEvent,
)
from swarmpeer.file_name import state_folder_name
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.manifest import merkle
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.storage.transfers import sync, write_all
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import FileState
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.placing import Placing
from swarmpeer.storage.verified.resume import FileIdentity, Record
from swarmpeer.storage.verified.state_folder import RECORD_NAME, StateFolder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.survey import _Look
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.members import FIRST_ID, draw_members
from swarmpeer.testing.power_cuts import PowerCutSwarm
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData
from tests.mutants import MutantTestCase

SMALL = Scenario(
    peers=3,
    files=3,
    file_size_bytes=150_000,
    preferred=2,
    unchoking_interval_seconds=1,
    optimistic_interval_seconds=2,
    policy="classic",
)
POISONED = replace(SMALL, hostile=("poisoner",))
SLOW = replace(SMALL, up_rate=40_000.0)
FIVE_SEEDS = replace(SMALL, peers=6, seeds=5, up_rate=100_000.0)
TWO_SEEDS = replace(SMALL, peers=4, seeds=2)
PAIR = replace(SMALL, peers=2, files=2, file_size_bytes=100_000)

SEED, LEECHER = 1001, 1002
LAST = 1006
"""
The only one of L{FIVE_SEEDS} that is none.
"""


class MutantTests(MutantTestCase):
    """
    One mistake each.
    """

    def assert_found(
        self,
        rule: str,
        scenario: Scenario = SMALL,
        faults: Sequence[Fault] = (),
        *,
        within: int,
        acts: Sequence[tuple[float, Callable[[SimulatedSwarm], object]]] = (),
    ) -> None:
        """
        Fail unless C{rule} is broken in one of the first C{within} seeds.

        @param faults: the ids are those that the honest peers have where there is
            nobody else.
        @param acts: what else happens, and when.
        """

        def swarm(seed: int) -> SimulatedSwarm:
            tried = replace(scenario, seed=seed)
            honest = draw_members(tried, Random(f"{seed}/members")).honest
            made = SimulatedSwarm(
                tried,
                faults=[
                    replace(each, peer_id=honest[each.peer_id - FIRST_ID])
                    for each in faults
                ],
            )
            for at_seconds, act in acts:
                made.time.callLater(at_seconds, act, made)
            return made

        self.assert_broken(rule, swarm, within=within)

    def assert_found_in_the_dark(self, rule: str, *, within: int) -> None:
        """
        Fail unless C{rule} is broken when the power of a leecher is cut in the midst
        of a work, each time in another swarm and some calls later.
        """

        def swarm(number: int) -> SimulatedSwarm:
            return PowerCutSwarm(
                replace(PAIR, seed=number), LEECHER, after_call=3 + number % 20
            )

        self.assert_broken(rule, swarm, within=within)

    # What is right.

    def test_nothing_is_hashed(self) -> None:
        """
        Whatever comes is kept.
        """
        self.mutate(PieceHashes, "is_right_at", lambda *_: True)
        self.assert_found("what is held is right", POISONED, within=3)

    def test_short_pieces_are_padded(self) -> None:
        """
        A short piece is hashed as if it were a whole one.
        """

        def mutant(
            hashes: PieceHashes, number: int, position: int, data: PieceData
        ) -> bool:
            padded = bytes(data).ljust(hashes.layout.piece_size_bytes, b"\0")
            right = hashes._files[number].piece_hash(position)
            return merkle.piece_hash(padded, hashes._levels[number]) == right

        self.mutate(PieceHashes, "is_right_at", mutant)
        self.assert_found("liveness", within=1)

    # Who is blamed.

    def test_bystander_is_blamed(self) -> None:
        """
        Of a wrong piece somebody else is taken for the sender.
        """
        came = WrongPieces.came

        def mutant(wrong: WrongPieces, peer_id: int, index: int) -> None:
            sender = wrong._swarm.find(peer_id)
            if sender is not None:
                sender.neighbor.note_refused(index, 1e9)
            here = [each.peer_id for each in wrong._swarm.conversations]
            came(wrong, next((each for each in here if each != peer_id), 0), index)

        self.mutate(WrongPieces, "came", mutant)
        self.assert_found("no honest peer is blamed", POISONED, within=3)

    def test_third_wrong_piece(self) -> None:
        """
        Two wrong pieces are borne.
        """
        self.mutate(blame, "LIMIT", 3)
        self.assert_found("shut out at the second", POISONED, within=3)

    def test_first_wrong_piece(self) -> None:
        """
        Not even one is.
        """
        self.mutate(blame, "LIMIT", 1)
        self.assert_found("shut out at the second", POISONED, within=3)

    def test_nobody_is_shut_out(self) -> None:
        """
        Whoever sends wrong pieces is let in again.
        """
        self.mutate(Blame, "is_shut_out", lambda *_: False)
        scenario = replace(POISONED, seed_up_rate=20_000.0)
        self.assert_found("who is shut out is out", scenario, within=3)

    def test_always_as_long(self) -> None:
        """
        Each time somebody is shut out for as long as the first time.
        """
        self.mutate(blame, "MOST_SECONDS", FIRST_SECONDS)
        away = Fault(0.2, FaultKind.POWER_LOSS, SEED, seconds=150.0)
        self.assert_found("shut out for longer", POISONED, [away], within=5)

    # Requests.

    def test_wrong_piece_is_asked_again(self) -> None:
        """
        Whoever sent a wrong piece is asked for it again.
        """
        self.mutate(
            VerifiedRequests,
            "wrong",
            lambda requests, index, _: requests.store_failed(index),
        )
        one_piece = replace(POISONED, files=1, file_size_bytes=10_000)
        self.assert_found("asks again after a while", one_piece, within=5)

    def test_no_reject(self) -> None:
        """
        Whoever asks and is choked by then hears nothing.
        """
        self.mutate(VerifiedServing, "_ignore", Serving._ignore)
        scenario = replace(SLOW, peers=6, preferred=1, latency_seconds=0.1)
        self.assert_found("every request is answered", scenario, within=8)

    def assert_found_among_dawdlers(
        self,
        rule: str,
        *,
        dawdlers: int,
        within: int,
        seconds: float = 5.0,
        rots: Sequence[float] = (),
        scenario: Scenario = FIVE_SEEDS,
    ) -> None:
        """
        Fail unless C{rule} is broken where, of those that are asked for the last
        piece, so many do not answer for some seconds; and so again whenever a piece
        is lost.
        """

        def swarm(seed: int) -> SimulatedSwarm:
            asked = 0
            frozen: dict[float, list[int]] = defaultdict(list)

            def witness(at_seconds: float, peer_id: int, event: SwarmEvent) -> None:
                nonlocal asked
                if peer_id != LAST or not isinstance(event, PieceRequested):
                    return
                asked += 1
                here = frozen[max((at for at in rots if at <= at_seconds), default=0.0)]
                is_last = asked >= made.world.contents.layout.piece_count
                if is_last and len(here) < dawdlers and event.peer_id not in here:
                    here.append(event.peer_id)
                    host = made.hosts[event.peer_id]
                    host.freeze()
                    made.time.callLater(seconds, host.thaw)

            made = SimulatedSwarm(
                replace(scenario, seed=seed),
                faults=[Fault(at, FaultKind.BIT_ROT, LAST) for at in rots],
                witness=witness,
            )
            return made

        self.assert_broken(rule, swarm, within=within)

    def test_third_holder(self) -> None:
        """
        A piece that takes long is asked of more and more.
        """

        self.mutate(Outstanding, "late", lambda _, owners, __: sorted(owners))
        self.mutate(VerifiedRequests, "_could_come", lambda _: 0)
        self.assert_found_among_dawdlers("two holders at most", dawdlers=3, within=5)

    def test_duplicates_are_not_counted(self) -> None:
        """
        Any number of pieces may come twice.
        """
        make = VerifiedRequests.__init__

        def mutant(
            requests: VerifiedRequests,
            store: VerifiedStore,
            picker: IPiecePicker,
            seconds: Callable[[], float],
            **options: int,
        ) -> None:
            make(requests, store, picker, seconds, **options)
            requests._duplicates_allowed = 10**9

        self.mutate(VerifiedRequests, "__init__", mutant)
        self.assert_found_among_dawdlers(
            "few duplicates",
            dawdlers=1,
            within=5,
            seconds=2.5,
            rots=[20.0, 40.0, 60.0],
            scenario=replace(FIVE_SEEDS, up_rate=16_000.0),
        )

    def test_no_cancel(self) -> None:
        """
        Nobody is told that a piece came from somebody else.
        """
        self.mutate(VerifiedConnection, "cancel", lambda *_: None)
        self.assert_found_among_dawdlers("cancels what came", dawdlers=1, within=5)

    def test_what_came_is_waited_for(self) -> None:
        """
        A piece that came is still waited for at the other one.
        """
        self.mutate(Asking, "cancel", lambda *_: [])
        self.assert_found_among_dawdlers(
            "waits for what it lacks", dawdlers=1, within=5
        )

    # What neighbours are told.

    def rot(self, peer_id: int, at_seconds: float = 30.0) -> list[Fault]:
        """
        A bit flips.
        """
        return [Fault(at_seconds, FaultKind.BIT_ROT, peer_id)]

    def test_no_withdrawal(self) -> None:
        """
        A piece is lost, and nobody is told.
        """
        self.mutate(VerifiedProtocol, "send_withdrawal", lambda *_: None)
        self.assert_found("one have", TWO_SEEDS, self.rot(1002), within=5)

    def test_withdrawal_is_not_heard(self) -> None:
        """
        A neighbour that lost a piece is still taken to hold it.
        """
        self.mutate(NeighborState, "note_lacking", lambda *_: False)
        self.assert_found("a withdrawal is heard", TWO_SEEDS, self.rot(1002), within=5)

    def test_lost_piece_is_held(self) -> None:
        """
        A piece that is not right any more keeps its bit.
        """
        lose = VerifiedStore.lose

        def mutant(store: VerifiedStore, index: int) -> None:
            lose(store, index)
            store.bits.add(index)

        self.mutate(VerifiedStore, "lose", mutant)
        self.assert_found("one state", TWO_SEEDS, self.rot(1002), within=5)

    def test_have_all_too_soon(self) -> None:
        """
        Whoever has something says that it has everything.
        """

        def mutant(conversation: VerifiedConnection) -> None:
            if conversation._swarm.store.bits.is_empty:
                conversation.network.send_have_none()
            else:
                conversation.network.send_have_all()

        self.mutate(VerifiedConnection, "_tell_holdings", mutant)
        crash = Fault(2.5, FaultKind.CRASH, LEECHER, seconds=0.1)
        self.assert_found("tells what it holds", SLOW, [crash], within=5)

    def test_no_goodbye(self) -> None:
        """
        Nobody says why it closes.
        """
        self.mutate(VerifiedProtocol, "_say_goodbye", lambda *_: None)
        self.assert_found("goodbye is said", within=1)

    def test_words_after_goodbye(self) -> None:
        """
        A goodbye is said, and the conversation goes on.
        """
        send = VerifiedProtocol.send_have_all

        def mutant(protocol: VerifiedProtocol) -> None:
            protocol._say_goodbye(0, "so long")
            send(protocol)

        self.mutate(VerifiedProtocol, "send_have_all", mutant)
        self.assert_found("goodbye is the last word", within=1)

    def test_no_keep_alive(self) -> None:
        """
        Nobody says that it is still here.
        """

        def mutant(protocol: VerifiedProtocol) -> None:
            protocol._spoke_at = protocol._clock.seconds()

        self.mutate(VerifiedProtocol, "_on_nothing_said", mutant)
        self.assert_found("nobody is silent", within=1)

    def test_reject_for_nothing(self) -> None:
        """
        Whoever is choked is told that everything is rejected.
        """
        choke = VerifiedServing.choke

        def mutant(serving: VerifiedServing) -> None:
            choke(serving)
            serving._network.send_reject(0)

        self.mutate(VerifiedServing, "choke", mutant)
        self.assert_found("rejects a request", SLOW, within=5)

    def test_cancel_for_nothing(self) -> None:
        """
        Everybody is told that a piece need not come.
        """

        def mutant(asking: Asking, indexes: Iterable[int]) -> list[RequestCancelled]:
            for index in indexes:
                for conversation in asking._swarm.conversations:
                    conversation.network.send_cancel(index)
            return []

        self.mutate(Asking, "cancel", mutant)
        self.assert_found("cancels a request", within=1)

    def test_complaint_for_nothing(self) -> None:
        """
        Of a wrong piece everybody is told.
        """

        def mutant(conversation: VerifiedConnection, index: int) -> None:
            for each in conversation._swarm.conversations:  # type: ignore[attr-defined]
                each.network.send_bad_piece(index)

        self.mutate(VerifiedConnection, "refuse_piece", mutant)
        self.assert_found("complains of what came", POISONED, within=5)

    def test_withdraws_what_it_never_told(self) -> None:
        """
        A wrong piece is withdrawn, as if it had been ours.
        """
        refuse = VerifiedConnection.refuse_piece

        def mutant(conversation: VerifiedConnection, index: int) -> None:
            conversation.network.send_withdrawal(index)
            refuse(conversation, index)

        self.mutate(VerifiedConnection, "refuse_piece", mutant)
        self.assert_found("withdraws what was told", POISONED, within=5)

    # The disk that rots or is full.

    def test_no_scrub(self) -> None:
        """
        Nobody looks after what is held.
        """
        self.mutate(Scrubbing, "step", lambda _: 0)
        self.assert_found("everything is healed", TWO_SEEDS, self.rot(1002), within=5)

    def test_no_healing(self) -> None:
        """
        A piece that was lost is not fetched again.
        """
        self.mutate(VerifiedRequests, "lost", lambda *_: None)
        self.assert_found("nothing waits", TWO_SEEDS, self.rot(1002), within=5)

    def test_full_disk_is_given_up(self) -> None:
        """
        After the disk was full nothing is fetched any more.
        """
        self.mutate(VerifiedNode, "_retry_storage", lambda _: None)
        full = Fault(0.5, FaultKind.DISK_FULL, LEECHER, seconds=5.0)
        self.assert_found("liveness", SMALL, [full], within=3)

    def test_change_is_not_noticed(self) -> None:
        """
        Somebody writes into a file of a seed, and it is served as if it were right.
        """
        self.mutate(FileState, "meet", lambda *_: True)
        self.mutate(Scrubbing, "step", lambda _: 0)
        self.assert_found(
            "no honest peer is blamed",
            replace(SLOW, seeds=2),
            within=8,
            acts=[(0.7, spoil(SEED)), (0.7, spoil(SEED, 40_000))],
        )

    # What a next start finds.

    def test_record_before_sync(self) -> None:
        """
        Pieces are recorded before they are on the disk.
        """

        def mutant(file: StoredFile) -> FileIdentity | None:
            with file._open() as fd:
                return FileIdentity.of(file._calls.fstat(fd))

        self.mutate(StoredFile, "sync", mutant)
        self.assert_found_in_the_dark("what is recorded is there", within=40)

    def test_record_is_written_over(self) -> None:
        """
        The record is written in its place, and synced.
        """

        def mutant(state: StateFolder, record: Record) -> None:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
            fd = state._calls.open(state.fd, RECORD_NAME, flags)
            write_all(state._calls, fd, record.encode(), 0)
            sync(state._calls, state.fd)
            sync(state._calls, fd)
            state._calls.close(fd)

        self.mutate(StateFolder, "save_record", mutant)
        self.assert_found_in_the_dark("the record is readable", within=40)

    def test_nothing_is_recorded(self) -> None:
        """
        There is never a record.
        """
        self.mutate(StateFolder, "save_record", lambda *_: None)
        self.assert_found("everything is recorded", within=1)

    def test_refused_bytes_are_recorded(self) -> None:
        """
        What the disk refused is taken to be there.
        """
        synced = StoredFile.sync

        def mutant(file: StoredFile) -> FileIdentity | None:
            with contextlib.suppress(StorageError):
                return synced(file)
            return file.known()[0]

        def swarm(seed: int) -> SimulatedSwarm:
            def witness(at_seconds: float, peer_id: int, event: SwarmEvent) -> None:
                is_first = peer_id == LEECHER and at_seconds < 3.0
                if isinstance(event, FileCompleted) and is_first:
                    made.hosts[LEECHER].disk.fail_writes(1)

            loss = Fault(3.0, FaultKind.POWER_LOSS, LEECHER, seconds=1.0)
            # With seed 0 another rule sees it first.
            scenario = replace(SMALL, seed=seed + 1)
            made = SimulatedSwarm(scenario, faults=[loss], witness=witness)
            return made

        self.mutate(StoredFile, "sync", mutant)
        self.assert_broken("right bytes", swarm, within=10)

    def test_rename_before_sync(self) -> None:
        """
        Files get their names before their bytes are on the disk.
        """

        def mutant(
            placing: Placing, done: Callable[[], None], failed: Callable[..., None]
        ) -> None:
            placing._works.begin(placing._put_in_place, lambda _: done(), failed)

        self.mutate(Placing, "start", mutant)
        self.assert_found_in_the_dark("right bytes", within=40)

    def test_names_are_not_synced(self) -> None:
        """
        Files are told to be in place, and their names are not on the disk.
        """
        self.mutate(DataFolder, "sync_folders", lambda *_: None)
        losses = [Fault(3.0, FaultKind.POWER_LOSS, LEECHER, seconds=1.0)]
        self.assert_found("file in place", SMALL, losses, within=20)

    def test_part_is_forgotten(self) -> None:
        """
        An unfinished file is removed by the next start.
        """

        def mutant(look: _Look) -> None:
            look._folder.state.remove_part(look._number)

        self.mutate(_Look, "_part", mutant)
        crash = Fault(4.0, FaultKind.CRASH, LEECHER, seconds=0.1)
        self.assert_found("what is recorded is held", SLOW, [crash], within=3)

    def test_identity_is_ignored(self) -> None:
        """
        A file that somebody changed while no peer ran is taken for the same.
        """
        of = FileIdentity.of

        def mutant(status: os.stat_result) -> FileIdentity:
            return of(status)._replace(mtime_ns=0)

        self.mutate(FileIdentity, "of", mutant)
        crash = Fault(20.0, FaultKind.CRASH, LEECHER, seconds=2.0)
        self.assert_found(
            "what is recorded is there",
            SMALL,
            [crash],
            within=3,
            acts=[(21.0, spoil(LEECHER))],
        )

    def test_record_of_another_swarm(self) -> None:
        """
        A record is believed, whosever it is.
        """
        decode = Record.decode

        def mutant(data: bytes, infohash: bytes, layout: PieceLayout) -> Record:
            del infohash
            return decode(data, data[18:50], layout)

        self.mutate(Record, "decode", mutant)
        late = Fault(0.0, FaultKind.CRASH, LEECHER, seconds=2.0)
        self.assert_found(
            "what is held is right",
            SMALL,
            [late],
            within=3,
            # It is looked at when the peer runs, in the same moment.
            acts=[(2.0, leave_foreign_record)],
        )


def spoil(peer_id: int, at: int = 100) -> Callable[[SimulatedSwarm], None]:
    """
    Somebody writes into the largest file of a peer, so many bytes from its start.
    """

    def act(swarm: SimulatedSwarm) -> None:
        host = swarm.hosts[peer_id]
        sizes = host.contents.layout.file_sizes_bytes
        host.disk.edit(*host.place(sizes.index(max(sizes))), b"spoiled", at)

    return act


def leave_foreign_record(swarm: SimulatedSwarm) -> None:
    """
    Somebody puts wrong files in their places, and the record of another swarm that
    tells that they are right.
    """
    host = swarm.hosts[LEECHER]
    layout, manifest = host.contents.layout, host.contents.manifest
    assert manifest is not None
    record = Record(bytes(32), Bitfield.full(layout.piece_count))
    for number, size in enumerate(layout.file_sizes_bytes):
        if size:
            folder, name = host.place(number)
            host.disk.put(folder, name, bytes(size))
            status = host.disk.status(folder, name)
            assert status is not None
            record.files[number] = FileIdentity.of(status)
    state = f"{host.folder}/{state_folder_name(manifest.infohash)}"
    host.disk.put(state, RECORD_NAME, record.encode())
