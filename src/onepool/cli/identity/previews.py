"""identity match; identity preview merge, never, split, block, undo, rules, thresholds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import yaml

from onepool import yaml_core
from onepool.cli.identity.desk import WHO, Desk, Who, called, computing, desk
from onepool.cli.output import HERE, Json, WorkspaceDir, note, say, show_counts, show_json, show_table, worded
from onepool.errors import OnePoolError, UsageError

if TYPE_CHECKING:
    from onepool.api.desk import IdentityDesk
    from onepool.identity.read import Node
    from onepool.identity.read.preview_types import Change, Engine, LastRun, SegmentEffect, Shape

Segments = Annotated[list[str] | None, typer.Option("--segment", help="Only these segments.")]

commands = typer.Typer(help="What a decision, other rules or thresholds would change; nothing is kept.")

_PATIENCE = 0.5


class MatchingFailed(OnePoolError):
    """A run of the model failed."""

    code = "matching"


def match(
    kept: Annotated[
        bool, typer.Option("--kept", help="With the model in force (a fitted one, an earlier one): learn nothing.")
    ] = False,
    engine: Annotated[
        Literal["onepool", "splink"], typer.Option(help="splink (an extra): its pairs wait for review, none is joined.")
    ] = "onepool",
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Learn the model from all customers, propose pairs for review, and join the sure ones where the rules let it.

    Example: onepool identity match
    """
    if kept and engine == "splink":
        raise UsageError("--kept is about OnePool's own model", hint="leave one of the two out")
    with desk(folder) as at, computing(at.ws) as worker:
        last = followed(worker, learn=not kept, quiet=as_json, engine=engine)
    if as_json:
        show_json({"candidates": last.candidates, "joined": last.joined, "seconds": round(last.seconds, 1)})
        return
    say_matched(last)


def followed(worker: IdentityDesk, *, learn: bool, quiet: bool, engine: Engine = "onepool") -> LastRun:
    """Match all customers and wait for the end, telling the steps. Raises MatchingFailed."""
    state = worker.start_matching(learn, engine)
    step = None
    while state.state == "running":
        if state.step is not None and state.step != step and not quiet:
            note(f"{worded(state.step)} …")
        step = state.step
        time.sleep(_PATIENCE)
        state = worker.matching_state()
    if state.problem is not None or state.last is None:
        raise MatchingFailed(state.problem or "the run ended without a result")
    return state.last


def say_matched(last: LastRun) -> None:
    """How a run ended."""
    counts = {"count": last.candidates, "joined": last.joined, "seconds": round(last.seconds, 1)}
    say(worded("{count:,} pairs found, {joined:,} joined, in {seconds} s", **counts))
    say(worded("see: {command}", command="onepool identity review list"))


