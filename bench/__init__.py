"""
Benchmarks beside real peers.  Run by hand; never a timed test.
"""
