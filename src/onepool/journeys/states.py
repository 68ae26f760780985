"""States of runs, as numbers in the table `runs`."""

from __future__ import annotations

from enum import IntEnum


class RunState(IntEnum):
    """Held runs have not begun; ready ones are taken on by the next tick; the others wait for what their name says."""

    HELD = 0
    READY = 1
    WAIT_TIME = 2
    WAIT_EVENT = 3
    WAIT_OUTCOME = 4
    PAUSED = 5
    ENDED = 9


LIVE = (RunState.HELD, RunState.READY, RunState.WAIT_TIME, RunState.WAIT_EVENT, RunState.WAIT_OUTCOME, RunState.PAUSED)

GOAL = "goal"
COMPLETED = "completed"
HOLDOUT = "holdout"
INELIGIBLE = "ineligible"
NOT_QUALIFIED = "not_qualified"
UNREACHABLE = "unreachable"
EXPIRED = "expired"
STOPPED = "stopped"
ERROR = "error"
MERGED = "merged"
ERASED = "erased"
"""Reasons of ends; beside them what `end` nodes and exits are called (`exit:<name>`)."""
