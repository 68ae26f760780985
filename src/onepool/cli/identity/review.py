"""identity conflicts; identity review list, decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.identity.desk import Desk, Limit, Reason, actor, called, desk, settle
from onepool.cli.identity.rulings import tell
from onepool.cli.output import HERE, Json, WorkspaceDir, headed, note, say, show_json, show_table, worded
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.identity.decisions import Decision
    from onepool.identity.read import Kind, Pair, Postponed

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

        _show(at, read.open_conflicts(at.sources, reason), limit, as_json, "conflicts", once=False)


@commands.command("list")
def listing(
    later: Annotated[bool, typer.Option("--later", help="Those that were put off, and until when.")] = False,
    limit: Limit = 20,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What waits: proposals of the model and conflicts, the most valuable first.

    Example: onepool identity review list --limit 50
    """
    with desk(folder) as at:
        from onepool.identity import read

        waiting = read.candidates(at.sources, ["open"]) + read.open_conflicts(at.sources)
        put_off = read.postponed(at.sources, at.ws.clock.now())
        waiting = [one for one in waiting if (one[:2] in put_off) == later]
        _show(at, waiting, limit, as_json, "put off" if later else "to review", put_off)


@commands.command("decide")
def decide(
    item: Annotated[str, typer.Argument(help="As `list` shows it: candidate:12 or conflict:34.")],
    verdict: Annotated[str, typer.Argument(help="merge, never, later, or resume (what was put off).")],
    days: Annotated[int, typer.Option(min=1, max=366, help="With later: for so many days.")] = 7,
    folder: WorkspaceDir = HERE,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Judge one pair. What is put off comes back in time, or as soon as something new speaks for it.

    Example: onepool identity review decide candidate:12 merge --reason "same birthday, same street"
    """
    if verdict not in ("merge", "never", "later", "resume"):
        raise UsageError(f"no such judgement: {verdict}", hint="merge, never, later or resume")
    with desk(folder) as at:
        if verdict in ("later", "resume"):
            _put_off(at, item, timedelta(days=days) if verdict == "later" else None, reason, as_json)
            return
        made = _decide(at, item, verdict, reason)
        answer = {"id": made.id, "kind": made.kind, "a": made.a, "b": made.b}
        tell(made.kind, made.id, settle(at.ws), answer if as_json else None)


def _put_off(at: Desk, item: str, time: timedelta | None, reason: str, as_json: bool) -> None:
    """Put an item off for a time, or (None) bring it back."""
    from onepool.identity import read

    kind, number, _ = _waiting(at, item)
    clock, author = at.ws.clock, actor()
    if time is None:
        found = read.resume(at.sources, clock, [(kind, number)], author=author)
        said = {"item": item, "until": None}
        text = worded("{item} is back in the queue" if found else "{item} was not put off", item=item)
    else:
        until = read.postpone(at.sources, clock, [(kind, number)], clock.now() + time, author=author, reason=reason)
        said = {"item": item, "until": until.isoformat()}
        text = worded(
            "{item} is put off until {until}, or until something new is known",
            item=item,
            until=until.isoformat(timespec="minutes"),
        )
    if as_json:
        show_json(said)
    else:
        say(text)


def _waiting(at: Desk, item: str) -> tuple[Kind, int, tuple[int, int]]:
    """Kind, number and ends of an item that waits."""
    from onepool.identity import read

    kind, _, number = item.partition(":")
    if kind not in ("candidate", "conflict") or not number.isdigit():
        raise UsageError(f"{item} is no item", hint="see: onepool identity review list")
    ends = read.ends(at.sources, kind, int(number))
    if ends is None:
        raise UsageError(f"{item} does not wait (any more)", hint="see: onepool identity review list")
    return ("candidate" if kind == "candidate" else "conflict"), int(number), ends


def _decide(at: Desk, item: str, verdict: str, reason: str) -> Decision:
    from onepool.identity import decisions, read

    kind, number, ends = _waiting(at, item)
    one, other = (read.side_with(at.sources, end) for end in ends)
    candidate = number if kind == "candidate" else None
    state, clock, author = at.ws.state, at.ws.clock, actor()
    if verdict == "merge":
        further = read.merge_pairs(at.sources, one, other)
        return decisions.merge(state, clock, one, other, further, author=author, reason=reason, candidate=candidate)
    return decisions.never(state, clock, one, other, author=author, reason=reason, candidate=candidate)


def _show(
    at: Desk,
    waiting: list[tuple[Kind, int, int, int]],
    limit: int,
    as_json: bool,
    title: str,
    put_off: Mapping[tuple[Kind, int], Postponed] | None = None,
    once: bool = True,
) -> None:
    from onepool.identity import read

    currency = at.ws.settings.currency
    pairs, total = read.ranked(
        at.sources.session, waiting, currency=currency, limit=limit, once=once, settled=read.settled(at.sources)
    )
    rows = _rows(at, pairs)
    for row, one in zip(rows, pairs, strict=True):
        found = (put_off or {}).get((one.kind, one.ref))
        if found is not None:
            row["until"] = found.until.isoformat(timespec="minutes")
    if as_json:
        show_json({"total": total, "items": rows})
        return
    show_table(rows, headed(f"{{total}} {title}", total=total))
    if total > len(rows):
        note(worded("… and {count} more: --limit", count=total - len(rows)))


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
