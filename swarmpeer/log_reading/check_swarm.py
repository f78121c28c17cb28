"""
What is seen without a second reading: whole logs, connections, the end.
"""

from itertools import combinations

from swarmpeer.log_reading.gaps import WHY, Gaps
from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import how_often
from swarmpeer.log_reading.survey import Link, Survey
from swarmpeer.log_reading.swarm import Swarm


def check_swarm(swarm: Swarm, gaps: Gaps, ledger: Ledger, *, is_exact: bool) -> None:
    """
    Hold the surveys against the rules about them.

    @param is_exact: does a wording that differs break a rule?
    """
    _check_lines(swarm, gaps, ledger)
    for peer_id, survey in swarm.surveys.items():
        _check_wording(survey, ledger, is_exact=is_exact)
        _check_writer(survey, ledger)
        _check_direction(survey, swarm, ledger)
        unjudged = gaps.unjudged(peer_id, ())
        _check_complete(survey, swarm, ledger.without(unjudged, WHY))
    for one, other in combinations(sorted(swarm.surveys), 2):
        unjudged = gaps.unjudged(one, [other])
        part = ledger.without(unjudged, WHY)
        _check_pair(swarm.surveys[one], swarm.surveys[other], part)
    if swarm.missing_words:
        for rule in (Rule.CONNECTIONS, Rule.BOTH_ENDS, Rule.HAVE_ALL, Rule.EVERYBODY):
            ledger.note(rule, swarm.missing_words)


def _check_lines(swarm: Swarm, gaps: Gaps, ledger: Ledger) -> None:
    shown: set[str] = set()
    for survey in swarm.surveys.values():
        _check_lines_of(survey, shown, ledger)
    for peer_id, words in gaps.absent:
        ledger.broken(Rule.LINES, swarm.surveys[peer_id].path, 0, words)


def _check_lines_of(survey: Survey, shown: set[str], ledger: Ledger) -> None:
    """
    @param shown: the wordings of which a line was told already.
    """
    ledger.looked(Rule.LINES, survey.entries)
    if not survey.entries:
        ledger.broken(Rule.LINES, survey.path, 0, "no line of the protocol of its peer")
    if survey.strangers:
        ledger.broken(Rule.MEMBERS, survey.path, 0, "more neighbours than can be")
    told = 0
    for wording, flaw in survey.flaws.items():
        if wording not in shown:
            shown.add(wording)
            told += 1
            ledger.broken(Rule.LINES, survey.path, flaw.number, flaw.words)
    ledger.results[Rule.LINES].breaches += survey.flaw_count - told


def _check_wording(survey: Survey, ledger: Ledger, *, is_exact: bool) -> None:
    ledger.looked(Rule.WORDING, survey.entries)
    for variant, usage in survey.usages.items():
        if is_exact:
            words = f"{variant.value}, {how_often(usage.count)}"
            ledger.broken(Rule.WORDING, survey.path, usage.number, words)
        else:
            ledger.note(Rule.WORDING, "wordings that differ are accepted, see below")


def _check_writer(survey: Survey, ledger: Ledger) -> None:
    ledger.looked(Rule.WRITER)
    if survey.foreign:
        ledger.broken(
            Rule.WRITER,
            survey.path,
            survey.first_foreign,
            f"the writer is named as another peer than {survey.peer_id}, "
            f"{how_often(survey.foreign)}",
        )


def _check_direction(survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
    members = swarm.terms.members
    if members is None:
        ledger.note(
            Rule.DIRECTION, "the order of the members is not known; give PeerInfo.cfg"
        )
        return
    places = {peer: place for place, peer in enumerate(members)}
    me = places.get(survey.peer_id)
    for other, links in survey.links.items():
        its = places.get(other)
        if me is None or its is None:
            continue
        for link in links:
            ledger.looked(Rule.DIRECTION)
            if link.is_dialled != (its < me):
                words = f"{other} is listed {'later' if its > me else 'earlier'}"
                ledger.broken(Rule.DIRECTION, survey.path, link.number, words)


def _check_pair(one: Survey, other: Survey, ledger: Ledger) -> None:
    here = one.links.get(other.peer_id, [])
    there = other.links.get(one.peer_id, [])
    ledger.looked(Rule.CONNECTIONS)
    if not here and not there:
        words = f"{one.peer_id} and {other.peer_id} never connect"
        ledger.broken(Rule.CONNECTIONS, one.path, 0, words)
        return
    for survey, links in ((one, here), (other, there)):
        for link in links[1:]:
            words = f"they connected on line {links[0].number} before"
            ledger.broken(Rule.CONNECTIONS, survey.path, link.number, words)
    _check_ends(one, here, other, there, ledger)
    _check_ends(other, there, one, here, ledger)


def _check_ends(
    one: Survey, here: list[Link], other: Survey, there: list[Link], ledger: Ledger
) -> None:
    for place, link in enumerate(here):
        ledger.looked(Rule.BOTH_ENDS)
        if place >= len(there):
            words = f"the log of {other.peer_id} does not tell of it"
        elif link.is_dialled and there[place].is_dialled:
            words = f"the log of {other.peer_id} says that it made it, too"
        elif not link.is_dialled and not there[place].is_dialled:
            words = f"the log of {other.peer_id} does not say that it made it"
        else:
            continue
        ledger.broken(Rule.BOTH_ENDS, one.path, link.number, words)


def _check_complete(survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
    pieces = swarm.terms.pieces
    is_seed = swarm.is_seed(survey.peer_id)
    if is_seed is None and survey.completed is None:
        ledger.note(
            Rule.EVERYBODY,
            f"{survey.peer_id} downloads nothing, perhaps as a seed; give PeerInfo.cfg",
        )
        return
    ledger.looked(Rule.EVERYBODY)
    if is_seed:
        return
    is_full = pieces is not None and survey.held == pieces
    if survey.completed is None and not is_full:
        of = f" of {pieces}" if pieces is not None else ""
        ledger.broken(
            Rule.EVERYBODY,
            survey.path,
            survey.lines.count,
            f"{survey.peer_id} ends with {survey.held}{of} pieces",
        )
