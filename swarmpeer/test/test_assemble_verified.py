"""
Tests for L{swarmpeer.assemble_verified}.
"""

from itertools import repeat
from pathlib import Path
from random import Random
from time import localtime
from typing import Any

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import assemble_verified
from swarmpeer.assemble import BACKLOG
from swarmpeer.assemble_verified import assemble_verified_peer, system_time
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.config_files import read_swarm
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.errors import ConfigError, ManifestError, StorageError
from swarmpeer.events import FilePlaced, FilesChecked, ListeningStarted
from swarmpeer.file_name import state_folder_name
from swarmpeer.joining import JoiningService
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.policies import choking_policy
from swarmpeer.service import PeerService
from swarmpeer.storage.verified.state_folder import MANIFEST_NAME
from swarmpeer.test.paper_reactor import PaperReactor
from swarmpeer.testing.recorders import RecordingObserver
from swarmpeer.verified_service import VerifiedPeerService

_DATA = bytes(range(256)) * 200
_PIECE_SIZE = 16384
_MEMBERS = """
[[members]]
id = 1001
host = "localhost"
port = 6001
seed = true
[[members]]
id = 1002
host = "localhost"
port = 6002
folder = "elsewhere"
"""


class CountedChoking(ChokingManager):
    """
    A policy that a C{swarm.toml} may name.
    """

    made = 0

    def __init__(self, preferred_count: int, rng: Random) -> None:
        super().__init__(preferred_count, rng)
        type(self).made += 1


