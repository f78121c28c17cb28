"""
The text of a C{swarm.toml} as tables whose keys are all known.
"""

from collections.abc import Iterable

from swarmpeer.config.swarm_keys import (
    ARRAYS,
    KEYS,
    MEMBERS,
    RATES_AT,
    TABLES,
    TOP,
    unknown_key,
)
from swarmpeer.config.toml_lines import KeyPath, Place
from swarmpeer.config.toml_table import Entry, Table
from swarmpeer.config.toml_text import TomlText
from swarmpeer.errors import ConfigError


class SwarmTables:
    """
    The tables of a text; those that are not there are empty.

    @ivar top: what stands above the first header.
    @ivar members: one table for each, in their order.
    @ivar rates_at: the same of the parts of the week that have rates of their own.
    @ivar end: how an error begins that is about the end of the text.
    """

    def __init__(self, text: str | bytes, name: str) -> None:
        """
        @raise ConfigError: if it is no TOML, or has a key that nobody knows.
        """
        self._source = source = TomlText(text, name)
        if not source.values:
            raise self.error(
                Place(1, 1),
                "there is nothing in it",
                "a manifest or an infohash, and [[members]],",
            )
        self.end = source.where(source.end)
        self.top = self._known(Table(source, (), source.values), TOP)
        self._tables = {
            name: self._known(self._table(name), name)
            for name in TABLES
            if name not in ARRAYS
        }
        self.rates_at = [
            self._known(part, RATES_AT) for part in self._tables_of_rates()
        ]
        self.members = [
            self._known(member, MEMBERS) for member in self._tables_of_members()
        ]

    def table(self, name: str) -> Table:
        """
        One of those that are there at most once.
        """
        return self._tables[name]

    def check_one_manifest(self) -> None:
        """
        @raise ConfigError: if what the swarm is about is not told, or twice.
        """
        if self.top.has("manifest") and self.top.has("infohash"):
            raise self.error(
                max(self.key_place(("manifest",)), self.key_place(("infohash",))),
                "both manifest and infohash are here",
                "one of them",
            )
        if not self.top.has("manifest") and not self.top.has("infohash"):
            raise self.error(
                Place(1, 1),
                "neither manifest nor infohash is here",
                "a line 'manifest = \"name.torrent\"' above the first [table]",
            )

    def error(self, place: Place, what: str, right: str) -> ConfigError:
        """
        The error that says what is wrong there.
        """
        return self._source.error(place, what, right)

    def key_place(self, path: KeyPath) -> Place:
        """
        Where a key stands, or the header of a table.
        """
        return self._source.key_place(path)

    def _table(self, name: str) -> Table:
        value = self._source.values.get(name, {})
        if isinstance(value, list):
            raise self.error(
                self.key_place((name,)),
                f"{name} is an array",
                f"one table [{name}] in one pair of brackets",
            )
        if not isinstance(value, dict):
            raise Entry(self._source, (name,), value).error(f"a table [{name}]")
        return Table(self._source, (name,), value)

    def _tables_of_members(self) -> Iterable[Table]:
        right = f"a table [[{MEMBERS}]] in two pairs of brackets for each peer"
        members = self._source.values.get(MEMBERS, [])
        if members == []:
            raise self.error(self._source.end, "no peer is listed", right)
        entry = Entry(self._source, (MEMBERS,), members)
        return self._array(entry, MEMBERS, "member", right)

    def _tables_of_rates(self) -> Iterable[Table]:
        right = f"a table [[{RATES_AT}]] in two pairs of brackets for each time"
        parts = self.table("rates").values.get("at", [])
        entry = Entry(self._source, ("rates", "at"), parts)
        return self._array(entry, RATES_AT, "time", right)

    def _array(self, entry: Entry, name: str, one: str, right: str) -> Iterable[Table]:
        """
        The tables of an array of them.

        @param one: what each of them is called.
        """
        if isinstance(entry.value, dict):
            raise entry.error(right, f"[{name}] is one table")
        if not isinstance(entry.value, list):
            raise entry.error(right)
        for position, value in enumerate(entry.value):
            path = (*entry.path, position)
            if not isinstance(value, dict):
                what = f"{one} {position + 1} is no table"
                raise Entry(self._source, path, value).error(right, what)
            yield Table(self._source, path, value)

    def _known(self, table: Table, name: str) -> Table:
        """
        @raise ConfigError: if one of its keys is not.
        """
        others = () if name else TABLES
        for key, value in table.values.items():
            if key not in KEYS[name] and (not key or key not in others):
                items = value if isinstance(value, list) else [value]
                is_table = all(isinstance(item, dict) for item in items)
                fault = unknown_key(name, key, is_table)
                raise self.error(self.key_place((*table.path, key)), *fault)
        return table
