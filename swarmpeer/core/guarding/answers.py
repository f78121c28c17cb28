"""
The answers of a storage of others: to each question one, and what is told of those that
cannot be.
"""

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

from swarmpeer.core.guarding.faults import raised
from swarmpeer.errors import OUR_END, StorageError
from swarmpeer.text import in_few_words

Tell = Callable[[str], None]
"""
Hears of a fault that no event tells of.
"""

_Answer = TypeVar("_Answer")
_P = ParamSpec("_P")


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


class OurSide:
    """
    Those of us who hear what a storage answers.  What they raise passes through its
    code, and is a fault of ours nevertheless.

    @ivar has_failed: did they raise anything?
    """

    def __init__(self) -> None:
        self.has_failed = False

    def hearing(self, hear: Callable[_P, None]) -> Callable[_P, None]:
        """
        C{hear}, but if it raises, that is noted.
        """

        def heard(*args: _P.args, **more: _P.kwargs) -> None:
            try:
                hear(*args, **more)
            except BaseException:
                self.has_failed = True
                raise

        return heard


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
        self._ours = OurSide()
        self._done = self._ours.hearing(done)
        self._failed = self._ours.hearing(failed)

    def ask(self, question: Callable[[], None]) -> None:
        """
        Ask; what it raises is an answer, too, and told also if it is not the first.
        """
        try:
            question()
        except OUR_END:
            raise
        except BaseException as error:
            if self._ours.has_failed:
                raise
            fault = self._complaints.error(self._method, raised(error))
            self._complaints.tell(self._method, fault)
            self.failed(fault)

    def hearing(self, hear: Callable[_P, None]) -> Callable[_P, None]:
        """
        For another callable of ours that the storage may call: what that raises is our
        fault, not the storage's.
        """
        return self._ours.hearing(hear)

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
