"""The tick: the one loop that moves everything, in batches, from the log into state and pool."""

from __future__ import annotations

from onepool.tick.desk import Desk
from onepool.tick.runner import Runner
from onepool.tick.running import WorkerBusy
from onepool.tick.telling import LiveEvent
from onepool.tick.worker import Worker

__all__ = ["Desk", "LiveEvent", "Runner", "Worker", "WorkerBusy"]
