"""
What the guards of policies have in common.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from swarmpeer.core.guarding.faults import name_of, raised
from swarmpeer.errors import OUR_END
from swarmpeer.events import PolicyReplaced
from swarmpeer.text import in_few_words

Report = Callable[[PolicyReplaced], None]
"""
Hears of a policy that is not asked any more.
"""

_Policy = TypeVar("_Policy")
_Answer = TypeVar("_Answer")


class Guard(Generic[_Policy]):
    """
    Asks somebody else's policy as long as it does what its interface says, and then
    one of our own.
    """

    def __init__(
        self,
        factory: object,
        make: Callable[[], _Policy],
        make_own: Callable[[], _Policy],
        is_one: Callable[[object], bool],
        report: Report,
    ) -> None:
        """
        @param factory: whose name is told: what C{make} calls.
        @param is_one: does an object provide the interface?
        """
        self._name = name_of(factory)
        self._make_own = make_own
        self._report = report
        self._is_theirs = True
        fault = None
        try:
            self._policy = make()
            if not is_one(self._policy):
                made = in_few_words(self._policy)
                fault = f"made {made}, which does not provide what it must"
        except OUR_END:
            raise
        except BaseException as error:
            fault = raised(error)
        if fault is not None:
            self._replace("__init__", fault)

    def _ask(
        self,
        method: str,
        ask: Callable[[_Policy], _Answer],
        fault_of: Callable[[_Answer], str | None],
    ) -> _Answer:
        """
        The answer to a question, which is asked again of the other if it is wrong.
        """
        if not self._is_theirs:
            return ask(self._policy)
        try:
            answer = ask(self._policy)
            fault = fault_of(answer)
        except OUR_END:
            raise
        except BaseException as error:
            fault = raised(error)
        else:
            if fault is None:
                return answer
        self._replace(method, fault)
        return ask(self._policy)

    def _replace(self, method: str, fault: str) -> None:
        self._policy, self._is_theirs = self._make_own(), False
        own = type(self._policy).__name__
        self._report(PolicyReplaced(self._name, method, fault, own))
