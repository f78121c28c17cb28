"""
Tests for L{swarmpeer.config_commands}, in this process.
"""

import io
import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main
from swarmpeer.config import CommonConfig, Member, PeerInfo, SwarmConfig
from swarmpeer.config_commands.converting import convert, format_converted
from swarmpeer.errors import ConfigError
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.test.manifest_fixtures import make_folder
from swarmpeer.test.test_config import common_configs, peer_lists

COMMON = """\
NumberOfPreferredNeighbors 2
UnchokingInterval 5
OptimisticUnchokingInterval 15
FileName The"File.dat
FileSize 51200
PieceSize 32768
"""
PEERS = "1001 localhost 6008 0\n1002 ::1 6009 1\n"

CONVERTED = """\
# The swarm of Common.cfg and PeerInfo.cfg.  Each key is told in
# docs/configuration.md; 'swarmpeer config check' looks whether all is right.

# What the swarm is about, to be made once, where the whole file is:
#   swarmpeer make 'peer_1002/The"File.dat' -o 'The"File.dat.torrent' --piece-size 32K
manifest = "The\\"File.dat.torrent"
# Where the file is, or will be; {id} stands for the id of the peer.
folder = "peer_{id}"

[timing]  # in seconds
unchoking_interval = 5
optimistic_interval = 15

[limits]
preferred_neighbors = 2

# A peer calls those that stand before it.
[[members]]
id = 1001
host = "localhost"
port = 6008

[[members]]
id = 1002
host = "::1"
port = 6009
seed = true  # it has the file from the start
"""

NAME = 'The"File.dat'

SWARM = """\
manifest = "content.torrent"
folder = "{id}"
[[members]]
id = 1001
host = "localhost"
port = 6008
seed = true
[[members]]
id = 1002
host = "::1"
port = 6009
folder = "/srv"
"""


class CommandCase(SynchronousTestCase):
    """
    A folder to work in.
    """

    def setUp(self) -> None:
        """
        An empty one.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def outcome(self, *arguments: str) -> tuple[object, str, str]:
        """
        The exit status, and what was said and complained.
        """
        out, errors = io.StringIO(), io.StringIO()
        status: object
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
            try:
                status = main(["config", *arguments])
            except SystemExit as exit:
                status = exit.code
        return status, out.getvalue(), errors.getvalue()

    def lines(self, *arguments: str) -> list[str]:
        """
        What a command said that complained of nothing.
        """
        status, out, errors = self.outcome(*arguments)
        self.assertEqual((status, errors, out[-1:]), (0, "", "\n"))
        return out.splitlines()

    def said(self, *arguments: str) -> str:
        """
        The first of these lines; those that belong to it are indented.
        """
        first, *more = self.lines(*arguments)
        for line in more:
            self.assertTrue(line.startswith("  "), line)
        return first

    def refused(self, *arguments: str) -> str:
        """
        The one line with which a command refused.
        """
        status, out, errors = self.outcome(*arguments)
        self.assertEqual((status, out, errors.count("\n")), (2, "", 1), errors)
        start = f"swarmpeer config {arguments[0]}: "
        self.assertTrue(errors.startswith(start), errors)
        return errors.removeprefix(start).rstrip("\n")


class CheckTests(CommandCase):
    """
    C{swarmpeer config check}.
    """

    def setUp(self) -> None:
        """
        A swarm and its manifest.
        """
        super().setUp()
        content = make_folder(self.folder / "content")
        (self.folder / "1001").mkdir()
        manifest = build_manifest(content)
        save_manifest(manifest, self.folder / "content.torrent")
        self.infohash = manifest.infohash.hex()
        self.write(SWARM)

    def write(self, text: str) -> None:
        """
        Put it into C{swarm.toml}.
        """
        (self.folder / "swarm.toml").write_text(text)

    def test_right(self) -> None:
        """
        One line tells what the swarm is about.
        """
        subject = f"content: 4 files, 2 links, 51.2 kB, infohash {self.infohash}"
        expected = f"OK: swarm.toml: 2 members, 1 seed; {subject}"
        self.assertEqual(self.said("check"), expected)
        self.assertEqual(self.said("check", "swarm.toml"), expected)

    def test_policies_and_rates(self) -> None:
        """
        So are the policies, the rates, and when others hold.
        """
        self.assertEqual(
            self.lines("check")[1:],
            [
                "  choking fleet, picking rarest",
                "  rates: up unlimited, down unlimited",
                "  no pages: no [web], and no web_port",
            ],
        )
        self.write(
            SWARM
            + """\
