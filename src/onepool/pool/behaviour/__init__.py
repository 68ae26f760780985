"""The behaviour index: events in the order (customer, time, seq), as typed columns mapped into memory.

Derived from table `events` and rebuildable at any time, never the truth; yet every read is exact at the version of the
pool that the reader sees. A build lies in files; events since then, and identifiers that changed customers since then
(merged, split), are held in memory beside it and laid over it when read.
"""

from __future__ import annotations

from onepool.pool.behaviour.index import BehaviourIndex
from onepool.pool.behaviour.newest import Newest
from onepool.pool.behaviour.state import State
from onepool.pool.behaviour.status import Status
from onepool.pool.behaviour.view import Ordered, View

__all__ = ["BehaviourIndex", "Newest", "Ordered", "State", "Status", "View"]
