"""identity conflicts; identity review list, decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.identity.desk import Desk, Limit, Reason, actor, called, desk, settle
from onepool.cli.identity.rulings import tell
from onepool.cli.output import HERE, Json, WorkspaceDir, note, show_json, show_table
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.identity.decisions import Decision
    from onepool.identity.read import Kind, Pair

commands = typer.Typer(help="Pairs that wait for a person's judgement.", no_args_is_help=True)

_REASONS = ("limit", "name", "unproved", "size", "never")


def conflicts(
    reason: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(_REASONS)}.")] = None,
    limit: Limit = 20,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Links that would have joined two customers, had a rule not forbidden it; the most valuable first.

    Example: onepool identity conflicts --reason limit
    """
    if reason is not None and reason not in _REASONS:
        raise UsageError(f"no such reason: {reason}", hint=f"one of {', '.join(_REASONS)}")
    with desk(folder) as at:
        from onepool.identity import read

        _show(at, read.open_conflicts(at.sources, reason), limit, as_json, "conflicts")


@commands.command("list")
def listing(limit: Limit = 20, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What waits: proposals of the model and conflicts, the most valuable first.

    Example: onepool identity review list --limit 50
    """
    with desk(folder) as at:
        from onepool.identity import read

        waiting = read.candidates(at.sources, ["open"]) + read.open_conflicts(at.sources)
        _show(at, waiting, limit, as_json, "to review")


@commands.command("decide")
def decide(
    item: Annotated[str, typer.Argument(help="As `list` shows it: candidate:12 or conflict:34.")],
    verdict: Annotated[str, typer.Argument(help="merge or never.")],
    folder: WorkspaceDir = HERE,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Judge one pair.

    Example: onepool identity review decide candidate:12 merge --reason "same birthday, same street"
    """
    if verdict not in ("merge", "never"):
        raise UsageError(f"no such judgement: {verdict}", hint="merge or never")
    with desk(folder) as at:
        made = _decide(at, item, verdict, reason)
        answer = {"id": made.id, "kind": made.kind, "a": made.a, "b": made.b}
        tell(made.kind, made.id, settle(at.ws), answer if as_json else None)


def _decide(at: Desk, item: str, verdict: str, reason: str) -> Decision:
    from onepool.identity import decisions, read

    kind, _, number = item.partition(":")
    if kind not in ("candidate", "conflict") or not number.isdigit():
        raise UsageError(f"{item} is no item", hint="see: onepool identity review list")
    ends = read.ends(at.sources, kind, int(number))
    if ends is None:
        raise UsageError(f"{item} does not wait (any more)", hint="see: onepool identity review list")
    one, other = (read.side_with(at.sources, end) for end in ends)
    candidate = int(number) if kind == "candidate" else None
    state, clock, author = at.ws.state, at.ws.clock, actor()
    if verdict == "merge":
        further = read.merge_pairs(at.sources, one, other)
        return decisions.merge(state, clock, one, other, further, author=author, reason=reason, candidate=candidate)
    return decisions.never(state, clock, one, other, author=author, reason=reason, candidate=candidate)


def _show(at: Desk, waiting: list[tuple[Kind, int, int, int]], limit: int, as_json: bool, title: str) -> None:
    from onepool.identity import read

    currency = at.ws.settings.currency
    pairs, total = read.ranked(
        at.sources.session, waiting, currency=currency, limit=limit, settled=read.settled(at.sources)
    )
    rows = _rows(at, pairs)
    if as_json:
        show_json({"total": total, "items": rows})
        return
    show_table(rows, f"{total} {title}")
    if total > len(rows):
        note(f"… and {total - len(rows)} more: --limit")


def _rows(at: Desk, pairs: list[Pair]) -> list[dict[str, Any]]:
    from onepool.identity import read

    src = at.sources
    ends = read.nodes(src, {end for one in pairs for end in (one.a, one.b)})
    links = read.links_by_id(src, [one.ref for one in pairs if one.kind == "conflict"])
    proposals = read.candidates_by_id(src, [one.ref for one in pairs if one.kind == "candidate"])
    words = read.Words(src.standard, src.registry)
    rows = []
    for one in pairs:
        if one.kind == "conflict":
            why = at.said(words.conflict(links[one.ref].reason))
        else:
            why = f"{proposals[one.ref].probability:.1%}"
        rows.append(
            {
                "item": f"{one.kind}:{one.ref}",
                "value": f"{one.value:.2f}",
                "customers": f"{one.customer_a} / {one.customer_b}",
                "identifiers": f"{called(ends[one.a])} / {called(ends[one.b])}",
                "why": why,
            }
        )
    return rows
