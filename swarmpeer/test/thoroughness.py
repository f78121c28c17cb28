"""
How much the tests try: as much as a minute has room for, or all that they can.
"""

import os

from hypothesis import settings

VARIABLE = "SWARMPEER_TESTS"
THOROUGH = "thorough"
IS_THOROUGH = os.environ.get(VARIABLE) == THOROUGH
"""
Is this the long way, before a release?
"""


def tries(usual: int, thorough: int) -> int:
    """
    How often something is tried, with other input each time.
    """
    return thorough if IS_THOROUGH else usual


def load_profile() -> None:
    """
    Let hypothesis try so many examples where a test says nothing else, and take its
    time: a machine may be busy.
    """
    settings.register_profile("swarmpeer", max_examples=tries(30, 100), deadline=None)
    settings.load_profile("swarmpeer")
