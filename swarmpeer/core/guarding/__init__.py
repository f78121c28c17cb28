"""
Policies of others: one that raises, or answers what cannot be, is told once by its
name, and one of our own takes its place, so that the peer goes on.  A storage of others
has no substitute: what it does wrong is a failure of the pieces that it was asked for.

Our own are not guarded.  Of policies those are the ones that the core's tables name.
Policies that are not in the tables, such as those of simulated swarms, are guarded like
those of others.  Of storages, which stand above the core, there is no table, so those
are all of this package.
"""

from swarmpeer.core.guarding.choking import make_choking
from swarmpeer.core.guarding.picker import make_picker
from swarmpeer.core.guarding.storage import guard_storage, guard_verified_storage

__all__ = ["guard_storage", "guard_verified_storage", "make_choking", "make_picker"]
