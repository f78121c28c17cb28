"""
Verified swarms of processes: what they move, what they find of it on the disk, what
they make of damage, and whom they let in.
"""

import json
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from swarmpeer.core.layout import PieceLayout
from swarmpeer.storage.verified.resume import Record
from tests.processes import PeerProcess, random_bytes
from tests.verified_swarms import (
    PIECE_SIZE,
    VerifiedSwarm,
    VerifiedTestCase,
    flip_bit,
    listing,
    single_file,
    spoil,
)

_PIECES = 8
_FIRST_HALF, _SECOND_HALF = range(_PIECES // 2), range(_PIECES // 2, _PIECES)
_QUIET = {"checking": {"scrub_rate": 0}}
_CLASSIC = ("--common", "Common.cfg")


def a_folder(folder: Path) -> Path:
    """
    A folder with a bit of everything.
    """
    top = folder / "dataset"
    (top / "below" / "deeper").mkdir(parents=True)
    (top / "large").write_bytes(random_bytes(500_000))
    (top / "below" / "small").write_bytes(b"small")
    (top / "below" / "exact").write_bytes(random_bytes(2 * PIECE_SIZE, 2))
    (top / "below" / "empty").touch()
    (top / "below" / "deeper" / "run").write_bytes(b"#!/bin/sh\n")
    (top / "below" / "deeper" / "run").chmod(0o755)
    (top / "nothing to run").touch()
    (top / "nothing to run").chmod(0o755)
    (top / "link").symlink_to("below/deeper/run")
    (top / "below" / "up").symlink_to("../large")
    (top / "to folder").symlink_to("below/deeper")
    return top


def odd_names(folder: Path) -> Path:
    """
    A folder with names that programs stumble over.
    """
    top = folder / "caf\u00e9 \N{SLICE OF PIZZA}"
    top.mkdir()
    inner = os.path.join(os.fsencode(top), b"\xff\xfe below")
    os.mkdir(inner)
    for number, name in enumerate(
        (
            b"\xe9t\xe9",
            b"half \xed\xa0\x80 a character",
            "e\u0301 apart".encode(),
            "\u00e9 in one".encode(),
            "\N{SLICE OF PIZZA}".encode(),
            b"x" * 255,
            ("\N{SNOWMAN}" * 85).encode(),
            b'new\nline, "quotes" and \\',
            b" ",
        )
    ):
        with open(os.path.join(inner, name), "wb") as file:
            file.write(random_bytes(100, number))
    return top


class WholeSwarmTests(VerifiedTestCase):
    """
    What is moved, undisturbed.
    """

    def test_folder(self) -> None:
        """
        A folder with all kinds of files reaches three peers as it is; every peer
        ends by itself.  Executable bits come along, all else is as the umask of
        the peer says.
        """
        swarm = self.make_verified(a_folder, peers=4)
        swarm.start(1001)
        swarm.start(1002, wrapper=["sh", "-c", 'umask 077; exec "$@"', "sh"])
        swarm.start(1003, wrapper=["sh", "-c", 'umask 002; exec "$@"', "sh"])
        swarm.start(1004)
        swarm.expect_finished()
        for peer_id, modes in ((1002, (0o700, 0o600)), (1003, (0o775, 0o664))):
            below = swarm.place(peer_id) / "below"
            found = (below / "deeper" / "run", below / "small")
            self.assertEqual(
                tuple(stat.S_IMODE(path.stat().st_mode) for path in found), modes
            )
            folder = stat.S_IMODE(below.stat().st_mode)
            self.assertEqual(folder, modes[0])
            downloaded = swarm.downloaded(peer_id)
            self.assertEqual(sorted(downloaded), [*range(swarm.piece_count)])

    def test_odd_names(self) -> None:
        """
        Names that are no UTF-8, put together in either way, of emoji, of 255 bytes
        and with control characters are on the disk byte by byte as they were, and
        what is told of them as JSON is JSON.
        """
        swarm = self.make_verified(odd_names, peers=2)
        swarm.start_all()
        command = [sys.executable, "-m", "swarmpeer", "show", "--json", "data.torrent"]
        shown = self.run_command(command, swarm.folder)
        self.assertEqual(len(json.loads(shown.stdout)["files"]), 9)
        swarm.expect_finished()
        self.assertEqual(len(listing(swarm.place(1002))), 11)

    def test_names_that_clash(self) -> None:
        """
        Of two names that are the same when put together in the same way there is
        no manifest, since not every disk can have both.
        """
        folder = self.make_folder()
        (folder / "data").mkdir()
        for name in ("caf\u00e9", "cafe\u0301"):
            (folder / "data" / name).touch()
        command = [sys.executable, "-m", "swarmpeer", "make", "data"]
        process = self.run_command(command, folder)
        self.expect_refusal(process, "differs from", "how characters are put together")
        self.assertFalse((folder / "data.torrent").exists())

    def test_only_the_infohash(self) -> None:
        """
        A peer that knows only the infohash gets the manifest from the others, and
        keeps it for the next time.
        """
        swarm = self.make_verified(a_folder, peers=3)
        top = {"folder": "{id}", "infohash": swarm.manifest.infohash.hex()}
        swarm.write_config("joining.toml", {**swarm.tables, "": top})
        swarm.start(1003, "--swarm", "joining.toml")
        swarm.start(1001)
        swarm.wait_for(1003, "got the manifest from 1001", "connected with 1001")
        swarm.stop(1003)
        swarm.start(1003, "--swarm", "joining.toml")
        swarm.start(1002)
        swarm.expect_finished()
        saved = swarm.state(1003) / "manifest"
        self.assertEqual(saved.read_bytes(), swarm.manifest.encode())
        self.assertNotIn("got the manifest", swarm.processes[1003].stdout)

    def test_two_swarms_on_the_same_ports(self) -> None:
        """
        Peers of two swarms that call each other by mistake say so, and neither
        gets anything of the other.
        """
        swarm = self.make_verified(single_file(2), peers=2, tables=_QUIET)
        other = self.make_verified(single_file(2, seed=2), peers=2, seeds=[1002])
        other.share_ports(swarm)
        swarm.start(1001)
        other.start(1002)
        for each, peer_id in ((swarm, 1001), (other, 1002)):
            each.wait_for(peer_id, "other-swarm")
        swarm.stop(1001)
        other.stop(1002)
        self.assertEqual(swarm.processes[1001].log + other.processes[1002].log, "")


class FoundTests(VerifiedTestCase):
    """
    What is on the disk already.
    """

    def test_files_of_the_user(self) -> None:
        """
        What is there and right is not fetched, of a file that is partly right only
        the rest is, and a wrong one stays until the right one is whole.
        """
        swarm = self.make_verified(
            single_file(_PIECES), peers=4, seeds=[], partial={1001: _FIRST_HALF}
        )
        swarm.give(1002)
        swarm.give(1003, [0, 1, 2])
        swarm.give(1004, [])
        wrong = swarm.place(1004).read_bytes()
        for peer_id in (1001, 1003, 1004):
            swarm.start(peer_id)
        swarm.wait_for_pieces(1003, 1)
        swarm.wait_for_pieces(1004, 4)
        self.assertEqual(swarm.place(1004).read_bytes(), wrong)
        swarm.start(1002)
        self.assertEqual(swarm.held_at_start(1002), (_PIECES, _PIECES))
        swarm.expect_finished()
        for peer_id, fetched in (
            (1001, _SECOND_HALF),
            (1002, ()),
            (1003, range(3, _PIECES)),
            (1004, range(_PIECES)),
        ):
            self.assertEqual(sorted(swarm.downloaded(peer_id)), [*fetched])

    def test_resume(self) -> None:
        """
        A peer that was stopped half way goes on by the same command, without
        looking at what it had, and fetches the rest alone.
        """
        swarm = self.half_way(1002)
        swarm.start_all()
        self.assertEqual(swarm.held_at_start(1002), (len(_FIRST_HALF), 0))
        swarm.expect_finished()
        self.assertEqual(sorted(swarm.downloaded(1002)), [*range(_PIECES)])

    def test_record_of_no_use(self) -> None:
        """
        A record that is empty, cut, damaged, of a later version or of another
        swarm is set aside; what is there is looked at, only the rest is fetched,
        and the peer ends with status 0.
        """
        damages: dict[int, tuple[Callable[[bytes], bytes], str]] = {
            1002: (lambda _: b"", "it is empty"),
            1003: (lambda data: data[:60], "it is cut short"),
            1004: (lambda data: data[:70] + b"\xff" + data[71:], "it is damaged"),
            1005: (lambda data: data[:17] + b"\2" + data[18:], "of version 2"),
            1006: (self.of_another_swarm, "belongs to another manifest"),
        }
        swarm = self.half_way(*damages)
        for peer_id, (damage, _) in damages.items():
            path = swarm.state(peer_id) / "resume"
            path.write_bytes(damage(path.read_bytes()))
        swarm.start_all()
        swarm.expect_finished()
        for peer_id, (_, reason) in damages.items():
            half = len(_FIRST_HALF)
            self.assertEqual(swarm.held_at_start(peer_id), (half, half))
            said = swarm.processes[peer_id].stdout
            self.assertIn("the record of an earlier run is set aside", said)
            self.assertIn(reason, said)
            self.assertTrue((swarm.state(peer_id) / "resume.bad").exists())
            self.assertEqual(sorted(swarm.downloaded(peer_id)), [*range(_PIECES)])

    def half_way(self, *leechers: int) -> VerifiedSwarm:
        """
        A swarm of which the C{leechers} got half and were stopped; the last peer
        has everything and was not there yet.
        """
        peers = len(leechers) + 2
        swarm = self.make_verified(
            single_file(_PIECES),
            peers=peers,
            seeds=[1000 + peers],
            partial={1001: _FIRST_HALF},
        )
        swarm.start_all(1001, *leechers)
        for peer_id in leechers:
            swarm.wait_for_pieces(peer_id, len(_FIRST_HALF))
        swarm.stop(1001, *leechers)
        return swarm

    @staticmethod
    def of_another_swarm(data: bytes) -> bytes:
        """
        The same record, as a swarm of the same shape would have written it.
        """
        layout = PieceLayout.of_files([_PIECES * PIECE_SIZE], PIECE_SIZE)
        infohash = data[18:50]
        record = Record.decode(data, infohash, layout)
        record.infohash = bytes(reversed(infohash))
        return record.encode()


class DamageTests(VerifiedTestCase):
    """
    What becomes of files while a peer has them.
    """

    def test_changed_bit(self) -> None:
        """
        A piece of a seed's file that somebody changes is withdrawn by that seed,
        told, and got back from another holder; a peer that comes later gets the
        right file.
        """
        swarm = self.make_verified(single_file(_PIECES), peers=3, seeds=[1001, 1002])
        swarm.start_all(1001, 1002)
        swarm.wait_for(1002, "connected with 1001")
        flip_bit(swarm.place(1001), 3 * PIECE_SIZE + 5)
        swarm.wait_for(
            1001,
            "was changed by somebody",
            "is not right any more",
            "is right again",
        )
        self.assertEqual(swarm.downloaded(1001), [3])
        self.assertEqual(swarm.place(1001).read_bytes(), swarm.original.read_bytes())
        swarm.start(1003)
        swarm.expect_finished()
        self.assertNotIn("wrong bytes", swarm.processes[1003].stdout)

    def test_rotten_bit(self) -> None:
        """
        A bit that changes with nothing else to tell of it: no peer accepts the
        piece, and the seed, which hears that, withdraws it and gets it back as
        soon as there is another holder.
        """
        swarm = self.make_verified(
            single_file(_PIECES), peers=3, seeds=[1001, 1003], tables=_QUIET
        )
        swarm.start(1001)
        swarm.wait_for(1001, " pieces from the start")
        flip_bit(swarm.place(1001), 3 * PIECE_SIZE + 5, secretly=True)
        swarm.start(1002)
        swarm.wait_for(1002, "1001 sent wrong bytes for piece 3")
        swarm.wait_for_pieces(1002, _PIECES - 1)
        swarm.wait_for(1001, "1002 says that it got piece 3 wrong")
        swarm.wait_for(1001, "is not right any more")
        self.assertFalse(swarm.place(1002).exists())
        swarm.start(1003)
        swarm.expect_finished()
        self.assertEqual(sorted(swarm.downloaded(1002)), [*range(_PIECES)])
        self.assertNotIn("shut out", swarm.processes[1002].stdout)

    def test_scrub(self) -> None:
        """
        A rotten piece is found with nobody asking for it.
        """
        swarm = self.make_verified(
            single_file(_PIECES),
            peers=3,
            seeds=[1001, 1002],
            tables={"checking": {"scrub_rate": "1 MiB"}},
        )
        swarm.start_all(1001, 1002)
        swarm.wait_for(1002, "connected with 1001")
        seed = swarm.processes[1001]
        # Or it would look before the old time is put back.
        seed.signal(signal.SIGSTOP)
        flip_bit(swarm.place(1001), PIECE_SIZE, secretly=True)
        seed.signal(signal.SIGCONT)
        swarm.wait_for(1001, "is not right any more", "is right again")
        self.assertNotIn("changed by somebody", swarm.processes[1001].stdout)
        swarm.start(1003)
        swarm.expect_finished()

    def test_seed_changes(self) -> None:
        """
        A seed's file is written over, cut, or replaced while it is served: the seed
        says so, and nobody gets a mixture.  With another holder all end right; where
        the file was cut or replaced, the seed does not touch it before its next
        start.
        """
        swarms = {
            change: self.make_verified(
                single_file(_PIECES), peers=3, seeds=[1001, 1003]
            )
            for change in (self.write_over, self.cut, self.replace)
        }
        for swarm in swarms.values():
            swarm.start(1001)
        for change, swarm in swarms.items():
            swarm.wait_for(1001, " pieces from the start")
            change(swarm.place(1001))
            swarm.start(1002)
        for swarm in swarms.values():
            swarm.wait_for(1001, "by somebody", "is not right any more")
            swarm.wait_for_pieces(1002, 2)
            self.assertFalse(swarm.place(1002).exists())
            swarm.start(1003)
        for change, swarm in swarms.items():
            if change is not self.write_over:
                swarm.wait_for(1002, "the whole file is in place")
                swarm.wait_for(1001, "not touched until this peer is started anew")
                swarm.stop(1001)
                # As a seed it does not start with that.
                swarm.members[0].is_seed = False
                swarm.write()
                swarm.start(1001)
            swarm.expect_finished()
            self.assertEqual(len(set(swarm.downloaded(1002))), _PIECES)

    @staticmethod
    def write_over(path: Path) -> None:
        """
        Other contents for the second half.
        """
        data = bytearray(path.read_bytes())
        for index in _SECOND_HALF:
            spoil(data, index)
        with path.open("r+b") as file:
            file.write(data)

    @staticmethod
    def cut(path: Path) -> None:
        """
        Only the first pieces are left.
        """
        os.truncate(path, 3 * PIECE_SIZE + 1)

    @staticmethod
    def replace(path: Path) -> None:
        """
        Another file of that size has its name.
        """
        data = bytearray(path.read_bytes())
        for index in _SECOND_HALF:
            spoil(data, index)
        other = path.with_name("other")
        other.write_bytes(data)
        os.replace(other, path)


class DiskFullTests(VerifiedTestCase):
    """
    A leecher with a small disk of its own.
    """

    def test_data(self) -> None:
        """
        It says at once that the room is too small, fetches until the disk is full,
        goes on serving what it has, and fetches again within five seconds of there
        being room.
        """
        swarm = self.make_verified(single_file(_PIECES), peers=3)
        disk = self.mount(swarm, 1002, 32 * PIECE_SIZE)
        disk.fill(leave_bytes=4 * PIECE_SIZE)
        swarm.start_all(1001, 1002)
        swarm.wait_for(1002, "make room, or fetching will pause")
        swarm.wait_for(1002, "cannot be kept, fetching pauses")
        self.assertFalse(swarm.place(1002).exists())
        swarm.stop(1001)
        swarm.start(1003)
        swarm.wait_for_pieces(1003, len(swarm.downloaded(1002)))
        swarm.start(1001)
        swarm.wait_for(1002, "disconnected from 1001")
        swarm.wait_for_again(1002, "connected with 1001")
        disk.make_room()
        swarm.wait_for(1002, "the disk takes pieces again", seconds=5)
        swarm.expect_finished()
        self.assertEqual(sorted(swarm.downloaded(1002)), [*range(_PIECES)])

    def test_record(self) -> None:
        """
        When there is room for the data and none for the record, the peer fetches
        all and says what it cannot do; with room again the record is there within
        five seconds.
        """
        swarm = self.make_verified(
            single_file(_PIECES),
            peers=4,
            seeds=[1003],
            partial={1001: _FIRST_HALF},
            tables={"storage": {"preallocate": True}},
        )
        disk = self.mount(swarm, 1002, 32 * PIECE_SIZE)
        swarm.start_all(1001, 1002)
        swarm.wait_for_pieces(1002, len(_FIRST_HALF))
        disk.fill()
        swarm.start(1003)
        swarm.wait_for(1002, "cannot be recorded for a later run")
        swarm.wait_for(1002, "the whole file is in place")
        disk.make_room()
        swarm.wait_for_record(1002, _PIECES, seconds=5)
        swarm.start(1004)
        swarm.expect_finished()


class ClassicTests(VerifiedTestCase):
    """
    Peers that speak the protocol of the course alone.
    """

    def test_refused(self) -> None:
        """
        Where they are not allowed, one that calls is turned away, and the log says
        what to set.
        """
        swarm = self.make_verified(single_file(2), peers=2)
        swarm.write_classic()
        swarm.start(1001)
        swarm.wait_for(1001, "listening at")
        swarm.start(1002, *_CLASSIC)
        swarm.wait_for(1001, "classic-peer", "allow_classic = true")
        swarm.stop(1001, 1002)
        self.assertEqual(swarm.downloaded(1002), [])

    def test_leecher(self) -> None:
        """
        Where they are, a classic leecher and a verified one get the file of a
        verified seed, and all end.
        """
        swarm = self.make_verified(
            single_file(_PIECES),
            peers=3,
            classic=[1002],
            tables={"": {"allow_classic": True}},
        )
        swarm.write_classic()
        swarm.start_all(1001, 1003)
        swarm.start(1002, *_CLASSIC)
        swarm.expect_finished()

    def test_seed(self) -> None:
        """
        What a classic seed sends is checked like all else: a wrong piece of it is
        not kept, and comes from another holder.
        """
        swarm = self.make_verified(
            single_file(_PIECES),
            peers=3,
            seeds=[1003],
            partial={1001: [0, 1, 3, 4, 5, 6, 7]},
            classic=[1001],
            tables={"": {"allow_classic": True}},
        )
        swarm.members[0].is_seed = True
        swarm.write_classic()
        swarm.start(1001, *_CLASSIC)
        swarm.start(1002)
        swarm.wait_for(1002, "1001 sent wrong bytes for piece 2")
        swarm.wait_for_pieces(1002, _PIECES - 1)
        swarm.start(1003)
        swarm.expect_finished(1002, 1003)
        self.assertEqual(swarm.processes[1001].wait_for_exit(), 0)


class RefusalTests(VerifiedTestCase):
    """
    What a peer does not start with: one line on stderr, status 1, and soon.
    """

    def expect_failure(self, process: PeerProcess, *words: str) -> None:
        """
        It ends with one line that holds all C{words}, and with status 1.
        """
        self.expect_refusal(process, *words)
        self.assertEqual(process.wait_for_exit(), 1)

    def test_seed_without_files(self) -> None:
        """
        A seed that has nothing, or nothing right, says what is missing; nobody
        hears of it.
        """
        swarm = self.make_verified(
            single_file(2), peers=3, seeds=[], partial={1001: []}
        )
        swarm.members[0].is_seed = swarm.members[1].is_seed = True
        swarm.write()
        (swarm.folder / "1002").mkdir()
        for peer_id in (1001, 1002):
            self.expect_failure(swarm.start(peer_id), f"{peer_id}/TheFile.dat")

    def test_port_is_taken(self) -> None:
        """
        A busy port is named with its host.
        """
        swarm = self.make_verified(single_file(2), peers=1)
        port = swarm.port(1001)
        with socket.create_server(("", port), reuse_port=False):
            self.expect_failure(swarm.start(1001), f"127.0.0.1:{port}")

    def test_started_twice(self) -> None:
        """
        The second start in one folder names the process that has it, which goes on.
        """
        swarm = self.make_verified(single_file(2), peers=2, seeds=[1002])
        first = swarm.start(1001)
        swarm.wait_for(1001, "listening at")
        self.expect_failure(swarm.start(1001), str(first.pid))
        swarm.processes[1001] = first
        swarm.start(1002)
        swarm.expect_finished()

    def test_no_place_for_the_manifest(self) -> None:
        """
        A peer that knows only the infohash and cannot keep the manifest ends as
        soon as it has it.
        """
        swarm = self.make_verified(single_file(2), peers=2)
        top = {"folder": "{id}", "infohash": swarm.manifest.infohash.hex()}
        swarm.write_config("joining.toml", {**swarm.tables, "": top})
        swarm.home(1002).write_text("in the way")
        swarm.start(1001)
        swarm.wait_for(1001, " pieces from the start")
        process = swarm.start(1002, "--swarm", "joining.toml")
        self.expect_failure(process, "put a real folder there")

    def test_configuration(self) -> None:
        """
        A mistake in C{swarm.toml}, an id that is no member, and a manifest that is
        missing or none are named with the place.
        """
        swarm = self.make_verified(single_file(2), peers=1)
        swarm.write_config("odd.toml", {"": {**swarm.tables[""], "colour": "blue"}})
        swarm.write_config("gone.toml", {"": {"manifest": "gone.torrent"}})
        swarm.write_config("none.toml", {"": {"manifest": "none.toml"}})
        for peer_id, name, words in (
            (1001, "odd.toml", ["odd.toml:3:", "colour"]),
            (1009, "swarm.toml", ["swarm.toml:", "1009", "1001"]),
            (
                1001,
                "gone.toml",
                ["gone.toml: manifest: ", "gone.torrent: No such file"],
            ),
            (1001, "none.toml", ["none.toml: is no manifest"]),
        ):
            self.expect_failure(swarm.start(peer_id, "--swarm", name), *words)
