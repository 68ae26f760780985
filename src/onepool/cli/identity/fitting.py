"""identity fit: likelihood on any file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import typer

from onepool.cli.identity import evaluation
from onepool.cli.identity.evaluation import OVER, UNDER
from onepool.cli.output import (
    HERE,
    Json,
    WorkspaceDir,
    author,
    note,
    opened,
    say,
    show_json,
    show_table,
    speak_as,
    worded,
)
from onepool.errors import UsageError
from onepool.identity.files import FILE, FileError, read_table, read_truth, with_ids

if TYPE_CHECKING:
    from onepool.identity.matching import Fit, Model
    from onepool.identity.matching.fit import Links
    from onepool.identity.matching.splink_fit import SplinkFit

Engine = Literal["onepool", "splink"]

_MODEL = "customers"
_SHOWN = 5
"""Pairs near a threshold."""
_LEFT, _RIGHT = "left", "right"


def fit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=f"The records: {FILE}. Two files are linked with each other, each holding a person once.",
            exists=True,
            dir_okay=False,
        ),
    ],
    columns: Annotated[
        str | None,
        typer.Option(help="What columns mean, as a=name,b=phone; those not named are guessed. ignore leaves one out."),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id", help="The column that names the records; without it a usual name is looked for."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Evaluate against this: record_id, entity_id.", exists=True)
    ] = None,
    entity: Annotated[
        str | None, typer.Option(help="Evaluate against this column of the file itself: whose each record is.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Pairs that people judged: left, right, match.", exists=True)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write record_id and cluster here: .csv or .parquet.")] = None,
    save: Annotated[bool, typer.Option(help="Keep the model in the workspace, for its customers.")] = False,
    over: Annotated[
        float | None,
        typer.Option(min=0, help="Cost of one person merged with a stranger; thresholds follow."),
    ] = None,
    under: Annotated[float | None, typer.Option(min=0, help="Cost of one person kept as several.")] = None,
    join: Annotated[
        float | None,
        typer.Option(min=0.01, max=1, help="Probability from which records join."),
    ] = None,
    review: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="Probability from which pairs are shown to people.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Who learns and scores: OnePool, or Splink (an extra) beside the same clusters.")
    ] = "onepool",
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Learn which records are of one person: proposes comparisons, blocking and thresholds by itself.

    The records are named by --id, else by the column record_id (or rec_id, id, 编号 …), else by their rows. Without
    costs the thresholds are those that find most persons whole; with --over and --under those of the least expected
    cost.
    Example: onepool identity fit people.csv --columns dob=date,tel=phone --out clusters.csv
    """
    if out is not None and out.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"{out.name} is neither .csv nor .parquet", hint="name it so")
    if engine == "splink" and (save or labels is not None):
        refused = "--save: a workspace keeps OnePool's own models" if save else "--labels: Splink learns without"
        raise UsageError(f"--engine splink does not go with {refused}")
    if len(files) > 2:
        raise UsageError("more than two files", hint="one to find who is in it twice, two to find who is in both")
    speak_as(folder)
    records, record_id = _both(files[0], files[1], id_column) if len(files) == 2 else _records(files[0], id_column)
    kinds = _kinds(columns, records)
    truth_table = _whose(records, entity) if truth is None else _known(read_truth(truth), records, record_id)
    if not as_json:
        note(worded("{records:,} records, named by {names}; learning …", records=records.num_rows, names=record_id))
    # Loaded here: compiled kernels, and what reads Chinese names.
    from onepool.identity.matching import Settings, guess_columns
    from onepool.identity.matching import fit as learn
    from onepool.identity.matching.settings import priced
    from onepool.identity.matching.splink_engine import SplinkModel

    guessed = guess_columns(records)
    if entity is not None:
        kinds[entity] = "ignore"
    judged = None if labels is None else _labels(labels)
    linked: Links = ("link", _LEFT, _RIGHT) if len(files) == 2 else None
    settings = Settings()
    if over is not None or under is not None:
        settings = priced(settings, OVER if over is None else over, UNDER if under is None else under)
    if join is not None:
        settings = replace(settings, join=join, cluster=join, review=min(settings.review, join))
    if review is not None:
        settings = replace(settings, review=review)
    made: Fit | SplinkFit
    if engine == "splink":
        from onepool.identity.matching.splink_fit import fit_splink

        made = fit_splink(records, {**guessed, **kinds}, linked, settings)
        lines = {"join": settings.join, "review": settings.review, "cluster": settings.cluster}
    else:
        made = learn(records, {**guessed, **kinds}, linked, judged, settings)
        model = made.model
        lines = {"join": model.join, "review": model.review, "cluster": model.cluster}
    if out is not None:
        _write(made.clusters, out)
    saved = _save(folder, made.model) if save and not isinstance(made.model, SplinkModel) else None
    costs = (OVER if over is None else over, UNDER if under is None else under)
    _show(made, lines, {**guessed, **kinds}, records, as_json, truth_table, *costs, saved)


