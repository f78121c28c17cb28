"""
Public tools for testing programs that embed a peer.

Most begin with L{swarmpeer.testing.swarm.simulate}, which runs a whole swarm in
virtual time from a L{swarmpeer.testing.scenario.Scenario}.  The recorders in
L{swarmpeer.testing.recorders} and the storage in L{swarmpeer.testing.storage} are
for tests of single parts.
"""
