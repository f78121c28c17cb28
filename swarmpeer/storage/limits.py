"""
Up to which size a piece is dealt with in the reactor thread, in a storage of either
kind.
"""

INLINE_LIMIT_BYTES = 64 * 1024
"""
Up to this size a piece is handed to the page cache, or read from a file system
that cannot tell what is cached, in the reactor thread: a hop into a thread
costs several times as much.
"""

CACHED_LIMIT_BYTES = 1024 * 1024
"""
Up to this size a piece that is in the page cache is copied from there in the
reactor thread; longer copies are left to a thread.
"""
