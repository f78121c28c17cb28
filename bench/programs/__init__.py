"""
Programs of others, each kept by a small process of ours.
"""
