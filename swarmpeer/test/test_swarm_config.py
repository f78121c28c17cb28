"""
Tests for L{swarmpeer.config.swarm} and what it reads with.
"""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig, Config, Member, PeerInfo, SwarmConfig
from swarmpeer.config.rate_schedule import Rates, RatesAt, RateSchedule
from swarmpeer.config.rate_text import RATE_RIGHT
from swarmpeer.config.swarm import MOST_REQUEST_WINDOW
from swarmpeer.config.swarm_keys import KEYS, LIMITS, MEMBERS, RATES_AT, TABLES
from swarmpeer.config.toml_text import MAX_TOML_BYTES
from swarmpeer.core.requests import BUDGET_BYTES
from swarmpeer.core.serving import QUEUE_LIMIT
from swarmpeer.errors import ConfigError
from swarmpeer.net.limits import Limits
from swarmpeer.storage.verified.storage import COMMIT_SECONDS
from swarmpeer.verified_service import Verification

TOP = 'manifest = "data.torrent"\n'
MEMBER = '[[members]]\nid = 1001\nhost = "alpha"\nport = 6008\n'
SMALL = TOP + MEMBER
SMALL_CONFIG = SwarmConfig((Member(1001, "alpha", 6008),), "data.torrent")
HASH = "0123456789abcdef" * 4

SAMPLE = f"""\
# The swarm of the data.
infohash = "{HASH}"
folder = "/srv/{{id}}"
allow_classic = true
protocol_log = false
[timing]
unchoking_interval = 2.5
optimistic_interval = 10
[limits]
preferred_neighbors = 8
memory = "64 MiB"
stall_seconds = 20
drain_bytes = "1 MiB"
max_pending = 1_000
[checking]
paranoid = true
scrub_rate = "500 kB/s"
heal = false
[storage]
preallocate = true
commit_interval = 0.5
[policy]
choking = "mine.policies:Fair"
picking = "sequential"
[rates]
up = "20 MiB/s"
down = "unlimited"
up_per_neighbor = 1_000_000
dscp = "cs1"
[[rates.at]]
from = "08:00"
to = "18:00"
days = ["mon", "fri"]
up = "16 Mbit/s"
[[rates.at]]
from = "22:30"
to = "06:00"
up = "unlimited"
down_per_neighbor = "1 MiB/s"
[[members]]
id = 1001
host = "alpha.example"
port = 6008
seed = true
folder = "/mnt/data"
[[members]]
id = 7
host = "[2001:db8::7]"
port = 6009
classic = true
"""
SAMPLE_CONFIG = SwarmConfig(
    members=(
        Member(1001, "alpha.example", 6008, seed=True, folder="/mnt/data"),
        Member(7, "2001:db8::7", 6009, classic=True),
    ),
    infohash=bytes.fromhex(HASH),
    folder="/srv/{id}",
    allow_classic=True,
    unchoking_interval_seconds=2.5,
    optimistic_unchoking_interval_seconds=10.0,
    preferred_neighbors=8,
    limits={"stall_seconds": 20.0, "drain_bytes": 2**20, "max_pending": 1000},
    paranoid=True,
    scrub_bytes_per_second=500_000,
    heals=False,
    preallocates=True,
    commit_interval_seconds=0.5,
    choking="mine.policies:Fair",
    picking="sequential",
    writes_protocol_log=False,
    memory_bytes=2**26,
    rates=RateSchedule(
        Rates(up=20 * 2**20, up_per_neighbor=1_000_000),
        (
            RatesAt(480, 1080, {"up": 2_000_000}, frozenset((0, 4))),
            RatesAt(1350, 360, {"up": None, "down_per_neighbor": 2**20}),
        ),
    ),
    dscp=8,
)

ONE_LINE = re.compile(r"name:\d+:\d+: .+, .+ would be right")

odd_texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


class RefusalMixin(SynchronousTestCase):
    """
    What must be refused.
    """

    def fails(self, text: str | bytes, expected: str) -> None:
        """
        C{text} must be refused with exactly this line.
        """
        error = self.assertRaises(ConfigError, SwarmConfig.parse, text, "s")
        self.assertEqual(str(error), f"s:{expected} would be right")


