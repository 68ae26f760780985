"""The model of likelihood: what it learned, pairs near its thresholds, running it, moving the thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, status
from sqlalchemy import func, select

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.desk import Desk
from onepool.api.models.identity_model import (
    BlockingRule,
    IdentityModel,
    MatchingRun,
    MatchingState,
    ModelComparison,
    ModelLevel,
    ModelPage,
    ThresholdPoint,
    Thresholds,
    ThresholdsChange,
    ThresholdsPreview,
    WeightCount,
)
from onepool.api.models.identity_review import ReviewList
from onepool.api.routers.identity.model_versions import model_version
from onepool.api.routers.identity.review import items_of
from onepool.api.routers.identity.rules import KIND, NAME, checked, likelihood, save_rules
from onepool.api.routers.identity.showing import View, segment_effects, view
from onepool.api.whom import sources
from onepool.identity import read
from onepool.identity.read import preview_types
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.state import schema

MODEL_KIND, MODEL_NAME = "model", "customers"

router = APIRouter(prefix="/identity/model", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.IDENTITY_RULES))]


@router.get("")
def read_identity_model(
    who: Reader, ws: Workspace, desk: Desk, version: Annotated[int | None, Query(ge=1)] = None
) -> ModelPage:
    """The model in force (or an earlier version of it), the settings in force, and what it is doing."""
    found = read.model_versions(ws.state)
    chosen = model_version(found, version) if version is not None else (found[-1] if found else None)
    rules = ws.definitions.get(KIND, NAME)
    settings = likelihood(checked(ws, rules.body if rules else None))
    with ws.pool.read() as session:
        show = view(who, sources(ws, session), ws.settings.currency)
    run = desk.matching_state()
    return ModelPage(
        model=None if chosen is None else _model(show, chosen, read.weights_of(ws.state, chosen.weights)),
        settings=settings,
        last_run=None
        if run.last is None
        else MatchingRun(
            at=run.last.at, candidates=run.last.candidates, joined=run.last.joined, seconds=run.last.seconds
        ),
        run=_state(run),
        versions=[one.version for one in reversed(found)],
    )


@router.get("/pairs")
def list_identity_model_pairs(
    who: Reader,
    ws: Workspace,
    near: Literal["join", "review"] = "join",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ReviewList:
    """Pairs whose probability is next to a threshold, the nearest first: what moving it would change."""
    rules = ws.definitions.get(KIND, NAME)
    settings = likelihood(checked(ws, rules.body if rules else None))
    at = settings.join if near == "join" else settings.review
    table = schema.candidates
    with ws.state.read() as connection:
        total = connection.execute(select(func.count()).select_from(table)).scalar_one()
        rows = connection.execute(
            select(table.c.id, table.c.a, table.c.b)
            .order_by(func.abs(table.c.probability - at), table.c.id)
            .limit(size)
            .offset((page - 1) * size)
        ).all()
    place = {row.id: number for number, row in enumerate(rows)}
    with ws.pool.read() as session:
        src = sources(ws, session)
        waiting: list[tuple[read.Kind, int, int, int]] = [("candidate", row.id, row.a, row.b) for row in rows]
        pairs, _ = read.ranked(session, waiting, currency=ws.settings.currency, limit=size, same=True)
        items = items_of(ws, src, who, sorted(pairs, key=lambda pair: place[pair.ref]))
    return ReviewList(items=items, total=total, page=page, size=size)


@router.post("/fit", status_code=status.HTTP_202_ACCEPTED)
def start_identity_matching(
    who: Writer, ws: Workspace, time: Time, desk: Desk, learn: Annotated[bool, Query()] = True
) -> MatchingState:
    """Learn the model anew and match all customers, in the background. A run that is under way goes on.

    `learn=false`: with the model in force, such as one that was fitted on a file.
    """
    state = desk.start_matching(learn)
    detail = {"state": state.state, "learn": learn}
    audit.record(ws.state, time, who.actor, "identity.match", f"{MODEL_KIND}:{MODEL_NAME}", detail)
    return _state(state)


@router.get("/run")
def read_identity_matching(_who: Reader, desk: Desk) -> MatchingState:
    """What the run is doing, or how the last one ended."""
    return _state(desk.matching_state())


@router.put("/thresholds")
def replace_identity_thresholds(
    body: ThresholdsChange, who: Writer, ws: Workspace, time: Time, desk: Desk
) -> ModelPage:
    """Put thresholds in force: a new version of the rules of identity."""
    rules = ws.definitions.get(KIND, NAME)
    changed = {
        **(rules.body if rules else {"identity": NAME}),
        "likelihood": {"join": body.join, "review": body.review, "auto": body.auto},
    }
    # What was read here is what is changed: rules saved in between are not lost.
    save_rules(ws, time, who, changed, rules.version if rules else 0, body.reason)
    return read_identity_model(who, ws, desk)


@router.post("/preview")
def preview_identity_thresholds(body: Thresholds, _who: Reader, ws: Workspace, desk: Desk) -> ThresholdsPreview:
    """What other thresholds would do with the pairs known."""
    found = desk.preview_thresholds(body.join, body.review)
    return ThresholdsPreview(
        pairs_joined=found.pairs_joined,
        pairs_review=found.pairs_review,
        customers_merged=found.customers_merged,
        expected_wrong=found.expected_wrong,
        segments=segment_effects(ws, found.segments),
    )


def _state(run: preview_types.MatchingState) -> MatchingState:
    return MatchingState(
        state=run.state, step=run.step, progress=run.progress, problem=run.problem, started=run.started
    )


def _model(show: View, one: read.ModelVersion, body: Mapping[str, Any]) -> IdentityModel:
    """A model as it is shown: its body is what `onepool.identity.matching.Model.to_json` wrote, the report included."""
    report: Mapping[str, Any] = body.get("report") or {}
    return IdentityModel(
        version=one.version,
        at=one.at,
        author=one.author,
        records=one.counts.records,
        prior=float(body["prior"]),
        expected_matches=report.get("expected_matches"),
        comparisons=[_comparison(show, one) for one in report.get("comparisons", [])],
        blocking=[BlockingRule.model_validate(dict(one)) for one in report.get("rules", [])],
        blocking_recall=report.get("blocking_recall"),
        histogram=[
            WeightCount(weight=one["bits"], pairs=one["pairs"], probability=min(1.0, one["matches"] / one["pairs"]))
            for one in report.get("weights", [])
        ],
        thresholds=Thresholds(join=one.join, review=one.review),
        curve=[ThresholdPoint.model_validate(dict(one)) for one in report.get("thresholds", [])],
        labels=one.counts.labels,
        method=one.counts.method,
    )


def _comparison(show: View, one: Mapping[str, Any]) -> ModelComparison:
    return ModelComparison(
        name=one["name"],
        title=show.attribute_title(one["name"]),
        kind=one["kind"],
        missing=one["missing"],
        levels=[
            ModelLevel(
                label=level["name"],
                m=level["m"],
                u=level["u"],
                weight=level["weight"],
                count=level["pairs"],
                matches=level["matches"],
            )
            for level in one["levels"]
        ],
    )
