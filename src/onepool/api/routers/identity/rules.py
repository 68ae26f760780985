"""The rules of identity: what is in force, what other rules would do, putting them in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.desk import Desk
from onepool.api.dictionary import titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import Finding, JsonObject
from onepool.api.models.identity import IdentifierBrief
from onepool.api.models.identity_rules import (
    Basis,
    CustomerSize,
    IdentityRules,
    LikelihoodRule,
    RulesChange,
    RulesPreview,
    RulesPreviewRequest,
    RulesSample,
    TouchpointBasis,
    TypeRule,
)
from onepool.api.problems import Invalid
from onepool.api.routers.identity.showing import segment_effects, view
from onepool.api.whom import sources
from onepool.api.workspace import WorkspaceLike
from onepool.identity import read
from onepool.identity.read import joining_of
from onepool.identity.registry import Registry, Rules, RulesError, parse_rules
from onepool.privacy import audit
from onepool.privacy.roles import Permission

KIND, NAME = "identity", "rules"

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.IDENTITY_RULES))]


@router.get("/rules")
def read_identity_rules(_who: Reader, ws: Workspace) -> IdentityRules:
    """The rules in force: the standard's, and what the workspace changes."""
    return rules_of(ws)


@router.post("/rules/preview")
def preview_identity_rules(body: RulesPreviewRequest, who: Writer, ws: Workspace, desk: Desk) -> RulesPreview:
    """What other rules would do to all customers, computed on all evidence; nothing is kept."""
    try:
        checked(ws, body.body)
    except RulesError as error:
        return _refused(error)
    found = desk.preview_rules(body.body, body.segments)
    with ws.pool.read() as session:
        src = sources(ws, session)
        known = read.nodes(
            src, {n for sample in found.samples for some in (*sample.before, *sample.after) for n in some}
        )
    show = view(who, src, ws.settings.currency)

    def briefs(sets: list[tuple[int, ...]]) -> list[list[IdentifierBrief]]:
        return [[show.identifier(known[number]) for number in some if number in known] for some in sets]

    return RulesPreview(
        problems=[],
        customers_before=found.customers_before,
        customers_after=found.customers_after,
        merged=found.merged,
        split=found.split,
        identifiers_moved=found.identifiers_moved,
        conflicts_before=found.conflicts_before,
        conflicts_after=found.conflicts_after,
        largest=[CustomerSize(customer_id=one.customer_id, identifiers=len(one.identifiers)) for one in found.largest],
        samples=[RulesSample(before=briefs(one.before), after=briefs(one.after)) for one in found.samples],
        segments=segment_effects(ws, found.segments),
        seconds=found.seconds,
    )


@router.put("/rules")
def replace_identity_rules(body: RulesChange, who: Writer, ws: Workspace, time: Time) -> IdentityRules:
    """Put rules in force; the tick computes customers anew. Refused (409) when somebody changed them meanwhile."""
    save_rules(ws, time, who, body.body, body.version, body.reason)
    return rules_of(ws)


def save_rules(
    ws: WorkspaceLike, time: Time, who: Caller, body: Mapping[str, Any], version: int | None, reason: str
) -> None:
    """Store checked rules. `version`: the one that was edited. Raises Conflict and Invalid."""
    refuse_outdated(ws, ws.definitions.get(KIND, NAME), version, "the rules")
    try:
        checked(ws, body)
    except RulesError as error:
        raise Invalid(
            error.message, where=error.where, hint=error.hint, code=error.code, problems=[_finding(error)]
        ) from error
    saved = ws.save(KIND, NAME, body, author=who.actor, reason=reason, expected=version)
    audit.record(ws.state, time, who.actor, "definition.save", f"{KIND}:{NAME}", {"version": saved.version})


def checked(ws: WorkspaceLike, body: Mapping[str, Any] | None) -> Rules:
    """Rules from their definition. Raises RulesError."""
    return parse_rules(body, ws.standard())


def rules_of(ws: WorkspaceLike) -> IdentityRules:
    """The rules in force as they are shown."""
    saved = ws.definitions.get(KIND, NAME)
    standard = ws.standard()
    rules = checked(ws, saved.body if saved else None)
    registry = Registry.of(standard, rules, joining_of(ws.definitions))
    counted = ws.pool.query("SELECT type, count(*) AS n FROM identifiers GROUP BY type").to_pylist()
    count = {row["type"]: row["n"] for row in counted}
    version = {item.name: item.version for item in ws.definitions.current("touchpoint")}
    return IdentityRules(
        version=saved.version if saved else 0,
        author=saved.author if saved else None,
        at=saved.created_at if saved else None,
        body=cast(JsonObject, saved.body if saved else {}),
        types=[
            TypeRule(
                strength=rule.strength,
                type=name,
                title=titles(standard.identifier_types[name].title, name),
                scope=standard.identifier_types[name].scope.value,
                priority=rule.priority,
                verified=rule.verified,
                max_per_customer=rule.max_per_customer,
                max_customers=rule.max_customers,
                recycle_days=rule.recycle_days,
                lifetime_days=rule.lifetime_days,
                identifiers=count.get(name, 0),
                overridden=sorted(rules.types[name].model_dump(by_alias=True, exclude_unset=True))
                if name in rules.types
                else [],
            )
            for name, rule in sorted(registry.types.items(), key=lambda item: (-item[1].priority, item[0]))
        ],
        max_identifiers=rules.max_identifiers,
        names=rules.names,
        contacts=rules.contacts,
        consent_purposes=list(rules.consent_purposes),
        likelihood=likelihood(rules),
        touchpoints=[
            TouchpointBasis(
                name=name,
                title=titles(point.title, name),
                version=version.get(name, 0),
                joining=cast(Basis, registry.joining.get(name, "free")),
            )
            for name, point in sorted(ws.touchpoints().items())
        ],
    )


def likelihood(rules: Rules) -> LikelihoodRule:
    """What the rules say of likelihood."""
    return LikelihoodRule(join=rules.likelihood.join, review=rules.likelihood.review, auto=rules.likelihood.auto)


def _finding(error: RulesError) -> Finding:
    return Finding(place=error.where or "body", message=error.message, suggestion=error.hint)


def _refused(error: RulesError) -> RulesPreview:
    return RulesPreview(
        problems=[_finding(error)],
        customers_before=0,
        customers_after=0,
        merged=0,
        split=0,
        identifiers_moved=0,
        conflicts_before=0,
        conflicts_after=0,
        largest=[],
        samples=[],
        segments=[],
        seconds=0.0,
    )
