"""Versions of the rules of identity and the way back to one; on what basis each touchpoint's evidence joins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import JsonObject
from onepool.api.models.identity_lists import JoiningChange, RuleChange, RulesRestore, RulesVersion, RulesVersions
from onepool.api.models.identity_rules import IdentityRules
from onepool.api.problems import NotFound
from onepool.api.routers.identity.rules import KIND, NAME, rules_of, save_rules
from onepool.definitions import Definition
from onepool.identity import read
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/identity", tags=["identity"])
Reader = Annotated[Caller, Depends(Need(Permission.IDENTITY_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.IDENTITY_RULES))]


@router.get("/rules/versions")
def list_identity_rules_versions(_who: Reader, ws: Workspace) -> RulesVersions:
    """All versions of the rules, the newest first: who made each, why, and what it changed."""
    versions = ws.definitions.history(KIND, NAME)
    present = ws.definitions.get(KIND, NAME)
    now = present.body if present else {}
    before = [*(_body(one) for one in versions[1:]), {}][: len(versions)]
    return RulesVersions(
        items=[
            RulesVersion(
                version=one.version,
                author=one.author,
                at=one.created_at,
                reason=one.reason,
                current=present is not None and one.version == present.version,
                changes=_changes(earlier, _body(one)),
                to_present=_changes(now, _body(one)),
                body=cast(JsonObject, _body(one)),
            )
            for one, earlier in zip(versions, before, strict=True)
        ]
    )


@router.post("/rules/restore")
def restore_identity_rules(body: RulesRestore, who: Writer, ws: Workspace, time: Time) -> IdentityRules:
    """Put an earlier version's rules in force again, as a new version. 409 when somebody changed them meanwhile."""
    found = next((one for one in ws.definitions.history(KIND, NAME) if one.version == body.to), None)
    if found is None and body.to != 0:
        raise NotFound("there is no such version of the rules", where=str(body.to), hint="see /identity/rules/versions")
    save_rules(ws, time, who, _body(found) if found else {}, body.version, body.reason)
    return rules_of(ws)


@router.put("/touchpoints/{name}/joining")
def replace_touchpoint_joining(
    name: Annotated[str, Path(max_length=128)], body: JoiningChange, who: Writer, ws: Workspace, time: Time
) -> IdentityRules:
    """On what basis a touchpoint's evidence may join: `free`, `consent` (somebody has to grant it) or `never`.

    A version of the touchpoint's definition like any other; the tick solves customers anew from all evidence.
    """
    found = ws.definitions.get("touchpoint", name)
    if found is None:
        raise NotFound("there is no such touchpoint", where=name)
    refuse_outdated(ws, found, body.version, "the rules")
    saved = ws.save(
        "touchpoint", name, {**found.body, "joining": body.joining}, author=who.actor, reason=body.reason,
        expected=found.version,
    )  # fmt: skip
    detail = {"version": saved.version, "joining": body.joining}
    audit.record(ws.state, time, who.actor, "definition.save", f"touchpoint:{name}", detail)
    return rules_of(ws)


def _body(one: Definition) -> dict[str, Any]:
    return {} if one.deleted else one.body


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[RuleChange]:
    return [RuleChange(path=path, before=old, after=new) for path, old, new in read.changes(before, after)]
