"""
C{swarmpeer show}: what a manifest says.
"""

import argparse
import json

from swarmpeer.arguments import path_type
from swarmpeer.commands import Commands, run_command
from swarmpeer.console import say
from swarmpeer.manifest import Manifest, ManifestFile
from swarmpeer.manifest.paths import bytes_of, joined, shown
from swarmpeer.manifest_commands.telling import contents
from swarmpeer.manifest_files import read_manifest
from swarmpeer.quantities import format_size
from swarmpeer.text import printable, size_text

_DESCRIPTION = """\
Show what the manifest FILE says; any BitTorrent v2 metainfo file is one.
"""

_EPILOG = """\
examples:
  swarmpeer show photos.torrent
  swarmpeer show photos.torrent --json | jq -r .infohash

exit status: 0, 1 if the output cannot be written, 2 if FILE cannot be read or is no
manifest that can be used: one line says why.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{show} one of the C{commands}.
    """
    parser = commands.add_parser(
        "show",
        help="show what a manifest says",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=path_type, help="the manifest")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Show one manifest.

    @return: the exit status.
    """

    def work(_: object) -> int:
        manifest = read_manifest(arguments.file)
        say(json_line(manifest) if arguments.json else summary(manifest))
        return 0

    return run_command("show", work)


def summary(manifest: Manifest) -> str:
    """
    The manifest for people, a line for each file.
    """
    what = "a file" if manifest.is_single_file else "a folder"
    piece_size = format_size(manifest.piece_size_bytes)
    lines = [
        f"{printable(manifest.name)}: {what}",
        f"infohash  {manifest.infohash.hex()}",
        f"contents  {contents(manifest)}, {size_text(manifest.size_bytes)}",
        f"pieces    {manifest.piece_count:,} of {piece_size}",
    ]
    if manifest.is_hybrid:
        lines.append("hybrid    there is a BitTorrent v1 part, which is not used")
    sizes = [f"{file.size_bytes:,}" for file in manifest.files]
    width = max(map(len, [*sizes, "bytes"]))
    lines += ["", f"{'bytes':>{width}}  pieces      path"]
    lines += map(_file_line, manifest.files, (size.rjust(width) for size in sizes))
    return "\n".join(lines)


def _file_line(file: ManifestFile, size: str) -> str:
    marks = ("x" if file.is_executable else "-") + ("h" if file.is_hidden else "-")
    target = "" if file.link_target is None else f" -> {shown(file.link_target)}"
    return f"{size}  {file.piece_count:>6,}  {marks}  {shown(file.path)}{target}"


def json_line(manifest: Manifest) -> str:
    """
    The manifest as one JSON object in one line; its keys are told in
    docs/manifest.md.
    """
    value = {
        **_text("name", manifest.name),
        "infohash": manifest.infohash.hex(),
        "is_single_file": manifest.is_single_file,
        "is_hybrid": manifest.is_hybrid,
        "size_bytes": manifest.size_bytes,
        "piece_size_bytes": manifest.piece_size_bytes,
        "piece_count": manifest.piece_count,
        "files": list(map(_file_value, manifest.files)),
    }
    return json.dumps(value)


def _file_value(file: ManifestFile) -> dict[str, object]:
    root, target = file.pieces_root, file.link_target
    return {
        **_text("path", joined(file.path)),
        "size_bytes": file.size_bytes,
        "piece_count": file.piece_count,
        "pieces_root": None if root is None else root.hex(),
        "is_executable": file.is_executable,
        "is_hidden": file.is_hidden,
        **_text("link_target", None if target is None else joined(target)),
    }


def _text(key: str, text: str | None) -> dict[str, str | None]:
    """
    A name or a path as C{key}; as C{key_hex} its bytes if they are no UTF-8, since
    then what stands at C{key} is but a likeness.
    """
    if text is None:
        return {key: None, f"{key}_hex": None}
    raw = bytes_of(text)
    likeness = raw.decode("utf-8", "replace")
    return {key: likeness, f"{key}_hex": None if likeness == text else raw.hex()}
