"""identity model list, show, compare, restore: versions of the model of likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.identity.desk import Desk, actor, called, computing, desk
from onepool.cli.identity.previews import followed, say_matched, segment_row, show_segments
from onepool.cli.output import (
    HERE,
    Json,
    WorkspaceDir,
    author,
    headed,
    note,
    say,
    show_counts,
    show_json,
    show_table,
    worded,
)
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.identity.read import ModelVersion, WeightChange
    from onepool.identity.read.preview_types import ModelsCompared

commands = typer.Typer(
    help="Versions of the model of likelihood: list, difference, the way back.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(min=1, help="A version, as `identity model list` shows it.")]
_SHOWN = 20


@commands.command("list")
def list_versions(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All versions, the newest first: how each came to be, its thresholds and counts.

    Example: onepool identity model list
    """
    with desk(folder) as at:
        from onepool.identity.read.models import LEARNED_BY

        found = _versions(at)
    if as_json:
        show_json([_told(one, len(found)) for one in reversed(found)])
        return
    show_table(
        [
            {
                "version": f"{one.version} *" if one.version == len(found) else str(one.version),
                "at": f"{one.at:%Y-%m-%d %H:%M}",
                "author": one.author.removeprefix("user:"),
                "what": worded(one.cause),
                "join": one.join,
                "review": one.review,
                "records": f"{one.counts.records:,}",
                "judged": f"{one.counts.labels:,}",
                "reason": "" if one.author == LEARNED_BY else one.reason,
            }
            for one in reversed(found)
        ],
        "versions of the model",
    )


