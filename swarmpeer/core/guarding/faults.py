"""
What may be wrong with an answer, in words.
"""

from collections.abc import Sequence

from swarmpeer.events import Candidate
from swarmpeer.text import in_few_words, printable, said


def no_fault(_answer: object) -> None:
    """
    What is answered does not matter.
    """


def bool_fault(answer: object) -> str | None:
    """
    Why this is no yes or no, if it is none.
    """
    if isinstance(answer, bool):
        return None
    return f"answered {in_few_words(answer)}, which is neither True nor False"


def flags_fault(**told: object) -> str | None:
    """
    Why one of these is no yes or no, if one is none.
    """
    for name, value in told.items():
        if not isinstance(value, bool):
            shown = in_few_words(value)
            return f"told {name}={shown}, which is neither True nor False"
    return None


def candidates_fault(told: object, candidates: Sequence[Candidate]) -> str | None:
    """
    Why these are no candidates to be told of, if they are none.
    """
    if isinstance(told, tuple) and set(candidates).issuperset(told):
        return None
    return f"told of {in_few_words(told)}, which are not its candidates"


def ids_fault(answer: object) -> str | None:
    """
    Why these are no ids of peers, each once and ascending, if they are none.
    """
    if not isinstance(answer, tuple):
        return f"answered {in_few_words(answer)}, which is no tuple"
    for one in answer:
        if not isinstance(one, int) or isinstance(one, bool):
            return f"chose {in_few_words(one)}, which is no id"
    if list(answer) != sorted(set(answer)):
        return (
            f"chose {in_few_words(answer)}, where each should be once, by ascending id"
        )
    return None


def choice_fault(
    chosen: tuple[int, ...], optimistic: int | None, candidates: Sequence[Candidate]
) -> str | None:
    """
    Why these cannot be chosen, if they cannot.
    """
    one_more = () if optimistic is None else (optimistic,)
    if fault := ids_fault(chosen) or ids_fault(one_more):
        return fault
    known = {candidate.peer_id for candidate in candidates}
    for one in (*chosen, *one_more):
        if one not in known:
            return f"chose {one}, which is none of the {len(known)} candidates"
    return None


def name_of(factory: object) -> str:
    """
    Where it is to be found, as C{swarm.toml} would name it.
    """
    module = getattr(factory, "__module__", None)
    name = getattr(factory, "__qualname__", None)
    return f"{module}:{name}" if name else in_few_words(factory)


def raised(error: BaseException) -> str:
    """
    What it raised, and where in its own code.
    """
    words = f"raised {type(error).__name__}{said(error)}"
    # The first frames are those of the guard, and the next one that of the question.
    trace = error.__traceback__
    while trace is not None and (
        trace.tb_frame.f_globals.get("__package__") == __package__
    ):
        trace = trace.tb_next
    if trace is not None:
        code = trace.tb_frame.f_code
        words += f" ({code.co_filename}:{trace.tb_lineno})"
    return printable(words)
