"""
rTorrent.
"""

import socket
import xmlrpc.client
from contextlib import suppress

from bench.programs.program import Setting


class RTorrent:
    """
    rTorrent as a daemon, ordered with XML-RPC over SCGI.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._socket = setting.place / "scgi"

    def argv(self) -> list[str]:
        """
        What matters: as many slots and peers as there are, large socket buffers,
        no second look through the finished file.
        """
        setting = self._setting
        done = f"execute.nothrow={setting.hook}"
        rules = f"""
            session.path.set = {setting.place}
            directory.default.set = {setting.data}
            network.bind_address.set = {setting.address}
            network.local_address.set = {setting.address}
            network.port_range.set = {setting.port}-{setting.port}
            network.port_random.set = no
            network.scgi.open_local = {self._socket}
            network.max_open_sockets.set = 900
            network.max_open_files.set = 600
            network.send_buffer.size.set = 4M
            network.receive_buffer.size.set = 4M
            protocol.encryption.set = none
            protocol.pex.set = no
            dht.mode.set = disable
            trackers.use_udp.set = no
            throttle.max_uploads.set = 200
            throttle.max_uploads.global.set = 0
            throttle.max_uploads.div._val.set = 0
            throttle.max_downloads.set = 200
            throttle.max_downloads.global.set = 0
            throttle.max_downloads.div._val.set = 0
            throttle.min_peers.normal.set = 1
            throttle.max_peers.normal.set = 500
            throttle.max_peers.seed.set = 500
            throttle.global_down.max_rate.set_kb = 0
            throttle.global_up.max_rate.set_kb = 0
            pieces.hash.on_completion.set = no
            pieces.memory.max.set = 8000M
            pieces.preload.type.set = 0
            system.file.allocate.set = 0
            system.daemon.set = true
            method.set_key = event.download.finished, bench, "{done}"
        """
        path = setting.place / "rc"
        path.write_text("\n".join(line.strip() for line in rules.splitlines()) + "\n")
        return ["rtorrent", "-n", "-o", f"import={path}"]

    def is_up(self) -> bool:
        """
        Does it answer?
        """
        with suppress(OSError):
            self._call("system.pid")
            return True
        return False

    def add(self) -> None:
        """
        It reads the torrent itself.
        """
        self._call("load.start", "", str(self._setting.torrent))

    def is_seeding(self) -> bool:
        """
        It says so.
        """
        torrents = self._call("d.multicall2", "", "main", "d.complete=", "d.is_active=")
        return torrents == ([[1, 1]],)

    def _call(self, method: str, *arguments: str) -> tuple[object, ...]:
        body = xmlrpc.client.dumps(arguments, method).encode()
        headers = b"CONTENT_LENGTH\0%d\0SCGI\x001\0" % len(body)
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self._socket))
            control.sendall(b"%d:%s,%s" % (len(headers), headers, body))
            with control.makefile("rb") as answer:
                _, _, text = answer.read().partition(b"\r\n\r\n")
        result, _ = xmlrpc.client.loads(text)
        return result
