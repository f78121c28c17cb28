"""
What memory shows of a file, and what a loss of power leaves of it.

What is written goes to memory first and counts there at once; it is durable
after a sync.  When the power goes before that, any of it may be on the disk
already, in any order.
"""

from collections import deque
from random import Random

from swarmpeer.wire.messages import PieceData

PAGE_BYTES = 4096
"""
What memory and disk exchange.
"""
SECTOR_BYTES = 512
"""
What a disk writes wholly or not at all.
"""

_EMPTY_PAGE = bytes(PAGE_BYTES)
_NEW_MODE = 0o644
_TORN_SHARE = 0.3
# Of a page that is written over and over between two syncs, so many of the
# former states are remembered; that is enough for chance to take from.
_MAX_OLDER = 3


def _pages(size_bytes: int, offset: int) -> range:
    """
    The numbers of the pages that C{size_bytes} at C{offset} lie in.
    """
    return range(offset // PAGE_BYTES, -(-(offset + size_bytes) // PAGE_BYTES))


class CachedFile:
    """
    One file.  A page that was never written reads as zeros and takes no room, but
    for what was reserved.

    What is known about a file is like its bytes: after a loss of power it is what
    it was at some moment since the last sync, and whether the bytes are those of
    that moment is another matter.

    @ivar number: no other file of the disk ever has the same.
    @ivar size_bytes: as memory has it.
    @ivar mode: who may do what with it.
    @ivar modified_ns: when bytes or size were changed; whoever changes them says
        so before.
    @ivar lock_holder: the descriptor that holds the file's lock.
    @ivar was_locked: did anything ever hold it?
    """

    __slots__ = (
        "_cold",
        "_dirty",
        "_durable",
        "_older",
        "_pages",
        "_reserved",
        "_states",
        "lock_holder",
        "mode",
        "modified_ns",
        "number",
        "size_bytes",
        "was_locked",
    )

    def __init__(self, number: int, modified_ns: int = 0) -> None:
        self.number = number
        self.size_bytes = 0
        self.mode = _NEW_MODE
        self.modified_ns = modified_ns
        self.lock_holder: int | None = None
        self.was_locked = False
        self._pages: dict[int, bytes] = {}
        self._durable: dict[int, bytes] = {}
        # Pages whose latest bytes are not synced, in the order of writing, and
        # what such a page held since the last sync and before those bytes.
        self._dirty: dict[int, None] = {}
        self._older: dict[int, deque[bytes]] = {}
        # Pages that take room although nothing may have been written there.  Only
        # ever asked and counted, never walked through.
        self._reserved: set[int] = set()
        # All sizes since the last sync, the one synced first, with the time of the
        # change and the mode at that moment.
        self._states = [(0, modified_ns, _NEW_MODE)]
        # Pages that are not in memory.  Only ever asked, never walked through.
        self._cold: set[int] = set()

    @property
    def page_count(self) -> int:
        """
        How many pages take room.
        """
        if self._reserved:
            return len(self._reserved.union(self._pages))
        return len(self._pages)

    @property
    def is_written(self) -> bool:
        """
        Was any page ever written?
        """
        return bool(self._pages)

    def next_data(self, offset: int) -> int | None:
        """
        Where the first byte at C{offset} or after is whose page was written;
        C{None} if there is none.
        """
        first = offset // PAGE_BYTES
        numbers = [number for number in self._pages if number >= first]
        if offset >= self.size_bytes or not numbers:
            return None
        return max(offset, min(numbers) * PAGE_BYTES)

    def next_hole(self, offset: int) -> int:
        """
        Where the first byte at C{offset} or after is whose page was never written,
        or where the file ends.
        """
        number = offset // PAGE_BYTES
        while number in self._pages:
            number += 1
        return max(offset, min(number * PAGE_BYTES, self.size_bytes))

    def read(self, size_bytes: int, offset: int) -> bytes:
        """
        The bytes there, fewer where the file ends.
        """
        size_bytes = min(size_bytes, self.size_bytes - offset)
        if size_bytes <= 0:
            return b""
        page = self._pages.get
        numbers = _pages(size_bytes, offset)
        data = b"".join([page(number, _EMPTY_PAGE) for number in numbers])
        start = offset % PAGE_BYTES
        return data[start : start + size_bytes]

    def is_in_memory(self, size_bytes: int, offset: int) -> bool:
        """
        Are all bytes there in memory?
        """
        return not self._cold or self._cold.isdisjoint(_pages(size_bytes, offset))

    def load(self, size_bytes: int, offset: int) -> int:
        """
        Have all bytes there in memory.

        @return: how many bytes the disk had to give.
        """
        before = len(self._cold)
        if before:
            self._cold.difference_update(_pages(size_bytes, offset))
        return (before - len(self._cold)) * PAGE_BYTES

    def fitting(self, size_bytes: int, offset: int, room_pages: int) -> int:
        """
        How many of the bytes can be written there if only so many pages more
        may take room?
        """
        for number in _pages(size_bytes, offset):
            if number not in self._pages and number not in self._reserved:
                if not room_pages:
                    return max(0, number * PAGE_BYTES - offset)
                room_pages -= 1
        return size_bytes

    def write(self, data: PieceData, offset: int) -> None:
        """
        Write to memory.
        """
        data = bytes(data)
        size_bytes = len(data)
        if not size_bytes:
            return
        number, start = divmod(offset, PAGE_BYTES)
        done = 0
        if start:
            done = min(size_bytes, PAGE_BYTES - start)
            self._overwrite(number, start, data[:done])
            number += 1
        pages, dirty = self._pages, self._dirty
        while (after := done + PAGE_BYTES) <= size_bytes:
            if number in dirty:
                self._outdate(number)
            else:
                dirty[number] = None
            pages[number] = data[done:after]
            number += 1
            done = after
        if done < size_bytes:
            self._overwrite(number, 0, data[done:])
        if self._cold:
            self.load(size_bytes, offset)
        if offset + size_bytes > self.size_bytes:
            self._resize(offset + size_bytes)

    def truncate(self, size_bytes: int) -> None:
        """
        Cut the file, or have it end in zeros.
        """
        if size_bytes < self.size_bytes:
            self._cut(size_bytes)
        self._resize(size_bytes)

    def reserve(self, size_bytes: int) -> None:
        """
        Take room from the start of the file on, which is at least as long then.  A
        loss of power changes nothing about the room.
        """
        self._reserved.update(_pages(size_bytes, 0))
        if size_bytes > self.size_bytes:
            self._resize(size_bytes)

    def change_mode(self, mode: int) -> None:
        """
        Let others do other things with it.
        """
        self.mode = mode
        self._remember_state()

    def sync(self) -> int:
        """
        Make everything durable.

        @return: how many bytes went to the disk.
        """
        size_bytes = len(self._dirty) * PAGE_BYTES
        for number in self._dirty:
            if number in self._pages:
                self._durable[number] = self._pages[number]
            else:
                self._durable.pop(number, None)
        self._forget_changes()
        return size_bytes

    def fail_sync(self) -> None:
        """
        Forget what was to be synced, as systems do when a disk refuses it:
        memory still has it, but no later sync will write it.
        """
        self._dirty.clear()
        self._older.clear()

    def lose_power(self, rng: Random, kept: float) -> tuple[int, int]:
        """
        Keep what is durable, and of the rest what chance has brought to the
        disk.

        @param kept: how likely the latest bytes of a page are there.
        @return: how many pages were torn, and how many dropped.
        """
        torn = dropped = 0
        pages = dict(self._durable)
        for number in self._dirty:
            latest = self._pages.get(number, _EMPTY_PAGE)
            before = self._durable.get(number, _EMPTY_PAGE)
            versions = [before, *self._older.get(number, ()), latest]
            if rng.random() < kept:
                page = latest
            elif rng.random() < _TORN_SHARE:
                page = b"".join(
                    rng.choice(versions)[start : start + SECTOR_BYTES]
                    for start in range(0, PAGE_BYTES, SECTOR_BYTES)
                )
            else:
                page = rng.choice(versions[:-1])
            if page not in versions:
                torn += 1
            elif page != latest:
                dropped += 1
            pages[number] = page
        state = (self.size_bytes, self.modified_ns, self.mode)
        if rng.random() >= kept:
            state = rng.choice(self._states)
        self._pages = pages
        self._cut(state[0])
        self.size_bytes, self.modified_ns, self.mode = state
        self._durable = dict(self._pages)
        self._forget_changes()
        self.cool()
        return torn, dropped

    def cool(self) -> None:
        """
        Have nothing in memory but what is not durable.
        """
        self._cold = {number for number in self._pages if number not in self._dirty}

    def flip_bit(self, rng: Random) -> int:
        """
        Let one bit be the other, on the disk and in memory.

        @return: the offset of its byte.
        @raise IndexError: if no page takes room.
        """
        number = rng.choice(list(self._pages))
        start = number * PAGE_BYTES
        position = rng.randrange(min(PAGE_BYTES, self.size_bytes - start))
        bit = 1 << rng.randrange(8)
        for pages in (self._pages, self._durable):
            if number in pages:
                page = bytearray(pages[number])
                page[position] ^= bit
                pages[number] = bytes(page)
        return start + position

    def _overwrite(self, number: int, start: int, data: bytes) -> None:
        page = self._pages.get(number, _EMPTY_PAGE)
        self._soil(number)
        self._pages[number] = page[:start] + data + page[start + len(data) :]

    def _soil(self, number: int) -> None:
        """
        The page is about to get other bytes.
        """
        if number in self._dirty:
            self._outdate(number)
        else:
            self._dirty[number] = None

    def _outdate(self, number: int) -> None:
        older = self._older.get(number)
        if older is None:
            older = self._older[number] = deque(maxlen=_MAX_OLDER)
        older.append(self._pages.get(number, _EMPTY_PAGE))

    def _cut(self, size_bytes: int) -> None:
        """
        Let nothing stand behind what is to be the end.
        """
        whole_pages, rest = divmod(size_bytes, PAGE_BYTES)
        first_gone = whole_pages + bool(rest)
        for number in [number for number in self._pages if number >= first_gone]:
            self._soil(number)
            del self._pages[number]
            self._cold.discard(number)
        if self._reserved:
            self._reserved = {page for page in self._reserved if page < first_gone}
        if rest and whole_pages in self._pages:
            self._overwrite(whole_pages, rest, bytes(PAGE_BYTES - rest))

    def _resize(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._remember_state()

    def _remember_state(self) -> None:
        self._states.append((self.size_bytes, self.modified_ns, self.mode))

    def _forget_changes(self) -> None:
        self._dirty.clear()
        self._older.clear()
        self._states = [(self.size_bytes, self.modified_ns, self.mode)]
