"""
Public tools for testing programs that embed a peer.
"""
