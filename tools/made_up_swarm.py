"""
A swarm that never was, for its page: C{python -m tools.made_up_swarm PEERS PIECES}
serves the page of one, prints its address, and goes on until it is ended.
"""

import sys
from base64 import b64encode
from collections.abc import Mapping
from random import Random

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IReactorTime

from swarmpeer.status.piece_map import MOST_BUCKETS
from swarmpeer.status.shape import (
    CandidateStatus,
    Happening,
    Missing,
    NeighborStatus,
    OptimisticRound,
    Picture,
    Pictures,
    PreferredRound,
    Problem,
    ProblemCode,
    State,
    Status,
)
from swarmpeer.web.service import WebService
from swarmpeer.web.site import Pages, PagesSite

FIRST_ID = 1001
PIECE_SIZE_BYTES = 1 << 20
NEIGHBORS = 40
PREFERRED = 4


def made_up_pictures(peers: int, pieces: int, seed: int = 1) -> Pictures:
    """
    A plausible moment: the first peer has everything, the others more or less, each
    knows at most L{NEIGHBORS} others and serves some of them.

    @param pieces: at least one.
    """
    rng = Random(seed)
    ids = range(FIRST_ID, FIRST_ID + peers)
    shares = {peer_id: min(1.0, rng.random() * 1.1) for peer_id in ids[1:]}
    shares[FIRST_ID] = 1.0
    return Pictures(
        tuple(_picture(peer_id, ids, shares, pieces, rng) for peer_id in ids),
        members=tuple(ids),
    )


def _picture(
    peer_id: int, ids: range, shares: Mapping[int, float], pieces: int, rng: Random
) -> Picture:
    share = shares[peer_id]
    held = int(share * pieces)
    others = [other for other in ids if other != peer_id]
    known = sorted(rng.sample(others, min(NEIGHBORS, len(others))))
    served = rng.sample(known, min(PREFERRED + 1, len(known)))
    optimistic, preferred = next(iter(served), None), served[1:]
    neighbors = tuple(
        _neighbor(other, shares[other], pieces, preferred, optimistic, rng)
        for other in known
    )
    is_stalled = share < 1 and rng.random() < 0.05
    size_bytes = pieces * PIECE_SIZE_BYTES
    rate = 0.0 if share == 1 or is_stalled else rng.random() * 5e7
    status = Status(
        peer_id=peer_id,
        kind="verified",
        name="Made up <b>by & for</b> tests",
        infohash=f"{rng.getrandbits(256):064x}",
        state=State.COMPLETE if share == 1 else State.FETCHING,
        up_seconds=300.0,
        size_bytes=size_bytes,
        piece_size_bytes=PIECE_SIZE_BYTES,
        piece_count=pieces,
        held=held,
        is_placed=share == 1,
        checked_share=None,
        recorded=held,
        received_bytes=held * PIECE_SIZE_BYTES,
        sent_bytes=rng.randrange(size_bytes),
        duplicate_bytes=0,
        receive_rate=rate,
        send_rate=sum(one.send_rate for one in neighbors),
        expected_seconds=(
            0.0
            if share == 1
            else (pieces - held) * PIECE_SIZE_BYTES / rate
            if rate
            else None
        ),
        last_piece_seconds=45.0 if is_stalled else 0.2,
        neighbors=neighbors,
        incomplete=tuple(other for other in known if shares[other] < 1),
        missing=Missing(pieces - held, 0, (), ()),
        problems=(
            (Problem(ProblemCode.STALLED, "no piece comes", 45.0),)
            if is_stalled
            else ()
        ),
        preferred_round=PreferredRound(
            30,
            4.0,
            share < 1,
            tuple(
                CandidateStatus(
                    one.peer_id,
                    0 if share == 1 else int(one.receive_rate * 5),
                    not one.am_choking,
                    one.is_preferred,
                )
                for one in neighbors
                if one.peer_interested
            ),
            optimistic,
        ),
        optimistic_round=OptimisticRound(10, 9.0, tuple(known[:9]), optimistic),
    )
    happenings = tuple(
        Happening(number, number * 30.0, "NeighborUnchoked", f"unchokes {other}", other)
        for number, other in enumerate(known[:5], 1)
    )
    return Picture(status, _map(share, pieces, rng), {}, happenings)


def _neighbor(
    peer_id: int,
    share: float,
    pieces: int,
    preferred: list[int],
    optimistic: int | None,
    rng: Random,
) -> NeighborStatus:
    is_served = peer_id in preferred or peer_id == optimistic
    serves = rng.random() < 0.1
    return NeighborStatus(
        peer_id=peer_id,
        held=int(share * pieces),
        am_choking=not is_served,
        am_interested=serves or rng.random() < 0.5,
        peer_choking=not serves,
        peer_interested=is_served or rng.random() < 0.3,
        is_preferred=peer_id in preferred,
        is_optimistic=peer_id == optimistic,
        is_snubbed=False,
        requested=8 if serves else 0,
        received_bytes=rng.randrange(10**9),
        sent_bytes=rng.randrange(10**9),
        receive_rate=rng.random() * 1e7 if serves else 0.0,
        send_rate=rng.random() * 1e7 if is_served else 0.0,
        connected_seconds=290.0,
        holds_all=share == 1,
    )


def _map(share: float, pieces: int, rng: Random) -> str:
    def held(bucket: int) -> int:
        # Some parts of the file are rarer.
        likely = share * (0.6 if bucket % 97 < 9 else 1.1)
        return 255 if share == 1 or rng.random() < likely * share else int(254 * likely)

    buckets = min(pieces, MOST_BUCKETS)
    return b64encode(bytes(min(255, held(b)) for b in range(buckets))).decode("ascii")


class _MadeUp:
    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def mark(self) -> object:
        return None

    def pictures(self, after: Mapping[int, int]) -> Pictures:  # noqa: ARG002
        return self._pictures


def main() -> None:
    """
    Serve it.
    """
    peers, pieces = map(int, sys.argv[1:])
    clock = IReactorTime(reactor)
    pages = Pages(_MadeUp(made_up_pictures(peers, pieces)), clock)
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    site = PagesSite(pages, None, clock)
    service = WebService(site, endpoint, has_token=False, clock=clock)
    service.startService()
    print(f"page: http://{service.where}/", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
