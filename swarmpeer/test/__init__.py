"""
Unit tests, one module per module; run by C{trial swarmpeer}.
"""

from swarmpeer.test.thoroughness import load_profile

# Before any test is made: a property takes the profile that is loaded then.
load_profile()
