"""OneID in numbers; the graph of one customer; why two identifiers are one customer, or not."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.identity import (
    CandidateCounts,
    ConflictCounts,
    DayChanges,
    DayJoined,
    IdentityGraph,
    IdentityOverview,
    JoinedByPeople,
    LargeCustomer,
    LinkStatus,
    NeverPair,
    ReasonCount,
    SizeCount,
    Suspicious,
    TouchpointCount,
    TypeCount,
)
from onepool.api.models.identity_explain import ExplainReason, ExplainRequest, IdentityExplanation, PathStep, Side
from onepool.api.routers.identity.kept import KeptOverview, kept_overview
from onepool.api.routers.identity.showing import View, view
from onepool.api.whom import customer, pair, sources
from onepool.identity import read
from onepool.identity.read import Brief, Node, Reason, Words
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]


@router.get("/overview")
def read_identity_overview(
    who: Reader,
    ws: Workspace,
    time: Time,
    kept: Annotated[KeptOverview, Depends(kept_overview)],
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> IdentityOverview:
    """Identifiers, customers, evidence, merges and splits by day, and what stands out."""
    now = time.now()
    with ws.pool.read() as session:
        src = sources(ws, session)
        found = kept.of(src, now, ws.settings.zone, days)
        known = read.briefs(src, [row[0] for row in found.largest], ws.settings.currency)
    show = view(who, src, ws.settings.currency)
    caps = {name: rule.max_customers for name, rule in src.registry.types.items()}
    return IdentityOverview(
        customers=found.customers,
        identifiers=found.identifiers,
        anonymous=found.anonymous,
        linked=found.linked,
        by_type=[
            TypeCount(
                strength=show.strength(one.type),
                type=one.type,
                title=show.title(one.type),
                identifiers=one.identifiers,
                customers=one.customers,
                touchpoints=[
                    TouchpointCount(touchpoint=name, identifiers=count)
                    for name, count in sorted(one.touchpoints.items(), key=lambda item: (-item[1], item[0]))
                ],
            )
            for one in found.by_type
        ],
        sizes=[SizeCount(identifiers=size, customers=count) for size, count in found.sizes.items()],
        links={cast(LinkStatus, status): count for status, count in found.links.items()},
        changes=[DayChanges(day=day, merged=merged, split=split) for day, merged, split in found.changes],
        joined=[DayJoined(day=day, customers=customers, joined=joined) for day, customers, joined in found.joined],
        conflicts=ConflictCounts(
            open=sum(found.conflicts.values()),
            by_reason=[
                ReasonCount(reason=reason, count=count)
                for reason, count in sorted(found.conflicts.items(), key=lambda item: -item[1])
            ],
        ),
        candidates=CandidateCounts(
            open=found.candidates.get("open", 0),
            joined=found.candidates.get("joined", 0),
            merged=found.candidates.get("merged", 0),
            never=found.candidates.get("never", 0),
        ),
        largest=[
            LargeCustomer(customer_id=number, name=_name(show, known.get(number)), identifiers=count, events=events)
            for number, count, events in found.largest
        ],
        suspicious=[
            Suspicious(
                identifier_id=one.node.identifier_id,
                type=one.node.type,
                title=show.title(one.node.type),
                scope=one.node.scope,
                value=show.shown.hidden.identifier(one.node.type, one.node.value)[0],
                reason=one.reason,
                owners=one.owners,
                limit=caps.get(one.node.type),
                links=one.links,
                customers=one.customers,
            )
            for one in found.suspicious
        ],
        unclaimed=found.unclaimed,
        at=kept.at or now,
    )


@router.get("/customers/{customer_id}/graph")
def read_identity_graph(
    customer_id: Annotated[int, Path(ge=0, le=2**53)],
    who: Reader,
    ws: Workspace,
    limit: Annotated[int, Query(ge=1, le=2_000, description="At most so many links.")] = 2_000,
) -> IdentityGraph:
    """A customer's identifiers, what is linked with them, and every link with what was concluded from it."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        present = customer(src, customer_id)
        found = read.graph(src, present, limit=limit)
    show = view(who, src, ws.settings.currency)
    pairs = [(one, one.a, one.b) for one in found.rulings if one.a is not None and one.b is not None]
    return IdentityGraph(
        customer_id=present,
        nodes=[show.node(node, found) for node in found.nodes.values()],
        links=[show.link(link) for link in found.links],
        never=[NeverPair(a=a, b=b, decision=one.id) for one, a, b in pairs if one.kind in ("never", "split")],
        merged=[JoinedByPeople(a=a, b=b, decision=one.id) for one, a, b in pairs if one.kind == "merge"],
        truncated=found.truncated,
    )


@router.post("/explain")
def explain_identity(body: ExplainRequest, who: Reader, ws: Workspace) -> IdentityExplanation:
    """The path of evidence between two identifiers of one customer; or why two customers are two."""
    with ws.pool.read() as session:
        src = sources(ws, session)
        a, b = pair(src, body.a, body.b, ws.settings.country)
        found = read.explain(src, a, b)
        known = read.briefs(src, {a.customer_id, b.customer_id}, ws.settings.currency)
    show = view(who, src, ws.settings.currency)
    words = Words(src.standard, src.registry)
    rules = ws.definitions.get("identity", "rules")
    return IdentityExplanation(
        together=found.together,
        a=_side(show, a, known),
        b=_side(show, b, known),
        path=[
            PathStep(
                source=show.identifier(step.source),
                target=show.identifier(step.target),
                link=show.link(step.link),
                text=titles(words.step(step), ""),
            )
            for step in found.path
        ],
        reasons=[_reason(show, words, one, known, a, b) for one in found.reasons],
        rules_version=rules.version if rules else None,
    )


def _reason(show: View, words: Words, one: Reason, known: dict[int, Brief], a: Node, b: Node) -> ExplainReason:
    row = one.candidate
    return ExplainReason.model_validate(
        {
            "code": one.code,
            "text": titles(words.reason(one), one.code),
            "link": show.link(one.link) if one.link else None,
            "decision": one.decision.id if one.decision else None,
            "identifier": show.identifier(one.via) if one.via else None,
            "candidate": row.id if row else None,
            "probability": row.probability if row else None,
            "why": show.comparisons(row.detail, known[a.customer_id], known[b.customer_id]) if row else [],
        }
    )


def _side(show: View, node: Node, known: dict[int, Brief]) -> Side:
    return Side(
        identifier=show.identifier(node), customer_id=node.customer_id, name=_name(show, known.get(node.customer_id))
    )


def _name(show: View, brief: Brief | None) -> str | None:
    return show.shown.name(brief.row.attributes) if brief and brief.row else None
