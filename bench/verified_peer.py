"""
One peer of ours in a verified swarm: the usual one of a swarm.toml, protocol log
and all.
"""

from pathlib import Path

from bench.command import parser_of
from bench.embedding import run_peer
from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config_files import read_swarm


def main() -> None:
    """
    Run one peer until the end of the input.
    """
    parser = parser_of("bench.verified_peer", __doc__)
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--swarm", type=Path, required=True)
    parser.add_argument("--unwatched", action="store_true")
    parser.add_argument("--profile")
    options = parser.parse_args()

    swarm = read_swarm(options.swarm)
    run_peer(
        lambda reactor: assemble_verified_peer(
            reactor, swarm, options.id, options.swarm.parent
        ),
        is_seed=swarm.own(options.id).seed,
        is_watched=not options.unwatched,
        profile=options.profile,
    )


if __name__ == "__main__":
    main()
