"""
What the operating system means when a call fails.
"""

import errno

from swarmpeer.errors import StorageError

NOT_KNOWN = (errno.EINVAL, errno.EOPNOTSUPP)
"""
The file system has no such thing.
"""

NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""
We may not write there.
"""

NO_FOLDER = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK)
"""
What was to be opened as a folder is none, or is a symbolic link; which of them is
said differs from system to system.
"""

NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
"""
This process, or the whole machine, has too many files open.
"""

PASSING = (*NO_DESCRIPTOR, errno.ENOMEM, errno.EAGAIN, errno.EACCES)
"""
Whoever cannot read for such a reason may be able to the next time: nothing is wrong
with what is there.
"""


def reason_of(error: Exception) -> str:
    """
    Why something failed, in words.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, StorageError):
        return str(error)
    return repr(error)
