"""
Tests of whole processes on loopback; run by C{python -m twisted.trial tests}.
"""
