"""
A tracker that knows the members from the start.
"""

import http.server
import socket
import threading
import urllib.parse
from collections.abc import Sequence

from swarmpeer.manifest.bencode import encode

_INTERVAL_SECONDS = 1800


def serve_tracker(address: str, port: int, hosts: Sequence[tuple[str, int]]) -> None:
    """
    Answer in a thread, as long as this process lives.

    Each member hears of those before it, so that no two call each other at once.

    @param hosts: the members; each has a port of its own.
    """

    class Announce(http.server.BaseHTTPRequestHandler):
        """
        One question.
        """

        def do_GET(self) -> None:
            """
            Who else is there?
            """
            query = urllib.parse.urlsplit(self.path).query
            answer = tracker_answer(hosts, _asked_port(query))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """
            Nobody wants to read it.
            """

    server = http.server.ThreadingHTTPServer((address, port), Announce)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def tracker_answer(hosts: Sequence[tuple[str, int]], port: int) -> bytes:
    """
    What the member with that port is told.
    """
    ports = [each for _, each in hosts]
    known = hosts[: ports.index(port)] if port in ports else hosts
    peers = b"".join(
        socket.inet_aton(address) + each.to_bytes(2, "big") for address, each in known
    )
    return encode({b"interval": _INTERVAL_SECONDS, b"peers": peers})


def _asked_port(query: str) -> int:
    # The infohash in it is no text.
    fields = urllib.parse.parse_qs(query, encoding="latin-1")
    return int(fields.get("port", ["0"])[0])