[policy]
choking = "swarmpeer.testing.policies:OpenHands"
picking = "sequential"
[rates]
up = "20 MB/s"
down_per_neighbor = "8 Mbit/s"
dscp = "le"
[[rates.at]]
from = "08:00"
to = "18:30"
days = ["fri", "mon"]
up = "2 MB/s"
down = "unlimited"
[[rates.at]]
from = "22:00"
to = "06:00"
up_per_neighbor = 10000
"""
        )
        self.assertEqual(
            self.lines("check")[1:],
            [
                "  choking swarmpeer.testing.policies:OpenHands, picking sequential",
                "  rates: up 20.0 MB/s, down unlimited, down per neighbor 1.00 MB/s; "
                "marked as DSCP 1",
                "  rates mon fri, 08:00 to 18:30: up 2.00 MB/s, down unlimited",
                "  rates every day, 22:00 to 06:00: up per neighbor 10.0 kB/s",
                "  no pages: no [web], and no web_port",
            ],
        )

    def test_pages(self) -> None:
        """
        So is where the pages are, and who may look.
        """
        first = int(SWARM.split("id = ")[1].split()[0])
        (self.folder / "token").write_text("0123456789abcdef")
        for web, words in (
            ("[web]\nport = 8080\n", "each member at port 8080; for their own machine"),
            (
                '[web]\nport = 8080\ntoken_file = "token"\n',
                "for who has the token of",
            ),
        ):
            self.write(SWARM + web)
            self.assertIn(words, self.lines("check")[-1])
            (*_, line) = self.lines("check", "--id", str(first))
            self.assertIn(f"pages {first} at port 8080; for", line)

    def test_elsewhere(self) -> None:
        """
        Paths in the file are relative to where it is.
        """
        path = str(self.folder / "swarm.toml")
        with chdir("/"):
            self.folder, elsewhere = Path("/"), self.folder
            found = self.said("check", path, "--id", "1001")
        own = f"; peer 1001 at localhost:6008, in {elsewhere}/1001"
        self.assertTrue(found.startswith(f"OK: {path}: 2 members"), found)
        self.assertTrue(found.endswith(own), found)

    def test_own(self) -> None:
        """
        A peer must be a member.
        """
        self.write(SWARM.replace("/srv", "/"))
        self.assertTrue(
            self.said("check", "--id", "1002").endswith(
                "; peer 1002 at [::1]:6009, in /"
            )
        )
        self.assertEqual(
            self.refused("check", "--id", "7"),
            "swarm.toml:13:1: our own peer 7 is no member, [[members]] with its id or "
            "one of the ids 1001, 1002 would be right",
        )

    def test_arguments(self) -> None:
        """
        Arguments that cannot be are told in one line, with the command that they are
        of.
        """
        for words, fault in (
            (["check", ""], "argument FILE: an empty path"),
            (["check", "--id", "x"], "argument --id: 'x' is no id, a whole number"),
            (["check", "--bogus"], "unrecognized arguments: --bogus (see swarmpeer "),
            (["convert", "x"], "unrecognized arguments: x (see swarmpeer config "),
        ):
            self.assertIn(fault, self.refused(*words))

    def test_own_folder(self) -> None:
        """
        A folder that the peer could not take is told; nothing is made.
        """
        (self.folder / "file").write_bytes(b"")
        (self.folder / "link").symlink_to("1001")
        start = "swarmpeer config check: warning: "
        for path, fault in (
            ("link", "is a symbolic link, which a peer does not follow"),
            ("file", "is no folder"),
            ("a/b", "cannot be made: there is no folder a"),
            ("a", None),
            ("1001", None),
        ):
            self.write(SWARM.replace("/srv", path))
            status, out, errors = self.outcome("check", "--id", "1002")
            self.assertEqual((status, out[:3]), (0, "OK:"))
            self.assertEqual(errors, f"{start}{path} {fault}\n" if fault else "")
        (self.folder / "1001").rmdir()
        status, _, errors = self.outcome("check", "--id", "1001")
        missing = "1001 is missing, but this peer is a seed\n"
        self.assertEqual((status, errors), (0, start + missing))
        self.assertNotIn("a", os.listdir(self.folder))

    def test_policy(self) -> None:
        """
        A policy that cannot be imported, or is none, is a mistake.
        """
        for name, why in (
            ("swarmpeer.nowhere:Policy", "No module named 'swarmpeer.nowhere'"),
            ("swarmpeer.core.classic_choking:Nobody", "has no attribute 'Nobody'"),
            ("random:Random", "choking = 'random:Random': "),
        ):
            self.write(f"{SWARM}[policy]\nchoking = '{name}'\n")
            refusal = self.refused("check")
            self.assertTrue(refusal.startswith("swarm.toml:14:11: choking = "), refusal)
            self.assertIn(why, refusal)
        self.write(f"{SWARM}[policy]\npicking = 'nicest'\n")
        refusal = self.refused("check")
        self.assertTrue(refusal.startswith("swarm.toml:14:11: picking = "), refusal)
        self.assertIn("picking = 'nicest': no policy", refusal)
        for right in (
            "swarmpeer.core.classic_choking:ChokingManager",
            "classic",
            "fleet",
        ):
            self.write(f"{SWARM}[policy]\nchoking = '{right}'\n")
            self.said("check")

    def test_infohash(self) -> None:
        """
        Where only the infohash is known, there is no manifest to look at.
        """
        self.write(SWARM.replace("manifest", f'infohash = "{"ab" * 32}" #'))
        self.assertEqual(
            self.said("check"),
            "OK: swarm.toml: 2 members, 1 seed; the manifest "
            f"{'ab' * 32} is fetched from others",
        )

    def test_warnings(self) -> None:
        """
        What is odd is told, and no error.
        """
        self.write(
            SWARM.replace("seed = true\n", "")
            .replace("::1", "LOCALHOST")
            .replace("{id}", "/srv/x/..")
        )
        status, out, errors = self.outcome("check")
        self.assertEqual((status, out[:3]), (0, "OK:"))
        self.assertEqual(
            errors.splitlines(),
            [
                "swarmpeer config check: warning: no member is a seed: unless one has "
                "the files already, nobody gets them; seed = true is for who must have "
                "them",
                "swarmpeer config check: warning: peers 1001 and 1002 have one host "
                "and one folder; {id} in the folder gives each its own",
            ],
        )

    def test_mistakes(self) -> None:
        """
        Each gets one line: those of the text with their place, and what cannot be
        read.
        """
        self.write(SWARM.replace("folder", "folders", 1))
        self.assertEqual(
            self.refused("check"),
            "swarm.toml:2:1: 'folders' is no key, folder would be right",
        )
        right = "the path of a readable file would be right"
        os.mkfifo(self.folder / "pipe")
        for path, why in (
            ("pipe", "Not a regular file"),
            ("none", "No such file or directory"),
            (".", "Is a directory"),
        ):
            self.assertEqual(
                self.refused("check", path),
                f"{path}:1:1: cannot be read: {why}, {right}",
            )
        self.assertIn("null byte", self.refused("check", "a\0b"))
        for name, expected in (
            ("swarm.toml", "swarm.toml: is no manifest"),
            ("content", "content: Is a directory"),
            (
                "none",
                "swarm.toml: manifest: none: No such file or directory; make it with "
                "'swarmpeer make', or copy it from the host that did",
            ),
        ):
            self.write(SWARM.replace("content.torrent", name))
            self.assertEqual(self.refused("check"), expected)

    def test_endless(self) -> None:
        """
        A file without an end is not begun, and one that is too long not read to it.
        """
        self.assertIn("Not a regular file", self.refused("check", "/dev/zero"))
        with (self.folder / "long").open("wb") as file:
            file.truncate(2**40)
        self.assertIn("longer than 4 MiB", self.refused("check", "long"))

    def test_no_command(self) -> None:
        """
        C{config} alone says that a command is missing, but first of all what it does
        not know.
        """
        for words, fault in (
            ([], "the following arguments are required: COMMAND"),
            (["--bogus"], "unrecognized arguments: --bogus"),
        ):
            self.assertEqual(
                self.outcome(*words),
                (2, "", f"swarmpeer config: {fault} (see swarmpeer config --help)\n"),
            )


class ConvertTests(CommandCase):
    """
    C{swarmpeer config convert}.
    """

    def setUp(self) -> None:
        """
        The files of a classic swarm.
        """
        super().setUp()
        (self.folder / "Common.cfg").write_text(COMMON)
        (self.folder / "PeerInfo.cfg").write_text(PEERS)

    def make_manifest(self, content: bytes, name: str = NAME) -> None:
        """
        Put the manifest of such a file into C{m}.
        """
        (self.folder / name).write_bytes(content)
        manifest = build_manifest(self.folder / name, 32768)
        save_manifest(manifest, self.folder / "m")

    def converted(self, name: str = "swarm.toml") -> SwarmConfig:
        """
        What was written says.
        """
        return SwarmConfig.parse((self.folder / name).read_bytes())

    def test_converted(self) -> None:
        """
        The file is for people too, and says the same as the two.
        """
        self.assertEqual(
            self.said("convert"),
            f"swarm.toml: 2 members, 1 seed, manifest {NAME}.torrent",
        )
        self.assertEqual((self.folder / "swarm.toml").read_text(), CONVERTED)
        self.assertEqual(
            self.converted(),
            SwarmConfig(
                (Member(1001, "localhost", 6008), Member(1002, "::1", 6009, True)),
                manifest=f"{NAME}.torrent",
                folder="peer_{id}",
                unchoking_interval_seconds=5.0,
                optimistic_unchoking_interval_seconds=15.0,
                preferred_neighbors=2,
            ),
        )
        self.assertEqual(
            sorted(os.listdir(self.folder)),
            ["Common.cfg", "PeerInfo.cfg", "swarm.toml"],
        )

    def test_elsewhere(self) -> None:
        """
        Wherever it is written, it leads to where the files are.
        """
        (self.folder / "a").mkdir()
        self.make_manifest(bytes(51200))
        self.said("convert", "-o", "a/s", "--manifest", "m")
        found = self.converted("a/s")
        self.assertEqual((found.manifest, found.folder), ("../m", "../peer_{id}"))
        whole = str(self.folder / "m")
        files = (
            "--common",
            "../Common.cfg",
            "--peers",
            str(self.folder / "PeerInfo.cfg"),
        )
        self.folder /= "a"
        self.said("convert", *files, "-o", "../~t", "--manifest", whole)
        found = self.converted("../~t")
        self.assertEqual((found.manifest, found.folder), (whole, "peer_{id}"))

    def test_short_folder(self) -> None:
        """
        A seed whose file is in C{<id>}, where a classic peer finds it too, has that
        folder; but not if it is in both, or the peer is no seed.
        """
        for folder in ("1001", "1002"):
            (self.folder / folder).mkdir()
            (self.folder / folder / NAME).write_bytes(b"")
        (self.folder / "a").mkdir()
        self.said("convert", "-o", "a/s")
        found = self.converted("a/s")
        self.assertEqual([each.folder for each in found.members], [None, "../1002"])
        self.assertIn(
            f"#   swarmpeer make '../1002/{NAME}' -o '{NAME}.torrent'",
            (self.folder / "a" / "s").read_text(),
        )
        (self.folder / "peer_1002").mkdir()
        (self.folder / "peer_1002" / NAME).write_bytes(b"")
        self.said("convert")
        self.assertEqual([each.folder for each in self.converted().members], [None] * 2)

    def test_piece_size(self) -> None:
        """
        The manifest is to have the pieces of the classic swarm; if none can, or if the
        one that is named has others, it is told that classic peers cannot take part.
        """
        words = "classic\n# peers with that Common.cfg cannot take part.\n"
        for size, option in ((16384, "16K"), (2**28, "256M")):
            (self.folder / "Common.cfg").write_text(COMMON.replace("32768", str(size)))
            self.said("convert", "--force")
            text = (self.folder / "swarm.toml").read_text()
            self.assertIn(f".torrent' --piece-size {option}\n", text)
            self.assertNotIn(words, text)
        for size in (8192, 2**29, 49152):
            (self.folder / "Common.cfg").write_text(COMMON.replace("32768", str(size)))
            self.said("convert", "--force")
            text = (self.folder / "swarm.toml").read_text()
            self.assertIn(f"# No manifest can have pieces of {size} bytes, so", text)
            self.assertIn(words, text)
            self.assertNotIn("--piece-size", text)
        self.make_manifest(bytes(51200))
        status, _, errors = self.outcome("convert", "--force", "--manifest", "m")
        self.assertEqual(
            (status, errors),
            (
                0,
                "swarmpeer config convert: warning: m has pieces of 32K and Common.cfg "
                "of 48K: classic peers with that Common.cfg cannot take part\n",
            ),
        )
        text = (self.folder / "swarm.toml").read_text()
        self.assertIn(" -o m --piece-size 32K\n", text)

    def test_force(self) -> None:
        """
        Only with --force is a file replaced.
        """
        target = self.folder / "swarm.toml"
        target.write_text("precious")
        self.assertEqual(
            self.refused("convert"),
            "swarm.toml: is there already; --force replaces it",
        )
        self.assertEqual(target.read_text(), "precious")
        self.said("convert", "--force")
        self.assertEqual(target.read_text(), CONVERTED)

    def test_other_manifests(self) -> None:
        """
        A manifest of another file is refused.
        """
        right = f"one of the file {NAME!r} of 51200 bytes would be right"
        self.make_manifest(bytes(5))
        self.assertEqual(
            self.refused("convert", "--manifest", "m"),
            f"m: is of a file {NAME!r} of 5 bytes, {right}",
        )
        (self.folder / "m").unlink()
        self.make_manifest(bytes(51200), "other")
        self.assertEqual(
            self.refused("convert", "--manifest", "m"),
            f"m: is of a file 'other' of 51200 bytes, {right}",
        )
        (self.folder / "m").unlink()
        (self.folder / "x").mkdir()
        make_folder(self.folder / "x" / NAME)
        save_manifest(build_manifest(self.folder / "x" / NAME), self.folder / "m")
        self.assertIn("m: is of a folder", self.refused("convert", "--manifest", "m"))
        self.assertIn("No such file", self.refused("convert", "--manifest", "none"))
        self.assertNotIn("swarm.toml", os.listdir(self.folder))

    def test_mistakes(self) -> None:
        """
        What is wrong with one of the two is told as ever, and where nothing can be
        written, that is status 1.
        """
        (self.folder / "Common.cfg").write_text(COMMON + "FileSize 5\n")
        self.assertIn("Common.cfg:7:1: FileSize is here", self.refused("convert"))
        (self.folder / "Common.cfg").write_text(COMMON)
        (self.folder / "PeerInfo.cfg").unlink()
        self.assertIn("PeerInfo.cfg:1:1: cannot be read", self.refused("convert"))
        (self.folder / "PeerInfo.cfg").write_text(PEERS)
        status, out, errors = self.outcome("convert", "-o", "none/s")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(
            errors, "swarmpeer config convert: none/s: No such file or directory\n"
        )

    def test_odd_names(self) -> None:
        """
        A name that cannot stand in such a text is refused.
        """
        odd = COMMON.encode().replace(NAME.encode(), b"\xff")
        (self.folder / "Common.cfg").write_bytes(odd)
        self.assertIn("is no UTF-8", self.refused("convert"))
        self.make_manifest(bytes(51200))
        (self.folder / "Common.cfg").write_text(COMMON)
        (self.folder / "m").rename(self.folder / "m\n")
        self.assertIn(
            "manifest is 'm\\n', a text of visible",
            self.refused("convert", "--manifest", "m\n"),
        )


class ConvertingTests(SynchronousTestCase):
    """
    Tests for L{convert} and L{format_converted}.
    """

    @settings(deadline=None)
    @given(common_configs(), peer_lists(), st.sampled_from([".", "..", "/srv/x", "~"]))
    def test_round_trip(
        self, common: CommonConfig, peers: tuple[PeerInfo, ...], home: str
    ) -> None:
        """
        Whatever the classic files say, the text says the same, and leads to the same
        classic configuration.
        """
        short = {peers[-1].peer_id}
        swarm = convert(common, peers, f"{common.file_name}.torrent", home, short)
        try:
            text = format_converted(swarm, common.file_name, common.piece_size_bytes)
        except ConfigError as error:
            self.assertIn("is no UTF-8", str(error))
            return
        found = SwarmConfig.parse(text.encode())
        self.assertEqual(found, swarm)
        for peer in peers:
            sizes = (common.file_size_bytes, common.piece_size_bytes)
            config = found.to_config(peer.peer_id, common.file_name, *sizes)
            self.assertEqual((config.common, config.peers), (common, peers))
            name = f"peer_{peer.peer_id}"
            if peer.peer_id in short:
                name = str(peer.peer_id)
            self.assertEqual(os.path.basename(found.folder_for(peer.peer_id)), name)
