"""
What was found out, for programs.
"""

import json
from typing import Any

from swarmpeer.log_reading.checking import Checked
from swarmpeer.log_reading.fairness import fairness, shares
from swarmpeer.log_reading.timeline import Timeline
from swarmpeer.text import printable
from swarmpeer.verdicts import head

FORMAT = "swarmpeer-logs"
VERSION = 1


def json_text(checked: Checked) -> str:
    """
    One object; C{docs/logs.md} tells its keys.
    """
    return json.dumps(_value(checked))


def _value(checked: Checked) -> dict[str, Any]:
    swarm = checked.swarm
    terms = swarm.terms
    timeline = Timeline(swarm)
    return {
        **head(FORMAT, VERSION, checked.ledger.verdicts),
        "seconds": timeline.seconds,
        "terms": {
            "preferred_neighbors": terms.preferred,
            "unchoking_interval_seconds": terms.unchoking_seconds,
            "optimistic_unchoking_interval_seconds": terms.optimistic_seconds,
            "pieces": terms.pieces,
            "members": terms.members,
            "seeds": None if terms.seeds is None else sorted(terms.seeds),
        },
        "rules": [
            {
                "id": result.rule.id,
                "text": result.rule.text,
                "verdict": result.verdict,
                "why": result.reason,
                "times": result.times,
                "breaches": result.breaches,
                "evidence": [
                    {
                        "file": printable(each.path),
                        "line": each.number or None,
                        "meaning": each.words,
                    }
                    for each in result.evidence
                ],
                "notes": result.notes,
            }
            for result in checked.ledger.results.values()
        ],
        "wordings": [
            {
                "file": printable(survey.path),
                "line": usage.number,
                "variant": variant.value,
                "count": usage.count,
                "text": usage.words,
            }
            for survey in swarm.surveys.values()
            for variant, usage in survey.usages.items()
        ],
        "peers": [
            {
                "peer_id": share.peer_id,
                "is_seed": share.is_seed,
                "taken": share.taken,
                "given": share.given,
                "ratio": share.ratio,
                "completed_seconds": (
                    timeline.completed(share.peer_id)
                    if share.peer_id in swarm.surveys
                    else None
                ),
                "from": {
                    str(giver): count
                    for giver, count in sorted(
                        swarm.surveys[share.peer_id].taken.items()
                        if share.peer_id in swarm.surveys
                        else ()
                    )
                },
            }
            for share in shares(swarm)
        ],
        "jain": fairness(swarm),
    }
