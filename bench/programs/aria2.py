"""
aria2.
"""

import base64
import json
import os
import urllib.request
from contextlib import suppress

from bench.programs.program import Setting


class Aria2:
    """
    aria2, ordered over its JSON-RPC.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def argv(self) -> list[str]:
        """
        What matters: no discovery, no encryption, as many peers as there are, more
        of them asked whatever the speed, and a cache for the disk.
        """
        setting = self._setting
        options = {
            "no-conf": "true",
            "quiet": "true",
            "enable-rpc": "true",
            "rpc-listen-port": setting.control_port,
            "rpc-max-request-size": "64M",
            "stop-with-process": os.getpid(),
            "interface": setting.address,
            "listen-port": setting.port,
            "dir": setting.data,
            "file-allocation": "none",
            "disk-cache": "64M",
            "enable-mmap": "false",
            "auto-save-interval": 0,
            "disable-ipv6": "true",
            "async-dns": "false",
            "enable-dht": "false",
            "enable-dht6": "false",
            "bt-enable-lpd": "false",
            "enable-peer-exchange": "false",
            "bt-max-peers": 0,
            "bt-request-peer-speed-limit": "2000M",
            "bt-require-crypto": "false",
            "bt-min-crypto-level": "plain",
            "bt-save-metadata": "false",
            "seed-ratio": "0.0",
            "on-bt-download-complete": setting.hook,
        }
        if setting.is_seed:
            options |= {
                "bt-seed-unverified": "true",
                "check-integrity": "false",
                "allow-overwrite": "true",
            }
        return ["aria2c", *(f"--{name}={options[name]}" for name in options)]

    def is_up(self) -> bool:
        """
        Does it answer?
        """
        with suppress(OSError):
            self._call("getVersion")
            return True
        return False

    def add(self) -> None:
        """
        The torrent goes over as text.
        """
        self._call(
            "addTorrent", base64.b64encode(self._setting.torrent.read_bytes()).decode()
        )

    def is_seeding(self) -> bool:
        """
        It says so.
        """
        active = self._call("tellActive", ["seeder"])
        return active == [{"seeder": "true"}]

    def _call(self, method: str, *arguments: object) -> object:
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": f"aria2.{method}",
            "params": arguments,
        }
        url = f"http://127.0.0.1:{self._setting.control_port}/jsonrpc"
        with urllib.request.urlopen(url, json.dumps(call).encode(), 10) as answer:
            result: object = json.load(answer)["result"]
        return result
