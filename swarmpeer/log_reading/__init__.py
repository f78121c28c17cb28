"""
The protocol logs of a whole swarm, of our peers or of others', held against the
rules of the protocol.

Each log is read twice, line by line: L{survey<swarmpeer.log_reading.survey>} finds
out what the swarm did, so that the second reading can hold each line against what
the others did.  What is kept grows with peers and pieces, and not with lines but
for choke rounds.
"""
