"""
transmission.
"""

import base64
import json
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from bench.programs.program import Setting

_SEEDING = 6


class Transmission:
    """
    transmission-daemon, ordered over its JSON-RPC.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._session = ""

    def argv(self) -> list[str]:
        """
        What matters: no discovery, no encryption, no uTP, as many slots and peers as
        there are, deep queues.
        """
        setting = self._setting
        settings = {
            "bind-address-ipv4": setting.address,
            "peer-port": setting.port,
            "rpc-bind-address": setting.address,
            "rpc-port": setting.control_port,
            "rpc-whitelist-enabled": False,
            "rpc-host-whitelist-enabled": False,
            "download-dir": str(setting.data),
            "dht-enabled": False,
            "lpd-enabled": False,
            "pex-enabled": False,
            "utp-enabled": False,
            "port-forwarding-enabled": False,
            "encryption": 0,
            "upload-slots-per-torrent": 100,
            "peer-limit-global": 1000,
            "peer-limit-per-torrent": 500,
            "reqq": 2000,
            "cache-size-mb": 64,
            "preallocation": 0,
            "rename-partial-files": False,
            "download-queue-enabled": False,
            "seed-queue-enabled": False,
            "queue-stalled-enabled": False,
            "ratio-limit-enabled": False,
            "idle-seeding-limit-enabled": False,
            "speed-limit-up-enabled": False,
            "speed-limit-down-enabled": False,
            "script-torrent-done-enabled": True,
            "script-torrent-done-filename": str(setting.hook),
        }
        (setting.place / "settings.json").write_text(json.dumps(settings))
        return ["transmission-daemon", "-f", "-g", str(setting.place)]

    def is_up(self) -> bool:
        """
        Does it answer?
        """
        with suppress(OSError):
            self._call("session-get")
            return True
        return False

    def add(self) -> None:
        """
        The torrent goes over as text.
        """
        torrent = base64.b64encode(self._setting.torrent.read_bytes()).decode()
        self._call("torrent-add", metainfo=torrent)

    def is_seeding(self) -> bool:
        """
        It says so.
        """
        torrents = self._call("torrent-get", fields=["status"])["torrents"]
        return [torrent["status"] for torrent in torrents] == [_SEEDING]

    def _call(self, method: str, **arguments: object) -> dict[str, Any]:
        call = json.dumps({"method": method, "arguments": arguments}).encode()
        url = f"http://{self._setting.address}:{self._setting.control_port}"
        # The first try is refused, and told the session's name.
        for _ in range(2):
            request = urllib.request.Request(
                f"{url}/transmission/rpc",
                call,
                {"X-Transmission-Session-Id": self._session},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    result: dict[str, Any] = json.load(answer)["arguments"]
                    return result
            except urllib.error.HTTPError as error:
                self._session = error.headers["X-Transmission-Session-Id"] or ""
        raise OSError("transmission refuses the session that it named")