class ParseTests(SynchronousTestCase):
    """
    Tests for L{SwarmConfig.parse}.
    """

    def test_sample(self) -> None:
        """
        Every key means what it says.
        """
        self.assertEqual(SwarmConfig.parse(SAMPLE), SAMPLE_CONFIG)
        self.assertEqual(SwarmConfig.parse(SAMPLE.encode()), SAMPLE_CONFIG)

    def test_usual(self) -> None:
        """
        What is not there is as usual.
        """
        self.assertEqual(SwarmConfig.parse(SMALL), SMALL_CONFIG)
        empty = "".join(f"[{name}]\n" for name in TABLES if name != MEMBERS)
        self.assertEqual(SwarmConfig.parse(SMALL + empty), SMALL_CONFIG)

    def test_said_elsewhere(self) -> None:
        """
        What holds if the file says nothing is what holds for the parts of a peer if
        nobody tells them, and no more requests may be set than a neighbour keeps.
        """
        usual = SwarmConfig(())
        self.assertEqual(MOST_REQUEST_WINDOW, QUEUE_LIMIT)
        self.assertEqual(usual.memory_bytes, BUDGET_BYTES)
        self.assertEqual(usual.commit_interval_seconds, COMMIT_SECONDS)
        self.assertEqual(
            Verification(
                allow_classic=usual.allow_classic,
                heals=usual.heals,
                scrub_bytes_per_second=usual.scrub_bytes_per_second,
            ),
            Verification(),
        )

    def test_layout(self) -> None:
        """
        Line ends of Windows, a byte order mark, and members in an array or in any
        order of tables change nothing.
        """
        inline = "members = [{id = 1001, host = 'alpha', port = 0x1778}]\n"
        for text in (
            SMALL.replace("\n", "\r\n"),
            "\ufeff" + SMALL,
            SMALL.rstrip(),
            TOP + inline,
            inline + TOP,
            TOP + "[timing]\n" + MEMBER + "[policy]\n",
        ):
            self.assertEqual(SwarmConfig.parse(text), SMALL_CONFIG, text)
            self.assertEqual(SwarmConfig.parse(text.encode()), SMALL_CONFIG, text)

    def test_infohash_in_upper_case(self) -> None:
        """
        Digits are digits in upper case too.
        """
        for digits in (HASH, HASH.upper()):
            swarm = SwarmConfig.parse(f"infohash = '{digits}'\n{MEMBER}")
            self.assertEqual(swarm.infohash, bytes.fromhex(HASH))

    def test_sizes(self) -> None:
        """
        Bytes are a number, or a text with a unit.
        """
        for written, size_bytes in (
            ("0", 0),
            ("4096", 4096),
            ('"4096"', 4096),
            ('"64k"', 2**16),
            ('"64 K"', 2**16),
            ('"64 KiB"', 2**16),
            ('"64KiB/s"', 2**16),
            ('"1.5 MB"', 1_500_000),
            ('"1 GiB"', 2**30),
            ('"2 T"', 2**41),
        ):
            text = f"{SMALL}[checking]\nscrub_rate = {written}\n"
            found = SwarmConfig.parse(text).scrub_bytes_per_second
            self.assertEqual(found, size_bytes, written)

    def test_frozen(self) -> None:
        """
        A configuration can be a key, and compares by what it says.
        """
        self.assertEqual(len({SMALL_CONFIG, SwarmConfig.parse(SMALL, "other")}), 1)
        other = SwarmConfig.parse(SMALL + "[limits]\nmax_pending = 5\n")
        self.assertNotEqual(other, SMALL_CONFIG)


class LimitTests(RefusalMixin):
    """
    What it knows of the limits that guard a peer.
    """

    def test_names(self) -> None:
        """
        Every field of L{Limits} is a key, and no other.
        """
        self.assertEqual(sorted(LIMITS), sorted(Limits.__slots__))

    def test_kinds(self) -> None:
        """
        What is read for each is of the type that the field has.
        """
        usual = Limits()
        table = "".join(f"{name} = {getattr(usual, name)}\n" for name in LIMITS)
        limits = SwarmConfig.parse(f"{SMALL}[limits]\n{table}").limits
        for name, value in limits.items():
            self.assertEqual(value, getattr(usual, name))
            self.assertIs(type(value), type(getattr(usual, name)), name)

    def test_heartbeat(self) -> None:
        """
        Nobody may be silent for longer than others wait for him, even if just one of
        the two is told and the other is as usual.
        """
        usual = Limits()
        beat, silence = usual.keep_alive_seconds, usual.silence_seconds
        right = "silence_seconds some times as long as keep_alive_seconds"
        for key, seconds, both in (
            ("keep_alive_seconds", silence, (silence, silence)),
            ("silence_seconds", beat, (beat, beat)),
        ):
            self.fails(
                f"{SMALL}[limits]\n{key} = {seconds:g}\n",
                f"7:{len(key) + 4}: keep_alive_seconds is {both[0]:g} and "
                f"silence_seconds is {both[1]:g}, {right}",
            )
        both_told = "[limits]\nkeep_alive_seconds = 300\nsilence_seconds = 900\n"
        self.assertEqual(len(SwarmConfig.parse(SMALL + both_told).limits), 2)