@commands.command("show")
def show(
    version: Annotated[int | None, typer.Argument(min=1, help="A version; without it, the present one.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """One version: thresholds, weights by level, rules that find pairs.

    Example: onepool identity model show 2
    """
    with desk(folder) as at:
        from onepool.identity.read import weights_of

        found = _versions(at)
        if not found:
            raise UsageError("there is no model yet", hint="learn one: onepool identity match")
        one = _version(found, version or len(found))
        body = weights_of(at.ws.state, one.weights)
    report: dict[str, Any] = body.get("report") or {}
    if as_json:
        show_json({**_told(one, len(found)), "prior": body["prior"], "model": report})
        return
    said = "version {version} of the model: {cause}, {at}, {author}; content {hash}"
    figures = {"version": one.version, "author": one.author.removeprefix("user:"), "hash": one.hash[:12]}
    say(worded(said, cause=worded(one.cause), at=f"{one.at:%Y-%m-%d %H:%M} UTC", **figures))
    _say_thresholds(one)
    show_table(
        [
            {
                "comparison": comparison["name"],
                "level": level["name"],
                "weight": f"{level['weight']:+.2f}",
                "pairs": f"{level['pairs']:,}",
            }
            for comparison in report.get("comparisons", [])
            for level in comparison["levels"]
        ],
        "weights in bits",
    )
    show_table(
        [
            {"rule": rule["rule"], "pairs": f"{rule['pairs']:,}", "finds": f"{rule['recall']:.1%}"}
            for rule in report.get("rules", [])
        ],
        "blocking: pairs that are compared, and the share of matches each rule finds",
    )


@commands.command("compare")
def compare(before: Number, after: Number, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What two versions say differently: thresholds, weights, and of whom, computed on all customers.

    Example: onepool identity model compare 1 2
    """
    with desk(folder) as at:
        found = _versions(at)
        one, other = _version(found, before), _version(found, after)
        with computing(at.ws) as worker:
            compared = worker.compare_models(before, after)
        told = _difference(at, one, other, compared)
    if as_json:
        show_json(told)
        return
    _show_difference(one, other, told)


@commands.command("restore")
def restore(
    version: Number,
    reason: Annotated[str, typer.Option(help="Why; kept with the new version.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only say what it would change.")] = False,
    segment: Annotated[list[str] | None, typer.Option(help="Preview: only these segments.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Put an earlier version's weights and thresholds in force again, as a new version, and match with them.

    Example: onepool identity model restore 1 --preview
    """
    if not preview and len(reason.strip()) < 3:
        raise UsageError("a reason is missing", hint='such as --reason "too many wrong joins"')
    with desk(folder) as at:
        from onepool.identity.read import model_versions, to_restore
        from onepool.privacy import audit

        found = _versions(at)
        to = _version(found, version)
        with computing(at.ws) as worker:
            if preview:
                compared = worker.compare_models(len(found), version, True, segment or [])
                told = _difference(at, found[-1], to, compared)
                counts = {"merged": compared.merged, "split": compared.split}
                segments = [segment_row(one) for one in compared.segments]
                if as_json:
                    show_json({**told, **counts, "moved": compared.identifiers_moved, "segments": segments})
                    return
                _show_difference(found[-1], to, told)
                moved = compared.identifiers_moved
                say(worded("{merged} merged, {split} split, {moved} identifiers moved", **counts, moved=moved))
                show_segments(segments, named=bool(segment))
                return
            if worker.matching_state().state == "running":
                raise UsageError("the model is being learned or applied just now", hint="wait for the end of the run")
            for (kind, name), body, replaced in to_restore(at.ws.state, found, to):
                at.ws.save(kind, name, body, author=author(), reason=reason.strip(), expected=replaced)
            made = model_versions(at.ws.state)
            if len(made) == len(found):
                note(worded("version {version} says the same: nothing to do", version=version))
                return
            detail = {"to": version, "version": made[-1].version}
            audit.record(at.ws.state, at.ws.clock, actor(), "identity.model.restore", "model:customers", detail)
            last = followed(worker, learn=False, quiet=as_json)
    if as_json:
        show_json({**_told(made[-1], len(made)), "candidates": last.candidates, "joined": last.joined})
        return
    say(worded("version {version} is in force again, as version {made}", version=version, made=made[-1].version))
    say_matched(last)


def _versions(at: Desk) -> list[ModelVersion]:
    from onepool.identity.read import model_versions

    return model_versions(at.ws.state)


def _version(found: list[ModelVersion], number: int) -> ModelVersion:
    if not 1 <= number <= len(found):
        raise UsageError(f"there is no version {number} of the model", hint="see: onepool identity model list")
    return found[number - 1]


def _told(one: ModelVersion, latest: int) -> dict[str, Any]:
    return {
        "version": one.version,
        "current": one.version == latest,
        "at": one.at.isoformat(timespec="seconds"),
        "author": one.author,
        "cause": one.cause,
        "reason": one.reason,
        "weights": one.weights,
        "restored": one.restored,
        "hash": one.hash,
        "join": one.join,
        "review": one.review,
        "auto": one.auto,
        "records": one.counts.records,
        "pairs": one.counts.pairs,
        "labels": one.counts.labels,
        "expected_matches": one.counts.expected,
        "method": one.counts.method,
    }


def _difference(at: Desk, one: ModelVersion, other: ModelVersion, compared: ModelsCompared) -> dict[str, Any]:
    from onepool.identity.read import blocking_of, nodes, weight_changes, weights_of

    old, new = (weights_of(at.ws.state, version.weights) for version in (one, other))
    known = nodes(at.sources, {end for pair in compared.pairs for end in (pair.a, pair.b)})
    rules = blocking_of(old), blocking_of(new)
    return {
        "thresholds": [
            {"threshold": name, "before": getattr(one, name), "after": getattr(other, name)}
            for name in ("join", "review", "auto")
        ],
        "weights": [_weight(change) for change in weight_changes(old, new)],
        "rules": {
            "added": [rule for rule in rules[1] if rule not in rules[0]],
            "removed": [rule for rule in rules[0] if rule not in rules[1]],
        },
        "verdicts": [
            {"pairs": name, "before": getattr(compared.before, field), "after": getattr(compared.after, field)}
            for name, field in (
                ("joined", "joined"),
                ("to review", "review"),
                ("expected to be wrong", "expected_wrong"),
            )
        ],
        "changed": compared.changed,
        "pairs": [
            {
                "a": called(known[pair.a]),
                "b": called(known[pair.b]),
                "before": pair.before,
                "after": pair.after,
                "probability before": round(pair.probability_before, 4),
                "probability after": round(pair.probability_after, 4),
            }
            for pair in compared.pairs
            if pair.a in known and pair.b in known
        ],
        "seconds": round(compared.seconds, 1),
    }


def _weight(change: WeightChange) -> dict[str, Any]:
    return {
        "comparison": change.comparison,
        "level": change.level,
        "before": change.before,
        "after": change.after,
    }


def _show_difference(one: ModelVersion, other: ModelVersion, told: dict[str, Any]) -> None:
    show_table([row for row in told["thresholds"] if row["before"] != row["after"]], "thresholds that change")
    show_table(told["weights"], "weights that change, in bits")
    verdicts = [
        {
            "pairs": headed(row["pairs"]),
            "before": _figure(row["before"]),
            "after": _figure(row["after"]),
        }
        for row in told["verdicts"]
    ]
    show_table(
        verdicts, headed("version {one} and version {other} on all customers", one=one.version, other=other.version)
    )
    rows = [{**row, "before": worded(row["before"]), "after": worded(row["after"])} for row in told["pairs"][:_SHOWN]]
    show_table(rows, "pairs of another answer")
    show_counts({"pairs of another answer": told["changed"]})


def _say_thresholds(one: ModelVersion) -> None:
    from onepool.cli.identity.overview import MODEL

    say(worded(MODEL[one.auto], join=one.join, review=one.review))


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
