"""
What a peer tells over HTTP: its status, its health, and a page to look at.
"""
