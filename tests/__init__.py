"""
Tests with whole processes or real sockets on loopback, and of the documentation;
run by C{python -m twisted.trial tests}.
"""
