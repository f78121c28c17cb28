"""
The commands that ask peers how far they are.
"""
