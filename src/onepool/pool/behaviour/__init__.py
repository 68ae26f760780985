"""The behaviour index: events in the order (customer, time, seq), as typed columns mapped into memory.

Derived from table `events` and rebuildable at any time, never the truth; yet every read is exact at the version of the
pool that the reader sees. A build lies in files; events since then, and identifiers that changed customers since then
(merged, split), are held in memory beside it and laid over it when read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onepool.loading import later
from onepool.pool.behaviour.status import Status

if TYPE_CHECKING:
    from onepool.pool.behaviour.index import BehaviourIndex
    from onepool.pool.behaviour.newest import Newest
    from onepool.pool.behaviour.state import State
    from onepool.pool.behaviour.view import Ordered, View
else:
    # These bring compiled kernels; collectors ask for the status only.
    _modules = {"BehaviourIndex": "index", "Newest": "newest", "State": "state", "Ordered": "view", "View": "view"}
    __getattr__ = later(__name__, _modules)

__all__ = ["BehaviourIndex", "Newest", "Ordered", "State", "Status", "View"]
