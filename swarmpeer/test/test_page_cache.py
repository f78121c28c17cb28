"""
Tests of L{swarmpeer.testing.page_cache}.
"""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.page_cache import PAGE_BYTES, SECTOR_BYTES, CachedFile

Step = tuple[str, int, int, int]
"""
What is done, where, with how many bytes, and which byte is written.
"""

OFFSETS = st.one_of(
    st.integers(0, 3 * PAGE_BYTES),
    st.sampled_from([0, 1, SECTOR_BYTES, PAGE_BYTES - 1, PAGE_BYTES, 2 * PAGE_BYTES]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "truncate", "sync"]),
        OFFSETS,
        OFFSETS,
        st.integers(1, 255),
    ),
    max_size=12,
)


def take(file: CachedFile, step: Step) -> None:
    """
    Do a step to a file.
    """
    what, offset, size_bytes, byte = step
    if what == "write":
        file.write(bytes([byte]) * size_bytes, offset)
    elif what == "truncate":
        file.truncate(offset)
    else:
        file.sync()


def after(data: bytes, step: Step) -> bytes:
    """
    The plain bytes after that step.
    """
    what, offset, size_bytes, byte = step
    if what == "write" and size_bytes:
        end = offset + size_bytes
        before = data[:offset].ljust(offset, b"\0")
        return before + bytes([byte]) * size_bytes + data[end:]
    if what == "truncate":
        return data[:offset].ljust(offset, b"\0")
    return data


def contents(file: CachedFile) -> bytes:
    """
    All bytes of a file.
    """
    return file.read(file.size_bytes, 0)


