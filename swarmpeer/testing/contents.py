"""
What a simulated swarm spreads: one file, or a folder that a manifest tells of.
"""

from random import Random

from swarmpeer.core.layout import PieceLayout
from swarmpeer.manifest import Manifest, ManifestFile, compose_manifest, merkle
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.source import Source
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake

FILE_NAME = "file.bin"
FOLDER_NAME = "folder"

_SHARE_OF_EMPTY = 0.1
_SHARE_OF_EXECUTABLE = 0.3


class Contents:
    """
    The bytes that everybody shall have in the end.

    @ivar layout: how they are cut into pieces.
    @ivar source: the pieces.
    @ivar manifest: what a verified swarm knows of them; C{None} in a classic one.
    @ivar places: of each file its folder, below that of a peer, and its name.
    """

    def __init__(self, scenario: Scenario) -> None:
        """
        Follows from the scenario alone.
        """
        self._files: dict[int, bytes] = {}
        self.manifest: Manifest | None = None
        self.places: tuple[tuple[str, str], ...] = (("", FILE_NAME),)
        size_bytes = scenario.file_size_bytes
        if scenario.files is None:
            self.layout = PieceLayout(size_bytes, scenario.piece_size_bytes)
            self.source = Source(scenario.seed, self.layout)
            return
        rng = Random(f"{scenario.seed}/contents")
        sizes = _shares(size_bytes, scenario.files, rng)
        self.layout = PieceLayout.of_files(sizes, scenario.piece_size_bytes)
        self.source = Source(scenario.seed, self.layout)
        # In the order of a manifest, which is that of the paths.
        paths = [(f"{number // 3:03}", f"{number:05}") for number in range(len(sizes))]
        self.manifest = compose_manifest(
            FOLDER_NAME,
            [
                self._file(
                    number, path, is_executable=rng.random() < _SHARE_OF_EXECUTABLE
                )
                for number, path in enumerate(paths)
            ],
            scenario.piece_size_bytes,
        )
        self.places = tuple((f"{FOLDER_NAME}/{folder}", name) for folder, name in paths)

    @property
    def name(self) -> str:
        """
        Of the file or folder.
        """
        return FILE_NAME if self.manifest is None else self.manifest.name

    def handshake(self, peer_id: int) -> Handshake:
        """
        What a member says first.
        """
        if self.manifest is None:
            return Handshake(peer_id)
        features = Feature.VERIFIED | Feature.MANIFEST
        return Handshake(peer_id, features, self.manifest.infohash[:SWARM_BYTES])

    def file(self, number: int) -> bytes:
        """
        The bytes of one file.
        """
        if number not in self._files:
            pieces = map(self.source.piece, self.layout.pieces_of(number))
            self._files[number] = b"".join(pieces)
        return self._files[number]

    def _file(
        self, number: int, path: tuple[str, ...], *, is_executable: bool
    ) -> ManifestFile:
        size = self.layout.file_sizes_bytes[number]
        piece_size = self.layout.piece_size_bytes
        levels = merkle.piece_levels(size, piece_size)
        hashes = b"".join(
            merkle.piece_hash(self.source.piece(index), levels)
            for index in self.layout.pieces_of(number)
        )
        root = None
        if size:
            is_one = size <= piece_size
            root = hashes if is_one else merkle.pieces_root(hashes, piece_size)
        return ManifestFile(path, size, root, hashes, is_executable)


def _shares(size_bytes: int, files: int, rng: Random) -> list[int]:
    """
    Sizes that sum up to C{size_bytes}, some of them 0.
    """
    weights = [
        0.0 if rng.random() < _SHARE_OF_EMPTY else rng.random() for _ in range(files)
    ]
    total = sum(weights) or 1.0
    sizes = [int(size_bytes * weight / total) for weight in weights]
    sizes[-1] += size_bytes - sum(sizes)
    return sizes
