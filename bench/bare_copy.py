"""
The least that a verified copy between two processes costs; see bench.processes
for the words they exchange.

The seed hands the file to the socket with sendfile; the leecher receives each piece
into one buffer, hashes it with SHA-256 and writes it.  There is no protocol, and
everything happens in turn, in one thread.
"""

import argparse
import hashlib
import os
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from bench.command import parser_of
from bench.peers import PeerCommand, Transfer


@dataclass(frozen=True, slots=True)
class BareCopy:
    """
    The bare copy as a kind of peer.
    """

    name: str

    def missing(self) -> str | None:
        """
        Nothing: it is here.
        """
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Every leecher gets the whole file from the seed.
        """
        seed = transfer.hosts[0]
        commands = []
        for number, host in enumerate(transfer.hosts):
            place = folder / str(number)
            command = PeerCommand.prepare(
                f"{self.name} {number}",
                host,
                place,
                None if number else transfer.source,
                "bench.bare_copy",
                f"--address={seed.address}",
                f"--port={seed.port}",
                f"--file={place / transfer.source.name}",
                f"--size={transfer.size_bytes}",
                f"--piece={transfer.piece_size_bytes}",
                *([] if number else ["--seed"]),
            )
            commands.append(command)
        return commands


def main() -> None:
    """
    Run one end until the end of the input.
    """
    parser = parser_of("bench.bare_copy", __doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--piece", type=int, required=True)
    parser.add_argument("--seed", action="store_true")
    options = parser.parse_args()
    where = options.address, options.port
    if options.seed:
        server = socket.create_server(where)
        threading.Thread(target=_serve, args=(server, options), daemon=True).start()
        print("READY", flush=True)
    else:
        print("READY", flush=True)
        sys.stdin.readline()
        with socket.create_connection(where) as connection:
            _receive(connection, options)
        print("DONE", flush=True)
    sys.stdin.read()


def _serve(server: socket.socket, options: argparse.Namespace) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_send, args=(connection, options), daemon=True).start()


def _send(connection: socket.socket, options: argparse.Namespace) -> None:
    with connection, options.file.open("rb") as file:
        at = 0
        while at < options.size:
            wanted = min(options.piece, options.size - at)
            at += os.sendfile(connection.fileno(), file.fileno(), at, wanted)


def _receive(connection: socket.socket, options: argparse.Namespace) -> None:
    buffer = memoryview(bytearray(options.piece))
    with options.file.open("wb") as file:
        for at in range(0, options.size, options.piece):
            piece = buffer[: options.size - at]
            rest = piece
            while rest:
                count = connection.recv_into(rest)
                if not count:
                    raise EOFError("the seed is gone")
                rest = rest[count:]
            hashlib.sha256(piece).digest()
            os.pwrite(file.fileno(), piece, at)


if __name__ == "__main__":
    main()
