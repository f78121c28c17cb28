"""
One classic peer of ours.

It is the usual peer of twistd swarmpeer, protocol log and all, but for the
choke intervals, which may be fractions of a second here.
"""

from pathlib import Path

from bench.command import parser_of
from bench.embedding import run_peer
from swarmpeer.assemble import assemble_peer
from swarmpeer.config import CommonConfig, Config, PeerInfo


def main() -> None:
    """
    Run one peer until the end of the input.
    """
    parser = parser_of("bench.classic_peer", __doc__)
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--piece", type=int, required=True)
    parser.add_argument("--preferred", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("--optimistic", type=float, required=True)
    parser.add_argument("--seed-waits", action="store_true")
    parser.add_argument("--profile")
    parser.add_argument("swarm", nargs="+", metavar="ID:HOST:PORT:HAS_FILE")
    options = parser.parse_args()

    common = CommonConfig(
        preferred_neighbors=options.preferred,
        unchoking_interval_seconds=options.interval,
        optimistic_unchoking_interval_seconds=options.optimistic,
        file_name=options.name,
        file_size_bytes=options.size,
        piece_size_bytes=options.piece,
    )
    peers = []
    for each in options.swarm:
        peer_id, host, port, has_file = each.split(":")
        peers.append(PeerInfo(int(peer_id), host, int(port), has_file == "1"))
    config = Config(options.id, common, tuple(peers))
    run_peer(
        lambda reactor: assemble_peer(reactor, config, Path(options.folder)),
        is_seed=config.own.has_file and not options.seed_waits,
        profile=options.profile,
    )


if __name__ == "__main__":
    main()