def _show(
    made: Fit | SplinkFit,
    lines: dict[str, float],
    kinds: dict[str, str],
    records: pa.Table,
    as_json: bool,
    truth: pa.Table | None,
    over: float,
    under: float,
    saved: int | None,
) -> None:
    from onepool.identity.evaluate import evaluate as score

    sizes = pc.value_counts(made.clusters["cluster"]).field("counts")
    clusters = {"records": made.clusters.num_rows, "clusters": len(sizes), "largest": pc.max(sizes).as_py() or 0}
    found = None if truth is None else score(truth, made.clusters)
    if as_json:
        scored = None if found is None else evaluation.as_dict(found, over, under)
        show_json(
            {"columns": kinds, **clusters, "model": dict(made.report), "evaluation": scored, "saved_as_version": saved}
        )
        return
    show_table(
        [
            {"column": name, "kind": kind, "filled": f"{_filled(records, name):.0%}"}
            for name, kind in kinds.items()
            if name in records.column_names
        ],
        "columns",
    )
    show_table(
        [
            {
                "comparison": one["name"],
                "levels and their weights in bits": "\n".join(
                    f"{level['weight']:+6.1f}  {level['name']}" for level in one["levels"]
                ),
                "pairs": "\n".join(f"{level['pairs']:,}" for level in one["levels"]),
            }
            for one in made.report["comparisons"]
        ],
        "comparisons",
    )
    show_table(
        [
            {
                "rule": one["rule"],
                "pairs": f"{one['pairs']:,}",
                "finds": "" if one["recall"] is None else f"{one['recall']:.1%}",
            }
            for one in made.report["rules"]
        ],
        "blocking: pairs that are compared, and the share of matches each rule finds",
    )
    show_table(
        [
            {
                "threshold": one["threshold"],
                "pairs": f"{one['pairs']:,}",
                "precision": f"{one['precision']:.2%}",
                "recall": f"{one['recall']:.2%}",
            }
            for one in made.report["thresholds"]
            if one["threshold"] >= 0.1
        ],
        "thresholds, as the model itself expects",
    )
    say(worded("join from {join:.3f}, review from {review:.3f}; average linkage at {cluster:.3f}", **lines))
    for threshold in ("join", "review"):
        near = made.report["near"][threshold][:_SHOWN]
        show_table(
            [{"a": one["left"], "b": one["right"], "probability": f"{one['probability']:.3f}"} for one in near],
            f"pairs nearest to {threshold}",
        )
    say(worded("{records:,} records are {clusters:,} persons, the largest of {largest}", **clusters))
    if saved is not None:
        kept = "kept as version {version} of the workspace's model; match with: onepool identity match --kept"
        say(worded(kept, version=saved))
    if found is not None:
        evaluation.show(found, over, under)


def _records(path: Path, wanted: str | None) -> tuple[pa.Table, str]:
    """The file as a table with `record_id`, and how that was made."""
    table, column, doubt = with_ids(read_table(path), path, wanted)
    if column is not None:
        return table, column
    if doubt is None:
        return table, worded("their rows")
    if doubt.value is None:
        return table, worded("their rows (some have no {column})", column=doubt.column)
    return table, worded(
        "their rows ({column} {value} is there more than once)", column=doubt.column, value=doubt.value
    )


