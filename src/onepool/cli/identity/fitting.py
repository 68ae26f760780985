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
from onepool.errors import OnePoolError, UsageError

if TYPE_CHECKING:
    from onepool.identity.matching import Fit, Model
    from onepool.identity.matching.fit import Links
    from onepool.identity.matching.splink_fit import SplinkFit

Engine = Literal["onepool", "splink"]

_IDS = ("record_id", "rec_id", "recordid", "unique_id", "id", "编号", "记录编号")
_MODEL = "customers"
_SHOWN = 5
"""Pairs near a threshold."""
_LEFT, _RIGHT = "left", "right"
_FILE = "CSV, TSV or Parquet"


class FileError(OnePoolError):
    """A file can't be read as a table."""

    code = "file"


def fit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=f"The records: {_FILE}. Two files are linked with each other, each holding a person once.",
            exists=True,
            dir_okay=False,
        ),
    ],
    columns: Annotated[
        str | None,
        typer.Option(help="What columns mean, as a=name,b=phone; those not named are guessed. ignore leaves one out."),
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

    The records are named by the column record_id (or rec_id, id, 编号 …), else by their rows. Without costs the
    thresholds are those that find most persons whole; with --over and --under those of the least expected cost.
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
    records, record_id = _both(*files) if len(files) == 2 else _records(files[0])
    kinds = _kinds(columns, records)
    whose = _whose(records, entity)
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
    truth_table = whose if truth is None else _truth(truth)
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


def _records(path: Path) -> tuple[pa.Table, str]:
    """The file as a table with `record_id`, and how that was made."""
    table = _table(path)
    if not table.num_rows:
        raise FileError("there are no rows", where=str(path))
    for name in sorted(table.column_names, key=lambda one: _IDS.index(one.lower()) if one.lower() in _IDS else 99):
        if name.lower() not in _IDS:
            break
        ids = pc.cast(table[name], pa.string())
        if not ids.null_count and pc.count_distinct(ids).as_py() == table.num_rows:
            rest = [one for one in table.column_names if one not in (name, "record_id")]
            return table.select(rest).add_column(0, "record_id", ids), name
    rows = pa.array([f"row {number}" for number in range(1, table.num_rows + 1)])
    rest = [one for one in table.column_names if one != "record_id"]
    return table.select(rest).add_column(0, "record_id", rows), worded("their rows")


def _both(left: Path, right: Path) -> tuple[pa.Table, str]:
    """Two files in one table, with the column `source`; ids that are in both are told apart."""
    (one, named), (other, _) = _records(left), _records(right)
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


def _table(path: Path) -> pa.Table:
    """CSV with all columns as texts; Parquet as it is. Raises FileError."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pa.parquet.read_table(path)
        parse = pa.csv.ParseOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ",", newlines_in_values=True)
        for encoding in ("utf8", "gb18030"):
            read = pa.csv.ReadOptions(encoding=encoding)
            try:
                with pa.csv.open_csv(path, read, parse) as opened_file:
                    names = opened_file.schema.names
                texts = pa.csv.ConvertOptions(
                    column_types={name: pa.string() for name in names}, strings_can_be_null=True
                )
                return _trimmed(pa.csv.read_csv(path, read, parse, texts))
            except (pa.ArrowInvalid, UnicodeDecodeError):
                if encoding == "gb18030":
                    raise
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
        raise FileError(f"can't be read: {error}", where=str(path), hint=f"{_FILE}, with a header") from error
    raise AssertionError("unreachable")


def _trimmed(table: pa.Table) -> pa.Table:
    """Names and values without blanks around them; what is then empty is missing."""
    trimmed = (pc.utf8_trim_whitespace(column) for column in table.columns)
    columns = [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in trimmed]
    return pa.table(columns, [name.strip() for name in table.column_names])


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


def _truth(path: Path) -> pa.Table:
    from onepool.identity.evaluate import read_truth

    return read_truth(path)


def _labels(path: Path) -> pa.Table:
    table = _table(path)
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
