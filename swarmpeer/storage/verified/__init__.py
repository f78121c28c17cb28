"""
The files of a manifest on a disk: every piece is known by its hash, and what is
there already is used.

Who touches what: the reactor thread alone knows which pieces are held and what is
to be recorded.  A work in a thread is given what it needs and answers with what it
found.  What works share is safe by itself: where a file is and whether somebody
changed it, under the locks of that C{StoredFile}; the descriptors, under that of
C{OpenFiles}.  The record belongs to the check, and after that to the one commit that
is under way.
"""

from swarmpeer.storage.verified.storage import VerifiedStorage

__all__ = ["VerifiedStorage"]
