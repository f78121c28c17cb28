"""
A whole swarm on one machine: C{swarmpeer lab FILE}.

L{plan} says what is to be made and L{folder} makes it, L{swarm} runs one process
per peer, L{view} learns from the peers' protocol logs how far they are, and
L{render} says it in text.
"""
