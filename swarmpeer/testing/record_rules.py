"""
What must hold of the record that a verified peer keeps for its next start.
"""

from collections.abc import Iterator

from swarmpeer.file_name import state_folder_name
from swarmpeer.storage.verified.resume import FileIdentity, Record, RecordFault
from swarmpeer.storage.verified.state_folder import RECORD_NAME, part_name
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.invariants import Finding


def read_record(host: SimulatedHost) -> Record | None:
    """
    What is recorded on the disk of C{host}.

    @raise RecordFault: if it is of no use.
    """
    manifest = host.contents.manifest
    if manifest is None:
        return None
    data = host.disk.content(_state_folder(host), RECORD_NAME)
    if data is None:
        return None
    return Record.decode(data, manifest.infohash, host.contents.layout)


def recorded_pieces(host: SimulatedHost) -> list[int]:
    """
    The pieces that the record on the disk of C{host} tells of, in files that are the
    ones that it means.

    @raise RecordFault: if it is of no use.
    """
    record = read_record(host)
    if record is None:
        return []
    place = host.contents.layout.place
    known = {number for number in record.files if _is_known(host, number, record)}
    return [index for index in record.held if place(index)[0] in known]


def check_record(host: SimulatedHost) -> Iterator[Finding]:
    """
    Compare the pieces that the record tells of with what is on the disk, on which no
    bit rotted.
    """
    try:
        recorded = recorded_pieces(host)
    except RecordFault as fault:
        yield "the record is readable", str(fault)
        return
    for index in recorded:
        if on_disk(host, index) != host.contents.source.piece(index):
            yield "what is recorded is there", f"piece {index} is not"


def on_disk(host: SimulatedHost, index: int) -> bytes | None:
    """
    What a process would read of a piece: of the part of its file if there is one, else
    of the file in place.
    """
    layout = host.contents.layout
    number, position = layout.place(index)
    file = host.disk.content(_state_folder(host), part_name(number))
    if file is None:
        file = host.disk.content(*host.place(number))
    start = position * layout.piece_size_bytes
    return None if file is None else file[start : start + layout.size(index)]


def _is_known(host: SimulatedHost, number: int, record: Record) -> bool:
    """
    Is a file the one that the record tells of?
    """
    known = record.files[number]
    part = host.disk.status(_state_folder(host), part_name(number))
    if part is not None:
        return FileIdentity.of(part).is_same_file(known)
    final = host.disk.status(*host.place(number))
    return final is not None and FileIdentity.of(final) == known


def _state_folder(host: SimulatedHost) -> str:
    manifest = host.contents.manifest
    infohash = b"" if manifest is None else manifest.infohash
    return f"{host.folder}/{state_folder_name(infohash)}"
