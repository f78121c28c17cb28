"""
Tests for L{swarmpeer.manifest}: what is composed, parsed and refused.
"""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ManifestError
from swarmpeer.manifest import (
    ManifestFile,
    choose_piece_size,
    compose_manifest,
    merkle,
    parse_manifest,
    parsing,
)
from swarmpeer.manifest.bencode import Encodable, decode, encode
from swarmpeer.test.thoroughness import tries

K = 1024
PIECE_SIZE = 16 * K

Dict = dict[bytes, Encodable]


def file_of(
    path: str, data: bytes, *, is_executable: bool = False, is_hidden: bool = False
) -> ManifestFile:
    """
    A file with such contents, in pieces of 16 KiB.
    """
    hashes = merkle.leaf_hashes(data)
    root = None
    if data:
        is_one = len(data) <= PIECE_SIZE
        root = hashes if is_one else merkle.pieces_root(hashes, PIECE_SIZE)
    names = tuple(path.split("/"))
    return ManifestFile(names, len(data), root, hashes, is_executable, is_hidden)


def link_of(path: str, target: str) -> ManifestFile:
    """
    A link.
    """
    return ManifestFile(tuple(path.split("/")), 0, link_target=tuple(target.split("/")))


BIG = b"big" * 15_000
FILES = (
    file_of("Z", b"z"),
    file_of("big", BIG),
    file_of("bin/run", b"#!", is_executable=True),
    link_of("bin/same", "big"),
    file_of("empty", b""),
    link_of("tools", "bin"),
    file_of("\udcff\n\N{SNOWMAN}", b"odd", is_hidden=True),
)
FOLDER = compose_manifest("folder", FILES, PIECE_SIZE)

OTHER = bytes(32)


def parts() -> tuple[Dict, Dict, Dict]:
    """
    The whole metainfo of a small folder, its info and its file tree, to be changed.
    """
    tree: Dict = {
        b"a": {b"": {b"length": 3, b"pieces root": OTHER}},
        b"b": {b"c": {b"": {b"length": 0}}},
    }
    info: Dict = {
        b"file tree": tree,
        b"meta version": 2,
        b"name": b"folder",
        b"piece length": PIECE_SIZE,
    }
    return {b"info": info, b"piece layers": {}}, info, tree