class CachedFileTests(SynchronousTestCase):
    """
    One file on a simulated disk.
    """

    @given(steps=STEPS, offset=OFFSETS, size_bytes=OFFSETS)
    @settings(deadline=None)
    def test_reads_as_written(
        self, steps: list[Step], offset: int, size_bytes: int
    ) -> None:
        """
        While the power is on it is like plain bytes, synced or not.
        """
        file, data = CachedFile(1), b""
        for step in steps:
            take(file, step)
            data = after(data, step)
            self.assertEqual(file.size_bytes, len(data))
        self.assertEqual(contents(file), data)
        found = file.read(size_bytes, offset)
        self.assertEqual(found, data[offset : offset + size_bytes])

    @given(steps=STEPS, seed=st.integers(), kept=st.sampled_from([0.0, 0.5, 1.0]))
    @settings(deadline=None)
    def test_loss_of_power(self, steps: list[Step], seed: int, kept: float) -> None:
        """
        After a loss of power the size is one, and each sector holds what it held
        at one moment, of those since the last sync; from then on all that is
        durable.  If chance keeps everything nothing is lost.
        """
        file, data = CachedFile(1), b""
        moments = [data]
        for step in steps:
            take(file, step)
            data = after(data, step)
            moments = [data] if step[0] == "sync" else [*moments, data]
        file.lose_power(Random(seed), kept)
        found = contents(file)
        self.assertIn(len(found), [len(moment) for moment in moments])
        for start in range(0, len(found), SECTOR_BYTES):
            sector = found[start : start + SECTOR_BYTES]
            end = start + len(sector)
            self.assertIn(
                sector, [moment.ljust(end, b"\0")[start:end] for moment in moments]
            )
        if kept == 1.0:
            self.assertEqual(found, data)
        file.lose_power(Random(seed + 1), 0.0)
        self.assertEqual(contents(file), found)

    @given(steps=STEPS, seed=st.integers())
    @settings(deadline=None)
    def test_synced(self, steps: list[Step], seed: int) -> None:
        """
        What was synced outlasts any loss of power.
        """
        file = CachedFile(1)
        for step in [*steps, ("sync", 0, 0, 0)]:
            take(file, step)
        data = contents(file)
        self.assertEqual(file.lose_power(Random(seed), 0.0), (0, 0))
        self.assertEqual(contents(file), data)

    @given(steps=STEPS, seed=st.integers())
    @settings(deadline=None)
    def test_same_seed(self, steps: list[Step], seed: int) -> None:
        """
        The same seed leaves the same.
        """
        left = []
        for _ in range(2):
            file = CachedFile(1)
            for step in steps:
                take(file, step)
            lost = file.lose_power(Random(seed), 0.5)
            left.append((lost, contents(file)))
        self.assertEqual(left[0], left[1])

    def test_any_mix(self) -> None:
        """
        Of two pages written over in order, either may be there without the
        other, both or none, or one of them in part; and what is counted as lost
        is what is not there.
        """
        seen: Counter[str] = Counter()
        for seed in range(300):
            file = CachedFile(1)
            file.write(b"a" * 2 * PAGE_BYTES, 0)
            file.sync()
            file.write(b"b" * PAGE_BYTES, 0)
            file.write(b"c" * PAGE_BYTES, PAGE_BYTES)
            torn, dropped = file.lose_power(Random(seed), 0.5)
            pages = [
                "".join(sorted({chr(byte) for byte in file.read(PAGE_BYTES, start)}))
                for start in (0, PAGE_BYTES)
            ]
            self.assertEqual(torn, sum(len(page) == 2 for page in pages))
            self.assertEqual(dropped, pages.count("a"))
            seen[" ".join(pages)] += 1
        self.assertEqual(
            sorted(seen),
            ["a a", "a ac", "a c", "ab a", "ab ac", "ab c", "b a", "b ac", "b c"],
        )

    def test_former_bytes(self) -> None:
        """
        Of a page written more than once since the last sync any state may be
        what the disk got, the last few at least.
        """
        seen = set()
        for seed in range(100):
            file = CachedFile(1)
            for byte in b"abcdef":
                file.write(bytes([byte]) * PAGE_BYTES, 0)
            file.lose_power(Random(seed), 0.2)
            seen.add(bytes(sorted(set(contents(file)))))
        self.assertTrue({b"", b"\0", b"c", b"d", b"e", b"f"} <= seen, seen)
        self.assertNotIn(b"a", seen)

    def test_failed_sync(self) -> None:
        """
        What a sync failed to bring to the disk can still be read, but a later
        sync does not bring it there; what is written after that it does.
        """
        file = CachedFile(1)
        file.write(b"a" * PAGE_BYTES, 0)
        file.fail_sync()
        file.write(b"b" * PAGE_BYTES, PAGE_BYTES)
        self.assertEqual(file.sync(), PAGE_BYTES)
        self.assertEqual(contents(file), b"a" * PAGE_BYTES + b"b" * PAGE_BYTES)
        file.lose_power(Random(1), 1.0)
        self.assertEqual(contents(file), bytes(PAGE_BYTES) + b"b" * PAGE_BYTES)

    def test_memory(self) -> None:
        """
        After a loss of power nothing is in memory until it is read or written,
        and what has to come from the disk is told in bytes.
        """
        file = CachedFile(1)
        file.write(b"a" * 3 * PAGE_BYTES, 0)
        file.truncate(5 * PAGE_BYTES)
        self.assertTrue(file.is_in_memory(5 * PAGE_BYTES, 0))
        self.assertEqual(file.load(5 * PAGE_BYTES, 0), 0)
        file.sync()
        file.lose_power(Random(1), 0.0)
        self.assertEqual(file.load(2, PAGE_BYTES - 1), 2 * PAGE_BYTES)
        file.write(b"b", 2 * PAGE_BYTES)
        self.assertTrue(file.is_in_memory(5 * PAGE_BYTES, 0))
        file.cool()
        self.assertFalse(file.is_in_memory(1, 0))
        self.assertTrue(file.is_in_memory(1, 2 * PAGE_BYTES))
        self.assertEqual(file.load(5 * PAGE_BYTES, 0), 2 * PAGE_BYTES)

    def test_room(self) -> None:
        """
        Only pages that were never written need room, and what fits ends where
        the first page without room begins.
        """
        file = CachedFile(1)
        file.truncate(10 * PAGE_BYTES)
        file.write(b"a", PAGE_BYTES)
        self.assertEqual(file.page_count, 1)
        self.assertEqual(file.fitting(PAGE_BYTES, PAGE_BYTES, 0), PAGE_BYTES)
        self.assertEqual(file.fitting(10, 2 * PAGE_BYTES - 3, 0), 3)
        self.assertEqual(file.fitting(PAGE_BYTES, 2 * PAGE_BYTES - 3, 1), PAGE_BYTES)
        self.assertEqual(file.fitting(10, 0, 0), 0)
        self.assertEqual(file.fitting(10, PAGE_BYTES - 3, 0), 0)
        file.truncate(0)
        self.assertEqual(file.page_count, 0)

    def test_reserved(self) -> None:
        """
        What was reserved takes room once, whether it is written or not, needs none
        later, and is given back where the file is cut.
        """
        file = CachedFile(1)
        file.write(b"a", PAGE_BYTES)
        file.reserve(3 * PAGE_BYTES)
        self.assertEqual((file.page_count, file.size_bytes), (3, 3 * PAGE_BYTES))
        self.assertEqual(file.fitting(4 * PAGE_BYTES, 0, 0), 3 * PAGE_BYTES)
        file.write(b"a", 0)
        self.assertEqual(file.page_count, 3)
        file.reserve(PAGE_BYTES)
        self.assertEqual(file.size_bytes, 3 * PAGE_BYTES)
        file.sync()
        file.lose_power(Random(1), 0.0)
        self.assertEqual(file.page_count, 3)
        file.truncate(PAGE_BYTES + 1)
        self.assertEqual(file.page_count, 2)
        file.truncate(3 * PAGE_BYTES)
        self.assertEqual(file.page_count, 2)

    @given(steps=STEPS, offset=OFFSETS)
    @settings(deadline=None)
    def test_holes(self, steps: list[Step], offset: int) -> None:
        """
        Where nothing was ever written there are zeros, and whoever goes from one
        end of a hole to the next comes to the end of the file.
        """
        file = CachedFile(1)
        for step in steps:
            take(file, step)
        size_bytes = file.size_bytes
        end = offset
        while (start := file.next_data(end)) is not None:
            self.assertTrue(end <= start < size_bytes)
            self.assertEqual(file.read(start - end, end).strip(b"\0"), b"")
            end = file.next_hole(start)
            self.assertTrue(start < end <= size_bytes)
        self.assertEqual(file.read(size_bytes, end).strip(b"\0"), b"")
        self.assertEqual(file.next_hole(size_bytes), size_bytes)

    def test_hole_is_no_zeros(self) -> None:
        """
        Zeros that were written are no hole.
        """
        file = CachedFile(1)
        file.truncate(4 * PAGE_BYTES)
        self.assertIsNone(file.next_data(0))
        file.write(bytes(PAGE_BYTES), PAGE_BYTES)
        self.assertEqual(file.next_hole(0), 0)
        self.assertEqual(file.next_data(0), PAGE_BYTES)
        self.assertEqual(file.next_data(PAGE_BYTES + 1), PAGE_BYTES + 1)
        self.assertEqual(file.next_hole(PAGE_BYTES), 2 * PAGE_BYTES)
        self.assertIsNone(file.next_data(2 * PAGE_BYTES))

    def test_what_is_known(self) -> None:
        """
        Size, time and mode are those of one moment after a loss of power, whatever
        became of the bytes.
        """
        seen = set()
        for seed in range(60):
            file = CachedFile(1, modified_ns=1)
            file.write(b"a", 0)
            file.sync()
            file.modified_ns = 2
            file.write(b"bc", 0)
            file.change_mode(0o755)
            file.lose_power(Random(seed), 0.5)
            data = contents(file)
            seen.add((file.modified_ns, file.mode, data.replace(b"\0", b"a")))
        before, written, after = (1, 0o644), (2, 0o644), (2, 0o755)
        self.assertEqual(
            seen,
            {
                (*before, b"a"),
                (*before, b"b"),
                (*written, b"aa"),
                (*written, b"bc"),
                (*after, b"aa"),
                (*after, b"bc"),
            },
        )

    @given(size_bytes=st.integers(1, 2 * PAGE_BYTES), seed=st.integers())
    @settings(deadline=None)
    def test_flipped_bit(self, size_bytes: int, seed: int) -> None:
        """
        One bit of one byte is the other one, in memory and after a loss of
        power.
        """
        file = CachedFile(1)
        file.write(bytes(size_bytes), 0)
        file.sync()
        offset = file.flip_bit(Random(seed))
        found = contents(file)
        [place] = [place for place, byte in enumerate(found) if byte]
        self.assertEqual((place, found[place].bit_count()), (offset, 1))
        file.lose_power(Random(seed), 0.0)
        self.assertEqual(contents(file), found)