class MistakeTests(RefusalMixin):
    """
    What people mistype.
    """

    def test_unknown_keys(self) -> None:
        """
        An unknown key is told with what was meant, and a known one in another table
        with where it belongs.
        """
        all_keys = (
            "one of manifest, infohash, folder, allow_classic, protocol_log, [timing], "
            "[limits], [checking], [storage], [policy], [rates], [[members]], [web]"
        )
        case = "(upper and lower case and the _ matter)"
        for text, expected in (
            (TOP + "folders = 'x'\n", "2:1: 'folders' is no key, folder"),
            (TOP + "peers = 3\n", "2:1: 'peers' is no key, [[members]]"),
            (TOP + "[[peers]]\n", "2:1: 'peers' is no table, [[members]]"),
            (TOP + "[limit]\n", "2:1: 'limit' is no table, [limits]"),
            (TOP + "[Timing]\n", f"2:1: 'Timing' is no table, [timing] {case}"),
            (TOP + "heal = true\n", "2:1: 'heal' is no key, heal in [checking]"),
            (TOP + "port = 5\n", "2:1: 'port' is no key, port in [[members]]"),
            (
                TOP + "unchokinginterval = 5\n",
                "2:1: 'unchokinginterval' is no key, unchoking_interval in [timing]",
            ),
            (TOP + "colour = 1\n", f"2:1: 'colour' is no key, {all_keys}"),
            (TOP + "'' = 1\n", f"2:1: '' is no key, {all_keys}"),
            (TOP + '"a\\nb" = 1\n', f"2:1: 'a\\nb' is no key, {all_keys}"),
            ("PieceSize = 5\n", "1:1: 'PieceSize' is no key, manifest"),
            (
                SMALL + "[timing]\nfolder = 'x'\n",
                "7:1: 'folder' is no key of [timing], folder above the first [table]",
            ),
            (
                MEMBER + TOP,
                "5:1: 'manifest' is no key of [[members]], "
                "manifest above the first [table]",
            ),
            (
                SMALL + "[limits]\npreferred_neighbours = 2\n",
                "7:1: 'preferred_neighbours' is no key of [limits], "
                "preferred_neighbors",
            ),
            (
                SMALL.replace("id", "ID"),
                f"3:1: 'ID' is no key of [[members]], id {case}",
            ),
            (SMALL + "hosts = 'a'\n", "6:1: 'hosts' is no key of [[members]], host"),
            (TOP + "hosts = 3\n", "2:1: 'hosts' is no key, [[members]]"),
            (SMALL + "peer-id = 5\n", "6:1: 'peer-id' is no key of [[members]], id"),
            (
                SMALL + "has_file = 1\n",
                "6:1: 'has_file' is no key of [[members]], seed",
            ),
            (
                SMALL + "[members.extra]\n",
                "6:1: 'extra' is no table of [[members]], one of id, host, port, seed, "
                "folder, classic, web_port",
            ),
        ):
            self.fails(text, expected)

    def test_every_key_is_read(self) -> None:
        """
        A value that is of no kind at all is refused where it stands, whatever the
        key.
        """
        for table, keys in KEYS.items():
            for key in keys:
                value = "2020-02-02"
                if table == MEMBERS:
                    lines = {"id": "1", "host": "'a'", "port": "1", key: value}
                    body = "".join(f"{k} = {v}\n" for k, v in lines.items())
                    text = f"manifest = 'x'\n[[members]]\n{body}"
                    line = 3 + list(lines).index(key)
                elif table == RATES_AT:
                    lines = {"from": "'08:00'", "to": "'18:00'", key: value}
                    body = "".join(f"{k} = {v}\n" for k, v in lines.items())
                    text = f"{SMALL}[[{table}]]\n{body}"
                    line = 7 + list(lines).index(key)
                elif table:
                    text, line = f"{SMALL}[{table}]\n{key} = {value}\n", 7
                else:
                    others = "" if key in ("manifest", "infohash") else TOP
                    text, line = f"{key} = {value}\n{others}{MEMBER}", 1
                error = self.assertRaises(ConfigError, SwarmConfig.parse, text)
                start = f"swarm.toml:{line}:{len(key) + 4}: {key} is a date or time, "
                self.assertTrue(str(error).startswith(start), error)

    def test_tables(self) -> None:
        """
        One pair of brackets or two, and what is no table at all.
        """
        each = "a table [[members]] in two pairs of brackets for each peer"
        for text, expected in (
            (TOP + "[members]\nid = 1\n", f"2:1: [members] is one table, {each}"),
            (TOP + "members = 'x'\n", f"2:11: members is 'x', {each}"),
            (TOP + "members = [1]\n", f"2:12: member 1 is no table, {each}"),
            (TOP + "members = []\n", f"3:1: no peer is listed, {each}"),
            (TOP, f"2:1: no peer is listed, {each}"),
            (
                SMALL + "[[timing]]\n",
                "6:1: timing is an array, one table [timing] in one pair of brackets",
            ),
            (TOP + "timing = 5\n" + MEMBER, "2:10: timing is 5, a table [timing]"),
        ):
            self.fails(text, expected)

    def test_members(self) -> None:
        """
        Every member has an id and an address of its own, of the right kind.
        """
        ids = "a whole number from 1 to 4294967295"
        ports = "a whole number from 1 to 65535"
        hosts = "a host name in ASCII, an IPv4 or an IPv6 address"
        own_id = "an id of its own for each peer"
        for old, new, expected in (
            ("1001", "'1001'", f"3:6: id is '1001', {ids} without quotes"),
            ("1001", "0", f"3:6: id is 0, {ids}"),
            ("1001", "true", f"3:6: id is true, {ids}"),
            ("1001", "1.0", f"3:6: id is 1.0, {ids}"),
            ("1001", "0x" + "f" * 9999, f"3:6: id is a very long number, {ids}"),
            ("6008", "'6008'", f"5:8: port is '6008', {ports} without quotes"),
            ("6008", "65536", f"5:8: port is 65536, {ports}"),
            ('"alpha"', "'a b'", f"4:8: host is 'a b', {hosts}"),
            ('"alpha"', "7", f"4:8: host is 7, {hosts} in quotes"),
            ('"alpha"', "'a:6'", "4:8: host is 'a:6', host = \"a\" and port = 6"),
            ("id = 1001\n", "", "2:1: id is missing here, a line 'id = 1001'"),
            ("port = 6008", "", "2:1: port is missing here, a line 'port = 6008'"),
        ):
            self.fails(SMALL.replace(old, new), expected)
        again = MEMBER.replace("6008", "6009")
        other = MEMBER.replace("1001", "1002").replace("alpha", "ALPHA.")
        self.fails(SMALL + again, f"7:6: peer 1001 is on line 3 already, {own_id}")
        self.fails(
            SMALL + other,
            "8:8: host and port are those of the peer on line 4, another host or port",
        )
        self.fails(
            TOP + "members = [{id=1,host='a',port=1}, {id=1,host='b',port=1}]\n",
            f"2:40: peer 1 is on line 2 already, {own_id}",
        )

    def test_classic(self) -> None:
        """
        A classic member is only for a swarm that takes classic peers.
        """
        self.fails(
            SMALL + "classic = true\n",
            "6:11: peer 1001 is a classic one, which this swarm refuses, "
            "allow_classic = true above the first [table]",
        )

    def test_subject(self) -> None:
        """
        It is told once what the swarm is about, in a form that is of use.
        """
        right = "64 hexadecimal digits in quotes, as 'swarmpeer show' tells them,"
        self.fails(
            f"infohash = '{HASH}'\n{SMALL}",
            "2:1: both manifest and infohash are here, one of them",
        )
        self.fails(
            MEMBER,
            "1:1: neither manifest nor infohash is here, a line "
            "'manifest = \"name.torrent\"' above the first [table]",
        )
        for infohash, expected in (
            (
                f"'{HASH[:40]}'",
                "has 40 digits, so it is one of BitTorrent v1, the 64 digits of the v2 "
                "one",
            ),
            (f"'{HASH[1:]}'", f"is 63 characters long, {right}"),
            (f"'{HASH[1:]}g'", f"has 'g' in it, {right}"),
            ("1" * 64, f"is a very long number, {right}"),
            (
                f"'1220{HASH}'",
                "has 1220 before it, as in a magnet link, the 64 digits behind that",
            ),
            (
                f"'magnet:?xt=urn:btmh:1220{HASH}&dn=x'",
                "is a whole magnet link, the 64 digits behind urn:btmh:1220",
            ),
        ):
            self.fails(f"infohash = {infohash}\n{MEMBER}", f"1:12: infohash {expected}")

    def test_paths(self) -> None:
        """
        Nothing in a path is replaced but C{{id}} in a folder, so what looks like it
        is refused.
        """
        whole = "the whole path, such as /home/me/data,"
        for key, path, expected in (
            ("folder", "~/x", f"begins with ~, which means nothing here, {whole}"),
            ("manifest", "~me", f"begins with ~, which means nothing here, {whole}"),
            (
                "folder",
                "$HOME/x",
                "begins with $, which means nothing here, the path that the variable "
                "holds",
            ),
            ("folder", "p{ID}", "has {ID} in it, {id}, for the id of the peer,"),
            ("folder", "", "is '', a text of visible characters"),
            ("manifest", " ", "is ' ', a text of visible characters"),
        ):
            other = TOP if key == "folder" else ""
            self.fails(
                f"{key} = '{path}'\n{other}{MEMBER}",
                f"1:{len(key) + 4}: {key} {expected}",
            )
        self.fails(
            SMALL + "folder = 'a\\u0000'\n".replace("'", '"'),
            "6:10: folder is 'a\\x00', a text of visible characters",
        )

    def test_values(self) -> None:
        """
        Switches, times, sizes and names of policies.
        """
        seconds = "a number of seconds without quotes and unit"
        range_of_seconds = "seconds above 0 and up to 2147483647"
        switch = "true or false without quotes"
        rate = "bytes a second such as 65536, '1 MiB', or 0 for none"
        size = "bytes above 0 such as 65536 or '64 KiB'"
        for table, line, expected in (
            ("checking", "heal = 1", f"8: heal is 1, {switch}"),
            ("checking", "heal = 'true'", f"8: heal is 'true', {switch}"),
            ("checking", "scrub_rate = -1", f"14: scrub_rate is -1, {rate}"),
            ("checking", "scrub_rate = 0.5", f"14: scrub_rate is 0.5, {rate}"),
            (
                "checking",
                "scrub_rate = '1 mib/s'",
                "14: scrub_rate is '1 mib/s', '1 MiB' (upper and lower case matter)",
            ),
            (
                "limits",
                "memory = '64 mb'",
                "10: memory is '64 mb', '64 MB' (upper and lower case matter)",
            ),
            ("limits", "memory = '64 MB/s'", f"10: memory is '64 MB/s', {size}"),
            ("checking", "scrub_rate = '.5'", f"14: scrub_rate is '.5', {rate}"),
            ("limits", "drain_bytes = 0", f"15: drain_bytes is 0, {size}"),
            (
                "limits",
                "preferred_neighbors = 0",
                "23: preferred_neighbors is 0, a whole number from 1 to 4294967295",
            ),
            (
                "timing",
                "unchoking_interval = '5s'",
                f"22: unchoking_interval is '5s', {seconds}",
            ),
            *(
                (
                    "timing",
                    f"unchoking_interval = {value}",
                    f"22: unchoking_interval is {value}, {range_of_seconds}",
                )
                for value in ("0", "-1.5", "nan", "inf", "2147483648")
            ),
            (
                "rates",
                "up = 0",
                "6: up: 0 would let nothing through, 'unlimited' or no rate at all",
            ),
            (
                "rates",
                "down = 20",
                "8: down: 20 comes to 20 bytes a second, with which a "
                "conversation would hardly get beyond its greeting, 1 KiB/s or more",
            ),
            (
                "rates",
                "up = '20 Mbps'",
                "6: up: '20 Mbps' has a unit that is not known here, "
                "'20 Mbit/s' for bits or '20 MB/s' for bytes",
            ),
            ("rates", "up = true", f"6: up is true, {RATE_RIGHT}"),
            (
                "limits",
                "requests = 65",
                "12: requests is 65, a whole number from 1 to 64",
            ),
            (
                "policy",
                "choking = 'tit for tat'",
                "11: choking is 'tit for tat', one word or \"package.module:Name\"",
            ),
            (
                "policy",
                "picking = 'mine.Own'",
                "11: picking is 'mine.Own', one word or \"package.module:Name\"",
            ),
        ):
            self.fails(f"{SMALL}[{table}]\n{line}\n", f"7:{expected}")