@commands.command("merge")
def merge(a: Who, b: Who, segment: Segments = None, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What making two customers one would change.

    Example: onepool identity preview merge 12 34
    """
    _pairwise("merge", a, b, segment, folder, as_json)


@commands.command("never")
def never(a: Who, b: Who, segment: Segments = None, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What keeping two customers apart would change.

    Example: onepool identity preview never 12 34
    """
    _pairwise("never", a, b, segment, folder, as_json)


@commands.command("split")
def split(
    who: Who,
    identifiers: Annotated[list[str], typer.Argument(help=f"What would be taken out, each {WHO}.")],
    segment: Segments = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What taking identifiers out of a customer would change.

    Example: onepool identity preview split 12 openid@wx1:oABC
    """
    with desk(folder) as at:
        from onepool.identity.read import split_sides
        from onepool.identity.read.preview_types import Change

        part, rest, pairs = split_sides(at.sources, *at.part(who, identifiers))
        _show(at, Change("split", part.anchor, rest.anchor, part.identifiers, tuple(pairs)), segment, as_json)


@commands.command("block")
def block(who: Who, segment: Segments = None, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What blocking an identifier would change.

    Example: onepool identity preview block phone:13800000000
    """
    with desk(folder) as at:
        from onepool.identity.read.preview_types import Change

        _show(at, Change("block", at.whom(who)[-1].base), segment, as_json)


@commands.command("undo")
def undo(
    decision: Annotated[int, typer.Argument(help="Its number, as `identity decisions` shows it.")],
    segment: Segments = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What taking a decision back would change.

    Example: onepool identity preview undo 7
    """
    with desk(folder) as at:
        from onepool.identity import decisions
        from onepool.identity.read.preview_types import Change

        if decisions.get(at.ws.state, decision) is None:
            raise UsageError(f"there is no decision {decision}", hint="see: onepool identity decisions")
        _show(at, Change("undo", decision=decision), segment, as_json)


@commands.command("rules")
def rules(
    file: Annotated[Path, typer.Argument(help="Rules as YAML, such as identity/rules.yaml.", exists=True)],
    segment: Segments = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What other rules would do to all customers.

    Example: onepool identity preview rules identity/rules.yaml
    """
    try:
        body = yaml_core.load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"no YAML: {error}", where=str(file)) from error
    with desk(folder) as at, computing(at.ws) as worker:
        from onepool.identity.read import nodes
        from onepool.identity.registry import parse_rules

        parse_rules(body, at.sources.standard, str(file))
        found = worker.preview_rules(body, segment or [])
        shown = {n for one in found.samples for some in (*one.before, *one.after) for n in some}
        known = nodes(at.sources, shown)
    counts = {
        "customers before": found.customers_before,
        "customers after": found.customers_after,
        "merged": found.merged,
        "split": found.split,
        "identifiers moved": found.identifiers_moved,
        "conflicts before": found.conflicts_before,
        "conflicts after": found.conflicts_after,
    }
    largest = [{"customer_id": one.customer_id, "identifiers": len(one.identifiers)} for one in found.largest]
    samples = [{"before": _sets(one.before, known), "after": _sets(one.after, known)} for one in found.samples]
    segments = [segment_row(one) for one in found.segments]
    if as_json:
        show_json({**counts, "largest": largest, "samples": samples, "segments": segments})
        return
    show_counts(counts)
    show_table(samples, "some of the customers that change")
    show_segments(segments, named=bool(segment))
    said = "computed on all evidence in {seconds:.1f} s; to put them in force: onepool apply"
    note(worded(said, seconds=found.seconds))


@commands.command("thresholds")
def thresholds(
    join: Annotated[float, typer.Argument(min=0.5, max=1, help="From this probability on, pairs join.")],
    review: Annotated[float, typer.Argument(min=0, max=1, help="From this one on, people are asked.")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What other thresholds would do with the pairs that the model found.

    Example: onepool identity preview thresholds 0.99 0.8
    """
    if review > join:
        raise UsageError("review is above join", hint="people are asked below what joins by itself")
    with desk(folder) as at, computing(at.ws) as worker:
        found = worker.preview_thresholds(join, review)
    counts = {
        "pairs joined": found.pairs_joined,
        "pairs to review": found.pairs_review,
        "customers merged": found.customers_merged,
        "expected to be wrong": round(found.expected_wrong, 2),
    }
    if as_json:
        show_json(counts)
        return
    show_counts(counts)


def _pairwise(kind: str, a: str, b: str, segment: list[str] | None, folder: Path, as_json: bool) -> None:
    with desk(folder) as at:
        from onepool.identity.read import merge_pairs
        from onepool.identity.read.preview_types import Change

        one, other = at.side(a), at.side(b)
        if one.anchor is None or other.anchor is None:
            raise UsageError("one of the two has only identifiers that never join (a device, a cookie)")
        if kind == "merge":
            further = tuple(merge_pairs(at.sources, one, other))
            _show(at, Change("merge", one.anchor, other.anchor, pairs=further), segment, as_json)
        else:
            _show(at, Change("never", one.anchor, other.anchor), segment, as_json)


def _show(at: Desk, change: Change, segment: list[str] | None, as_json: bool) -> None:
    from onepool.identity.read import Words, nodes

    with computing(at.ws) as worker:
        found = worker.preview_decision(change, segment or [])
    known = nodes(at.sources, {n for shape in (*found.before, *found.after) for n in shape.identifiers})
    words = Words(at.sources.standard, at.sources.registry)
    before, after = (_shapes(shapes, known) for shapes in (found.before, found.after))
    segments = [segment_row(one) for one in found.segments]
    warnings = [at.said(words.warning(one)) for one in found.warnings]
    if as_json:
        counts = {"merged": found.merged, "split": found.split, "identifiers_moved": found.identifiers_moved}
        show_json({"before": before, "after": after, **counts, "segments": segments, "warnings": warnings})
        return
    for text in warnings:
        note(f"! {text}")
    show_table(before, "before")
    show_table(after, "after")
    said = "{merged} merged, {split} split, {moved} identifiers moved"
    say(worded(said, merged=found.merged, split=found.split, moved=found.identifiers_moved))
    show_segments(segments, named=bool(segment))


def _shapes(shapes: list[Shape], known: dict[int, Node]) -> list[dict[str, Any]]:
    return [
        {"customer_id": one.customer_id, "identifiers": "\n".join(called(known[n]) for n in one.identifiers)}
        for one in shapes
    ]


def _sets(sets: list[tuple[int, ...]], known: dict[int, Node]) -> str:
    return "\n---\n".join("\n".join(called(known[n]) for n in some if n in known) for some in sets)


def show_segments(segments: list[dict[str, Any]], *, named: bool) -> None:
    """What would happen to segments; those that were asked for by name also when nothing would."""
    if named:
        show_table(segments, "segments")
    else:
        show_table([one for one in segments if one["entering"] or one["leaving"]], "segments that change")


def segment_row(one: SegmentEffect) -> dict[str, Any]:
    return {
        "segment": one.segment,
        "before": one.before,
        "after": one.after,
        "entering": one.entering,
        "leaving": one.leaving,
    }
