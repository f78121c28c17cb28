"""
The commands about manifests as whole processes, and manifests from one program to
another.
"""

import importlib
import importlib.util
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from unittest import skipUnless

from swarmpeer.manifest import Manifest, parse_manifest
from swarmpeer.manifest_files import build_manifest, check_files
from tests.processes import (
    PATIENCE_SECONDS,
    ProcessTestCase,
    child_environment,
    random_bytes,
)

_SWARMPEER = [sys.executable, "-m", "swarmpeer"]
_PIECE_SIZE = 32 * 1024


def make_content(folder: Path, *, links: bool) -> Path:
    """
    A folder with files of many sizes.
    """
    content = folder / "content"
    (content / "below" / "deeper").mkdir(parents=True)
    for number, size in enumerate(
        (0, 1, 16384, 16385, 32768, 32769, 65536, 100_000, 1_000_000)
    ):
        place = (content, content / "below", content / "below" / "deeper")[number % 3]
        (place / f"{number}.bin").write_bytes(random_bytes(size, number))
    (content / "again").write_bytes(random_bytes(100_000, 7))
    (content / ".dot").write_bytes(b".")
    (content / "caf\u00e9 \N{SNOWMAN}").write_bytes(b"text")
    (content / "below" / "run").write_bytes(b"#!/bin/sh\n")
    (content / "below" / "run").chmod(0o755)
    if links:
        (content / "link").symlink_to("below/run")
        (content / "below" / "up").symlink_to("../again")
        (content / "to folder").symlink_to("below/deeper")
    return content


class ManifestCommandTests(ProcessTestCase):
    """
    C{swarmpeer make}, C{show} and C{verify}.
    """

    def test_all_three(self) -> None:
        """
        What one makes the others read; a changed byte is found; all have their exit
        status.
        """
        folder = self.make_folder()
        content = make_content(folder, links=True)

        def run(*words: str, status: int = 0) -> str:
            process = self.run_command([*_SWARMPEER, *words], folder)
            self.assertEqual((process.wait_for_exit(), process.stderr), (status, ""))
            return process.stdout

        made = run("make", "content", "-o", "m.torrent", "--piece-size", "32K")
        shown = json.loads(run("show", "m.torrent", "--json"))
        self.assertRegex(made, r"^content: 13 files, 3 links, \d+ pieces of 32K, .*\n$")
        self.assertTrue(made.endswith(f"infohash {shown['infohash']}\n"))
        self.assertIn(f"infohash  {shown['infohash']}\n", run("show", "m.torrent"))
        good = run("verify", "m.torrent", "content")
        self.assertRegex(good, r"^OK: content: .*\n$")
        path = content / "below" / "deeper" / "8.bin"
        data = bytearray(path.read_bytes())
        data[500_000] ^= 1
        path.write_bytes(data)
        bad = run("verify", "m.torrent", "content", status=1)
        self.assertIn("below/deeper/8.bin: bad pieces: 15 of 31\n", bad)
        refused = self.run_command([*_SWARMPEER, "show", "content/again"], folder)
        self.expect_refusal(refused, "swarmpeer show: content/again: is no manifest")
        self.assertEqual(refused.wait_for_exit(), 2)

    def test_interrupted(self) -> None:
        """
        On a terminal it tells how far it is; after Ctrl-C the line is clear, the
        status tells of it, and nothing is left.
        """
        folder = self.make_folder()
        with (folder / "huge").open("wb") as file:
            file.truncate(1 << 40)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen(
            [*_SWARMPEER, "make", "huge"],
            cwd=folder,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        self.addCleanup(process.kill)
        os.close(theirs)
        told = b""
        while not re.search(rb"huge: 0% of 1.10 TB, [\d.]+ [kMG]B/s", told):
            told += os.read(ours, 1000)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE_SECONDS), 130)
        told += _rest(ours)
        self.assertTrue(told.endswith(b"\r\x1b[K"), told)
        self.assertNotIn(b"Traceback", told)
        self.assertEqual(os.listdir(folder), ["huge"])


def _rest(fd: int) -> bytes:
    """
    What was written to the other end before it closed.
    """
    found = b""
    try:
        while data := os.read(fd, 1000):
            found += data
    except OSError:
        # So Linux says that nobody is at the other end.
        pass
    return found


