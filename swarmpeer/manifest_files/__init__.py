"""
Manifests and the disk: made of what is there, and held against it.
"""

from swarmpeer.manifest_files.building import build_manifest
from swarmpeer.manifest_files.checking import Fault, Finding, check_files
from swarmpeer.manifest_files.saving import read_manifest, save_manifest

__all__ = [
    "Fault",
    "Finding",
    "build_manifest",
    "check_files",
    "read_manifest",
    "save_manifest",
]