class ManifestTests(SynchronousTestCase):
    """
    Manifests as they should be.
    """

    def test_round_trip(self) -> None:
        """
        What was composed is read as it was, and gives the same bytes again.
        """
        self.assertEqual(FOLDER.files, FILES)
        self.assertEqual(parse_manifest(FOLDER.encode()), FOLDER)
        again = compose_manifest("folder", reversed(FOLDER.files), PIECE_SIZE)
        self.assertEqual(again.encode(), FOLDER.encode())

    def test_figures(self) -> None:
        """
        Sizes and pieces are those of all files; no piece spans two of them.
        """
        self.assertEqual(FOLDER.size_bytes, 45_006)
        self.assertEqual(FOLDER.piece_count, 6)
        self.assertEqual(
            [file.piece_count for file in FOLDER.files], [1, 3, 1, 0, 0, 0, 1]
        )
        big = FOLDER.files[1]
        last = BIG[2 * PIECE_SIZE :]
        self.assertEqual(
            big.piece_hash(2), merkle.piece_hash(last, FOLDER.piece_levels(big))
        )
        for index in (-1, 3):
            self.assertRaises(IndexError, big.piece_hash, index)

    def test_infohash(self) -> None:
        """
        It is the digest of the info dictionary just as it stands in the file, with
        all that is in it, and of nothing else.
        """
        top, info, _ = parts()
        info[b"private"] = 1
        top[b"announce"] = b"http://tracker"
        data = encode(top)
        start = data.index(b"4:info") + len(b"4:info")
        raw = data[start : data.index(b"12:piece layers")]
        manifest = parse_manifest(data)
        self.assertEqual(manifest.infohash, hashlib.sha256(raw).digest())
        self.assertEqual(manifest.info, raw)
        self.assertEqual(parse_manifest(manifest.encode()), manifest)
        self.assertNotIn(b"tracker", manifest.encode())

    def test_known_infohash(self) -> None:
        """
        The infohash of a file is the one that other programs find.
        """
        data = b"swarm" * 10_000
        manifest = compose_manifest("one", [file_of("one", data)], PIECE_SIZE)
        self.assertEqual(
            manifest.infohash.hex(),
            "dc3db3ec2dc95e8298a4728dafe3a857f94fb8f5c1d29ec8025d1c60c984cfa6",
        )

    def test_single_file(self) -> None:
        """
        One file whose name is the manifest's is a file alone; others are folders.
        """
        for name, files, is_single in (
            ("a", [file_of("a", b"x")], True),
            ("a", [file_of("b", b"x")], False),
            ("a", [file_of("a/a", b"x")], False),
            ("a", [file_of("a", b"x"), file_of("b", b"x")], False),
        ):
            manifest = compose_manifest(name, files, PIECE_SIZE)
            self.assertEqual(manifest.is_single_file, is_single)

    def test_hybrid(self) -> None:
        """
        Of a hybrid the v2 part is taken.  Padding files are passed over, as are
        unknown keys and attributes, and folders in which there is nothing.
        """
        top, info, tree = parts()
        plain = parse_manifest(encode(top))
        info |= {b"pieces": b"x" * 20, b"files": [], b"source": b"here"}
        tree[b".pad"] = {b"1": {b"": {b"attr": b"p", b"length": 1}}}
        tree[b"a"] = {
            b"": {b"attr": b"?", b"length": 3, b"mtime": 1, b"pieces root": OTHER}
        }
        tree[b"nothing"] = {}
        found = parse_manifest(encode(top))
        self.assertEqual((found.files, found.is_hybrid), (plain.files, True))
        self.assertFalse(plain.is_hybrid)
        self.assertNotEqual(found.infohash, plain.infohash)

    def test_links(self) -> None:
        """
        A link may lack its length, and lead to a file, a folder or another link.
        """
        top, _, tree = parts()
        tree[b"l"] = {b"": {b"attr": b"xl", b"symlink path": [b"m", b"c"]}}
        tree[b"m"] = {b"": {b"attr": b"l", b"length": 0, b"symlink path": [b"b"]}}
        files = {file.path: file for file in parse_manifest(encode(top)).files}
        self.assertEqual(files["l",].link_target, ("m", "c"))
        self.assertFalse(files["l",].is_executable)
        self.assertEqual(files["m",].link_target, ("b",))

    def test_no_layers(self) -> None:
        """
        The piece layers may be left out if no file has any.
        """
        top, _, _ = parts()
        del top[b"piece layers"]
        manifest = parse_manifest(encode(top))
        self.assertIn(b"12:piece layersde", manifest.encode())

    def test_same_contents(self) -> None:
        """
        Files with the same contents share one layer.
        """
        files = [file_of("a", BIG), file_of("b", BIG)]
        manifest = compose_manifest("two", files, PIECE_SIZE)
        self.assertEqual(manifest.files, tuple(files))
        self.assertEqual(manifest.encode().count(files[0].piece_hashes), 1)

    def test_piece_size(self) -> None:
        """
        The largest piece size is chosen that makes 256 pieces at least, from 16 KiB
        to 1 MiB, and up to 16 MiB only where that makes more than 4096.
        """
        for size, right in (
            (0, 16 * K),
            (4 * K * K, 16 * K),
            (8 * K * K - 1, 16 * K),
            (8 * K * K, 32 * K),
            (64 * K * K, 256 * K),
            (256 * K * K - 1, 512 * K),
            (256 * K * K, K * K),
            (4 * K**3, K * K),
            (4 * K**3 + 1, 2 * K * K),
            (64 * K**3, 16 * K * K),
            (K**5, 16 * K * K),
        ):
            self.assertEqual(choose_piece_size(size), right)


