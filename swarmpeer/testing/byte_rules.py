"""
What stands on the disk of a simulated peer is right, and where it should be.
"""

from collections.abc import Iterator

from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.invariants import Finding
from swarmpeer.testing.record_rules import check_record
from swarmpeer.testing.world import World


def check_bytes(
    world: World, host: SimulatedHost, *, is_placed: bool
) -> Iterator[Finding]:
    """
    Look at all that a peer has, where every byte can be expected to be right.

    @param is_placed: did it say that all is in place?
    """
    contents = world.contents
    for ghost in host.ghosts:
        if ghost.wrong:
            yield "right bytes", f"wrong: {ghost.wrong}"
    if not host.is_on_disk:
        return
    if not host.disk.rotten:
        yield from check_record(host)
    for number in range(len(contents.places)):
        folder, name = host.place(number)
        content = host.disk.content(folder, name)
        # A verified peer notices, and puts it right in time.
        is_excused = contents.manifest is not None and (
            bool(host.disk.rotten) or (folder, name) in host.disk.edited
        )
        if content is None:
            if is_placed:
                yield "file in place", f"no {folder}/{name}"
        elif content != contents.file(number) and not is_excused:
            yield "right bytes", f"{folder}/{name} differs"
