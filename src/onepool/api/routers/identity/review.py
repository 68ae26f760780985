"""What waits for people: conflicts, and the queue of pairs to be judged, by the money at stake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.identity_review import (
    ConflictReason,
    IdentityConflict,
    IdentityConflicts,
    Postponement,
    ReviewDecision,
    ReviewItem,
    ReviewList,
    ReviewOutcome,
    ReviewProblem,
    ReviewRequest,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.routers.identity.showing import view
from onepool.api.whom import sources
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock, from_micros
from onepool.errors import OnePoolError
from onepool.identity import decisions, read
from onepool.identity.read import Kind, Pair, Postponed, Sources, Words
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Decider = Annotated[Caller, Depends(Need(Permission.IDENTITY_DECIDE))]
PageNumber = Annotated[int, Query(ge=1, le=20_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


@router.get("/conflicts")
def list_identity_conflicts(
    who: Reader, ws: Workspace, reason: ConflictReason | None = None, page: PageNumber = 1, size: PageSize = 50
) -> IdentityConflicts:
    """Links that would have joined two customers, had a rule not forbidden it. Without `reason`: those undecided."""
    currency = ws.settings.currency
    with ws.pool.read() as session:
        src = sources(ws, session)
        pairs, total = read.ranked(
            session,
            read.open_conflicts(src, reason),
            currency=currency,
            offset=(page - 1) * size,
            limit=size,
            settled=read.settled(src) if reason != "never" else (),
        )
        links = read.links_by_id(src, [one.ref for one in pairs])
        known = read.briefs(src, {n for one in pairs for n in (one.customer_a, one.customer_b)}, currency)
        ends = read.nodes(src, {end for one in pairs for end in (one.a, one.b)})
    show, words = view(who, src, currency), Words(src.standard, src.registry)
    items = []
    for one in pairs:
        link = links[one.ref]
        code, _, detail = link.reason.partition(":")
        items.append(
            IdentityConflict(
                link_id=one.ref,
                a=show.identifier(ends[one.a]),
                b=show.identifier(ends[one.b]),
                customer_a=show.brief(known[one.customer_a]),
                customer_b=show.brief(known[one.customer_b]),
                reason=cast(ConflictReason, code),
                detail=detail or None,
                text=titles(words.conflict(link.reason), link.reason),
                rule=link.rule,
                touchpoint=link.touchpoint,
                first_time=from_micros(link.first_time),
                last_time=from_micros(link.last_time),
                count=link.count,
                value=one.value,
            )
        )
    return IdentityConflicts(items=items, total=total, page=page, size=size)


@router.get("/review")
def list_identity_review(
    who: Reader,
    ws: Workspace,
    time: Time,
    kind: Literal["all", "candidate", "conflict"] = "all",
    status: Literal["open", "later", "joined", "merged", "never", "gone"] = "open",
    page: PageNumber = 1,
    size: PageSize = 50,
) -> ReviewList:
    """Pairs to be judged: what the model proposes, and conflicts. `open`: still undecided; `later`: put off.

    Of several undecided conflicts of the same two customers one stands here: a judgement settles them all.
    """
    undecided = status in ("open", "later")
    with ws.pool.read() as session:
        src = sources(ws, session)
        put_off = read.postponed(src, time.now())
        waiting = read.candidates(src, ["open" if undecided else status]) if kind != "conflict" else []
        if kind != "candidate" and (undecided or status == "never"):
            waiting += read.open_conflicts(src, None if undecided else "never")
        if undecided:
            waiting = [one for one in waiting if (one[:2] in put_off) == (status == "later")]
        pairs, total = read.ranked(
            session,
            waiting,
            currency=ws.settings.currency,
            offset=(page - 1) * size,
            limit=size,
            same=status in ("joined", "merged"),
            once=undecided,
            settled=read.settled(src) if undecided else (),
        )
        items = items_of(ws, src, who, pairs, put_off)
    return ReviewList(items=items, total=total, page=page, size=size)


@router.post("/review/decide")
def decide_identity_review(body: ReviewRequest, who: Decider, ws: Workspace, time: Time) -> ReviewOutcome:
    """Decide items of the queue, each for itself: what somebody decided meanwhile comes back as a problem.

    The tick takes the decisions up within moments. `later` keeps an item out of the queue until `until`, or until new
    evidence arrives: another score, a further sighting, a merge on either side; `resume` brings it back at once.
    """
    made: list[decisions.Decision] = []
    problems: list[ReviewProblem] = []
    with ws.pool.read() as session:
        src = sources(ws, session)
        until = _put_off(src, time, body, who.actor)
        for item in body.items:
            if item.decision in ("later", "resume"):
                continue
            try:
                made.append(_decide(src, time, item, who.actor, body.reason))
            except (decisions.DecisionError, NotFound) as error:
                problems.append(ReviewProblem(id=item.id, code=error.code, problem=_said(error)))
        shown = view(who, src, ws.settings.currency).decisions(src, made)
    return ReviewOutcome(decisions=shown, until=until, conflicts=problems)


def _put_off(src: Sources, time: Clock, body: ReviewRequest, author: str) -> datetime | None:
    """Put off what is decided later, and bring back what is resumed. Returns until when the former is."""
    named = {what: [_item(one.id) for one in body.items if one.decision == what] for what in ("later", "resume")}
    read.resume(src, time, named["resume"], author=author)
    if not named["later"]:
        return None
    try:
        return read.postpone(src, time, named["later"], body.until, author=author, reason=body.reason)
    except decisions.DecisionError as error:
        raise Invalid(error.message, where="until", hint=error.hint, code=error.code) from error


def _item(named: str) -> tuple[Kind, int]:
    kind, _, number = named.partition(":")
    return cast(Kind, kind), int(number)


def items_of(
    ws: WorkspaceLike,
    src: Sources,
    who: Caller,
    pairs: list[Pair],
    put_off: Mapping[tuple[Kind, int], Postponed] | None = None,
) -> list[ReviewItem]:
    """Pairs as items of the queue, in their order. `put_off`: those of them that people look at later."""
    known = read.briefs(src, {n for one in pairs for n in (one.customer_a, one.customer_b)}, ws.settings.currency)
    proposals = read.candidates_by_id(src, [one.ref for one in pairs if one.kind == "candidate"])
    links = read.links_by_id(src, [one.ref for one in pairs if one.kind == "conflict"])
    show, words = view(who, src, ws.settings.currency), Words(src.standard, src.registry)
    items = []
    for one in pairs:
        a, b = known[one.customer_a], known[one.customer_b]
        if one.kind == "conflict":
            link = links[one.ref]
            items.append(
                ReviewItem(
                    id=f"conflict:{one.ref}",
                    kind="conflict",
                    status="never" if link.reason == "never" else "open",
                    probability=None,
                    value=one.value,
                    a=show.brief(a),
                    b=show.brief(b),
                    why=[],
                    reason=link.reason,
                    text=titles(words.conflict(link.reason), link.reason),
                    at=from_micros(link.last_time),
                    later=_later(one, put_off or {}),
                )
            )
            continue
        row = proposals[one.ref]
        items.append(
            ReviewItem(
                id=f"candidate:{one.ref}",
                kind="candidate",
                status=row.status,
                probability=row.probability,
                value=one.value,
                a=show.brief(a),
                b=show.brief(b),
                why=show.comparisons(row.detail, a, b),
                reason=None,
                text=None,
                at=from_micros(row.at),
                later=_later(one, put_off or {}),
            )
        )
    return items


def _later(one: Pair, put_off: Mapping[tuple[Kind, int], Postponed]) -> Postponement | None:
    found = put_off.get((one.kind, one.ref))
    if found is None:
        return None
    return Postponement(until=found.until, author=found.author, reason=found.reason)


def _decide(src: Sources, time: Clock, item: ReviewDecision, author: str, reason: str) -> decisions.Decision:
    kind, _, number = item.id.partition(":")
    ends = read.ends(src, kind, int(number))
    if ends is None:
        raise NotFound("this is not in the queue any more", where=item.id, code="review-gone")
    one, other = (read.side_with(src, end) for end in ends)
    candidate = int(number) if kind == "candidate" else None
    if item.decision == "merge":
        further = read.merge_pairs(src, one, other)
        return decisions.merge(src.state, time, one, other, further, author=author, reason=reason, candidate=candidate)
    return decisions.never(src.state, time, one, other, author=author, reason=reason, candidate=candidate)


def _said(error: OnePoolError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
