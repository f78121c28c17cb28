"""
Work that is done outside the reactor thread.
"""

from collections.abc import Callable

Answer = Callable[[], None]
"""
What is to be called in the reactor thread once some work is done.
"""

Work = Callable[[], Answer]
"""
Something that may block.  It raises nothing: the answer tells of failures too.
"""

RunInThread = Callable[[Work], None]
"""
Runs the work somewhere, now or later, and then calls its answer in the reactor
thread.  Works may overtake each other.
"""
