"""
Tests of L{swarmpeer.testing.contents}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.manifest import merkle, parse_manifest
from swarmpeer.testing.contents import FILE_NAME, FOLDER_NAME, Contents
from swarmpeer.testing.scenario import Scenario
from swarmpeer.wire.handshake import Feature

SIZE = 200_000


class ContentsTests(SynchronousTestCase):
    """
    L{Contents}.
    """

    def test_classic(self) -> None:
        """
        In a classic swarm there is one file and no manifest.
        """
        contents = Contents(Scenario(file_size_bytes=SIZE))
        self.assertIsNone(contents.manifest)
        self.assertEqual(
            (contents.name, contents.places), (FILE_NAME, (("", FILE_NAME),))
        )
        self.assertEqual(contents.file(0), contents.source.whole())
        self.assertFalse(contents.handshake(1001).is_verified)

    def test_manifest(self) -> None:
        """
        The manifest of a verified one is as anybody would make it: it can be read
        again, and every piece has the hash that it tells.
        """
        for seed in range(20):
            contents = Contents(Scenario(seed=seed, files=7, file_size_bytes=SIZE))
            manifest, layout = contents.manifest, contents.layout
            assert manifest is not None
            self.assertEqual(parse_manifest(manifest.encode()), manifest)
            self.assertEqual((manifest.name, manifest.size_bytes), (FOLDER_NAME, SIZE))
            sizes = tuple(file.size_bytes for file in manifest.files)
            self.assertEqual(layout.file_sizes_bytes, sizes)
            for number, file in enumerate(manifest.files):
                folder, name = contents.places[number]
                self.assertEqual(
                    f"{folder}/{name}", "/".join((FOLDER_NAME, *file.path))
                )
                pieces = layout.pieces_of(number)
                data = contents.file(number)
                self.assertEqual(len(data), file.size_bytes)
                self.assertEqual(data, b"".join(map(contents.source.piece, pieces)))
                levels = manifest.piece_levels(file)
                self.assertEqual(
                    [
                        merkle.piece_hash(contents.source.piece(i), levels)
                        for i in pieces
                    ],
                    [file.piece_hash(at) for at in range(len(pieces))],
                )

    def test_all_kinds_of_files(self) -> None:
        """
        Some files are empty, some can be run, and there is more than one folder.
        """
        contents = Contents(Scenario(files=30, file_size_bytes=SIZE))
        assert contents.manifest is not None
        files = contents.manifest.files
        self.assertEqual({file.is_executable for file in files}, {True, False})
        self.assertIn(0, [file.size_bytes for file in files])
        self.assertGreater(len({folder for folder, _ in contents.places}), 1)

    def test_follows_from_the_scenario(self) -> None:
        """
        The same scenario has the same contents, another seed others; that is told by
        the handshake.
        """
        one, same, other = (
            Contents(Scenario(seed=seed, files=3, file_size_bytes=SIZE))
            for seed in (1, 1, 2)
        )
        self.assertEqual(one.manifest, same.manifest)
        self.assertNotEqual(one.manifest, other.manifest)
        said = one.handshake(1001)
        self.assertEqual(said, same.handshake(1001))
        self.assertNotEqual(said.swarm, other.handshake(1001).swarm)
        self.assertEqual(said.features, Feature.VERIFIED | Feature.MANIFEST)
