"""Versions of the model of likelihood: each time that other weights, or other thresholds, came into force.

Weights are the definition `model: customers`, thresholds those of `identity: rules`; both keep every version with
author and reason. The versions here are both histories read as one, so that none is missing, however it was saved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import or_, select

from onepool.clock import from_micros
from onepool.identity.registry import Likelihood
from onepool.state import State
from onepool.state.schema import definitions

WEIGHTS, THRESHOLDS = ("model", "customers"), ("identity", "rules")
"""Kind and name of the two definitions."""

Cause = Literal["learned", "reviewed", "fitted", "thresholds", "restored"]

LEARNED_BY = "onepool"
"""Author of what a run over all customers learned."""

_AT_ONCE = timedelta(minutes=1)
"""Going back changes both definitions, one after the other."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What fitting saw: records, pairs kept, judged pairs it learned from, matches expected."""

    records: int
    pairs: int
    labels: int
    expected: float | None
    method: Literal["weights", "boosted"]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version. `weights`: of the definition of the model; `hash`: of its content; `restored`: the version that the
    same weights had first."""

    version: int
    at: datetime
    author: str
    reason: str
    cause: Cause
    weights: int
    hash: str
    join: float
    review: float
    auto: bool
    counts: Counts
    restored: int | None = None

    @property
    def thresholds(self) -> tuple[float, float, bool]:
        return self.join, self.review, self.auto


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A level of a comparison that two models weigh differently; None: one of them has no such level."""

    comparison: str
    level: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    version: int
    text: str
    hash: str
    author: str
    reason: str
    at: datetime


def model_versions(state: State) -> list[ModelVersion]:
    """All versions, the oldest first. There is none before weights were learned or fitted."""
    found: list[ModelVersion] = []
    weights: _Row | None = None
    line = Likelihood()
    first: dict[str, int] = {}
    before: _Row | None = None
    for row in _rows(state):
        told = weights if row.kind == THRESHOLDS[0] else row
        lines = likelihood_of(json.loads(row.text)) if row.kind == THRESHOLDS[0] else line
        changed = told is not weights or lines != line
        weights, line = told, lines
        if weights is None or not changed:
            before = row
            continue
        together = before is not None and found and _together(before, row) and found[-1].at == before.at
        number = len(found) if together else len(found) + 1
        known = first.setdefault(weights.hash, number)
        counts = _counts(weights.hash, weights.text)
        made = ModelVersion(
            version=number,
            at=row.at,
            author=row.author,
            reason=row.reason,
            cause=_cause(row, known < number, counts),
            weights=weights.version,
            hash=weights.hash,
            join=line.join,
            review=line.review,
            auto=line.auto,
            counts=counts,
            restored=known if row.kind == WEIGHTS[0] and known < number else None,
        )
        found[number - 1 :] = [made]
        before = row
    return found


def weights_of(state: State, weights: int) -> dict[str, Any]:
    """The body of a version of the definition of the model. Raises LookupError when there is none."""
    kind, name = WEIGHTS
    table = definitions
    chosen = select(table.c.body).where(table.c.kind == kind, table.c.name == name, table.c.version == weights)
    with state.read() as connection:
        text = connection.execute(chosen).scalar_one_or_none()
    if text is None:
        raise LookupError(f"there is no version {weights} of the model")
    body: dict[str, Any] = json.loads(text)
    return body


def to_restore(
    state: State, versions: Sequence[ModelVersion], to: ModelVersion
) -> list[tuple[tuple[str, str], dict[str, Any], int]]:
    """What is to be saved to go back to a version: definition (kind, name), body, and the version that it replaces.

    Thresholds first, then weights; nothing where the present version says the same.
    """
    present = versions[-1]
    saves: list[tuple[tuple[str, str], dict[str, Any], int]] = []
    if to.thresholds != present.thresholds:
        kind, name = THRESHOLDS
        table = definitions
        chosen = (table.c.kind == kind) & (table.c.name == name) & table.c.current
        with state.read() as connection:
            row = connection.execute(select(table.c.body, table.c.version, table.c.deleted).where(chosen)).one_or_none()
        there = row is not None and not row.deleted
        body = json.loads(row.body) if row is not None and there else {kind: name}
        line = {"join": to.join, "review": to.review, "auto": to.auto}
        saves.append((THRESHOLDS, {**body, "likelihood": line}, row.version if row is not None and there else 0))
    if to.hash != present.hash:
        saves.append((WEIGHTS, weights_of(state, to.weights), present.weights))
    return saves


def likelihood_of(rules: Mapping[str, Any] | None) -> Likelihood:
    """The thresholds that a body of rules says; those of the standard where it says none that can be read."""
    try:
        return Likelihood.model_validate((rules or {}).get("likelihood") or {})
    except ValidationError:
        return Likelihood()


def weight_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[WeightChange]:
    """Levels that two models (bodies of the definition) weigh differently, in the order of the later one."""
    old, new = _weights(before), _weights(after)
    keys = [*new, *(key for key in old if key not in new)]
    found = [WeightChange(*key, old.get(key), new.get(key)) for key in keys]
    return [one for one in found if one.before != one.after]


def blocking_of(body: Mapping[str, Any]) -> list[str]:
    """The rules by which a model finds pairs."""
    return [str(one["rule"]) for one in (body.get("report") or {}).get("rules", [])]


def _weights(body: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Bits by comparison and level, rounded as they are shown."""
    return {
        (one["spec"]["name"], level): round(float(weight), 3)
        for one in body.get("comparisons", [])
        for level, weight in zip(one["spec"]["levels"], one["weights"], strict=True)
    }


def _rows(state: State) -> Sequence[_Row]:
    """Both histories in the order in which they were saved; without deleted models."""
    table = definitions
    of = [(table.c.kind == kind) & (table.c.name == name) for kind, name in (WEIGHTS, THRESHOLDS)]
    with state.read() as connection:
        rows = connection.execute(select(table).where(or_(*of)).order_by(table.c.id)).all()
    return [
        _Row(
            row.kind, row.version, "{}" if row.deleted else row.body, row.hash, row.author, row.reason,
            from_micros(row.created_at),
        )
        for row in rows
        if not (row.deleted and row.kind == WEIGHTS[0])
    ]  # fmt: skip


def _together(before: _Row, row: _Row) -> bool:
    """Whether two versions were saved by one act: going back to weights and thresholds."""
    same = (before.author, before.reason) == (row.author, row.reason) and bool(row.reason)
    return same and before.kind != row.kind and row.at - before.at <= _AT_ONCE


def _cause(row: _Row, known: bool, counts: Counts) -> Cause:
    if row.kind == THRESHOLDS[0]:
        return "thresholds"
    if known:
        return "restored"
    if row.author == LEARNED_BY:
        return "reviewed" if counts.labels else "learned"
    return "fitted"


_COUNTED: dict[str, Counts] = {}
"""By content hash: a model is large, and never changes."""


def _counts(digest: str, text: str) -> Counts:
    if digest not in _COUNTED:
        _COUNTED[digest] = _counted(json.loads(text))
    return _COUNTED[digest]


def _counted(body: Mapping[str, Any]) -> Counts:
    report = body.get("report") or {}
    return Counts(
        records=int(report.get("records", 0)),
        pairs=int(report.get("pairs_kept", 0)),
        labels=int(report.get("labels", 0)),
        expected=report.get("expected_matches"),
        method="boosted" if body.get("forest") else "weights",
    )