class HostileTests(SynchronousTestCase):
    """
    Manifests as they should not be: one clear line each.
    """

    def refusal(self, data: bytes) -> str:
        """
        What is said about it.
        """
        error = self.assertRaises(ManifestError, parse_manifest, data)
        self.assertTrue(str(error).isprintable())
        return str(error)

    def test_tree(self) -> None:
        """
        Names, files and links that would do harm.
        """
        file: Dict = {b"": {b"length": 0}}
        leads = "a name that leads to another folder"
        target = "symlink path: a list of names would be right"
        zero: Dict = {b"pieces root": OTHER}

        def link(*names: Encodable, **more: Encodable) -> Dict:
            keys = {key.encode(): value for key, value in more.items()}
            return {b"": {b"attr": b"l", b"symlink path": list(names), **keys}}

        deep: Encodable = file
        for _ in range(101):
            deep = {b"x": deep}
        long: Encodable = file
        for _ in range(17):
            long = {b"x" * 250: long}
        cases: tuple[tuple[bytes, Encodable, str], ...] = (
            (b"..", file, f"file tree: {leads}: '..'"),
            (b".", file, f"file tree: {leads}: '.'"),
            (b"", {b"length": 0}, "file tree: an empty name: ''"),
            (b"/etc", file, "file tree: a name with a slash: '/etc'"),
            (b"x\0", file, r"file tree: a name with a zero byte: 'x\x00'"),
            (b"x" * 256, file, "a name of 256 bytes, 255 at most"),
            (b"b", {b"..": file}, f"b: {leads}: '..'"),
            (b"A", file, "a: differs from A only in case or in how characters"),
            (b"d", {b"e\xcc\x81": file, b"\xc3\xa9": file}, "only in case or in how"),
            (b"d", {b"SS": {b"x": file}, "ß".encode(): file}, "only in case"),
            (b"d", b"x", "d: is neither a file nor a folder"),
            (b"d", {b"": {b"length": 0}, b"x": file}, "d: is both a file and a folder"),
            (b"d", {b"": 1}, "d: file tree: is something else, a dictionary would be"),
            (b"x", deep, "below x: a path of 101 names, 100 at most"),
            (b"x", long, "below x: a path of 4268 bytes, 4095 at most"),
            (b"d", {b"": {}}, "d: length: is missing, a number would be right"),
            (b"d", {b"": {b"length": b"1"}}, "d: length: is something else, a number"),
            (
                b"d",
                {b"": {b"length": -1}},
                "d: length: is -1, 0 or more would",
            ),
            (b"d", {b"": {b"length": 1}}, "d: pieces root: is missing, a string would"),
            (
                b"d",
                {b"": {b"length": 0, **zero}},
                "d: pieces root: an empty",
            ),
            (
                b"d",
                {b"": {b"length": 1, b"pieces root": b"x"}},
                "d: pieces root: is 1 bytes long, 32 would be right",
            ),
            (
                b"d",
                {b"": {b"length": 2**63 - 1, **zero}},
                "d: piece layers: there is none for it",
            ),
            (b"d", {b"": {b"attr": 1, b"length": 0}}, "d: attr: is something else"),
            (b"d", {b"": {b"attr": b"l"}}, f"d: {target}"),
            (b"d", link(), f"d: {target}"),
            (b"d", link(1), f"d: {target}"),
            (b"d", link(b"..", b"etc"), f"d: symlink path: {leads}"),
            (b"d", link(b""), "d: symlink path: an empty name"),
            (b"d", link(b"/etc/passwd"), "d: symlink path: a name with a slash"),
            (b"d", link(*[b"x"] * 101), "d: symlink path: a path of 101 names"),
            (b"d", link(b"a", length=1), "d: a link that has contents"),
            (b"d", link(b"none"), "d: a link to none, where there is nothing"),
            (b"d", link(b"d"), "d: a link to d, where there is nothing"),
            (b"d", link(b"a", b"x"), "d: a link to a/x, where there is nothing"),
        )
        for name, node, expected in cases:
            top, _, tree = parts()
            tree[name] = node
            self.assertIn(expected, self.refusal(encode(top)), name)

    def test_no_files(self) -> None:
        """
        A tree in which there is no file, for nothing or for padding only.
        """
        padding: Dict = {b"": {b"attr": b"p", b"length": 1}}
        trees: tuple[Dict, ...] = ({}, {b"x": {}}, {b"p": padding})
        for tree in trees:
            top, info, _ = parts()
            info[b"file tree"] = tree
            self.assertEqual(self.refusal(encode(top)), "file tree: holds no file")

    def test_info(self) -> None:
        """
        What stands beside the tree.
        """
        power = "a power of two from 16384 on would be right"
        cases: tuple[tuple[bytes, Encodable | None, str], ...] = (
            (b"meta version", None, "meta version: is missing, so it is of BitTorrent"),
            (b"meta version", 1, "meta version: is 1, 2 is known"),
            (b"meta version", 3, "meta version: is 3, 2 is known"),
            (b"meta version", b"2", "meta version: is something else, a number would"),
            (
                b"piece length",
                None,
                "piece length: is missing, a number",
            ),
            (b"piece length", 0, f"piece length: is 0, {power}"),
            (b"piece length", -PIECE_SIZE, f"piece length: is -16384, {power}"),
            (b"piece length", PIECE_SIZE // 2, f"piece length: is 8192, {power}"),
            (b"piece length", 3 * PIECE_SIZE, f"piece length: is 49152, {power}"),
            (b"piece length", 2**62, f"piece length: is {2**62}, {2**28} at most"),
            (b"name", None, "name: is missing, a string would be right"),
            (b"name", b"", "name: an empty name"),
            (b"name", b"..", "name: a name that leads to another folder"),
            (b"name", b"/etc/x", "name: a name with a slash"),
            (b"file tree", None, "file tree: is missing, a dictionary would be right"),
            (b"file tree", [], "file tree: is something else, a dictionary would be"),
        )
        for key, value, expected in cases:
            top, info, _ = parts()
            if value is None:
                del info[key]
            else:
                info[key] = value
            self.assertIn(expected, self.refusal(encode(top)))

    def test_top(self) -> None:
        """
        What is no metainfo at all.
        """
        for data, expected in (
            (b"", "byte 0: it ends too early"),
            (b"i1e", "no dictionary, and so no manifest"),
            (b"de", "info: is missing, a dictionary would be right"),
            (b"d4:infoi1ee", "info: is something else, a dictionary would be right"),
            (FOLDER.encode() + b"\n", "more follows after the end"),
            (FOLDER.encode()[:-1], "it ends too early"),
            (b"<html>", "byte 0: no value"),
        ):
            self.assertIn(expected, self.refusal(data))

    def test_too_long(self) -> None:
        """
        What is longer than any manifest is not looked into.
        """
        self.patch(parsing, "MAX_MANIFEST_BYTES", 10)
        self.assertEqual(self.refusal(b"x" * 11), "longer than 10 bytes")

    def test_too_many_pieces(self) -> None:
        """
        Files that share a layer can claim more pieces than there are bytes.
        """
        self.patch(parsing, "MAX_PIECES", 5)
        files = [file_of("a", BIG), file_of("b", BIG)]
        error = self.assertRaises(
            ManifestError, compose_manifest, "x", files, PIECE_SIZE
        )
        self.assertEqual(str(error), "more than 5 pieces")

    def test_too_large(self) -> None:
        """
        Files that are each of a possible size can be of an impossible one together.
        """
        self.patch(parsing, "MAX_SIZE_BYTES", 2)
        self.assertIn("63 bits", self.refusal(encode(parts()[0])))

    def test_layers(self) -> None:
        """
        A layer that is missing, too short, too long, wrong or of no file.
        """
        big = file_of("big", BIG)
        assert big.pieces_root is not None
        root, right = big.pieces_root, big.piece_hashes
        length = "big: piece layers: its one is {} bytes long, 32 for each of 3 pieces"
        layers: tuple[tuple[Encodable, str], ...] = (
            ({}, "big: piece layers: there is none for it"),
            ({root: right[:64]}, length.format(64)),
            ({root: right + OTHER}, length.format(128)),
            ({root: right[:-1]}, length.format(95)),
            ({root: b""}, length.format(0)),
            ({root: right[32:] + right[:32]}, "its one does not give its root"),
            ({root: right, OTHER: OTHER}, "piece layers: holds one that belongs to no"),
            ({root: 1}, "piece layers: holds something else than strings"),
            ([], "piece layers: is something else, a dictionary would be right"),
        )
        manifest = compose_manifest("x", [big], PIECE_SIZE)
        for value, expected in layers:
            top = decode(manifest.encode())
            assert isinstance(top, dict)
            changed: Dict = {**top, b"piece layers": value}
            self.assertIn(expected, self.refusal(encode(changed)))

    def test_wrong_layer(self) -> None:
        """
        Hashes from another layer of the right tree are refused.
        """
        manifest = compose_manifest("x", [file_of("big", BIG)], PIECE_SIZE)
        top = decode(manifest.encode())
        assert isinstance(top, dict)
        info = top[b"info"]
        assert isinstance(info, dict)
        info[b"piece length"] = 2 * PIECE_SIZE
        self.assertIn("bytes long, 32 for each of 2 pieces", self.refusal(encode(top)))


class MutationTests(SynchronousTestCase):
    """
    Any bytes are a manifest or one error.
    """

    def expect_verdict(self, data: bytes) -> bool:
        """
        Was it a manifest?  Then it stays the same when it is written and read.
        """
        try:
            manifest = parse_manifest(data)
        except ManifestError as error:
            self.assertTrue(str(error).isprintable(), str(error))
            return False
        self.assertEqual(parse_manifest(manifest.encode()), manifest)
        return True

    def test_every_byte(self) -> None:
        """
        At every place a byte is changed, left out and put in.
        """
        data = FOLDER.encode()
        good = 0
        for at in range(len(data)):
            left, byte, right = data[:at], data[at], data[at + 1 :]
            for other in (byte ^ 1, byte ^ 0x80, (byte + 1) % 256, ord("e")):
                good += self.expect_verdict(left + bytes([other]) + right)
            self.expect_verdict(left + right)
            self.expect_verdict(left + b"1" + data[at:])
            self.expect_verdict(left)
        # A changed name is another manifest, for example.
        self.assertGreater(good, 20)

    @settings(deadline=None, max_examples=tries(60, 300))
    @given(st.data())
    def test_pieces_of_it(self, draw: st.DataObject) -> None:
        """
        Any part of it is replaced by any bytes or by another part.
        """
        data = FOLDER.encode()
        places = st.integers(0, len(data))
        start, end = sorted((draw.draw(places), draw.draw(places)))
        first, last = sorted((draw.draw(places), draw.draw(places)))
        other = draw.draw(st.binary(max_size=8) | st.just(data[first:last]))
        self.expect_verdict(data[:start] + other + data[end:])

    @settings(deadline=None, max_examples=tries(60, 300))
    @given(
        st.recursive(
            st.integers(-(2**63) + 1, 2**63 - 1)
            | st.binary(max_size=40)
            | st.sampled_from([OTHER, b"l", b"p", b"..", b"a"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        b"|a|A|..|length|pieces root|attr|symlink path".split(b"|")
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=15,
        )
    )
    def test_any_tree(self, tree: Encodable) -> None:
        """
        Any values stand in the place of the tree.
        """
        top, info, _ = parts()
        info[b"file tree"] = tree
        self.expect_verdict(encode(top))
