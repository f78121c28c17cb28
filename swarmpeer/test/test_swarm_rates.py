"""
Tests for L{swarmpeer.config.swarm_rates}; what is right is read in
L{swarmpeer.test.test_swarm_config}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import SwarmConfig
from swarmpeer.config.rate_schedule import EVERY_DAY, Rates
from swarmpeer.config.rate_text import DSCP_RIGHT, RATE_RIGHT
from swarmpeer.errors import ConfigError

SMALL = (
    'manifest = "data.torrent"\n[[members]]\nid = 1001\nhost = "alpha"\nport = 6008\n'
)
AT = f'{SMALL}[[rates.at]]\nfrom = "08:00"\nto = "18:00"\n'


class SwarmRatesTests(SynchronousTestCase):
    """
    What people write into C{[rates]}.
    """

    def fails(self, text: str, expected: str) -> None:
        """
        C{text} must be refused with exactly this line.
        """
        error = self.assertRaises(ConfigError, SwarmConfig.parse, text, "s")
        self.assertEqual(str(error), f"s:{expected} would be right")

    def test_alone(self) -> None:
        """
        Parts of the day need no table above them; all days are theirs.
        """
        schedule = SwarmConfig.parse(f"{AT}up = 2048\n").rates
        self.assertEqual(schedule.usual, Rates())
        (part,) = schedule.parts
        self.assertEqual(part.days, EVERY_DAY)
        self.assertEqual((part.begin, part.end), (480, 1080))
        self.assertEqual(part.rates, {"up": 2048})

    def test_inline(self) -> None:
        """
        They may stand in one array.
        """
        line = "at = [{from = '00:00', to = '24:00', down = 'unlimited'}]"
        (part,) = SwarmConfig.parse(f"{SMALL}[rates]\n{line}\n").rates.parts
        self.assertEqual((part.begin, part.end, part.rates), (0, 1440, {"down": None}))

    def test_wrong_rates(self) -> None:
        """
        A rate that is none is told where it stands.
        """
        nothing = "would let nothing through, 'unlimited' or no rate at all"
        for value, expected in (
            ("0", f": 0 {nothing}"),
            ("'0'", f": '0' {nothing}"),
            (
                "1023",
                ": 1023 comes to 1023 bytes a second, with which a conversation would "
                "hardly get beyond its greeting, 1 KiB/s or more",
            ),
            ("-1", f": -1 is no rate, {RATE_RIGHT}"),
            ("'quick'", f": 'quick' is no rate, {RATE_RIGHT}"),
            ("true", f" is true, {RATE_RIGHT}"),
            ("2.5", f" is 2.5, {RATE_RIGHT}"),
        ):
            told = f"6: up{expected}"
            self.fails(f"{SMALL}[rates]\nup = {value}\n", f"7:{told}")
            self.fails(f"{AT}up = {value}\n", f"9:{told}")

    def test_wrong_marks(self) -> None:
        """
        So is a mark.
        """
        for value, shown in (
            ("64", "64"),
            ("-1", "-1"),
            ("false", "false"),
            ("'x'", "'x'"),
        ):
            self.fails(
                f"{SMALL}[rates]\ndscp = {value}\n",
                f"7:8: dscp is {shown}, {DSCP_RIGHT}",
            )

    def test_wrong_times(self) -> None:
        """
        And a time, or a part that has none or no rate.
        """
        time = "a time of day in quotes such as '08:00'"
        for old, new, expected in (
            ('"08:00"', '"8:00"', f"7:8: from is '8:00', {time}"),
            ('"08:00"', "08:00:00", f"7:8: from is a date or time, {time}"),
            ('"18:00"', '"18:60"', f"8:6: to is '18:60', {time}"),
            ('"18:00"', '"25:00"', f"8:6: to is '25:00', {time}"),
            ('"08:00"', '"24:00"', "7:8: from is '24:00', '00:00'"),
            (
                '"18:00"',
                '"08:00"',
                "8:6: to is the same as from, another time; from '00:00' to '24:00' is "
                "the whole day, which",
            ),
            (
                'from = "08:00"\n',
                "",
                "6:1: from is missing here, a line 'from = \"08:00\"'",
            ),
            ("up = 2048\n", "", "6:1: no rate is told here, a line 'up = \"2 MiB/s\"'"),
        ):
            self.fails(f"{AT}up = 2048\n".replace(old, new), expected)

    def test_wrong_days(self) -> None:
        """
        And days.
        """
        days = "mon, tue, wed, thu, fri, sat, sun"
        for value, expected in (
            ("'mon'", f"9:8: days is 'mon', an array of days among {days}"),
            ("[]", f"9:8: days is empty, an array of days among {days}"),
            ("['mon', 'Tue']", f"9:16: a day is 'Tue', one of {days}"),
            ("[1]", f"9:9: a day is 1, one of {days}"),
        ):
            self.fails(f"{AT}days = {value}\n", expected)

    def test_wrong_tables(self) -> None:
        """
        And brackets, and keys that belong elsewhere.
        """
        each = "a table [[rates.at]] in two pairs of brackets for each time"
        for text, expected in (
            ("[rates.at]\nup = 2048\n", f"6:1: [rates.at] is one table, {each}"),
            ("[rates]\nat = [1]\n", f"7:7: time 1 is no table, {each}"),
            (
                "[[rates]]\n",
                "6:1: rates is an array, one table [rates] in one pair of brackets",
            ),
            (
                "[rates]\nfrom = '08:00'\n",
                "7:1: 'from' is no key of [rates], from in [[rates.at]]",
            ),
            ("[rates]\nupload = 2048\n", "7:1: 'upload' is no key of [rates], up"),
            (
                "[[rates.at]]\ndscp = 1\n",
                "7:1: 'dscp' is no key of [[rates.at]], dscp in [rates]",
            ),
            ("[limits]\nup = 2048\n", "7:1: 'up' is no key of [limits], up in [rates]"),
        ):
            self.fails(SMALL + text, expected)
        error = self.assertRaises(
            ConfigError, SwarmConfig.parse, f"'rates.at' = 1\n{SMALL}"
        )
        self.assertIn("'rates.at' is no key, ", str(error))
