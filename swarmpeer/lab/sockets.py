"""
The local sockets at which the peers of a lab have their pages, each one of its own, and
asking there.
"""

import os
import shutil
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, quoteStringArgument

from swarmpeer.asking import ANSWER_SECONDS, Asker
from swarmpeer.lab.gathering import MOST_ANSWER_BYTES

_LONGEST_PATH_BYTES = 100
"""
The system allows 103 to 107.
"""


class Sockets:
    """
    Where the peers of one lab have their pages.
    """

    def __init__(self, folder: Path, peer_ids: list[int]) -> None:
        """
        @param folder: of the lab; if its path is too long for a socket, another one
            is made for them.
        """
        self._made: Path | None = None
        if len(os.fsencode(folder / "web_00000000.sock")) > _LONGEST_PATH_BYTES:
            self._made = folder = Path(tempfile.mkdtemp(prefix="swarmpeer-lab-web-"))
        self._paths = {id_: folder / f"web_{id_}.sock" for id_ in peer_ids}

    def path(self, peer_id: int) -> str:
        """
        The socket of that peer.
        """
        return str(self._paths[peer_id])

    def option(self, peer_id: int) -> str:
        """
        What makes the peer have its pages there.
        """
        # Twisted's own does not quote what would make a keyword of it.
        quoted = quoteStringArgument(self.path(peer_id)).replace("=", r"\=")
        return f"--web=unix:{quoted}:mode=600"

    def close(self) -> None:
        """
        Take away what is left of them.
        """
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        for path in self._paths.values():
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".lock").unlink(missing_ok=True)


class PictureAsker:
    """
    Asks peers for their pictures, over connections that are kept.
    """

    def __init__(self, reactor: object, sockets: Sockets) -> None:
        self._reactor = reactor
        self._sockets = sockets
        self._asker = Asker(reactor, keeps=True)

    def __call__(self, peer_id: int, after: int) -> Deferred[bytes]:
        """
        The picture of a peer as JSON.

        @param after: the last happening of it that is known.
        """
        path = self._sockets.path(peer_id)
        return self._asker.get(
            UNIXClientEndpoint(self._reactor, path, timeout=ANSWER_SECONDS),
            f"http://peer-{peer_id}/picture.json?own=1&after={after}",
            MOST_ANSWER_BYTES,
        )
