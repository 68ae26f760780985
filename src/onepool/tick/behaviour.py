"""The behaviour index as the worker keeps it: told of every commit, built anew by a thread of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import structlog
from msgspec.structs import replace

from onepool.identity import Resolved, Resolver
from onepool.pool import DuckDBEngine, Session
from onepool.pool.behaviour import BehaviourIndex
from onepool.pool.behaviour.status import keep
from onepool.privacy.masking import mask_text
from onepool.tick.ingest import Prepared
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

_LOOKS_SECONDS = 2.0
_AGAIN_SECONDS = 60.0
_NICE = 10


def open_index(workspace: Workspace, pool: DuckDBEngine) -> BehaviourIndex | None:
    """The index of a workspace's pool; None where the settings say that there is none."""
    wanted = workspace.settings.behaviour
    if not wanted.enabled:
        return None
    return BehaviourIndex(workspace.data / "behaviour", pool, workspace.clock, least=wanted.from_events)


def note(
    index: BehaviourIndex | None, session: Session, resolver: Resolver, resolved: Resolved, prepared: Prepared | None
) -> None:
    """Tell the index what a transaction changed: the events of a batch, and identities."""
    rewritten = resolved.retimed.column("identifier_id").to_numpy().astype(np.int64)
    seqs = np.empty(0, np.int64) if prepared is None else prepared.batch.events.column("seq").to_numpy()
    if index is None:
        if rewritten.size or (prepared is not None and prepared.replayed):
            # Builds on disk do not know of it, should the index be switched on again.
            BehaviourIndex.overtaken(session)
        return
    if seqs.size or rewritten.size or resolved.moved.num_rows:
        index.note(session, seqs, resolved.moved, rewritten, lambda ids: resolver.graph.customer[ids].astype(np.int64))


@contextmanager
def building(index: BehaviourIndex | None, data: Path) -> Iterator[None]:
    """Within, a thread builds the index whenever that is due; on leaving it gives up what is half done, and ends.

    `data`: the folder where it tells how it is doing.
    """
    if index is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_build_when_due, args=(index, data, stop), name="behaviour", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _build_when_due(index: BehaviourIndex, data: Path, stop: threading.Event) -> None:
    if sys.platform == "linux":
        # What is live goes first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    wait, told = 0.0, None
    while not stop.wait(wait):
        wait = _LOOKS_SECONDS
        due = index.due()
        now = replace(index.status(), building=due is not None)
        if now != told:
            keep(data, now)
            told = now
        if due is None:
            continue
        try:
            built = index.build(stop)
        # Whatever it was, reads go on from the table; the next try may find more room.
        except Exception as error:  # noqa: BLE001
            _logger.error("the behaviour index can't be built", error=mask_text(repr(error)), due=due)
            wait = _AGAIN_SECONDS
            continue
        if built:
            done = index.status()
            keep(data, done)
            _logger.info("behaviour index built", due=due, events=done.events, seconds=done.seconds)
