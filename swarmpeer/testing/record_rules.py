"""
What must hold of the record that a verified peer keeps for its next start.
"""

from collections.abc import Iterator

from swarmpeer.file_name import state_folder_name
from swarmpeer.storage.resume import Record, RecordFault
from swarmpeer.storage.state_folder import RECORD_NAME, part_name
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


def check_record(host: SimulatedHost) -> Iterator[Finding]:
    """
    Compare the pieces that the record tells of with what is on the disk, on which no
    bit rotted.
    """
    try:
        record = read_record(host)
    except RecordFault as fault:
        yield "the record is readable", str(fault)
        return
    contents, layout = host.contents, host.contents.layout
    for index in record.held if record is not None else ():
        number, offset = layout.place(index)
        file = host.disk.content(_state_folder(host), part_name(number))
        if file is None:
            file = host.disk.content(*host.place(number))
        piece = contents.source.piece(index)
        if file is None or file[offset : offset + len(piece)] != piece:
            yield "what is recorded is there", f"piece {index} is not"


def _state_folder(host: SimulatedHost) -> str:
    manifest = host.contents.manifest
    infohash = b"" if manifest is None else manifest.infohash
    return f"{host.folder}/{state_folder_name(infohash)}"
