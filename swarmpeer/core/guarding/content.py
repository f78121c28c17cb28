"""
What a storage of others answers as a piece: bytes, or a span, which is asked on while
it is sent.
"""

from swarmpeer.core.guarding.answers import Complaints
from swarmpeer.core.guarding.faults import raised
from swarmpeer.errors import OUR_END
from swarmpeer.seam import PieceContent, PieceSpan
from swarmpeer.text import in_few_words
from swarmpeer.wire.messages import PieceData

_FD_BITS = 31
_OFFSET_BITS = 62


def guarded(content: PieceContent, complaints: Complaints) -> PieceContent:
    """
    The same content, as far as that can be told before it is sent.

    @raise Exception: if it is neither bytes nor span; which exception does not matter.
    """
    if isinstance(content, PieceData):
        return in_bytes(content)
    return GuardedSpan(content, complaints)


def in_bytes(data: object) -> PieceData:
    """
    The same data, as long as it has bytes, whatever the items of a view are.

    @raise Exception: if it is none; which exception does not matter.
    """
    if not isinstance(data, PieceData):
        raise TypeError(in_few_words(data))
    if isinstance(data, memoryview) and (
        data.format != "B" or data.ndim != 1 or not data.c_contiguous
    ):
        return data.tobytes()
    return data


class GuardedSpan:
    """
    A span of others.  What it raises when it is read is a fault of its file, and what
    it raises when it is given back is told and hurts nobody.

    @ivar fd: see L{swarmpeer.seam.PieceSpan}, as the others.
    """

    __slots__ = ("_complaints", "_span", "fd", "offset", "size_bytes")

    def __init__(self, span: PieceSpan, complaints: Complaints) -> None:
        """
        @raise TypeError: if it does not say where it lies.
        """
        self._span = span
        self._complaints = complaints
        self.fd = _whole(span.fd, _FD_BITS)
        self.offset = _whole(span.offset, _OFFSET_BITS)
        self.size_bytes = _whole(span.size_bytes, _OFFSET_BITS)

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        See L{swarmpeer.seam.PieceSpan}.
        """
        try:
            data = self._span.read(at, size_bytes)
            fault = _fault_of(data, size_bytes)
        except OUR_END:
            raise
        except BaseException as error:
            fault = raised(error)
        else:
            if fault is None:
                return bytes(data)
        raise OSError(str(self._tell("span.read", fault)))

    def give_back(self) -> None:
        """
        See L{swarmpeer.seam.PieceSpan}.
        """
        try:
            self._span.give_back()
        except OUR_END:
            raise
        except BaseException as error:
            self._tell("span.give_back", raised(error))

    def _tell(self, method: str, fault: str) -> Exception:
        error = self._complaints.error(method, fault)
        self._complaints.tell(method, error)
        return error


def _fault_of(data: object, most_bytes: int) -> str | None:
    """
    Why this cannot have been read, if it cannot.
    """
    if not isinstance(data, PieceData):
        return f"answered {in_few_words(data)}, which are no bytes"
    size_bytes = memoryview(data).nbytes
    if size_bytes > most_bytes:
        return f"answered {size_bytes} bytes, more than the {most_bytes} asked"
    return None


def _whole(number: object, most_bits: int) -> int:
    """
    That number, if the system takes it as one.
    """
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or not 0 <= number < 2**most_bits
    ):
        raise TypeError(f"{in_few_words(number)} is no such number")
    return number
