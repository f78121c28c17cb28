"""
Tests for L{swarmpeer.manifest_commands}, in this process.
"""

import io
import json
import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main
from swarmpeer.file_name import LOCK_NAME, state_folder_name
from swarmpeer.manifest import ManifestFile, compose_manifest
from swarmpeer.manifest_commands import make
from swarmpeer.manifest_commands.verify import verdict
from swarmpeer.manifest_files import Fault, Finding, read_manifest
from swarmpeer.storage.folder import FolderLock
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.test.manifest_fixtures import BIG, make_folder


class CommandTests(SynchronousTestCase):
    """
    C{swarmpeer make}, C{show} and C{verify}.
    """

    def setUp(self) -> None:
        """
        A folder to work in, with a bit of everything in C{content}.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.content = make_folder(self.folder / "content")

    def outcome(self, *arguments: str) -> tuple[object, str, str]:
        """
        The exit status, and what was said and complained.
        """
        out, errors = io.StringIO(), io.StringIO()
        status: object
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
            try:
                status = main(arguments)
            except SystemExit as exit:
                status = exit.code
        return status, out.getvalue(), errors.getvalue()

    def said(self, *arguments: str, status: int = 0) -> list[str]:
        """
        What a command said that complained of nothing.
        """
        found, out, errors = self.outcome(*arguments)
        self.assertEqual((found, errors), (status, ""))
        return out.splitlines()

    def test_help(self) -> None:
        """
        C{swarmpeer} alone tells how a verified swarm is made and run.
        """
        text = "\n".join(self.said("--help"))
        self.assertIn("a large file or a folder", text)
        lines = (
            "swarmpeer make FOLDER",
            "swarmpeer config check",
            "twistd -n swarmpeer --swarm swarm.toml --id 1001",
        )
        self.assertIn("\n".join(f"  {line}" for line in lines), text)

    def test_make(self) -> None:
        """
        It writes the manifest here and says one line about it.
        """
        (line,) = self.said("make", "content")
        manifest = read_manifest(self.folder / "content.torrent")
        self.assertEqual(
            line,
            "content: 4 files, 2 links, 6 pieces of 16K, infohash "
            f"{manifest.infohash.hex()}",
        )
        self.assertEqual(
            sorted(os.listdir(self.folder)), ["content", "content.torrent"]
        )

    def test_make_elsewhere(self) -> None:
        """
        The place and the piece size are as was asked for.
        """
        options = ("-o", "big.manifest", "--piece-size", "32K")
        (line,) = self.said("make", "content/big", *options)
        self.assertIn("big: 1 file, 2 pieces of 32K, infohash ", line)
        manifest = read_manifest(self.folder / "big.manifest")
        self.assertEqual(manifest.piece_size_bytes, 32 * 1024)

    def test_force(self) -> None:
        """
        Only with --force is a file replaced.
        """
        target = self.folder / "content.torrent"
        target.write_bytes(b"precious")
        status, out, errors = self.outcome("make", "content")
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(
            errors,
            "swarmpeer make: content.torrent: is there already; --force replaces it\n",
        )
        self.assertEqual(target.read_bytes(), b"precious")
        self.said("make", "content", "--force")
        self.assertEqual(
            self.said("verify", "content.torrent", "content")[0][:3], "OK:"
        )

    def test_make_refused(self) -> None:
        """
        Each mistake gets one line and status 2, and nothing is written.
        """
        (self.folder / "file").write_bytes(b"x")
        content = str(self.content)
        for arguments, expected in (
            (["none"], "none: No such file or directory"),
            ([""], "an empty path"),
            (["/"], "/: has no name"),
            (["content", "-o", "content/m"], "content/m: would be part of content"),
            (["content", "-o", f"{content}/bin/m"], "would be part of content"),
            (["file", "-o", "file", "--force"], "file: would be part of file"),
            (["content", "-o", "none/m"], "none: is no folder"),
            (["content", "--piece-size", "8K"], "'8K' is no power of two from 16K"),
            (["content", "--piece-size", "48K"], "'48K' is no power of two from 16K"),
            (["content", "--piece-size", "1G"], "'1G' is no power of two from 16K"),
            (["content", "--piece-size", "x"], "'x' is no size"),
            (["content/nothing"], "content/nothing: holds no file"),
            ([], "arguments are required: PATH"),
        ):
            status, out, errors = self.outcome("make", *arguments)
            self.assertEqual((status, out, errors.count("\n")), (2, "", 1), errors)
            self.assertTrue(errors.startswith("swarmpeer make: "), errors)
            self.assertIn(expected, errors)
            self.assertEqual(sorted(os.listdir(self.folder)), ["content", "file"])

    def test_names_of_our_own(self) -> None:
        """
        A folder in which a peer works has more in it than data.
        """
        advice = (
            "is of a peer, and no data; give the path of the file or the folder that "
            "the data is in, and of nothing else"
        )
        for name in (state_folder_name(bytes(32)), LOCK_NAME):
            for folder in (self.content, self.content / "bin"):
                (folder / name).mkdir()
                shown = (folder / name).relative_to(self.folder)
                self.assertEqual(
                    self.outcome("make", "content"),
                    (2, "", f"swarmpeer make: {shown}: {advice}\n"),
                )
                (folder / name).rmdir()
        self.said("make", "content")

    def test_running_peer(self) -> None:
        """
        Who makes a manifest of what a running peer keeps as it is is warned; one that
        ended, or works elsewhere, is none.
        """
        state = self.folder / state_folder_name(bytes(32))
        state.mkdir()
        (state / "lock").write_text("17\n")
        self.said("make", "content")
        calls = SystemCalls()
        fd = calls.open_folder(str(state))
        self.addCleanup(calls.close, fd)
        lock = FolderLock(calls, fd, state, "lock")
        words = (
            f"a peer runs here (process {os.getpid()}) and keeps the files as its "
            "manifest says; stop it first"
        )
        link = self.folder / "bin" / "link"
        link.parent.mkdir()
        link.symlink_to(self.content)
        for path in ("content", str(link)):
            status, out, errors = self.outcome("make", path, "-o", "m", "--force")
            self.assertEqual((status, out.count("\n")), (0, 1))
            self.assertEqual(errors, f"swarmpeer make: warning: {words}\n")
        self.said("make", "content/big")
        calls.truncate(calls.open(fd, "lock", os.O_RDWR), 0)
        _, _, errors = self.outcome("make", "content", "--force")
        self.assertIn("(another process)", errors)
        lock.release()
        for other in ("pipe", "link", "none"):
            (self.folder / f".swarmpeer-{other}").mkdir()
        os.mkfifo(self.folder / ".swarmpeer-pipe" / "lock")
        (self.folder / ".swarmpeer-link" / "lock").symlink_to(self.content / "big")
        self.said("make", "content", "--force")

    def test_unwritable(self) -> None:
        """
        A manifest that cannot be written is status 1.
        """
        name = "x" * 250
        (self.folder / name).write_bytes(b"x")
        status, _, errors = self.outcome("make", name)
        self.assertEqual((status, errors.count("\n")), (1, 1))
        self.assertIn("File name too long", errors)

    def test_show(self) -> None:
        """
        A manifest for people: a line for each file.
        """
        self.said("make", "content")
        infohash = read_manifest(self.folder / "content.torrent").infohash.hex()
        self.assertEqual(
            self.said("show", "content.torrent"),
            [
                "content: a folder",
                f"infohash  {infohash}",
                "contents  4 files, 2 links, 51.2 kB",
                "pieces    6 of 16K",
                "",
                " bytes  pieces      path",
                "51,200       4  --  big",
                "    10       1  x-  bin/run",
                "     0       0  --  bin/same -> big",
                "     0       0  --  empty",
                "     0       0  --  tools -> bin",
                "     3       1  --  \\udcff\\n\N{SNOWMAN}",
            ],
        )

    def test_json(self) -> None:
        """
        The JSON is plain ASCII in one line, whatever the names are; the bytes of
        those that are no UTF-8 stand beside them.
        """
        self.said("make", "content")
        (line,) = self.said("show", "--json", "content.torrent")
        self.assertTrue(line.isascii())
        # No half characters, which many readers of JSON refuse.
        self.assertNotIn("\\ud", line)
        value = json.loads(line)
        files = value.pop("files")
        manifest = read_manifest(self.folder / "content.torrent")
        self.assertEqual(
            value,
            {
                "name": "content",
                "name_hex": None,
                "infohash": manifest.infohash.hex(),
                "is_single_file": False,
                "is_hybrid": False,
                "size_bytes": 51213,
                "piece_size_bytes": 16384,
                "piece_count": 6,
            },
        )
        run, same, odd = files[1], files[2], files[-1]
        root = manifest.files[1].pieces_root
        assert root is not None
        self.assertEqual(
            run,
            {
                "path": "bin/run",
                "path_hex": None,
                "size_bytes": 10,
                "piece_count": 1,
                "pieces_root": root.hex(),
                "is_executable": True,
                "is_hidden": False,
                "link_target": None,
                "link_target_hex": None,
            },
        )
        self.assertEqual((same["link_target"], same["pieces_root"]), ("big", None))
        self.assertEqual(odd["path"], "\ufffd\n\N{SNOWMAN}")
        self.assertEqual(odd["path_hex"], b"\xff\n\xe2\x98\x83".hex())

    def test_odd_names(self) -> None:
        """
        Names of any bytes are kept as they are, from the disk to the disk.
        """
        names = [b"\xff", b"\xed\xb3\xbf", "e\u0301".encode(), "\U0001f355".encode()]
        names.append(b"x" * 255)
        for name in names:
            path = os.path.join(os.fsencode(self.folder), name)
            with open(path, "wb") as file:
                file.write(b"x")
            self.said("make", os.fsdecode(path), "-o", "m", "--force")
            (line,) = self.said("show", "--json", "m")
            value = json.loads(line)
            found = value["name_hex"] or value["name"].encode().hex()
            self.assertEqual(bytes.fromhex(found), name)
            self.assertIn("OK: ", self.said("verify", "m", os.fsdecode(path))[0])

    def test_hybrid(self) -> None:
        """
        Of a hybrid it is told that it is one.
        """
        manifest = compose_manifest("x", [ManifestFile(("x",), 0)], 16384)
        key = b"12:meta version"
        data = manifest.encode().replace(key, b"6:lengthi0e" + key)
        (self.folder / "hybrid").write_bytes(data)
        lines = self.said("show", "hybrid")
        self.assertEqual(lines[0], "x: a file")
        self.assertIn(
            "hybrid    there is a BitTorrent v1 part, which is not used", lines
        )

    def test_verify(self) -> None:
        """
        Every difference has a line; the last line sums them up.
        """
        self.said("make", "content")
        self.assertEqual(
            self.said("verify", "content.torrent", "content"),
            ["OK: content: 4 files, 2 links, 6 pieces"],
        )
        (self.content / "big").write_bytes(b"x" + BIG[1:40_000])
        (self.content / "bin" / "run").unlink()
        (self.content / "a\nb").write_bytes(b"")
        self.assertEqual(
            self.said("verify", "content.torrent", "content", status=1),
            [
                "a\\nb: extra",
                "big: wrong size: is 40000 bytes, 51200 would be right",
                "big: bad pieces: 0, 2-3 of 4",
                "bin/run: missing",
                "FAILED: content: 4 differences, 3 of 6 pieces bad, 1 missing",
            ],
        )
        self.assertEqual(
            self.said("verify", "content.torrent", "none", status=1),
            [
                "none: missing",
                "FAILED: content: 1 difference, 0 of 6 pieces bad, 6 missing",
            ],
        )

    def test_what_is_missing(self) -> None:
        """
        Pieces of files that are not there are summed up, each once, whatever stands
        in their place; those that cannot be read are bad.
        """
        self.said("make", "content")
        (self.content / "bin" / "run").unlink()
        (self.content / "bin" / "same").unlink()
        (self.content / "bin").rmdir()
        (self.content / "bin").write_bytes(b"")
        *lines, last = self.said("verify", "content.torrent", "content", status=1)
        self.assertEqual(len(lines), 3)
        self.assertTrue(last.endswith(": 3 differences, 0 of 6 pieces bad, 1 missing"))
        *_, last = self.said("verify", "content.torrent", "content/big", status=1)
        self.assertTrue(last.endswith(": 1 difference, 0 of 6 pieces bad, 6 missing"))
        manifest = read_manifest(self.folder / "content.torrent")
        for path, pieces in (((), 6), (("bin",), 1), (("big",), 4)):
            finding = Finding(Fault.UNREADABLE, path, "Permission denied")
            self.assertEqual(
                verdict(manifest, [finding]),
                f"FAILED: content: 1 difference, {pieces} of 6 pieces bad",
            )

    def test_bad_manifests(self) -> None:
        """
        What is no manifest gets one line and status 2, from both that read one.
        """
        (self.folder / "bad").write_bytes(b"d4:infodee")
        for name, expected in (
            ("bad", "bad: meta version: is missing, so it is of BitTorrent v1"),
            ("none", "none: No such file or directory"),
            ("content", "content: Is a directory"),
        ):
            for command, more in (("show", []), ("verify", ["content"])):
                found = self.outcome(command, name, *more)
                self.assertEqual(found, (2, "", f"swarmpeer {command}: {expected}\n"))

    def test_nobody_reads(self) -> None:
        """
        Output that cannot be written is status 1 and one line.
        """
        self.said("make", "content")
        errors = io.StringIO()
        with (
            chdir(self.folder),
            open("/dev/full", "w") as full,
            redirect_stdout(full),
            redirect_stderr(errors),
        ):
            self.assertEqual(main(["show", "content.torrent"]), 1)
        self.assertEqual(
            errors.getvalue(), "swarmpeer show: the output cannot be written\n"
        )

    def test_made_meanwhile(self) -> None:
        """
        A manifest that somebody else made while we worked is not replaced.
        """
        target = self.folder / "content.torrent"

        def occupy(*_arguments: object, **_options: object) -> None:
            target.write_bytes(b"precious")
            raise FileExistsError

        self.patch(make, "save_manifest", occupy)
        status, _, errors = self.outcome("make", "content")
        self.assertEqual((status, errors.count("\n")), (2, 1))
        self.assertIn("is there already", errors)
