"""
Tests for L{swarmpeer.config} and what it reads with.
"""

import os
import re
from dataclasses import FrozenInstanceError, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig, Config, PeerInfo, format_peers
from swarmpeer.config.rules import loopback_address
from swarmpeer.errors import ConfigError
from swarmpeer.file_name import file_name_fault
from swarmpeer.wire.codec import MAX_PIECE_COUNT, MAX_PIECE_SIZE_BYTES

SAMPLE = """\
NumberOfPreferredNeighbors 2
UnchokingInterval 5
OptimisticUnchokingInterval 15
FileName TheFile.dat
FileSize 10000232
PieceSize 32768
"""
SAMPLE_LINES = SAMPLE.splitlines()
SAMPLE_CONFIG = CommonConfig(2, 5.0, 15.0, "TheFile.dat", 10000232, 32768)

PEERS = """\
1001 lin114-00.cise.ufl.edu 6008 1
1002 lin114-01.cise.ufl.edu 6008 0
1003 ::1 6009 0
"""
PEERS_PARSED = (
    PeerInfo(1001, "lin114-00.cise.ufl.edu", 6008, True),
    PeerInfo(1002, "lin114-01.cise.ufl.edu", 6008, False),
    PeerInfo(1003, "::1", 6009, False),
)

ONE_LINE = re.compile(r"name:\d+:\d+: .+, .+")

