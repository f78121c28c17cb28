"""
What a peer is asked for by those who watch it: how far it is, and why it is not done.
"""
