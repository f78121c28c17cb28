"""
Swarms at scale, as lines of JSON and as rows of a table.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields

_JSON_TYPES: Mapping[object, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
}
"""
What a field of each type can be in a line.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """
    One swarm.  Times are seconds of virtual time.

    @ivar swarm: of L{tools.scale.SWARMS}.
    @ivar peers: how many fetch.
    @ivar uplinks: C{equal} or C{mixed}.
    @ivar crashes: how many were killed and came back.
    @ivar random_seed: of all chance in it.
    @ivar bound_seconds: the fluid bound, that of the same swarm in which nothing goes
        wrong.
    @ivar seconds: until the last one had the file.
    @ivar half_seconds: until half of them had.
    @ivar seed_share: how often the one that had the file at first sent it.
    @ivar duplicate_share: of all that was received.
    @ivar real_seconds: how long it took here; 0 if it was computed.
    """

    swarm: str
    peers: int
    uplinks: str
    crashes: int
    pieces: int
    random_seed: int
    bound_seconds: float
    seconds: float
    half_seconds: float
    seed_share: float
    duplicate_share: float
    events: int
    real_seconds: float

    @property
    def ratio(self) -> float:
        """
        How many times the bound it took.
        """
        return self.seconds / self.bound_seconds


def json_line(run: Run) -> str:
    """
    One run, with how near it came.
    """
    values = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in {**asdict(run), "ratio": run.ratio}.items()
    }
    return json.dumps(values)


def read_lines(lines: Iterable[str]) -> list[Run]:
    """
    Runs that were printed before.

    @raise ValueError: if a line is none, with its number.
    """
    runs = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                runs.append(_read_line(line))
            except (ValueError, TypeError, LookupError, RecursionError):
                raise ValueError(f"line {number} is no run of a swarm") from None
    return runs


def _read_line(line: str) -> Run:
    values = json.loads(line)
    if "seed" in values:
        # What older lines call it.
        values["random_seed"] = values["seed"]
    told = {field.name: values[field.name] for field in fields(Run)}
    for field in fields(Run):
        if not isinstance(told[field.name], _JSON_TYPES[field.type]):
            raise TypeError(field.name)
    run = Run(**told)
    if not all(each > 0 for each in (run.peers, run.bound_seconds, run.seconds)):
        # There would be no ratio, and no place in the picture.
        raise ValueError(line)
    return run


def table(runs: Iterable[Run], swarms: Iterable[str]) -> Iterator[str]:
    """
    The rows, in Markdown.  Of runs that differ by chance alone there is the one in the
    middle, by how near it came to the bound; of an even number the worse of the two.

    @param swarms: the order in which they stand.
    """
    order = list(swarms)
    together: dict[tuple[str, int, str, bool, int], list[Run]] = {}
    for run in runs:
        key = run.swarm, run.pieces, run.uplinks, run.crashes > 0, run.peers
        together.setdefault(key, []).append(run)
    yield (
        "| swarm | pieces | hosts | uplinks | crashing | bound | last done "
        "| times the bound | the seed sent |"
    )
    yield "|---|---:|---:|---|---|---:|---:|---:|---:|"
    for (swarm, pieces, uplinks, crashes, peers), alike in sorted(
        together.items(), key=lambda item: (order.index(item[0][0]), *item[0][1:])
    ):
        middle = sorted(alike, key=lambda run: run.ratio)[len(alike) // 2]
        last = f"{middle.seconds:,.1f} s" + ("" if middle.events else ", computed")
        yield (
            f"| `{swarm}` | {pieces:,} | {peers:,} | {uplinks} "
            f"| {'5 %' if crashes else 'none'} "
            f"| {middle.bound_seconds:,.1f} s | {last} "
            f"| {middle.ratio:.2f} | {middle.seed_share:.2f} times |"
        )
