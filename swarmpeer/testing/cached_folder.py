"""
What memory shows of a folder, and what a loss of power leaves of it.
"""

from random import Random

from swarmpeer.testing.page_cache import CachedFile

Change = tuple[tuple[str, CachedFile | None], ...]
"""
What happens to names in one step: each name stands for that file from then on,
or for none.
"""


class CachedFolder:
    """
    The names in one folder, and the folder's own name.

    @ivar is_durable: does its own name survive a loss of power?
    """

    __slots__ = ("_changes", "_durable", "files", "is_durable", "number")

    def __init__(self, number: int) -> None:
        """
        @param number: no file of the disk has the same.
        """
        self.number = number
        self.is_durable = False
        self.files: dict[str, CachedFile] = {}
        self._durable: dict[str, CachedFile] = {}
        self._changes: list[Change] = []

    def change(self, *change: tuple[str, CachedFile | None]) -> None:
        """
        Let names stand for other files, or for none, in one step.
        """
        self._changes.append(change)
        self._apply(self.files, change)

    def sync(self) -> None:
        """
        Make all names durable.
        """
        self.is_durable = True
        self._durable = dict(self.files)
        self._changes.clear()

    def lose_power(self, rng: Random, kept: float) -> int:
        """
        Keep what is durable, and of the changes since then, in their order,
        those up to one that chance takes.

        @param kept: how likely all are kept.
        @return: how many changes were lost.
        """
        count = len(self._changes)
        survivors = count if rng.random() < kept else rng.randint(0, count)
        files = self._durable
        for change in self._changes[:survivors]:
            self._apply(files, change)
        self.files = files
        self.sync()
        return count - survivors

    @staticmethod
    def _apply(files: dict[str, CachedFile], change: Change) -> None:
        for name, file in change:
            if file is None:
                files.pop(name, None)
            else:
                files[name] = file