class SyntaxTests(RefusalMixin):
    """
    What is no TOML.
    """

    def test_forgotten_quotes(self) -> None:
        """
        Who forgets quotes is shown the value with them.
        """
        for value in ("data.torrent", "10.0.0.7", "~/x", "alpha-1", "1 MiB", "1b2c"):
            self.fails(
                f"{TOP}folder = {value} # here\n",
                f'2:10: {value!r} is no value, "{value}" in quotes',
            )
        for value, shown in (
            ("C:\\data", repr("C:\\data")),
            ("x" * 41, f"{'x' * 40!r}..."),
        ):
            self.fails(
                f"folder = {value}\n",
                f"1:10: {shown} is no value, quotes (') around it",
            )

    def test_small_slips(self) -> None:
        """
        Each common slip is told in its own words.
        """
        value = "a line 'key = value'"
        end = "a text in quotes does not end, the same quotes at its end"
        for text, expected in (
            ("a = True\n", "1:5: 'True' is no value, true in lower case"),
            ("a = No\n", "1:5: 'No' is no value, false"),
            ("id = 007\n", "1:6: '007' is no value, a number without zeros in front"),
            (
                "a = \u201cx\u201d\n",
                "1:5: '\u201cx\u201d' is no value, plain quotes (\") around it",
            ),
            ("a = \nb = 1\n", f"1:5: there is no value, {value}"),
            ("a =", f"1:4: there is no value, {value}"),
            ("FileSize 5\n", f"1:10: there is no = behind the key, {value}"),
            ("id: 5\n", "1:3: there is a : behind the key, a ="),
            ("id = 5,\n", "1:7: ',' is too much, one key and value a line"),
            ("a = 'b' 'c'\n", "1:9: \"'c'\" is too much, one key and value a line"),
            ('a = "b\nc = 1\n', f"1:7: {end}"),
            ("a = 1\nb = 'c\nd = 1\n", f"2:5: {end}"),
            ("a = 1\nb = '''c\nd = 1\n", f"2:5: {end}"),
            ('a = 1\nb = "c', f"2:5: {end}"),
            (
                'a = "C:\\data"\n',
                "1:8: a backslash in double quotes begins an escape, single quotes "
                "around the text",
            ),
            ("a = 1\n  a = 2\n", "2:3: this key is here again, only one of them"),
            (
                "[members]\nid = 1\n[members]\n",
                "3:1: this table is here again, only one of them, or two pairs of "
                "brackets around each of several,",
            ),
            (
                "[timing\n",
                "1:8: the brackets are not closed, a line '[table]' or '[[table]]'",
            ),
            ("// x\n", "1:1: '// x' is no comment, one that begins with #"),
            (
                "\u00e9 = 1\n",
                "1:1: '\u00e9 = 1' begins no line, a line 'key = value', a [table] or "
                "a # comment",
            ),
            (
                "a = [1\nb\n",
                "2:1: unclosed array, TOML as https://toml.io tells it",
            ),
        ):
            self.fails(text, expected)

    def test_no_text(self) -> None:
        """
        What is no text of a sane size is refused.
        """
        right = "a manifest or an infohash, and [[members]],"
        for text in ("", b"", "\ufeff", "\n# nothing\n"):
            self.fails(text, f"1:1: there is nothing in it, {right}")
        utf8 = "a text saved as UTF-8"
        odd = SMALL.encode() + b"# \xe9\n"
        self.fails(odd, f"6:3: the byte 0xe9 is no UTF-8, {utf8}")
        utf16 = SMALL.encode("utf-16")
        self.fails(utf16, f"1:1: the byte 0xff is no UTF-8, {utf8}")
        self.fails("a = '\ud800'", f"1:6: half a character is no UTF-8, {utf8}")
        long = "#" * (MAX_TOML_BYTES + 1)
        self.fails(long, "1:1: longer than 4 MiB, a text that lists one swarm")
        deep = "a = " + "[" * 9999
        self.fails(deep, "1:1: too deeply nested, tables of plain values")
        digits = "a = " + "1" * 9999
        self.fails(digits, "1:1: a number is too long, a shorter one")

    def test_name(self) -> None:
        """
        A name that is no line does not break the line.
        """
        error = self.assertRaises(ConfigError, SwarmConfig.parse, "x", "a\nb")
        self.assertTrue(str(error).startswith("a\\nb:1:2: "))


