"""identity overview, rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.identity.desk import called, desk
from onepool.cli.output import HERE, Json, WorkspaceDir, headed, say, show_counts, show_json, show_table, worded

if TYPE_CHECKING:
    from onepool.identity.read import Suspect

_NAMES = {
    "veto": "most identifiers of one customer: {most}; names that contradict: veto",
    "ignore": "most identifiers of one customer: {most}; names that contradict: ignore",
}
_CONTACTS = {
    "trust": "contacts between accounts: trust",
    "typed": "contacts between accounts: typed",
    "proved": "contacts between accounts: proved",
}
MODEL = {
    True: "model: pairs join from {join} on, people are asked from {review}",
    False: "model: pairs join from {join} on (not by themselves), people are asked from {review}",
}
_JOINING = {
    "consent": "touchpoint {touchpoint}: joining consent",
    "never": "touchpoint {touchpoint}: joining never",
}


def overview(
    days: Annotated[int, typer.Option(min=1, max=366, help="Merges and splits of so many days.")] = 30,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Identifiers, customers, evidence, merges and splits, and what stands out.

    Example: onepool identity overview --days 7
    """
    with desk(folder) as at:
        from onepool.identity import read

        found = read.overview(at.sources, at.ws.clock.now(), at.ws.settings.zone, days=days)
        caps = {name: rule.max_customers for name, rule in at.sources.registry.types.items()}
    counts = {
        "customers": found.customers,
        "identifiers": found.identifiers,
        "with several identifiers": found.linked,
        "anonymous": found.anonymous,
        "merged": sum(merged for _, merged, _ in found.changes),
        "split": sum(split for _, _, split in found.changes),
        "open conflicts": sum(found.conflicts.values()),
        "to review": found.candidates.get("open", 0),
        "handed on, nobody's yet": found.unclaimed,
    }
    tables: dict[str, list[dict[str, Any]]] = {
        "identifiers by type": [
            {
                "type": one.type,
                "class": at.sources.registry.rule(one.type).strength,
                "identifiers": one.identifiers,
                "customers": one.customers,
                "touchpoints": ", ".join(f"{name} {count}" for name, count in sorted(one.touchpoints.items())),
            }
            for one in found.by_type
        ],
        "customers by number of identifiers": [
            {"identifiers": size, "customers": count} for size, count in found.sizes.items()
        ],
        "evidence by what became of it": [
            {"status": status, "links": count} for status, count in sorted(found.links.items())
        ],
        "open conflicts by reason": [
            {"reason": reason, "links": count} for reason, count in sorted(found.conflicts.items())
        ],
        "largest customers": [
            {"customer_id": number, "identifiers": count, "events": events} for number, count, events in found.largest
        ],
        "values that join nobody": [_suspect(one, caps) for one in found.suspicious if one.reason != "near"],
        "values near their limit": [_suspect(one, caps) for one in found.suspicious if one.reason == "near"],
    }
    if as_json:
        changes = [{"day": day, "merged": merged, "split": split} for day, merged, split in found.changes]
        joined = [{"day": day, "customers": known, "joined": several} for day, known, several in found.joined]
        show_json({**counts, **tables, "changes": changes, "joined": joined})
        return
    show_counts(counts)
    for title, rows in tables.items():
        if rows:
            show_table(rows, title)


def _suspect(one: Suspect, caps: Mapping[str, int | None]) -> dict[str, Any]:
    return {
        "identifier": called(one.node),
        "reason": one.reason,
        "owners": one.owners,
        "limit": caps.get(one.node.type),
        "links": one.links,
        "customers": one.customers,
    }


def rules(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """The rules in force: what each type of identifier may do, and its limits.

    Changed in identity/rules.yaml of the workspace, with `onepool apply`.
    Example: onepool identity rules
    """
    with desk(folder) as at:
        from onepool.identity.registry import parse_rules

        saved = at.ws.definitions.get("identity", "rules")
        parsed = parse_rules(saved.body if saved else None, at.sources.standard)
        registry = at.sources.registry
    rows = [
        {
            "type": name,
            "class": rule.strength,
            "priority": rule.priority,
            "verified": "yes" if rule.verified else "",
            "per customer": rule.max_per_customer,
            "customers": rule.max_customers,
            "recycled": rule.recycle_days and f"{rule.recycle_days} d",
            "lifetime": rule.lifetime_days and f"{rule.lifetime_days} d",
            "own": "yes" if name in parsed.types else "",
        }
        for name, rule in sorted(registry.types.items(), key=lambda item: (-item[1].priority, item[0]))
    ]
    likelihood = parsed.likelihood.model_dump()
    whole = {
        "version": saved.version if saved else 0,
        "max_identifiers": parsed.max_identifiers,
        "names": parsed.names,
        "contacts": parsed.contacts,
        "likelihood": likelihood,
        "joining": dict(registry.joining),
    }
    if as_json:
        show_json({**whole, "types": rows})
        return
    show_table(rows, headed("rules of identity, version {version}", version=whole["version"]))
    say(worded(_NAMES[parsed.names], most=parsed.max_identifiers))
    say(worded(_CONTACTS[parsed.contacts]))
    say(worded(MODEL[parsed.likelihood.auto], join=parsed.likelihood.join, review=parsed.likelihood.review))
    for touchpoint, basis in sorted(registry.joining.items()):
        if basis in _JOINING:
            say(worded(_JOINING[basis], touchpoint=touchpoint))
