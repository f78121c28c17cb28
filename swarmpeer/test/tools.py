"""
What some tests need and not every machine has: they are skipped without it, unless
somebody promised that it is there.
"""

import os

VARIABLE = "SWARMPEER_TOOLS"
"""
Where it is promised: names with blanks in between.
"""


def excuse(tool: str, reason: str | None) -> str | None:
    """
    @param reason: what is missing; C{None}: nothing.
    @return: the reason to skip tests; C{None} also if the tool was promised, so that
        they fail without it.
    """
    return None if tool in os.environ.get(VARIABLE, "").split() else reason
