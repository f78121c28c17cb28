"""
The answers of a storage of others: to each question one, and what is told of those that
cannot be.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from swarmpeer.core.guarding.faults import raised
from swarmpeer.errors import OUR_END, StorageError
from swarmpeer.text import in_few_words

Tell = Callable[[str], None]
"""
Hears of a fault that no event tells of.
"""

_Answer = TypeVar("_Answer")


class Complaints:
    """
    What is told of the faults of one storage.
    """

    def __init__(self, name: str, tell: Tell) -> None:
        self._name = name
        self._tell = tell
        self._told: set[str] = set()

    def error(self, method: str, fault: str) -> StorageError:
        """
        What is told of a fault of it.
        """
        return StorageError(f"the storage {self._name} {fault} in {method}")

    def as_error(self, method: str, error: object) -> StorageError:
        """
        What it told itself.
        """
        if isinstance(error, StorageError):
            return error
        return self.error(method, f"failed with {in_few_words(error)}")

    def tell(self, method: str, error: StorageError) -> None:
        """
        Say it once.
        """
        if method not in self._told:
            self._told.add(method)
            self._tell(f"{error}; said once")


class OneAnswer(Generic[_Answer]):
    """
    The one answer to a question: what comes behind it is not heard.

    @ivar is_waiting: is there none yet?
    """

    def __init__(
        self,
        method: str,
        complaints: Complaints,
        done: Callable[[_Answer], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        self.is_waiting = True
        self._method = method
        self._complaints = complaints
        self._done = done
        self._failed = failed

    def ask(self, question: Callable[[], None]) -> None:
        """
        Ask; what it raises is an answer, too.
        """
        try:
            question()
        except OUR_END:
            raise
        except BaseException as error:
            if not self.is_waiting:
                # It has answered, so this is a fault of ours.
                raise
            self.refuse(raised(error))

    def done(self, answer: _Answer) -> None:
        """
        It could.
        """
        if self.is_waiting:
            self.is_waiting = False
            self._done(answer)

    def failed(self, error: StorageError) -> None:
        """
        It could not.
        """
        if self.is_waiting:
            self.is_waiting = False
            self._failed(self._complaints.as_error(self._method, error))

    def refuse(self, fault: str) -> None:
        """
        It did what it must not.
        """
        error = self._complaints.error(self._method, fault)
        if self.is_waiting:
            self._complaints.tell(self._method, error)
        self.failed(error)