@skipUnless(
    importlib.util.find_spec("libtorrent"), "the package libtorrent is not installed"
)
class LibtorrentTests(ProcessTestCase):
    """
    Manifests of ours in libtorrent 2, and of libtorrent's here.
    """

    def setUp(self) -> None:
        """
        Only now, so that without it the others can be run.
        """
        self.lt = importlib.import_module("libtorrent")

    def theirs(self, path: Path, *, is_hybrid: bool = False) -> Manifest:
        """
        What libtorrent makes of a path, as it is read here.
        """
        lt = self.lt
        flags = lt.create_torrent.symlinks
        if not is_hybrid:
            flags |= lt.create_torrent.v2_only
        files = lt.list_files(str(path), flags=flags)
        torrent = lt.create_torrent(files, _PIECE_SIZE, flags)
        lt.set_piece_hashes(torrent, str(path.parent))
        data = lt.bencode(torrent.generate())
        manifest = parse_manifest(data)
        info = lt.torrent_info(lt.bdecode(data))
        self.assertEqual(str(info.info_hashes().v2), manifest.infohash.hex())
        return manifest

    def expect_loads(self, manifest: Manifest) -> None:
        """
        libtorrent takes ours for what we do: name, files, pieces, infohash.
        """
        lt = self.lt
        info = lt.torrent_info(lt.bdecode(manifest.encode()))
        self.assertEqual(str(info.info_hashes().v2), manifest.infohash.hex())
        self.assertEqual(
            (info.name(), info.piece_length(), info.num_pieces()),
            (manifest.name, manifest.piece_size_bytes, manifest.piece_count),
        )
        files = info.files()
        # It calls a file alone by its name, those of a folder by the way to them.
        above = () if manifest.is_single_file else (manifest.name,)
        found = {}
        for index in range(files.num_files()):
            if not files.file_flags(index) & lt.file_storage.flag_pad_file:
                root = bytes(files.root(index).to_bytes())
                found[files.file_path(index)] = (files.file_size(index), root)
        self.assertEqual(
            found,
            {
                "/".join((*above, *file.path)): (
                    file.size_bytes,
                    file.pieces_root or bytes(32),
                )
                for file in manifest.files
            },
        )

    def test_file(self) -> None:
        """
        Of a file both make the same.
        """
        folder = self.make_folder()
        for size in (1, 16384, 32768, 32769, 1_000_000):
            path = folder / "one.bin"
            path.write_bytes(random_bytes(size))
            ours, theirs = build_manifest(path, _PIECE_SIZE), self.theirs(path)
            self.assertEqual(ours, theirs)
            self.expect_loads(ours)
            self.assertEqual(check_files(theirs, path), [])

    def test_folder(self) -> None:
        """
        Of a folder both make the same.
        """
        content = make_content(self.make_folder(), links=False)
        ours, theirs = build_manifest(content, _PIECE_SIZE), self.theirs(content)
        self.assertEqual(ours, theirs)
        self.expect_loads(ours)
        self.assertEqual(check_files(theirs, content), [])

    def test_links(self) -> None:
        """
        Of links both know where they lead, though they mark them differently.
        """
        content = make_content(self.make_folder(), links=True)
        ours, theirs = build_manifest(content, _PIECE_SIZE), self.theirs(content)
        self.assertEqual(ours.files, theirs.files)
        self.expect_loads(ours)
        self.assertEqual(check_files(theirs, content), [])

    def test_hybrid(self) -> None:
        """
        Of a hybrid the v2 part is the same.
        """
        content = make_content(self.make_folder(), links=False)
        theirs = self.theirs(content, is_hybrid=True)
        self.assertTrue(theirs.is_hybrid)
        self.assertEqual(build_manifest(content, _PIECE_SIZE).files, theirs.files)
        self.assertEqual(check_files(theirs, content), [])

    def test_whole_commands(self) -> None:
        """
        What C{swarmpeer make} writes is seeded by libtorrent once it has checked the
        files.
        """
        folder = self.make_folder()
        make_content(folder, links=False)
        process = self.run_command(
            [*_SWARMPEER, "make", "content", "-o", "m.torrent"], folder
        )
        self.assertEqual(process.wait_for_exit(), 0)
        lt = self.lt
        session = lt.session(
            {
                "listen_interfaces": "",
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "alert_mask": lt.alert.category_t.status_notification,
            }
        )
        handle = session.add_torrent(
            {"ti": lt.torrent_info(str(folder / "m.torrent")), "save_path": str(folder)}
        )

        def is_seeding() -> bool:
            return bool(handle.status().state == lt.torrent_status.states.seeding)

        for _ in range(int(PATIENCE_SECONDS * 10)):
            if is_seeding():
                break
            session.wait_for_alert(100)
            session.pop_alerts()
        self.assertTrue(is_seeding(), str(handle.status().state))
