"""
One libtorrent peer; see bench.processes for the words it exchanges.
"""

import json
import select
import sys

import libtorrent

from bench.command import parser_of

# What was found fastest with the least CPU: no encryption, no slots, no uTP, no
# discovery, deep queues, and a short tick, which matters most.
SETTINGS: dict[str, object] = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_ip_notifier": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "out_enc_policy": 2,
    "in_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "unchoke_slots_limit": -1,
    "connections_limit": 1000,
    "rate_limit_ip_overhead": False,
    "smooth_connects": False,
    "mixed_mode_algorithm": 0,
    "torrent_connect_boost": 255,
    "max_out_request_queue": 3000,
    "max_allowed_in_request_queue": 4000,
    "max_queued_disk_bytes": 64 << 20,
    "suggest_mode": 0,
    "active_downloads": -1,
    "active_seeds": -1,
    "aio_threads": 1,
    "hashing_threads": 2,
    "send_buffer_watermark": 512 << 10,
    "send_buffer_low_watermark": 256 << 10,
    "tick_interval": 100,
}


def main() -> None:
    """
    Run one peer until the end of the input.
    """
    parser = parser_of("bench.libtorrent_peer", __doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--torrent", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--seed", action="store_true")
    parser.add_argument("--waits", action="store_true")
    parser.add_argument("hosts", nargs="+", metavar="HOST:PORT")
    options = parser.parse_args()

    torrent = libtorrent.add_torrent_params()
    torrent.ti = libtorrent.torrent_info(options.torrent)
    torrent.save_path = options.folder
    torrent.flags = libtorrent.torrent_flags.seed_mode if options.seed else 0
    torrent.max_uploads = -1
    torrent.max_connections = 1000
    settings = {
        **SETTINGS,
        "listen_interfaces": f"{options.address}:{options.port}",
        "outgoing_interfaces": options.address,
        "alert_mask": libtorrent.alert.category_t.status_notification
        | libtorrent.alert.category_t.error_notification,
        **options.settings,
    }
    if options.seed:
        session = libtorrent.session(settings)
        handle = session.add_torrent(torrent)
        while not handle.status().is_seeding:
            session.wait_for_alert(100)
            session.pop_alerts()
        print("READY", flush=True)
    else:
        hosts = [(host, int(port)) for host, port in map(_split, options.hosts)]
        hosts.remove((options.address, options.port))
        torrent.peers = hosts
        # A session dials once a second, counted from its own start, and first
        # after a tick: one that stands waiting loses up to a second here.
        session = libtorrent.session(settings) if options.waits else None
        print("READY", flush=True)
        sys.stdin.readline()
        session = session or libtorrent.session(settings)
        session.add_torrent(torrent)
        while not _is_finished(session):
            if select.select([sys.stdin], [], [], 0)[0]:
                return  # the end of the input: the bench has given up
        print("DONE", flush=True)
    sys.stdin.read()


def _split(host: str) -> tuple[str, str]:
    address, _, port = host.rpartition(":")
    return address, port


def _is_finished(session: libtorrent.session) -> bool:
    """
    Wait a moment; did the torrent finish in it?
    """
    session.wait_for_alert(1000)
    finished = False
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.torrent_finished_alert):
            finished = True
        elif "error" in alert.what() or "failed" in alert.what():
            print(alert.message(), file=sys.stderr, flush=True)
    return finished


if __name__ == "__main__":
    main()