def _both(left: Path, right: Path, id_column: str | None) -> tuple[pa.Table, str]:
    """Two files in one table, with the column `source`; ids that are in both are told apart."""
    (one, named), (other, _) = _records(left, id_column), _records(right, id_column)
    if pc.any(pc.is_in(one["record_id"], other["record_id"])).as_py():
        one, other = (
            table.set_column(
                0,
                "record_id",
                pc.binary_join_element_wise(pa.scalar(side), pc.cast(table["record_id"], pa.string()), ":"),
            )
            for side, table in ((_LEFT, one), (_RIGHT, other))
        )
        named = worded("{names} (with left: and right: before them, since both files have some)", names=named)
    sides = (
        table.append_column("source", pa.array([side] * table.num_rows, pa.string()))
        for side, table in ((_LEFT, one), (_RIGHT, other))
    )
    return pa.concat_tables(sides, promote_options="permissive"), named


def _kinds(text: str | None, records: pa.Table) -> dict[str, str]:
    from onepool.identity.matching import kind_names

    kinds = {}
    for part in (text or "").split(","):
        name, equals, kind = (one.strip() for one in part.partition("="))
        if not part.strip():
            continue
        if not equals or name not in records.column_names:
            known = ", ".join(one for one in records.column_names if one != "record_id")
            raise UsageError(
                f"--columns: {part.strip()!r} names no column", hint=f"write column=kind; there are {known}"
            )
        if kind not in (*kind_names(), "ignore"):
            raise UsageError(f"--columns: no such kind: {kind}", hint=f"one of {', '.join(kind_names())}, ignore")
        kinds[name] = kind
    return kinds


def _whose(records: pa.Table, entity: str | None) -> pa.Table | None:
    if entity is None:
        return None
    if entity not in records.column_names:
        raise UsageError(f"--entity: there is no column {entity}", hint=f"there are {', '.join(records.column_names)}")
    known = records.filter(pc.is_valid(records[entity]))
    return pa.table({"record_id": known["record_id"], "entity_id": known[entity]})


def _known(truth: pa.Table, records: pa.Table, record_id: str) -> pa.Table:
    """The truth, if it is about these records. Raises FileError if it names none of them."""
    if truth.num_rows and not pc.any(pc.is_in(truth["record_id"], records["record_id"])).as_py():
        names = f"the truth has {truth['record_id'][0]}, the records (named by {record_id}) {records['record_id'][0]}"
        raise FileError(f"--truth: no record of it is in the file: {names}", hint="name the records' column with --id")
    return truth


def _labels(path: Path) -> pa.Table:
    table = read_table(path)
    missing = [name for name in ("left", "right", "match") if name not in table.column_names]
    if missing:
        raise FileError(f"no column {missing[0]}", where=str(path), hint="it needs left, right and match")
    match = table["match"]
    if not pa.types.is_boolean(match.type):
        match = pc.is_in(pc.utf8_lower(pc.cast(match, pa.string())), pa.array(["1", "true", "yes", "是"]))
    return pa.table({"left": table["left"], "right": table["right"], "match": match})


def _filled(records: pa.Table, name: str) -> float:
    return 1.0 - int(records[name].null_count) / max(1, int(records.num_rows))


def _write(clusters: pa.Table, path: Path) -> None:
    if path.suffix.lower() == ".csv":
        pa.csv.write_csv(clusters, path)
    else:
        pa.parquet.write_table(clusters, path)


def _save(folder: Path, model: Model) -> int:
    """Keep a model for the workspace's customers. Returns which version of it that is."""
    from onepool.identity.read import model_versions

    body: dict[str, Any] = {"model": _MODEL, **json.loads(model.to_json())}
    ws = opened(folder)
    try:
        ws.save("model", _MODEL, body, author=author(), reason="identity fit")
        return len(model_versions(ws.state))
    finally:
        ws.close()
