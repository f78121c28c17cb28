"""
Where the bytes of the pieces live: the storages that swarmpeer brings along.

Each is a L{swarmpeer.interfaces.IPieceStorage}.
"""

from swarmpeer.storage.file import FileStorage
from swarmpeer.storage.folder import find_folder, peer_folder
from swarmpeer.storage.memory import MemoryStorage
from swarmpeer.storage.second_thread import CoreWatch, SecondThread, scheduled_here
from swarmpeer.storage.threads import ReactorThreads
from swarmpeer.storage.verified import VerifiedStorage

__all__ = [
    "CoreWatch",
    "FileStorage",
    "MemoryStorage",
    "ReactorThreads",
    "SecondThread",
    "VerifiedStorage",
    "find_folder",
    "peer_folder",
    "scheduled_here",
]
