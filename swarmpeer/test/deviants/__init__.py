"""
Peers that break one clause each, made of a real one and of what stands before it: a
module for each family of clauses, and C{catalogue} with all of them.
"""
