"""Cases carried out: what came out beside what was expected."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from onepool.audience.conditions.names import Context
from onepool.clock import to_micros
from onepool.definitions import Definition
from onepool.errors import OnePoolError
from onepool.journeys.backtest.run import Place, backtest
from onepool.journeys.backtest.types import I64, Asked, Assumed, Outcome
from onepool.journeys.backtest.world import audience_at
from onepool.journeys.cases.model import KIND, Case, CaseError, Expected, parse_case
from onepool.journeys.parse import parse_journey
from onepool.journeys.plan.plan import concerned_by, drawn
from onepool.reach.states import SendState

_WENT: Final = tuple(range(SendState.ACCEPTED, SendState.SUPPRESSED))
_FAILED: Final = (SendState.FAILED, SendState.BOUNCED, SendState.UNKNOWN)
_OUT: Final = (SendState.SUPPRESSED, SendState.CANCELLED)
_ENDED: Final = 9
_COUNTS: Final = ("ended", "turned_away", "sent", "suppressed", "failed")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is another than expected. `figure`: `entered`, `sent:sms`, `ended:goal` and the like; of paths
    `path:CUSTOMER`, with the place of the first step that differs in `step`, and both steps as text."""

    figure: str
    expected: str
    found: str
    step: int | None = None


@dataclass(frozen=True)
class Result:
    """A case that was carried out; it passes where nothing differs. `problem`: why it could not be."""

    name: str
    found: Expected
    differences: list[Difference]
    seconds: float
    problem: str | None = None

    @property
    def passed(self) -> bool:
        return not self.differences and self.problem is None


def cases_of(place: Place, journey: str) -> list[Definition]:
    """The cases of a journey, by name."""
    return [one for one in place.definitions.current(KIND) if one.body.get("journey") == journey]


def save(
    place: Place, ctx: Context, case: Case, definition: Mapping[str, Any], *, author: str, among: I64 | None = None
) -> Case:
    """Keep a case with what comes out of it now: from here on that is expected. `among`: the customers that it is
    about where they were drawn already, by the simulation that is kept. Raises CaseError."""
    if not case.customers:
        _refuse_unknown(ctx, case)
        # From here on it is about these, whoever enters a segment or comes to the brand later.
        case = case.about(_customers(place, ctx, case, definition) if among is None else among)
    kept = case.model_copy(update={"expected": _outcome(place, ctx, case, definition)})
    place.definitions.save(KIND, case.case, kept.body(), author=author, reason=case.note)
    return kept


def tested(place: Place) -> list[str]:
    """The journeys that have cases, by name."""
    return sorted({str(one.body.get("journey")) for one in place.definitions.current(KIND)})


def run(
    place: Place, ctx: Context, definition: Mapping[str, Any], only: Collection[str] | None = None
) -> Iterator[Result]:
    """The cases of a journey over a definition of it (a draft, say), one after the other: all, or only some by name.
    One that can't be carried out fails, and keeps none of the others from it."""
    for one in cases_of(place, str(definition.get("journey"))):
        if only is not None and one.name not in only:
            continue
        try:
            yield carried_out(place, ctx, parse_case(one.body, f"case {one.name}"), definition)
        except OnePoolError as error:
            yield _faulty(one, str(error))


def run_kept(place: Place, ctx: Context, journey: str) -> Iterator[Result]:
    """All cases of a journey over its draft. Those of a journey that was taken away fail."""
    draft = place.definitions.get("journey", journey)
    if draft is not None:
        yield from run(place, ctx, draft.body)
        return
    for one in cases_of(place, journey):
        yield _faulty(one, f"there is no journey {journey}: retire the case, or bring the journey back")


def _faulty(item: Definition, problem: str) -> Result:
    return Result(item.name, Expected(), [], 0.0, problem)


def carried_out(place: Place, ctx: Context, case: Case, definition: Mapping[str, Any]) -> Result:
    """One case over a definition. Raises CaseError."""
    started = time.perf_counter()
    found = _outcome(place, ctx, case, definition)
    return Result(case.case, found, list(_differences(case.expected, found)), time.perf_counter() - started)


