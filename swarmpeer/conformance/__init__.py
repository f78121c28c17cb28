"""
Does a peer keep to the protocol of the course?  Any peer: it is called, or calls us,
is made to talk, and each clause of C{docs/wire.md} gets a verdict with the bytes
that show it.

C{clauses} has what is asked, C{entries} what was said and heard, C{talk} one
connection and C{stage} all of them.  The scenarios of C{conversation},
C{interruptions}, C{crowd}, C{breaches} and C{ending} make things happen; C{rules} and
C{promises} are what C{judging} holds the record against.  C{checking} does both,
C{report} tells the results, C{command} is the command.

A new rule, promise or breach is a function or a row in a table, and its clause a row in
C{clauses}.
"""
