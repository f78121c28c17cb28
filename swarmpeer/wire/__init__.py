"""
Bytes to values and back; pure.
"""

WireBytes = bytes | bytearray | memoryview