def expected_of(outcome: Outcome, named: list[int]) -> Expected:
    """What a back-test says, as a case keeps it; paths of the customers who are named."""
    refused = {
        row["edge"].removeprefix("refused:"): row["count"]
        for row in outcome.edges.to_pylist()
        if row["node"] == -1 and (row["edge"].startswith("refused:") or row["edge"] == "not_qualified")
    }
    return Expected(
        entered=outcome.entered,
        live=int(outcome.runs.column("ended").null_count),
        ended=outcome.counts("runs", "reason", [_ENDED]),
        turned_away=dict(sorted(refused.items())),
        sent=outcome.counts("sends", "channel", _WENT),
        suppressed=outcome.counts("sends", "reason", _OUT),
        failed=outcome.counts("sends", "reason", _FAILED),
        paths=_paths(outcome, named),
    )


def _paths(outcome: Outcome, named: list[int]) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {str(customer): [] for customer in sorted(named)}
    if outcome.steps is None or not named:
        return {}
    runs: dict[int, list[str]] = {}
    for row in outcome.steps.sort_by([("run_id", "ascending"), ("seq", "ascending")]).to_pylist():
        if row["version_id"] != 1 or str(row["customer_id"]) not in found:
            continue
        if row["run_id"] not in runs:
            runs[row["run_id"]] = []
            found[str(row["customer_id"])].append(runs[row["run_id"]])
        parts = (outcome.node(row["node"]), row["edge"], row["detail"])
        runs[row["run_id"]].append(" ".join(one for one in parts if one))
    return {name: sorted(paths) for name, paths in found.items()}


def _outcome(place: Place, ctx: Context, case: Case, definition: Mapping[str, Any]) -> Expected:
    start, end = to_micros(case.start), to_micros(case.end)
    now = to_micros(place.clock.now())
    if end > now:
        raise CaseError(
            "it ends in the future", where=f"case {case.case}", hint="a case is about the past: end earlier"
        )
    customers = _customers(place, ctx, case, definition)
    assumed = {channel: Assumed(one.accepted, dict(one.reasons)) for channel, one in sorted(case.acceptance.items())}
    asked = Asked(definition, start, end, customers, paths=bool(case.customers), assumed=assumed)
    return expected_of(backtest(place, ctx, asked), case.customers)


def _customers(place: Place, ctx: Context, case: Case, definition: Mapping[str, Any]) -> I64:
    if case.customers:
        return np.unique(np.array(case.customers, np.int64))
    start, end, now = to_micros(case.start), to_micros(case.end), to_micros(place.clock.now())
    frozen = case.frozen()
    with place.pool.read() as session:
        if frozen is not None:
            # Identities are today's: whoever went up in another is looked at as that one.
            session.relation("_case_customers", pa.table({"id": frozen}))
            found = session.query(
                """SELECT DISTINCT coalesce(o.customer_id, c.id) AS id
                FROM _case_customers c LEFT JOIN customer_of o ON o.identifier_id = c.id"""
            )
            return np.sort(found.column("id").to_numpy().astype(np.int64))
        if case.segment is not None:
            _refuse_unknown(ctx, case)
            drawn_from = audience_at(session, ctx, case.segment, None, start)
        else:
            drawn_from = concerned_by(session, place, ctx, definition, parse_journey(definition), start, end, now)
    return drawn(drawn_from, case.sample)


def _refuse_unknown(ctx: Context, case: Case) -> None:
    if case.segment is not None and case.segment not in ctx.names.segments:
        raise CaseError(f"there is no segment {case.segment}", where=f"case {case.case}: segment")


def _differences(expected: Expected, found: Expected) -> Iterator[Difference]:
    for name in ("entered", "live"):
        old, new = getattr(expected, name), getattr(found, name)
        if old != new:
            yield Difference(name, str(old), str(new))
    for name in _COUNTS:
        before, after = getattr(expected, name), getattr(found, name)
        for key in sorted({*before, *after}):
            if before.get(key, 0) != after.get(key, 0):
                yield Difference(f"{name}:{key}", str(before.get(key, 0)), str(after.get(key, 0)))
    for customer in sorted({*expected.paths, *found.paths}, key=int):
        yield from _other_path(customer, expected.paths.get(customer, []), found.paths.get(customer, []))


def _other_path(customer: str, before: list[list[str]], after: list[list[str]]) -> Iterator[Difference]:
    if before == after:
        return
    old = [step for path in before for step in path]
    new = [step for path in after for step in path]
    places = range(max(len(old), len(new)))
    at = next((one for one in places if old[one : one + 1] != new[one : one + 1]), 0)
    yield Difference(f"path:{customer}", old[at] if at < len(old) else "", new[at] if at < len(new) else "", at + 1)


__all__ = ["Difference", "Result", "carried_out", "cases_of", "expected_of", "run", "run_kept", "save", "tested"]
