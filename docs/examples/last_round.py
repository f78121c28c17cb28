"""
The last choice of preferred neighbours that a peer made, as it tells itself.

    python docs/examples/last_round.py http://127.0.0.1:8004 [ROUND]

The peer runs with its pages there: twistd swarmpeer --web tcp:8004:interface=127.0.0.1.
With ROUND it is waited for that round, or for the first one after it before which
somebody that was a candidate had given something, and which chose others than the
round before: only then there is a line in the log.  If the peer leaves before there is
one, the last one that chose the same again is told.
"""

import sys
import time
import urllib.request
from datetime import datetime, timedelta
from urllib.error import URLError

from swarmpeer.errors import StatusError
from swarmpeer.status.encoding import decode_status
from swarmpeer.status.shape import PreferredRound, Status

LOOK_SECONDS = 0.1


def status_of(url: str) -> Status | None:
    """
    How the peer is now.

    @return: C{None} if there is nobody at that address.
    @raise StatusError: if somebody else is there.
    """
    try:
        with urllib.request.urlopen(f"{url}/status.json", timeout=5) as page:
            return decode_status(page.read())
    except (URLError, ConnectionError):
        return None


def chosen_in(held: PreferredRound) -> set[int]:
    """
    Who was preferred.
    """
    return {each.peer_id for each in held.candidates if each.is_chosen}


def explained(status: Status, held: PreferredRound, *, is_news: bool) -> list[str]:
    """
    Who was a candidate, with what it gave since the round before, and who was chosen.
    """
    how = "by what they gave" if held.by_rate else "by lot"
    at = datetime.now() - timedelta(seconds=held.held_seconds)
    lines = [f"round {held.number} of {status.peer_id} at {at:%H:%M:%S}, {how}:"]
    if not is_news:
        lines[0] += " the same as before"
    for one in sorted(held.candidates, key=lambda each: -each.received_bytes):
        chosen = "preferred" if one.is_chosen else ""
        if one.peer_id == held.optimistic:
            chosen = f"{chosen} optimistic".strip()
        lines.append(
            f"  {one.peer_id} gave {one.received_bytes:7} bytes  {chosen}".rstrip()
        )
    return lines


def is_told(held: PreferredRound, number: int) -> bool:
    """
    Is it one that is waited for?
    """
    gave = any(each.received_bytes for each in held.candidates)
    return held.number >= number and (gave or number <= 1)


def main(url: str, number: int) -> None:
    """
    Wait for that round, and tell of it.
    """
    last: PreferredRound | None = None
    same_again: list[str] = []
    was_there = False
    while True:
        try:
            status = status_of(url)
        except StatusError as error:
            raise SystemExit(f"last_round: {url}: {error}") from None
        if status is None and same_again:
            print(*same_again, sep="\n")
            return
        if status is None and was_there:
            raise SystemExit(f"last_round: {url}: the peer left before that round")
        if status is not None:
            was_there = True
            held = status.preferred_round
            if held is not None and (last is None or held.number > last.number):
                is_news = last is None or chosen_in(held) != chosen_in(last)
                last = held
                if is_told(held, number):
                    told = explained(status, held, is_news=is_news or number <= 1)
                    if is_news or number <= 1:
                        print(*told, sep="\n")
                        return
                    same_again = told
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    url, number = (*sys.argv[1:], "1", "1")[:2]
    if not url.startswith("http://") or not number.isdigit() or len(sys.argv) > 3:
        sys.exit(__doc__)
    main(url.rstrip("/"), int(number))
