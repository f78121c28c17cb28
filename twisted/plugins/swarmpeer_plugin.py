"""
Tells C{twistd} about C{twistd swarmpeer}.

Every start of any C{twistd} imports this file, so it imports nothing of
swarmpeer and only names it.
"""

from twisted.application.service import ServiceMaker

swarmpeer = ServiceMaker(
    "swarmpeer",
    "swarmpeer.tap",
    "A peer that gets a file or a folder onto every machine of its swarm.",
    "swarmpeer",
)