odd_texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
line_ends = st.sampled_from(["\n", "\r\n", "\r"])
blanks = st.text(alphabet=" \t", min_size=1, max_size=3)
comments = st.sampled_from(
    ["", "#", " # the file's name", "\t#\x00 \udcff # FileSize 1"]
)
file_names = st.text(
    alphabet=st.characters(exclude_characters="/\\ ", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=60,
).filter(lambda name: file_name_fault(name) is None and not name.startswith("#"))


@st.composite
def common_configs(draw: st.DrawFn) -> CommonConfig:
    """
    Any value that a file can hold.
    """
    piece_size_bytes = draw(st.integers(1, MAX_PIECE_SIZE_BYTES))
    return CommonConfig(
        draw(st.integers(1, 2**32 - 1)),
        float(draw(st.integers(1, 2**31 - 1))),
        float(draw(st.integers(1, 2**31 - 1))),
        draw(file_names),
        draw(st.integers(0, MAX_PIECE_COUNT * piece_size_bytes)),
        piece_size_bytes,
    )


@st.composite
def peer_lists(draw: st.DrawFn) -> tuple[PeerInfo, ...]:
    """
    Any list that a file can hold; at least the first peer has the file.
    """
    hosts = st.one_of(
        st.sampled_from(["localhost", "a-b.example.", "under_score", "fe80::1%eth0"]),
        st.ip_addresses().map(str),
    )
    ids = draw(st.lists(st.integers(1, 2**32 - 1), min_size=1, unique=True))
    return tuple(
        PeerInfo(peer_id, draw(hosts), port, port == 1 or draw(st.booleans()))
        for port, peer_id in enumerate(ids, start=1)
    )


@st.composite
def layouts(draw: st.DrawFn, lines: list[str]) -> str:
    """
    The same lines, laid out in some other way.
    """
    text = draw(st.sampled_from(["", "\ufeff"]))
    for line in lines:
        text += "".join(
            draw(st.sampled_from(["", " ", "\t"])) + draw(comments) + draw(line_ends)
            for _ in range(draw(st.integers(0, 2)))
        )
        text += draw(st.sampled_from(["", " \t"])) + draw(blanks).join(line.split())
        text += draw(st.sampled_from(["", " ", "\t\t", " # here", "\t#"]))
        text += draw(line_ends)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


class CommonConfigTests(SynchronousTestCase):
    """
    Tests for L{CommonConfig.parse}.
    """

    def fails(self, text: str | bytes, expected: str) -> None:
        """
        C{text} must be refused with exactly this line.
        """
        error = self.assertRaises(ConfigError, CommonConfig.parse, text)
        self.assertEqual(str(error), expected)

    def with_line(self, number: int, line: str) -> str:
        """
        The sample with one of its lines (counted from 1) put as C{line}.
        """
        lines = list(SAMPLE_LINES)
        lines[number - 1] = line
        return "\n".join(lines)

    def test_sample(self) -> None:
        """
        The protocol's own sample is read, as text and as bytes.
        """
        self.assertEqual(CommonConfig.parse(SAMPLE), SAMPLE_CONFIG)
        self.assertEqual(CommonConfig.parse(SAMPLE.encode()), SAMPLE_CONFIG)

    def test_frozen(self) -> None:
        """
        A configuration cannot be changed.
        """
        self.assertRaises(
            FrozenInstanceError, setattr, SAMPLE_CONFIG, "file_size_bytes", 1
        )

    @settings(deadline=None)
    @given(st.data())
    def test_layout(self, data: st.DataObject) -> None:
        """
        Line ends, blanks, tabs, comments, a byte order mark and the order of the
        keys change nothing.
        """
        lines = data.draw(st.permutations(SAMPLE_LINES))
        text = data.draw(layouts(lines))
        self.assertEqual(CommonConfig.parse(text), SAMPLE_CONFIG)
        as_bytes = text.encode("utf-8", "surrogateescape")
        self.assertEqual(CommonConfig.parse(as_bytes), SAMPLE_CONFIG)

    @settings(deadline=None)
    @given(st.one_of(odd_texts, st.binary(max_size=60)))
    def test_any_text(self, text: str | bytes) -> None:
        """
        Any text is refused with one printable line that names a place.
        """
        error = self.assertRaises(ConfigError, CommonConfig.parse, text, "name")
        self.assertRegex(str(error), ONE_LINE)
        self.assertTrue(str(error).isprintable())

    @settings(deadline=None)
    @given(st.data())
    def test_any_change(self, data: st.DataObject) -> None:
        """
        The sample with any stretch put as any text is read, or refused with one
        printable line of bounded length.
        """
        start = data.draw(st.integers(0, len(SAMPLE)))
        stop = data.draw(st.integers(start, start + 12))
        odd = data.draw(odd_texts)
        text = SAMPLE[:start] + odd + SAMPLE[stop:]
        try:
            parsed = CommonConfig.parse(text, "name")
        except ConfigError as error:
            self.assertRegex(str(error), ONE_LINE)
            self.assertTrue(str(error).isprintable())
            self.assertLess(len(str(error)), 1000)
        else:
            self.assertIsNone(file_name_fault(parsed.file_name))

    @settings(deadline=None)
    @given(common_configs())
    def test_round_trip(self, config: CommonConfig) -> None:
        """
        What is written reads back as the same value, one key and one value a
        line.
        """
        text = config.format()
        self.assertEqual(CommonConfig.parse(text), config)
        lines = text.split("\n")
        self.assertEqual([len(line.split(" ")) for line in lines], [2] * 6)

    def test_format(self) -> None:
        """
        Keys are written in the order of the course's files, whole seconds
        without a fraction, and no line end stands after the last line.
        """
        self.assertEqual(SAMPLE_CONFIG.format() + "\n", SAMPLE)

    def test_format_refused(self) -> None:
        """
        A value that no file can hold is not written.
        """
        for bad, expected in [
            (
                replace(SAMPLE_CONFIG, unchoking_interval_seconds=0.5),
                "Common.cfg:2:19: UnchokingInterval is '0.5', a whole number of "
                "seconds from 1 to 2147483647 in plain digits would be right",
            ),
            (
                replace(SAMPLE_CONFIG, optimistic_unchoking_interval_seconds=1e999),
                "Common.cfg:3:29: OptimisticUnchokingInterval is 'inf', a whole number "
                "of seconds from 1 to 2147483647 in plain digits would be right",
            ),
            (
                replace(SAMPLE_CONFIG, file_name="a b"),
                "Common.cfg:4:12: 'b' is a second value of FileName, "
                "one value without blanks in it would be right",
            ),
            (
                replace(SAMPLE_CONFIG, file_name="a #b"),
                "Common.cfg:4:10: FileName 'a #b' reads back as another one, "
                "a name without blanks would be right",
            ),
        ]:
            error = self.assertRaises(ConfigError, bad.format)
            self.assertEqual(str(error), expected)

    def test_large_sizes(self) -> None:
        """
        Sizes beyond 2 and 4 GiB are read as they are.
        """
        for size in (2**31, 2**32, 2**32 + 1, 2**45):
            config = CommonConfig.parse(self.with_line(5, f"FileSize {size}"))
            self.assertEqual(config.file_size_bytes, size)

    def test_empty_file(self) -> None:
        """
        A file of no bytes can be shared.
        """
        config = CommonConfig.parse(self.with_line(5, "FileSize 0"))
        self.assertEqual(config.file_size_bytes, 0)

    def test_leading_zeros(self) -> None:
        """
        Leading zeros, however many, change no number.
        """
        config = CommonConfig.parse(self.with_line(5, f"FileSize {'0' * 9999}7"))
        self.assertEqual(config.file_size_bytes, 7)

    def test_hash_in_name(self) -> None:
        """
        A hash begins a comment only behind a blank.
        """
        config = CommonConfig.parse(self.with_line(4, "FileName a#b # c"))
        self.assertEqual(config.file_name, "a#b")

    def test_odd_bytes_in_name(self) -> None:
        """
        A file name of any bytes comes out as the very same bytes, whether the
        text came as bytes or decoded in the way of the file system.
        """
        name = b"caf\xe9-\xc3\xa9-\xff"
        text = SAMPLE.encode().replace(b"TheFile.dat", name)
        for given_text in (text, text.decode("utf-8", "surrogateescape")):
            config = CommonConfig.parse(given_text)
            self.assertEqual(config.file_name.encode("utf-8", "surrogateescape"), name)
            self.assertEqual(config.file_name, os.fsdecode(name))
            self.assertEqual(CommonConfig.parse(config.format()), config)

    def test_bytes_that_are_utf8_after_all(self) -> None:
        """
        A file name handed in byte by byte is the same as the one handed in as
        characters.
        """
        config = CommonConfig.parse(self.with_line(4, "FileName \udcc3\udca9"))
        self.assertEqual(config.file_name, "é")

    def test_odd_bytes_elsewhere(self) -> None:
        """
        Bytes that are no UTF-8 are refused outside the file name and shown with
        their place, except in comments.
        """
        self.fails(
            self.with_line(2, "UnchokingInterval 5\udcfe"),
            "Common.cfg:2:20: the byte 0xfe is no UTF-8, "
            "a text saved as UTF-8 would be right",
        )
        self.fails(
            SAMPLE.encode("utf-16"),
            "Common.cfg:1:1: the byte 0xff is no UTF-8, "
            "a text saved as UTF-8 would be right",
        )
        self.assertEqual(
            CommonConfig.parse(b"# gr\xfc\xdfe\n" + SAMPLE.encode()), SAMPLE_CONFIG
        )

    def test_missing_key(self) -> None:
        """
        The first key that is missing is named, at the line after the last.
        """
        self.fails(
            "\n".join(SAMPLE_LINES[:5]),
            "Common.cfg:6:1: PieceSize is missing, "
            "a line 'PieceSize <bytes>' would be right",
        )
        self.fails(
            "",
            "Common.cfg:1:1: NumberOfPreferredNeighbors is missing, "
            "a line 'NumberOfPreferredNeighbors <neighbours>' would be right",
        )
        self.fails(
            SAMPLE.replace("FileName", "#FileName"),
            "Common.cfg:7:1: FileName is missing, "
            "a line 'FileName <name>' would be right",
        )

    def test_key_twice(self) -> None:
        """
        A key must not be given twice, even with the same value.
        """
        self.fails(
            SAMPLE + "  FileSize 10000232",
            "Common.cfg:7:3: FileSize is here again, "
            "only the one on line 5 would be right",
        )

    def test_unknown_key(self) -> None:
        """
        An unknown key is answered with the one that was most likely meant.
        """
        for typed, right in [
            ("filesize", "FileSize (upper and lower case matter)"),
            ("FileSzie", "FileSize"),
            ("UnchokeInterval", "UnchokingInterval"),
            (
                "Colour",
                "one of NumberOfPreferredNeighbors, UnchokingInterval, "
                "OptimisticUnchokingInterval, FileName, FileSize, PieceSize",
            ),
        ]:
            self.fails(
                SAMPLE + f"\t{typed} 1\n",
                f"Common.cfg:7:2: '{typed}' is no key, {right} would be right",
            )

    def test_long_key(self) -> None:
        """
        A key of a million letters gives a short error, quickly.
        """
        error = self.assertRaises(ConfigError, CommonConfig.parse, "F" * 10**6)
        self.assertLess(len(str(error)), 300)

    def test_missing_value(self) -> None:
        """
        A key without a value is refused right behind it; a comment is no value.
        """
        expected = (
            "Common.cfg:4:9: FileName has no value, "
            "a line 'FileName <name>' would be right"
        )
        self.fails(self.with_line(4, "FileName"), expected)
        self.fails(self.with_line(4, "FileName   #1.pdf"), expected)

    def test_extra_word(self) -> None:
        """
        A second word is refused, so that a blank in a file name is not lost.
        """
        self.fails(
            self.with_line(4, "FileName The File.dat"),
            "Common.cfg:4:14: 'File.dat' is a second value of FileName, "
            "one value without blanks in it would be right",
        )

    def test_no_number(self) -> None:
        """
        Only plain ASCII digits make a number.
        """
        for typed in (
            "five",
            "5.0",
            "+5",
            "-5",
            "1_000",
            "\u0665",
            "5s",
            "0x5",
            "1e3",
            "²",
        ):
            self.fails(
                self.with_line(6, f"PieceSize {typed}"),
                f"Common.cfg:6:11: PieceSize is '{typed}', a whole number of bytes "
                "from 1 to 2147483642 in plain digits would be right",
            )

    def test_least_and_most(self) -> None:
        """
        Each number is taken at its two ends and refused just outside of them.
        """
        most_neighbors, most_seconds = 2**32 - 1, 2**31 - 1
        for number, key, least, most in [
            (1, "NumberOfPreferredNeighbors", 1, most_neighbors),
            (2, "UnchokingInterval", 1, most_seconds),
            (3, "OptimisticUnchokingInterval", 1, most_seconds),
            (6, "PieceSize", 1, MAX_PIECE_SIZE_BYTES),
        ]:
            for value in (least, most):
                CommonConfig.parse(self.with_line(number, f"{key} {value}"))
            for value in (least - 1, -least, most + 1):
                text = self.with_line(number, f"{key} {value}")
                error = self.assertRaises(ConfigError, CommonConfig.parse, text)
                self.assertIn(f"{key} is '{value}', ", str(error))

    def test_long_number(self) -> None:
        """
        A number of ten thousand digits gives a short error.
        """
        self.fails(
            self.with_line(5, "FileSize " + "9" * 10000),
            f"Common.cfg:5:10: FileSize is '{'9' * 40}'..., a whole number of bytes "
            "from 0 to 9223372036854775807 in plain digits would be right",
        )

    def test_too_many_pieces(self) -> None:
        """
        The indices of all pieces fit 32 bits, and the least piece size that
        makes them fit is named.
        """
        most = MAX_PIECE_COUNT * 32768
        CommonConfig.parse(self.with_line(5, f"FileSize {most}"))
        self.fails(
            self.with_line(5, f"FileSize {most + 1}"),
            f"Common.cfg:6:11: PieceSize 32768 cuts FileSize {most + 1} into more than "
            "4294967295 pieces, at least 32769 would be right",
        )

    def test_unsafe_names(self) -> None:
        """
        A name that is not safe in the peer's folder is refused with its reason.
        """
        for name, shown, what, right in [
            ("../x", "'../x'", "is a path with folders", "a plain name without a path"),
            (
                "a\0b",
                "'a\\x00b'",
                "holds a control character",
                "a name of visible characters",
            ),
            ("é" * 128, f"'{'é' * 40}'...", "is 256 bytes long", "at most 255"),
            (
                ".swarmpeer.lock",
                "'.swarmpeer.lock'",
                "is the name of the folder's lock",
                "another name",
            ),
        ]:
            self.fails(
                self.with_line(4, f"FileName {name}"),
                f"Common.cfg:4:10: FileName {shown} {what}, {right} would be right",
            )

    def test_safe_names(self) -> None:
        """
        Odd but harmless names are taken as they are.
        """
        for name in ("-rf", ".hidden", "a:b", "\u202efdp.exe"):
            config = CommonConfig.parse(self.with_line(4, f"FileName {name}"))
            self.assertEqual(config.file_name, name)

    def test_odd_path(self) -> None:
        """
        A path with control characters is shown escaped.
        """
        error = self.assertRaises(ConfigError, CommonConfig.parse, "", "a\nb")
        self.assertTrue(str(error).startswith("a\\nb:1:1: "), str(error))


class PeerInfoTests(SynchronousTestCase):
    """
    Tests for L{PeerInfo.parse_list} and L{format_peers}.
    """

    def fails(self, text: str | bytes, expected: str) -> None:
        """
        C{text} must be refused with exactly this line.
        """
        error = self.assertRaises(ConfigError, PeerInfo.parse_list, text)
        self.assertEqual(str(error), expected)

    def test_sample(self) -> None:
        """
        A list is read in the order of its lines.
        """
        self.assertEqual(PeerInfo.parse_list(PEERS), PEERS_PARSED)
        self.assertEqual(PeerInfo.parse_list(PEERS.encode()), PEERS_PARSED)

    @settings(deadline=None)
    @given(st.data())
    def test_layout(self, data: st.DataObject) -> None:
        """
        Line ends, blanks, tabs, comments and a byte order mark change nothing.
        """
        text = data.draw(layouts(PEERS.splitlines()))
        self.assertEqual(PeerInfo.parse_list(text), PEERS_PARSED)

    @settings(deadline=None)
    @given(st.one_of(odd_texts, st.binary(max_size=60)), st.integers(0, len(PEERS)))
    def test_any_text(self, odd: str | bytes, place: int) -> None:
        """
        Any text, alone or within a good one, is read, or refused with one
        printable line that names a place.
        """
        if isinstance(odd, bytes):
            odd = odd.decode("utf-8", "surrogateescape")
        for text in (odd, PEERS[:place] + odd + PEERS[place:]):
            try:
                peers = PeerInfo.parse_list(text, "name")
            except ConfigError as error:
                self.assertRegex(str(error), ONE_LINE)
                self.assertTrue(str(error).isprintable())
            else:
                self.assertTrue(any(peer.has_file for peer in peers))
                self.assertEqual(PeerInfo.parse_list(format_peers(peers)), peers)

    @settings(deadline=None)
    @given(peer_lists())
    def test_round_trip(self, peers: tuple[PeerInfo, ...]) -> None:
        """
        What is written reads back as the same peers, four words a line.
        """
        text = format_peers(peers)
        self.assertEqual(PeerInfo.parse_list(text), peers)
        self.assertEqual({len(line.split(" ")) for line in text.split("\n")}, {4})

    def test_format(self) -> None:
        """
        The list is written like the course's, without a line end after the last
        line.
        """
        self.assertEqual(format_peers(PEERS_PARSED) + "\n", PEERS)

    def test_format_refused(self) -> None:
        """
        Peers that no file can hold are not written.
        """
        for peers, expected in [
            (
                (),
                "PeerInfo.cfg:1:1: no peer is listed, at least one line '<peer id> "
                "<host> <port> <1 if it has the file, else 0>' would be right",
            ),
            (
                (PeerInfo(1, "[::1]", 1, True),),
                "PeerInfo.cfg:1:1: the hosts read back as others, "
                "plain names and addresses without brackets would be right",
            ),
        ]:
            error = self.assertRaises(ConfigError, format_peers, peers)
            self.assertEqual(str(error), expected)

    def test_hosts(self) -> None:
        """
        Names and addresses are taken; brackets around IPv6 are dropped.
        """
        for typed, host in [
            ("localhost", "localhost"),
            ("LIN-114.example.", "LIN-114.example."),
            ("my_host", "my_host"),
            ("3com.example", "3com.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[fe80::1%eth0]", "fe80::1%eth0"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ]:
            (peer,) = PeerInfo.parse_list(f"1 {typed} 1 1")
            self.assertEqual(peer.host, host)

    def test_loopback(self) -> None:
        """
        What means one machine alone on each is told from names that have to be looked
        up, in every spelling.
        """
        for host, address in (
            ("localhost", "127.0.0.1"),
            ("LocalHost.", "127.0.0.1"),
            ("127.8.9.10", "127.8.9.10"),
            ("0:0::1", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("localhost.example", None),
            ("10.0.0.7", None),
            ("::ffff:10.0.0.7", None),
            ("::", None),
            ("", None),
        ):
            self.assertEqual(loopback_address(host), address)

    def test_bad_hosts(self) -> None:
        """
        What can be neither a name nor an address is refused.
        """
        for typed in (
            "a..b",
            ".",
            "-a",
            "a/b",
            "http://a",
            "a:80",
            "1.2.3",
            "999.1.1.1",
            "1234",
            "[127.0.0.1]",
            "[::1",
            "::1%",
            "::1%a/b",
            ":::",
            "a\x1bb",
            "müller",
            "a" * 64,
            ".".join(["a" * 63] * 4),
        ):
            error = self.assertRaises(
                ConfigError, PeerInfo.parse_list, f"1 {typed} 1 1", "name"
            )
            self.assertRegex(
                str(error),
                r"^name:1:3: the host is '.+, a host name in ASCII, "
                r"an IPv4 or an IPv6 address would be right$",
            )

    def test_wrong_number_of_words(self) -> None:
        """
        A line has four words.
        """
        line = "'<peer id> <host> <port> <1 if it has the file, else 0>'"
        self.fails(
            "1 a 1",
            f"PeerInfo.cfg:1:6: only 3 of 4 words are here, {line} would be right",
        )
        self.fails(
            "1 a 1 1 x",
            f"PeerInfo.cfg:1:9: 'x' is a fifth word, {line} would be right",
        )

    def test_bad_words(self) -> None:
        """
        Ids are positive and fit 32 bits, ports fit 16, the last word is 0 or 1.
        """
        ids = "a whole number from 1 to 4294967295 in plain digits"
        ports = "a whole number from 1 to 65535 in plain digits"
        flags = "1 (it has the file) or 0 (it has nothing)"
        for line, column, what, right in [
            ("0 a 1 1", 1, "the peer id is '0'", ids),
            ("-1 a 1 1", 1, "the peer id is '-1'", ids),
            ("4294967296 a 1 1", 1, "the peer id is '4294967296'", ids),
            ("x a 1 1", 1, "the peer id is 'x'", ids),
            ("1 a 0 1", 5, "the port is '0'", ports),
            ("1 a 65536 1", 5, "the port is '65536'", ports),
            ("1 a http 1", 5, "the port is 'http'", ports),
            ("1 a 1 2", 7, "the last word is '2'", flags),
            ("1 a 1 yes", 7, "the last word is 'yes'", flags),
        ]:
            self.fails(line, f"PeerInfo.cfg:1:{column}: {what}, {right} would be right")
        (peer,) = PeerInfo.parse_list("4294967295 a 65535 1")
        self.assertEqual(peer, PeerInfo(4294967295, "a", 65535, True))

    def test_duplicates(self) -> None:
        """
        No two peers share an id, or a host with its port however it is spelled.
        """
        self.fails(
            "1 a 1 1\n01 b 1 0",
            "PeerInfo.cfg:2:1: peer 1 is on line 1 already, "
            "an id of its own for each peer would be right",
        )
        for first, second in [("a.b", "A.B."), ("::1", "[0:0::1]"), ("a", "a")]:
            self.fails(
                f"1 {first} 9 1\n\n2 {second} 9 0",
                "PeerInfo.cfg:3:3: host and port are those of the peer on line 1, "
                "another host or port would be right",
            )
        PeerInfo.parse_list("1 a 1 1\n2 a 2 0\n3 b 1 0")

    def test_nobody(self) -> None:
        """
        A list names at least one peer, and at least one that has the file.
        """
        self.fails(
            "# nobody\n\n",
            "PeerInfo.cfg:3:1: no peer is listed, at least one line '<peer id> "
            "<host> <port> <1 if it has the file, else 0>' would be right",
        )
        self.fails(
            "7 a 1 0\n8 a 2 0",
            "PeerInfo.cfg:1:7: no peer has the file, a 1 at the end of the line of "
            "each peer that starts with it (at least one, say peer 7) would be right",
        )


class ConfigTests(SynchronousTestCase):
    """
    Tests for L{Config}.
    """

    def test_places(self) -> None:
        """
        A peer knows its own line, those before it, and all others.
        """
        config = Config.parse(1002, SAMPLE, PEERS)
        self.assertEqual(config, Config(1002, SAMPLE_CONFIG, PEERS_PARSED))
        self.assertEqual(config.own, PEERS_PARSED[1])
        self.assertEqual(config.earlier, PEERS_PARSED[:1])
        self.assertEqual(config.others, (PEERS_PARSED[0], PEERS_PARSED[2]))
        self.assertEqual([config.position(n) for n in (1001, 1002, 1003)], [0, 1, 2])
        self.assertRaises(LookupError, config.position, 1004)

    def test_first_dials_nobody(self) -> None:
        """
        Nobody is listed before the first peer.
        """
        self.assertEqual(Config.parse(1001, SAMPLE, PEERS).earlier, ())

    def test_not_listed(self) -> None:
        """
        Our own id must be in the list; the known ids are named, not too many.
        """
        error = self.assertRaises(ConfigError, Config.parse, 7, SAMPLE, PEERS)
        self.assertEqual(
            str(error),
            "PeerInfo.cfg:4:1: our own peer 7 is not listed, a line for it or one of "
            "the ids 1001, 1002, 1003 would be right",
        )
        many = "\n".join(f"{n} a {n} 1" for n in range(10, 1010))
        error = self.assertRaises(ConfigError, Config.parse, 7, SAMPLE, many)
        self.assertEqual(
            str(error),
            "PeerInfo.cfg:1001:1: our own peer 7 is not listed, a line for it or one "
            "of the ids 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 (and 990 more) would be "
            "right",
        )

    def test_names(self) -> None:
        """
        Errors name the text that they are about.
        """
        for texts, start in [(("", PEERS), "c:1:1: "), ((SAMPLE, ""), "p:1:1: ")]:
            error = self.assertRaises(ConfigError, Config.parse, 1001, *texts, "c", "p")
            self.assertTrue(str(error).startswith(start), str(error))
