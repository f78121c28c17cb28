"""
What was found out, for programs.
"""

import json
from typing import Any

from swarmpeer.log_reading.as_text import summary
from swarmpeer.log_reading.checking import Checked
from swarmpeer.log_reading.fairness import fairness, shares
from swarmpeer.log_reading.timeline import Timeline
from swarmpeer.text import printable

VERSION = 1


def json_text(checked: Checked) -> str:
    """
    One object; C{docs/logs.md} tells its keys.
    """
    return json.dumps(_value(checked), indent=2, ensure_ascii=True)


def _value(checked: Checked) -> dict[str, Any]:
    swarm = checked.swarm
    terms = swarm.terms
    timeline = Timeline(swarm)
    return {
        "version": VERSION,
        "ok": checked.ledger.is_passed,
        "summary": summary(checked),
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
                "rule": verdict.rule.rule_id,
                "verdict": verdict.outcome.value,
                "looked": verdict.looked,
                "breaches": verdict.breaches,
                "findings": [
                    {
                        "file": printable(finding.path),
                        "line": finding.number or None,
                        "what": finding.words,
                    }
                    for finding in verdict.findings
                ],
                "notes": verdict.remarks,
            }
            for verdict in checked.ledger.verdicts.values()
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
                "peer": share.peer_id,
                "seed": share.is_seed,
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
        "seconds": timeline.seconds,
        "jain": fairness(swarm),
    }
