"""
Tests of L{swarmpeer.testing.record_rules} and of L{swarmpeer.testing.verified_rules},
where it looks at the disk; C{tests/test_verified_mutants.py} has the other rules.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.file_name import state_folder_name
from swarmpeer.storage.verified.resume import FileIdentity, Record, RecordFault
from swarmpeer.storage.verified.state_folder import RECORD_NAME, part_name
from swarmpeer.testing.record_rules import (
    check_record,
    on_disk,
    read_record,
    recorded_pieces,
)
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from swarmpeer.wire.bitfield import Bitfield

SCENARIO = Scenario(peers=2, files=2, file_size_bytes=100_000)


class RecordRulesTests(SynchronousTestCase):
    """
    The record on the disk of a host that never ran.
    """

    def setUp(self) -> None:
        """
        There is nothing on the disk.
        """
        self.host = SimulatedSwarm(SCENARIO, checks=False).hosts[1002]
        self.layout = self.host.contents.layout
        manifest = self.host.contents.manifest
        assert manifest is not None
        self.infohash = manifest.infohash
        self.state = f"{self.host.folder}/{state_folder_name(self.infohash)}"

    def put_part(self, number: int) -> FileIdentity:
        """
        The unfinished file of that number is there, with all that it will be.
        """
        data = self.host.contents.file(number)
        self.host.disk.put(self.state, part_name(number), data)
        status = self.host.disk.status(self.state, part_name(number))
        assert status is not None
        return FileIdentity.of(status)

    def put_record(self, *held: int, files: dict[int, FileIdentity]) -> None:
        """
        These pieces are recorded.
        """
        record = Record(self.infohash, self.host_bits(*held), dict(files))
        self.host.disk.put(self.state, RECORD_NAME, record.encode())

    def host_bits(self, *held: int) -> Bitfield:
        """
        A bitfield of these pieces.
        """
        bits = Bitfield(self.layout.piece_count)
        for index in held:
            bits.add(index)
        return bits

    def test_no_record(self) -> None:
        """
        Where there is none nothing is wrong.
        """
        self.assertIsNone(read_record(self.host))
        self.assertEqual(recorded_pieces(self.host), [])
        self.assertEqual(list(check_record(self.host)), [])

    def test_good(self) -> None:
        """
        What is recorded is there, in a part or in place.
        """
        first, second = self.layout.pieces_of(0), self.layout.pieces_of(1)
        part = self.put_part(0)
        folder, name = self.host.place(1)
        self.host.disk.put(folder, name, self.host.contents.file(1))
        status = self.host.disk.status(folder, name)
        assert status is not None
        held = (first[0], *second)
        self.put_record(*held, files={0: part, 1: FileIdentity.of(status)})
        self.assertEqual(recorded_pieces(self.host), [*held])
        self.assertEqual(list(check_record(self.host)), [])

    def test_damaged(self) -> None:
        """
        A record that cannot be read is found.
        """
        self.host.disk.put(self.state, RECORD_NAME, b"swarmpeer resume, torn")
        self.assertRaises(RecordFault, recorded_pieces, self.host)
        self.assertEqual(
            list(check_record(self.host)),
            [("the record is readable", "it is cut short")],
        )

    def test_wrong_bytes(self) -> None:
        """
        So is a piece that is not what it should be.
        """
        index = self.layout.pieces_of(0)[0]
        identity = self.put_part(0)
        self.put_record(index, files={0: identity})
        self.host.disk.edit(self.state, part_name(0), b"wrong", 7)
        self.assertNotEqual(
            on_disk(self.host, index), self.host.contents.source.piece(index)
        )
        self.assertEqual(
            list(check_record(self.host)),
            [("what is recorded is there", f"piece {index} is not")],
        )

    def test_another_file(self) -> None:
        """
        Of a file that is another one by now, or is gone, nothing is demanded: the
        next start will see that.
        """
        index = self.layout.pieces_of(0)[0]
        identity = self.put_part(0)
        self.put_record(index, files={0: identity._replace(inode=99)})
        self.assertEqual(recorded_pieces(self.host), [])
        index = self.layout.pieces_of(1)[0]
        self.put_record(index, files={1: identity})
        self.assertIsNone(on_disk(self.host, index))
        self.assertEqual(recorded_pieces(self.host), [])
        folder, name = self.host.place(1)
        self.host.disk.put(folder, name, self.host.contents.file(1))
        status = self.host.disk.status(folder, name)
        assert status is not None
        self.put_record(index, files={1: FileIdentity.of(status)})
        self.assertEqual(recorded_pieces(self.host), [index])
        self.host.disk.edit(folder, name, b"changed", 0)
        self.assertEqual(recorded_pieces(self.host), [])

    def test_classic(self) -> None:
        """
        In a classic swarm there is no record.
        """
        host = SimulatedSwarm(Scenario(peers=2), checks=False).hosts[1002]
        self.assertIsNone(read_record(host))
