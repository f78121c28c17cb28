"""
C{swarmpeer simulate}: whole swarms in virtual time, replayed from a seed.

C{options} has what can be said of a scenario, and C{replay} turns one into its
command and back.  C{session} is one call: C{runs} runs scenarios, in several
processes if wanted, C{shrink} makes a failing one smaller, C{run_figures},
C{summary}, C{tally} and C{json_line} tell what became of them, and C{plot} draws it.
"""