class AnyTextTests(SynchronousTestCase):
    """
    Whatever the text is.
    """

    def check(self, text: str | bytes) -> None:
        """
        It is a configuration, or one printable line says why not.
        """
        try:
            SwarmConfig.parse(text, "name")
        except ConfigError as error:
            self.assertRegex(str(error), ONE_LINE)
            self.assertTrue(str(error).isprintable(), error)
            self.assertLess(len(str(error)), 400)

    @settings(deadline=None)
    @given(st.one_of(odd_texts, st.binary(max_size=60)))
    def test_any_text(self, text: str | bytes) -> None:
        """
        Anything at all.
        """
        self.check(text)

    @settings(deadline=None)
    @given(
        st.integers(0, len(SAMPLE)),
        st.integers(0, 8),
        st.one_of(st.text("[]{}'\"=.,#\n \\x1:-", max_size=3), odd_texts),
    )
    def test_slips(self, start: int, size: int, instead: str) -> None:
        """
        A good text of which a few characters are something else.
        """
        self.check(SAMPLE[:start] + instead + SAMPLE[start + size :])

    @settings(deadline=None)
    @given(st.sampled_from(KEYS["members"] + KEYS[""] + KEYS["limits"]), odd_texts)
    def test_any_text_as_value(self, key: str, text: str) -> None:
        """
        Any text as the value of any key.
        """
        literal = text.replace("'", "").replace("\n", "")
        self.check(f"{key} = '{literal}'\n{SMALL}")
        self.check(f"{SMALL}{key} = '{literal}'\n")
        self.check(f"{SMALL}[limits]\n{key} = '{literal}'\n")


