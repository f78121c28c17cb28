"""
One log, line by line: what each line says, or why it says nothing.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from swarmpeer.errors import SwarmPeerError
from swarmpeer.log_reading.times import TimeReader
from swarmpeer.log_reading.wording import Variant, Wording, meant, understand
from swarmpeer.manifest_files.regular import regular_file
from swarmpeer.protocol_log import LogKind
from swarmpeer.text import printable, quoted

LONGEST_LINE_BYTES = 64 * 1024
"""
A list of some thousand neighbours fits in; what is longer is skipped.
"""

_MOST_WORDINGS = 1000
_LONGEST_WORDING = 1000
_MOST_DIGITS = 10

_NUMBER = re.compile(rb"\d+")
_PEER = re.compile(rb"\[?\bpeer", re.IGNORECASE)
_JUNK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_DOWNLOADED, _HAVE = LogKind.DOWNLOADED, LogKind.HAVE


class LogError(SwarmPeerError):
    """
    A log cannot be read.
    """


@dataclass(slots=True)
class LogEntry:
    """
    A line of the protocol.

    @ivar number: of the line, from 1.
    @ivar seconds: when, by the writer's own clock.
    @ivar writer: whose log it says that it is.
    @ivar others: the neighbours named.
    @ivar index: the piece, C{-1} if it names none.
    @ivar held: how many pieces are there now, C{-1} if it does not say.
    """

    number: int
    seconds: float
    kind: LogKind
    writer: int
    others: tuple[int, ...]
    index: int = -1
    held: int = -1


@dataclass(frozen=True, slots=True)
class Flaw:
    """
    A line that should say something and does not.

    @ivar meant: what it may have been meant to say.
    """

    number: int
    words: str
    meant: frozenset[LogKind] = frozenset()

    @property
    def wording(self) -> str:
        """
        Its words without the numbers, which differ from line to line.
        """
        return re.sub(r"\d+(?:, ?\d+)*", "#", self.words)


@dataclass(frozen=True, slots=True)
class Usage:
    """
    A wording that differs, in one log: where first, what stands there, how often.
    """

    number: int
    words: str
    count: int


def how_often(count: int) -> str:
    """
    In words.
    """
    return "once" if count == 1 else f"{count:,} times"


def note_usage(
    usages: dict[Variant, Usage], variant: Variant, number: int, words: str
) -> None:
    """
    Count a variant; the first line that has it is kept.
    """
    known = usages.get(variant)
    if known is None:
        usages[variant] = Usage(number, words, 1)
    else:
        usages[variant] = Usage(known.number, known.words, known.count + 1)


class LogLines:
    """
    The lines of one log.

    @ivar path: where it is.
    @ivar usages: the variants found so far.
    @ivar count: the lines read so far.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._wordings: dict[bytes, Wording | None] = {}
        self._rewind()

    def __iter__(self) -> Iterator[LogEntry | Flaw]:
        """
        Read it from the beginning.

        @raise LogError: if it cannot be read.
        """
        self._rewind()
        try:
            # A pipe cannot be read twice.
            with regular_file(self.path) as file:
                for raw in self._raw_lines(file):
                    self.count += 1
                    found = self._read(raw)
                    if isinstance(found, Flaw) and not raw.endswith(b"\n"):
                        # Cut off: nothing of the log stands behind it.
                        found = Flaw(found.number, found.words)
                    if found is not None:
                        yield found
        except OSError as error:
            raise LogError(
                f"{printable(self.path)} cannot be read: {error.strerror}"
            ) from error

    def _rewind(self) -> None:
        self.usages: dict[Variant, Usage] = {}
        self.count = 0
        self._time = TimeReader()

    def note(self, variant: Variant, words: str, number: int = 0) -> None:
        """
        Count a variant that this line has.
        """
        note_usage(self.usages, variant, number or self.count, words)

    def _raw_lines(self, file: io.BufferedReader) -> Iterator[bytes]:
        head = file.peek(3)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.note(Variant.UTF16, "", 1)
            wide = io.TextIOWrapper(file, "utf-16", "replace", newline="\n")
            yield from _bounded(
                lambda: wide.readline(LONGEST_LINE_BYTES).encode("utf-8", "replace")
            )
            return
        if head.startswith(codecs.BOM_UTF8):
            file.read(3)
        yield from _bounded(lambda: file.readline(LONGEST_LINE_BYTES))

    def _read(self, raw: bytes) -> LogEntry | Flaw | None:
        line = raw[:-1] if raw.endswith(b"\n") else raw
        if line.endswith(b"\r"):
            line = line[:-1]
            self.note(Variant.CRLF, "")
        head, peer, words = line.partition(b"Peer")
        if not peer or head.endswith(b"["):
            found = _PEER.search(line)
            at = len(line) if found is None else found.start()
            head, words = line[:at], line[at:]
        else:
            words = peer + words
        if len(line) >= LONGEST_LINE_BYTES:
            return Flaw(self.count, f"longer than {LONGEST_LINE_BYTES:,} bytes")
        wording = self._wording(words)
        if wording is None:
            return self._strange(line, words)
        seconds = self._time.read(_decoded(head))
        if seconds is None:
            return Flaw(
                self.count,
                f"no time can be read: {_shown(line)}",
                frozenset({wording.kind}),
            )
        numbers = _NUMBER.findall(words)
        if max(map(len, numbers)) > _MOST_DIGITS:
            return Flaw(
                self.count,
                f"a number is too large: {_shown(line)}",
                frozenset({wording.kind}),
            )
        if wording.variants or not self._time.is_usual:
            self._note_all(wording, line)
        return self._entry(seconds, wording.kind, [int(number) for number in numbers])

    def _wording(self, words: bytes) -> Wording | None:
        shape = _NUMBER.sub(b"#", words)
        try:
            return self._wordings[shape]
        except KeyError:
            pass
        # A line of its own cannot pass for one with a number.
        found = None if b"#" in words else understand(_decoded(shape))
        if len(self._wordings) < _MOST_WORDINGS and len(shape) <= _LONGEST_WORDING:
            self._wordings[shape] = found
        return found

    def _entry(self, seconds: float, kind: LogKind, numbers: list[int]) -> LogEntry:
        writer, *rest = numbers
        if kind is _HAVE:
            return LogEntry(self.count, seconds, kind, writer, (rest[0],), rest[1])
        if kind is _DOWNLOADED:
            index, other, held = rest
            return LogEntry(self.count, seconds, kind, writer, (other,), index, held)
        return LogEntry(self.count, seconds, kind, writer, tuple(rest))

    def _note_all(self, wording: Wording, line: bytes) -> None:
        variants = list(wording.variants)
        if not self._time.has_date:
            variants.append(Variant.NO_DATE)
        elif not self._time.is_usual:
            variants.append(Variant.TIME)
        for variant in variants:
            known = self.usages.get(variant)
            self.note(variant, "" if known else _shown(line))

    def _strange(self, line: bytes, words: bytes) -> Flaw | None:
        if not line.strip():
            return None
        text = _decoded(line)
        if _JUNK.search(text):
            return Flaw(self.count, f"no text: {_shown(line)}")
        if kinds := meant(_decoded(words)):
            return Flaw(self.count, f"not understood: {_shown(line)}", kinds)
        self.note(Variant.EXTRA, _shown(line))
        return None


def _bounded(read: Callable[[], bytes]) -> Iterator[bytes]:
    """
    The lines, each with its end; of one that is too long the beginning.

    @param read: gives the next bytes up to a line end, or L{LONGEST_LINE_BYTES}.
    """
    while raw := read():
        yield raw
        while len(raw) >= LONGEST_LINE_BYTES and not raw.endswith(b"\n"):
            raw = read()


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        # Typographic quotes as Windows writes them.
        return raw.decode("cp1252", "replace")


def _shown(line: bytes) -> str:
    text = _decoded(line[:600])
    return printable(text) if len(text) <= 160 else quoted(text)
