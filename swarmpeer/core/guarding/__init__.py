"""
Policies of others: one that raises, or answers what cannot be, is told once by its
name, and one of our own takes its place, so that the peer goes on.
"""

from swarmpeer.core.guarding.choking import make_choking
from swarmpeer.core.guarding.picker import make_picker

__all__ = ["make_choking", "make_picker"]