class SwarmConfigTests(SynchronousTestCase):
    """
    What a configuration can be asked.
    """

    def test_own(self) -> None:
        """
        A member by its id; for another id it is told which there are.
        """
        swarm = SwarmConfig.parse(SAMPLE, "s")
        self.assertEqual(swarm.own(7), SAMPLE_CONFIG.members[1])
        error = self.assertRaises(ConfigError, swarm.own, 8)
        self.assertEqual(
            str(error),
            "s:51:1: our own peer 8 is no member, [[members]] with its id or one of "
            "the ids 1001, 7 would be right",
        )
        members = tuple(Member(number, "a", number) for number in range(1, 15))
        error = self.assertRaises(
            ConfigError, replace(SAMPLE_CONFIG, members=members).own, 99
        )
        self.assertIn("ids 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 (and 4 more)", str(error))

    def test_folder_for(self) -> None:
        """
        A member's own folder, else that of all, with its id where it is wanted.
        """
        self.assertEqual(SAMPLE_CONFIG.folder_for(1001), "/mnt/data")
        self.assertEqual(SAMPLE_CONFIG.folder_for(7), "/srv/7")
        own = replace(SAMPLE_CONFIG.members[0], folder="{id}/{id}")
        swarm = replace(SAMPLE_CONFIG, members=(own,))
        self.assertEqual(swarm.folder_for(1001), "1001/1001")
        self.assertEqual(SMALL_CONFIG.folder_for(1001), ".")
        self.assertRaises(ConfigError, swarm.folder_for, 1)

    def test_where_policy(self) -> None:
        """
        Where the name of a policy stands, and the file if it does not stand there.
        """
        swarm = SwarmConfig.parse(f"{SMALL}[policy]\nchoking = 'mine'\n", "s")
        self.assertEqual(swarm.where_policy("choking"), "s:7:11")
        self.assertEqual(swarm.where_policy("picking"), "s:8:1")

    def test_to_config(self) -> None:
        """
        The same as the classic files would say it.
        """
        self.assertEqual(
            SAMPLE_CONFIG.to_config(7, "data", 5_000_000, 2**16),
            Config(
                7,
                CommonConfig(8, 2.5, 10.0, "data", 5_000_000, 2**16),
                (
                    PeerInfo(1001, "alpha.example", 6008, True),
                    PeerInfo(7, "2001:db8::7", 6009, False),
                ),
            ),
        )
        self.assertRaises(ConfigError, SAMPLE_CONFIG.to_config, 8, "data", 1, 2**16)
