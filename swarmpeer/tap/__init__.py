"""
C{twistd swarmpeer}: the options, and the service for them.
"""

from swarmpeer.tap.making import makeService
from swarmpeer.tap.options import Options
from swarmpeer.tap.process import StartFailed

__all__ = ["Options", "StartFailed", "makeService"]
