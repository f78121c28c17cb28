"""
swarmpeer gets a large file or folder onto every machine that needs it.

Each peer serves the pieces that it already holds while it fetches the rest,
prefers the neighbours that give most, and gives one more neighbour a chance at
every optimistic round.  Start at L{swarmpeer.service.PeerService}.
"""

__version__ = "0.1.0"
