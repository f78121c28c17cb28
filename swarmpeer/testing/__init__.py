"""
Public tools for testing what is built on a peer.

For whole swarms in virtual time: C{scenario}, C{swarm}, C{faults}, C{outcome},
C{policies}, C{drawn} and C{figures}.  Most begin with
L{swarmpeer.testing.swarm.simulate}, which runs a
L{swarmpeer.testing.scenario.Scenario}.

For the parts of one: C{virtual_time}, C{host_clock}, C{network}, C{disk},
C{threads}, C{ghost_storage} and C{hostile}.

For one peer, or half of one: C{recorders} and C{storage}.

All other modules are how these work, and may change.
"""
