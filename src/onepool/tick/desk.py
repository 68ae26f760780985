"""The worker's side of OneID for others: previews, and runs of the model in the background."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from onepool.clock import from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.identity.read.models import LEARNED_BY
from onepool.identity.read.preview_types import (
    Change,
    DecisionPreview,
    Engine,
    LastRun,
    MatchingState,
    ModelsCompared,
    RulesPreview,
    ThresholdsPreview,
)
from onepool.privacy.masking import mask_text
from onepool.state.store import set_meta
from onepool.tick import matching, models, preview
from onepool.tick.worker import Worker
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

_LAST = "identity_matched"


class Desk:
    """One per worker. Every call may be made from any thread."""

    def __init__(self, workspace: Workspace, worker: Worker) -> None:
        self._ws = workspace
        self._worker = worker
        self._state = MatchingState(last=self._last())
        self._guard = threading.Lock()
        self._running: threading.Thread | None = None

    def preview_decision(self, change: Change, segments: Sequence[str] = ()) -> DecisionPreview:
        """What a decision would do."""
        return preview.preview_decision(self._ws, self._worker, change, segments)

    def preview_rules(self, body: Mapping[str, Any], segments: Sequence[str] = ()) -> RulesPreview:
        """What rules would do. Raises RulesError."""
        return preview.preview_rules(self._ws, self._worker, body, segments)

    def preview_thresholds(self, join: float, review: float) -> ThresholdsPreview:
        """What thresholds would do with the pairs known."""
        return preview.preview_thresholds(self._ws, join, review)

    def compare_models(
        self, before: int, after: int, effects: bool = False, segments: Sequence[str] = ()
    ) -> ModelsCompared:
        """What two versions of the model say of all customers; `effects`: and what the second would change now."""
        return models.compare_models(self._ws, self._worker, before, after, effects=effects, segments=segments)

    def matching_state(self) -> MatchingState:
        """What the run is doing, or how the last one ended."""
        return self._state

    def start_matching(self, learn: bool = True, engine: Engine = "onepool") -> MatchingState:
        """Learn the model anew (or take the one in force) and match all customers, in the background; one run at a
        time. `splink`: it only proposes pairs for review."""
        with self._guard:
            if self._running is None or not self._running.is_alive():
                now = self._ws.clock.now()
                self._state = MatchingState("running", "reading", None, None, now, self._state.last)
                self._running = threading.Thread(target=self._run, args=(now, learn, engine), name="match", daemon=True)
                self._running.start()
        return self._state

    def match(self, learn: bool = True, engine: Engine = "onepool") -> MatchingState:
        """The same, waiting for its end."""
        self._run(self._ws.clock.now(), learn, engine)
        return self._state

    def _run(self, started: datetime, learn: bool, engine: Engine) -> None:
        try:
            if engine == "splink":
                begun = time.perf_counter()
                count = models.propose_with_splink(self._ws, self._worker, self._step)
                last = LastRun(started, count, 0, time.perf_counter() - begun)
                self._state = MatchingState("done", None, 1.0, None, started, last)
                return
            found, model = self.learn() if learn else self.find()
            joined = self._worker.take_matches(found, model)
            last = LastRun(started, found.pairs.num_rows, joined, found.seconds)
            with self._ws.state.write() as connection:
                set_meta(connection, _LAST, json.dumps([to_micros(started), last.candidates, joined, last.seconds]))
            self._state = MatchingState("done", None, 1.0, None, started, last)
        except OnePoolError as error:
            self._failed(error, started)
        # Nobody waits for a thread: what went wrong has to be seen somewhere.
        except Exception as error:  # noqa: BLE001
            self._failed(error, started)

    def _failed(self, error: Exception, started: datetime) -> None:
        problem = mask_text(str(error) or repr(error))
        _logger.error("matching failed", error=problem, kind=type(error).__name__)
        self._state = MatchingState("failed", None, None, problem, started, self._state.last)

    def learn(self) -> tuple[matching.Found, int]:
        """Learn from all customers and keep the model as a new version. Returns what was found and the version."""
        everybody = models.Everybody.of(self._ws, self._worker)
        settings = self._worker.rules.likelihood()
        with self._ws.state.read() as connection:
            labels = matching.labels_of(connection, everybody.customer)
        found = matching.learn_all(everybody.records, everybody.numbers, labels, settings, self._step)
        found = everybody.again(self._worker, found, settings, self._step)
        body = {"model": matching.MODEL_NAME, **json.loads(found.model.to_json())}
        saved = self._ws.save(matching.MODEL_KIND, matching.MODEL_NAME, body, author=LEARNED_BY, reason="learned anew")
        return found, saved.version

    def find(self) -> tuple[matching.Found, int]:
        """What the model in force finds among all customers, and its version. Raises NoModel."""
        saved = self._ws.definitions.get(matching.MODEL_KIND, matching.MODEL_NAME)
        if saved is None:
            raise models.NoModel("there is no model yet", hint="learn one: onepool identity match")
        everybody = models.Everybody.of(self._ws, self._worker)
        settings = self._worker.rules.likelihood()
        model = matching.model_of(saved.body)
        return everybody.match(self._worker, model, settings, self._step), saved.version

    def _step(self, name: str, progress: float | None) -> None:
        self._state = replace(self._state, step=name, progress=progress)

    def _last(self) -> LastRun | None:
        kept = self._ws.state.meta(_LAST)
        if kept is None:
            return None
        at, candidates, joined, seconds = json.loads(kept)
        return LastRun(from_micros(at), candidates, joined, seconds)
