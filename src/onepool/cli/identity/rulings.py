"""identity merge, never, split, block, undo, decisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.identity.desk import WHO, Desk, Limit, Reason, Who, actor, desk, settle
from onepool.cli.output import HERE, Json, WorkspaceDir, headed, say, show_json, show_table, worded

if TYPE_CHECKING:
    from onepool.identity.decisions import Decision

_APPLIED = "decision {number}: {kind}, applied"
_COMING = "decision {number}: {kind}, the running server applies it within moments"

Override = Annotated[bool, typer.Option("--override", help="Overrule earlier decisions about the two.")]


def merge(
    a: Who, b: Who, folder: WorkspaceDir = HERE, reason: Reason = "", override: Override = False, as_json: Json = False
) -> None:
    """Make two customers one.

    Example: onepool identity merge customer:12 phone:13800000000 --reason "told us in the shop"
    """
    _rule("merge", a, b, folder, reason, override, as_json)


def never(
    a: Who, b: Who, folder: WorkspaceDir = HERE, reason: Reason = "", override: Override = False, as_json: Json = False
) -> None:
    """Keep two customers apart for good, whatever evidence comes.

    Example: onepool identity never 12 34 --reason "father and son"
    """
    _rule("never", a, b, folder, reason, override, as_json)


def split(
    who: Who,
    identifiers: Annotated[list[str], typer.Argument(help=f"What is taken out of the customer, each {WHO}.")],
    folder: WorkspaceDir = HERE,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take identifiers out of a customer: they become a customer of their own, and stay it.

    Example: onepool identity split 12 openid@wx1:oABC --reason "his wife's account"
    """
    with desk(folder) as at:
        from onepool.identity import decisions, read

        one, rest, pairs = read.split_sides(at.sources, *at.part(who, identifiers))
        made = decisions.split(at.ws.state, at.ws.clock, one, rest, pairs, author=actor(), reason=reason, seen=None)
        _told(at, made, as_json)


def block(who: Who, folder: WorkspaceDir = HERE, reason: Reason = "", as_json: Json = False) -> None:
    """Let an identifier join nobody: a test phone, a shop assistant's, a tablet on the counter.

    Example: onepool identity block device@app:d-42 --reason "tablet in the Pudong shop"
    """
    with desk(folder) as at:
        from onepool.identity import decisions

        node = at.whom(who)[-1]
        _told(at, decisions.block(at.ws.state, at.ws.clock, node.base, author=actor(), reason=reason), as_json)


def undo(
    decision: Annotated[int, typer.Argument(help="Its number, as `decisions` shows it.")],
    folder: WorkspaceDir = HERE,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take a decision back; evidence and the decisions left say who is one customer.

    Example: onepool identity undo 7 --reason "wrong person"
    """
    with desk(folder) as at:
        from onepool.identity import decisions

        _told(at, decisions.undo(at.ws.state, at.ws.clock, decision, author=actor(), reason=reason), as_json)


def list_decisions(
    who: Annotated[str | None, typer.Option("--about", help=f"Only those about a customer: {WHO}.")] = None,
    limit: Limit = 20,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What people ruled, the latest first.

    Example: onepool identity decisions --about phone:13800000000
    """
    with desk(folder) as at:
        from onepool.identity import decisions

        about = None if who is None else at.side(who).identifiers
        found, total = decisions.history(at.ws.state, about, limit=limit)
    rows = [_decision(one) for one in found]
    if as_json:
        show_json({"total": total, "decisions": rows})
    else:
        show_table(rows, headed("{total} decisions", total=total))


def _rule(kind: str, a: str, b: str, folder: Path, reason: str, override: bool, as_json: bool) -> None:
    with desk(folder) as at:
        from onepool.identity import decisions, read

        state, clock, author = at.ws.state, at.ws.clock, actor()
        seen = decisions.latest(state) if override else None
        one, other = at.side(a), at.side(b)
        if kind == "merge":
            further = read.merge_pairs(at.sources, one, other)
            made = decisions.merge(state, clock, one, other, further, author=author, reason=reason, seen=seen)
        else:
            made = decisions.never(state, clock, one, other, author=author, reason=reason, seen=seen)
        _told(at, made, as_json)


def _told(at: Desk, made: Decision, as_json: bool) -> None:
    tell(made.kind, made.id, settle(at.ws), None if not as_json else _decision(made))


def tell(kind: str, number: int, done: bool, answer: dict[str, Any] | None) -> None:
    """Say that a decision was made; `answer`: as JSON."""
    if answer is not None:
        show_json({**answer, "applied": done})
        return
    said = _APPLIED if done else _COMING
    back = "" if kind == "undo" else worded("; back again: onepool identity undo {number}", number=number)
    say(worded(said, number=number, kind=worded(kind)) + back)


def _decision(one: Decision) -> dict[str, Any]:
    ends = " / ".join(str(end) for end in (one.a, one.b) if end is not None)
    return {
        "id": one.id,
        "at": one.at.isoformat(timespec="minutes"),
        "kind": one.kind,
        "identifiers": ends if not one.part else f"{ends} ({', '.join(map(str, one.part))})",
        "author": one.author,
        "reason": one.reason,
        "undone_by": one.undone_by,
    }