class AssembleVerifiedTests(SynchronousTestCase):
    """
    L{assemble_verified_peer}: a folder with a C{swarm.toml}, a manifest and a
    seed's data.
    """

    def setUp(self) -> None:
        """
        Peer 1001 has the file.
        """
        self.folder = Path(self.mktemp())
        (self.folder / "peer_1001").mkdir(parents=True)
        self.file = self.folder / "peer_1001" / "TheFile.dat"
        self.file.write_bytes(_DATA)
        self.manifest = build_manifest(self.file, _PIECE_SIZE)
        save_manifest(self.manifest, self.folder / "m.torrent")
        self.reactor = PaperReactor()
        self.observer = RecordingObserver()

    def assemble(
        self, peer_id: int, top: str = 'manifest = "m.torrent"', rest: str = ""
    ) -> PeerService | JoiningService:
        """
        A peer of a swarm with these lines above the members and behind them.
        """
        path = self.folder / "swarm.toml"
        path.write_text(f'{top}\nfolder = "peer_{{id}}"\n{rest}{_MEMBERS}')
        return assemble_verified_peer(
            self.reactor,
            read_swarm(path),
            peer_id,
            self.folder,
            log_folder=self.folder,
            observers=[self.observer],
        )

    def by_infohash(self) -> str:
        """
        What a peer is told that has no manifest.
        """
        return f'infohash = "{self.manifest.infohash.hex()}"'

    def saved(self, manifest: Manifest) -> Path:
        """
        Have a manifest where peer 1002 keeps one that it fetched.
        """
        state = self.folder / "elsewhere" / state_folder_name(self.manifest.infohash)
        state.mkdir(parents=True)
        save_manifest(manifest, state / MANIFEST_NAME)
        return state / MANIFEST_NAME

    def test_usual_peer(self) -> None:
        """
        It listens at its port, finds its folder's file, writes its log where it is
        to, and tells observers; nothing of that before it is started.
        """
        peer = self.assemble(1001)
        self.assertIsInstance(peer, VerifiedPeerService)
        self.assertEqual(self.reactor.listening, [])
        self.assertFalse((self.folder / "log_peer_1001.log").exists())
        peer.startService()
        self.assertEqual(self.reactor.listening, [(6001, BACKLOG, "127.0.0.1")])
        self.assertEqual(peer.progress().held, 4)
        first, *others = self.observer.events
        self.assertIsInstance(first, ListeningStarted)
        self.assertEqual(others, [FilesChecked(4, 4, 4), FilePlaced()])
        self.assertTrue((self.folder / "log_peer_1001.log").exists())
        self.successResultOf(peer.when_complete())
        self.successResultOf(peer.stopService())

    def test_given_endpoint(self) -> None:
        """
        It listens where it is told to.
        """
        self.assemble(1001)
        peer = assemble_verified_peer(
            self.reactor,
            read_swarm(self.folder / "swarm.toml"),
            1001,
            self.folder,
            log_folder=self.folder,
            listen_endpoint=TCP4ServerEndpoint(self.reactor, 7000),
        )
        peer.startService()
        self.assertEqual(self.reactor.listening[0][0], 7000)

    def test_own_folder(self) -> None:
        """
        A member's own folder goes before that of all; it is made.
        """
        peer = self.assemble(1002)
        peer.startService()
        state = self.folder / "elsewhere" / state_folder_name(self.manifest.infohash)
        self.assertTrue((state / "lock").exists())
        self.assertFalse((self.folder / "peer_1002").exists())

    def test_seed_without_file(self) -> None:
        """
        A seed that has nothing fails those who wait for it.
        """
        self.file.unlink()
        peer = self.assemble(1001)
        peer.startService()
        self.failureResultOf(peer.when_complete(), StorageError)
        (event,) = self.observer.events
        self.assertIsInstance(event, ListeningStarted)

    def test_no_manifest(self) -> None:
        """
        A manifest that is missing or none is told by its path.
        """
        with self.assertRaises(ManifestError) as raised:
            self.assemble(1001, 'manifest = "gone.torrent"')
        self.assertIn(str(self.folder / "gone.torrent"), str(raised.exception))
        (self.folder / "none.torrent").write_bytes(b"nonsense")
        with self.assertRaises(ManifestError) as raised:
            self.assemble(1001, 'manifest = "none.torrent"')
        self.assertIn(str(self.folder / "none.torrent"), str(raised.exception))

    def test_no_member(self) -> None:
        """
        An id that is no member is told with those that are.
        """
        with self.assertRaises(ConfigError) as raised:
            self.assemble(1003)
        self.assertIn("1001", str(raised.exception))

    def test_classic_member(self) -> None:
        """
        A member that is said to be a classic peer is not run as another one.
        """
        path = self.folder / "swarm.toml"
        text = f'manifest = "m.torrent"\nallow_classic = true\n{_MEMBERS}classic = true'
        path.write_text(text)
        swarm = read_swarm(path)
        with self.assertRaises(ConfigError) as raised:
            assemble_verified_peer(self.reactor, swarm, 1002, self.folder)
        self.assertIn("1002 is a classic one", str(raised.exception))
        self.assertIn("swarm.toml", str(raised.exception))

    def test_infohash(self) -> None:
        """
        A peer that knows only the infohash asks the others first; until then
        nothing is known of the pieces, and nothing is made.
        """
        peer = self.assemble(1002, self.by_infohash())
        assert isinstance(peer, JoiningService)
        progress = peer.progress()
        self.assertEqual((progress.peer_id, progress.piece_count), (1002, 0))
        self.assertEqual(progress.incomplete, (1001,))
        peer.startService()
        self.assertEqual(self.reactor.listening, [])
        self.assertFalse((self.folder / "elsewhere").exists())
        self.successResultOf(peer.stopService())

    def test_saved_manifest(self) -> None:
        """
        A manifest that was fetched in an earlier run is used, if it is the right
        one.
        """
        path = self.saved(self.manifest)
        self.assertIsInstance(
            self.assemble(1002, self.by_infohash()), VerifiedPeerService
        )
        self.file.write_bytes(_DATA[::-1])
        other = build_manifest(self.file, _PIECE_SIZE)
        for wrong in (other.encode(), self.manifest.encode()[:-1], b""):
            path.write_bytes(wrong)
            self.assertIsInstance(
                self.assemble(1002, self.by_infohash()), JoiningService
            )

    def test_no_protocol_log(self) -> None:
        """
        Where it is not wanted there is no protocol log.
        """
        peer = self.assemble(1001, 'manifest = "m.torrent"\nprotocol_log = false')
        peer.startService()
        self.assertFalse((self.folder / "log_peer_1001.log").exists())
        self.assertIn(FilePlaced(), self.observer.events)

    def test_handed_on(self) -> None:
        """
        The bound of the memory and of requests, the rates and the mark are those of
        the file.
        """
        told: list[dict[str, object]] = []

        class NotedPeer(VerifiedPeerService):
            def __init__(self, *args: Any, **more: Any) -> None:
                told.append(more)
                super().__init__(*args, **more)

        self.patch(assemble_verified, "VerifiedPeerService", NotedPeer)
        self.assemble(
            1001,
            rest='[limits]\nmemory = "1 MiB"\nrequests = 7\n'
            '[rates]\ndown = 4096\ndscp = "le"\n',
        )
        (more,) = told
        self.assertEqual(more["budget_bytes"], 2**20)
        self.assertEqual(more["request_window"], 7)
        self.assertEqual(more["rates"], Rates(down=4096))
        self.assertEqual(more["dscp"], 1)

    def test_rates(self) -> None:
        """
        The peer, and one that has no manifest yet, keeps the rates of the hour.
        """
        at = "[[rates.at]]\nfrom = '08:00'\nto = '18:00'\nup = 2048\n"
        for top in ('manifest = "m.torrent"', self.by_infohash()):
            self.assemble(1002, top, f"[rates]\nup = 4096\n{at}")
            for hour, up in ((7, 4096), (12, 2048)):
                now = (0, hour * 3600.0)
                told: list[int | None] = []
                for kind in (VerifiedPeerService, JoiningService):
                    self.patch(
                        kind, "set_rates", lambda _, to, told=told: told.append(to.up)
                    )
                peer = assemble_verified_peer(
                    self.reactor,
                    read_swarm(self.folder / "swarm.toml"),
                    1002,
                    self.folder,
                    local_time=repeat(now).__next__,
                )
                peer.startService()
                self.assertEqual(told, [up])
                self.successResultOf(peer.stopService())

    def test_time_of_the_system(self) -> None:
        """
        The time is otherwise that of the system.
        """
        before = localtime()
        day, seconds = system_time()
        after = localtime()
        self.assertIn(day, (before.tm_wday, after.tm_wday))
        self.assertIn(int(seconds // 3600), (before.tm_hour, after.tm_hour))
        self.assertIn(int(seconds // 60) % 60, (before.tm_min, after.tm_min))

    def test_policy(self) -> None:
        """
        The choking policy is the one that is named.
        """
        name = f"{__name__}:{CountedChoking.__name__}"
        peer = self.assemble(1001, rest=f'[policy]\nchoking = "{name}"\n')
        before = CountedChoking.made
        peer.startService()
        self.assertEqual(CountedChoking.made, before + 1)
        self.assertIs(choking_policy("classic", "x"), ChokingManager)

    def test_no_such_policy(self) -> None:
        """
        One that cannot be imported is a mistake in the configuration.
        """
        for name in (
            "swarmpeer.nowhere:Policy",
            "swarmpeer.core.classic_choking:Nobody",
            # Not of that kind, or of another signature.
            "random:choice",
            "swarmpeer.core.rates:RateTracker",
        ):
            with self.assertRaises(ConfigError) as raised:
                self.assemble(1001, rest=f'[policy]\nchoking = "{name}"\n')
            self.assertIn(f"choking = {name!r}", str(raised.exception))
