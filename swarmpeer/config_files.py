"""
Configurations from the disk, and the manifest that one names.
"""

import os

from swarmpeer.config import SwarmConfig
from swarmpeer.config.toml_text import MAX_TOML_BYTES
from swarmpeer.errors import ConfigError, ManifestError
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files import read_manifest
from swarmpeer.manifest_files.regular import regular_file
from swarmpeer.text import printable


def read_swarm(path: str | os.PathLike[str]) -> SwarmConfig:
    """
    Read a C{swarm.toml}.

    @raise ConfigError: if it cannot be read, or for the first thing wrong.
    """
    # One more than there may be, so that a longer one is seen to be so.
    return SwarmConfig.parse(read_text(path, MAX_TOML_BYTES + 1), os.fspath(path))


def read_swarm_manifest(swarm: SwarmConfig, folder: str | os.PathLike[str]) -> Manifest:
    """
    Read the manifest that a C{swarm.toml} names.

    @param folder: what its path is relative to.
    @raise ManifestError: if it is missing, cannot be read or is none.
    """
    try:
        return read_manifest(os.path.join(folder, swarm.manifest or ""))
    except ManifestError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise ManifestError(
            f"{printable(swarm.path)}: manifest: {error}; make it with 'swarmpeer "
            "make', or copy it from the host that did"
        ) from error


def read_text(path: str | os.PathLike[str], most: int = -1) -> bytes:
    """
    @param most: bytes to read of it; all if below 0.
    @raise ConfigError: if it cannot be read.
    """
    try:
        with regular_file(path) as file:
            return file.read(most)
    except OSError as error:
        raise ConfigError(
            f"{printable(path)}:1:1: cannot be read: {error.strerror}, the path of a "
            "readable file would be right"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{printable(path)}: {error}") from error
