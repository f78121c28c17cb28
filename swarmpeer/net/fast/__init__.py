"""
The short way between a socket and a conversation, for plain TCP connections.
"""
