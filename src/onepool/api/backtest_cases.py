"""Regression cases in the shapes of the API."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from onepool.api import audience, journey_figures
from onepool.api.backtests import asked_of
from onepool.api.models.journey_simulate import (
    MOST_CASES,
    CaseDifference,
    JourneyCase,
    JourneyCaseRequest,
    JourneyCaseResult,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.definitions import Definition
from onepool.journeys.cases import KIND, CaseError, parse_case
from onepool.journeys.cases.running import cases_of, run, save

SETTLES = timedelta(seconds=1)
"""A case ends at least so long ago."""


def keep(ws: WorkspaceLike, body: JourneyCaseRequest, author: str) -> JourneyCase:
    """Carry a case out and keep it with what came out of it: of the same customers as the simulation that is kept,
    which draws from who is in a segment today. Raises CaseError."""
    journey = str(body.definition.get("journey"))
    now = ws.clock.now().replace(microsecond=0) - SETTLES
    said: dict[str, Any] = {
        "case": f"{journey}.{body.name}", "journey": journey, "note": body.note, "start": body.start.isoformat(),
        "end": min(body.start + timedelta(days=body.days), now).isoformat(), "customers": sorted(set(body.customers)),
        "segment": body.segment, "sample": body.sample,
        "acceptance": {name: one.model_dump() for name, one in body.acceptance.items()},
    }  # fmt: skip
    case = parse_case(said)
    among = None if body.customers else asked_of(ws, body)[0].customers
    save(ws, audience.context(ws), case, body.definition, author=author, among=among)
    return shown(_found(ws, f"{journey}.{body.name}"))


def remove(ws: WorkspaceLike, journey: str, name: str, author: str) -> None:
    """Retire a case; its versions stay."""
    found = _found(ws, f"{journey}.{name}")
    ws.definitions.delete(KIND, found.name, author=author)


def listed(ws: WorkspaceLike, journey: str) -> list[JourneyCase]:
    """The cases of a journey."""
    return [shown(one) for one in cases_of(ws, journey)]


def carried(
    ws: WorkspaceLike, definition: dict[str, Any], names: list[str] | None = None
) -> Iterator[JourneyCaseResult]:
    """The cases of these names (None: every one) over a definition; one that can't be carried out does not keep the
    others from it. Raises NotFound for a name that no case has, Invalid for all of a journey that has very many."""
    journey = str(definition.get("journey"))
    kept = {_short(one.name) for one in cases_of(ws, journey)}
    for name in names or ():
        if name not in kept:
            raise NotFound("there is no such case (any more)", where=f"{journey}.{name}", code="case-unknown")
    if names is None and len(kept) > MOST_CASES:
        problem = f"the journey has {len(kept)} cases, one request carries out {MOST_CASES} at most"
        raise Invalid(problem, where="names", hint="name some of them", code="cases-too-many")
    return _carried(ws, definition, None if names is None else {f"{journey}.{name}" for name in names})


def _carried(
    ws: WorkspaceLike, definition: dict[str, Any], only: Collection[str] | None
) -> Iterator[JourneyCaseResult]:
    for one in run(ws, audience.context(ws), definition, only):
        yield JourneyCaseResult(
            name=_short(one.name),
            passed=one.passed,
            seconds=one.seconds,
            problem=one.problem,
            differences=[
                CaseDifference(figure=each.figure, expected=each.expected, found=each.found, step=each.step)
                for each in one.differences
            ],
        )


def shown(item: Definition) -> JourneyCase:
    try:
        case = parse_case(item.body, f"case {item.name}")
    # Kept before something was asked of cases: it is shown all the same, and running it says what is wrong with it.
    except CaseError:
        plain = {name: one for name, one in item.body.items() if name not in ("acceptance", "audience", "drawn")}
        case = parse_case(plain, f"case {item.name}")
    return JourneyCase(
        name=_short(item.name),
        note=case.note,
        start=case.start,
        end=case.end,
        customers=case.customers,
        segment=case.segment,
        sample=case.sample,
        entered=case.expected.entered,
        sent=journey_figures.reasons(case.expected.sent),
        author=item.author,
        saved_at=item.created_at,
    )


def _short(name: str) -> str:
    return name.partition(".")[2]


def _found(ws: WorkspaceLike, name: str) -> Definition:
    item = ws.definitions.get(KIND, name)
    if item is None:
        raise NotFound("there is no such case", where=name, code="case-unknown")
    return item
