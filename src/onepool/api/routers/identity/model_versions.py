"""Versions of the model of likelihood: the list, the difference of two, and the way back to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.desk import Desk, IdentityDesk
from onepool.api.models.identity_model_versions import (
    ModelDifference,
    ModelPairChange,
    ModelRestore,
    ModelRestorePreview,
    ModelRestorePreviewRequest,
    ModelVerdicts,
    ModelVersion,
    ModelVersions,
    ModelWeightChange,
)
from onepool.api.problems import Conflict, NotFound
from onepool.api.routers.identity.showing import View, segment_effects, view
from onepool.api.whom import sources
from onepool.api.workspace import WorkspaceLike
from onepool.identity import read
from onepool.identity.read import preview_types
from onepool.identity.read.models import WEIGHTS
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity/model", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.IDENTITY_RULES))]
Number = Annotated[int, Query(ge=1)]


@router.get("/versions")
def list_identity_model_versions(_who: Reader, ws: Workspace) -> ModelVersions:
    """All versions of the model, the newest first: who made each and how, its thresholds and counts."""
    found = read.model_versions(ws.state)
    return ModelVersions(items=[shown_version(one, len(found)) for one in reversed(found)])


@router.get("/difference")
def compare_identity_model_versions(
    before: Number, after: Number, who: Reader, ws: Workspace, desk: Desk
) -> ModelDifference:
    """What two versions say differently: weights, thresholds, and on all customers the pairs of another answer."""
    found = read.model_versions(ws.state)
    one, other = model_version(found, before), model_version(found, after)
    return _difference(ws, who, found, one, other, desk.compare_models(before, after))


@router.post("/restore/preview")
def preview_identity_model_restore(
    body: ModelRestorePreviewRequest, who: Writer, ws: Workspace, desk: Desk
) -> ModelRestorePreview:
    """What going back to a version would do to all customers and to segments; nothing is kept."""
    found = read.model_versions(ws.state)
    to = model_version(found, body.to)
    compared = desk.compare_models(len(found), body.to, True, body.segments)
    return ModelRestorePreview(
        difference=_difference(ws, who, found, found[-1], to, compared),
        merged=compared.merged,
        split=compared.split,
        identifiers_moved=compared.identifiers_moved,
        segments=segment_effects(ws, compared.segments),
    )


@router.post("/restore")
def restore_identity_model(body: ModelRestore, who: Writer, ws: Workspace, time: Time, desk: Desk) -> ModelVersion:
    """Put an earlier version's weights and thresholds in force again, as a new version, and match all customers with
    them in the background. 409 when there is a later version than the one looked at, or while a run is under way."""
    found = read.model_versions(ws.state)
    to = model_version(found, body.to)
    present = found[-1]
    if body.version != present.version:
        raise Conflict(f"version {present.version} of the model was made meanwhile", where="version", hint="load anew")
    refuse_while_running(desk)
    for (kind, name), body_of, replaced in read.to_restore(ws.state, found, to):
        saved = ws.save(kind, name, body_of, author=who.actor, reason=body.reason, expected=replaced)
        audit.record(ws.state, time, who.actor, "definition.save", f"{kind}:{name}", {"version": saved.version})
    made = read.model_versions(ws.state)
    detail = {"to": to.version, "version": made[-1].version}
    audit.record(ws.state, time, who.actor, "identity.model.restore", ":".join(WEIGHTS), detail)
    if made[-1].version != present.version:
        desk.start_matching(False)
    return shown_version(made[-1], len(made))


def model_version(found: Sequence[read.ModelVersion], number: int) -> read.ModelVersion:
    """The version of a number. Raises NotFound."""
    if not 1 <= number <= len(found):
        raise NotFound("there is no such version of the model", where=str(number), hint="see /identity/model/versions")
    return found[number - 1]


def refuse_while_running(desk: IdentityDesk) -> None:
    """Raises Conflict while a run may put another model in force."""
    if desk.matching_state().state == "running":
        raise Conflict("the model is being learned or applied just now", hint="wait for the end of the run")


def shown_version(one: read.ModelVersion, latest: int) -> ModelVersion:
    """A version as it is shown. `latest`: the number of the present one."""
    return ModelVersion(
        version=one.version,
        at=one.at,
        author=one.author,
        reason=one.reason,
        cause=one.cause,
        current=one.version == latest,
        weights=one.weights,
        restored=one.restored,
        hash=one.hash,
        join=one.join,
        review=one.review,
        auto=one.auto,
        records=one.counts.records,
        pairs=one.counts.pairs,
        labels=one.counts.labels,
        expected_matches=one.counts.expected,
        method=one.counts.method,
    )


def _difference(
    ws: WorkspaceLike,
    who: Caller,
    versions: Sequence[read.ModelVersion],
    before: read.ModelVersion,
    after: read.ModelVersion,
    compared: preview_types.ModelsCompared,
) -> ModelDifference:
    old, new = (read.weights_of(ws.state, one.weights) for one in (before, after))
    with ws.pool.read() as session:
        src = sources(ws, session)
        known = read.nodes(src, {end for one in compared.pairs for end in (one.a, one.b)})
    show = view(who, src, ws.settings.currency)
    rules_old, rules_new = read.blocking_of(old), read.blocking_of(new)
    return ModelDifference(
        before=shown_version(before, len(versions)),
        after=shown_version(after, len(versions)),
        weights=_weights(show, old, new),
        blocking_added=[rule for rule in rules_new if rule not in rules_old],
        blocking_removed=[rule for rule in rules_old if rule not in rules_new],
        verdicts_before=_verdicts(compared.before),
        verdicts_after=_verdicts(compared.after),
        changed=compared.changed,
        pairs=[
            ModelPairChange(
                a=show.identifier(known[one.a]),
                b=show.identifier(known[one.b]),
                before=one.before,
                after=one.after,
                probability_before=one.probability_before,
                probability_after=one.probability_after,
            )
            for one in compared.pairs
            if one.a in known and one.b in known
        ],
        seconds=compared.seconds,
    )


def _weights(show: View, old: dict[str, Any], new: dict[str, Any]) -> list[ModelWeightChange]:
    return [
        ModelWeightChange(
            comparison=one.comparison,
            title=show.attribute_title(one.comparison),
            level=one.level,
            before=one.before,
            after=one.after,
        )
        for one in read.weight_changes(old, new)
    ]


def _verdicts(one: preview_types.ModelOutcome) -> ModelVerdicts:
    return ModelVerdicts(joined=one.joined, review=one.review, expected_wrong=one.expected_wrong)
