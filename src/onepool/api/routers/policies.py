"""The contact policy: read, check, write; calendars of public holidays."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import Finding
from onepool.api.models.policies import Holiday, Holidays, PolicyCheck, PolicyDetail, PolicyInput
from onepool.api.problems import Invalid
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.parse import plain_data
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.reach import policies
from onepool.reach.chinese import REACH
from onepool.reach.policy_model import NAME, Policy

router = APIRouter(prefix="/policies", tags=["policies"])
Reader = Annotated[Caller, Depends(Need(Permission.DELIVERIES_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.POLICIES_WRITE))]


@router.get("")
def read_policy(_who: Reader, ws: Workspace) -> PolicyDetail:
    """The policy in force."""
    return _detail(ws)


@router.put("")
def save_policy(body: PolicyInput, who: Writer, ws: Workspace, time: Time) -> PolicyDetail:
    """Write the policy; it holds from the next message on. Refused (409) when somebody changed it meanwhile."""
    refuse_outdated(ws, ws.definitions.get(policies.KIND, NAME), body.version, "the policy")
    written = plain_data(body.definition)
    policy = policies.parse(written)
    problems = _problems(ws, policy)
    if problems:
        raise Invalid(
            "the policy can't be used like this", code="policy", where=problems[0].place,
            problems=[_finding(one) for one in problems],
        )  # fmt: skip
    item = ws.save(policies.KIND, NAME, {"policy": NAME, **written}, author=who.actor, reason=body.reason,
                   expected=body.version)  # fmt: skip
    audit.record(ws.state, time, who.actor, "definition.save", f"policy:{NAME}", {"version": item.version})
    return _detail(ws)


@router.post("/check")
def check_policy(body: PolicyInput, _who: Writer, ws: Workspace) -> PolicyCheck:
    """What is wrong with a policy, without writing it."""
    try:
        found = _problems(ws, policies.parse(body.definition))
    except policies.PolicyError as error:
        found = error.problems
    return PolicyCheck(problems=[_finding(one) for one in found])


@router.get("/holidays")
def list_holidays(
    _who: Reader,
    calendar: Annotated[str, Query(pattern=r"^[A-Z]{2}$")] = "CN",
    year: Annotated[int, Query(ge=2000, le=2100)] = 2026,
) -> Holidays:
    """Public holidays of a country in a year."""
    import holidays

    known = sorted(code for code in holidays.list_supported_countries() if len(code) == 2)
    if calendar not in known:
        raise Invalid(
            f"there is no calendar {calendar}", where="calendar", hint="write a country's ISO code such as CN"
        )
    language = "zh_CN" if calendar == "CN" else None
    days = holidays.country_holidays(calendar, years=year, language=language)
    items = [Holiday(day=day, name=name) for day, name in sorted(days.items())]
    return Holidays(calendar=calendar, year=year, calendars=known, items=items)


def _detail(ws: WorkspaceLike) -> PolicyDetail:
    found = ws.definitions.get(policies.KIND, NAME)
    policy = Policy() if found is None else policies.parse(found.body)
    return PolicyDetail(
        definition=policy.canonical() if found is None else found.body,
        version=None if found is None else found.version,
        author=None if found is None else found.author,
        changed=None if found is None else found.created_at,
        problems=[_finding(one) for one in _problems(ws, policy)],
    )


def _problems(ws: WorkspaceLike, policy: Policy) -> list[Problem]:
    names = [one.name for one in ws.definitions.current("journey")]
    return policies.check(policy, ws.touchpoints(), names)


def _finding(one: Problem) -> Finding:
    return Finding(place=one.place, message=REACH.both(one.message), suggestion=one.suggestion)
