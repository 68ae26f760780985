"""identity explain."""

from __future__ import annotations

from typing import Any

from onepool.cli.identity.desk import Who, called, desk, evidence
from onepool.cli.output import HERE, Json, WorkspaceDir, say, show_json, worded


def explain(a: Who, b: Who, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Why two identifiers are one customer: the path of evidence. Or why two customers are two.

    Example: onepool identity explain phone:13800000000 unionid@wx-open:oABC
    """
    with desk(folder) as at:
        from onepool.api.whom import pair
        from onepool.identity import read

        left, right = pair(at.sources, a, b, at.ws.settings.country)
        found = read.explain(at.sources, left, right)
        words = read.Words(at.sources.standard, at.sources.registry)
    path = [
        {
            "from": called(step.source),
            "to": called(step.target),
            "says": at.said(words.step(step)),
            **evidence(step.link),
        }
        for step in found.path
    ]
    reasons = [
        {
            "code": one.code,
            "says": at.said(words.reason(one)),
            "decision": one.decision.id if one.decision else None,
            "candidate": one.candidate.id if one.candidate else None,
            "shared": called(one.via) if one.via else None,
            **(evidence(one.link) if one.link else {}),
        }
        for one in found.reasons
    ]
    if as_json:
        customers = {"a": left.customer_id, "b": right.customer_id}
        show_json({"together": found.together, "customers": customers, "path": path, "reasons": reasons})
        return
    if found.together:
        said = "{a} and {b} are one customer: {customer}"
        say(worded(said, a=called(left), b=called(right), customer=left.customer_id))
        say(f"  {called(left)}")
        for step in path:
            say(f"    | {step['says']}")
            say(f"    | {_where(step)}")
            say(f"  {step['to']}")
        return
    said = "{a} (customer {one}) and {b} (customer {other}) are two"
    say(worded(said, a=called(left), one=left.customer_id, b=called(right), other=right.customer_id))
    for one in reasons:
        say(f"  {one['code']}: {one['says']}" + (f" [{one['shared']}]" if one["shared"] else ""))
        if "link" in one:
            say(f"    {_where(one)}")


def _where(found: dict[str, Any]) -> str:
    known = {name: found[name] for name in ("rule", "first", "event", "consent")}
    if found["event"]:
        return worded("{rule} {first}, event {event}, consent: {consent}", **known)
    return worded("{rule} {first}, consent: {consent}", **known)
