"""Splink behind the interface of `Matcher`: the same kinds clean the values, Splink learns and scores, on DuckDB.

Splink (https://github.com/moj-analytical-services/splink, MIT) is an extra: `pip install onepool[splink]`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import structlog

from onepool.identity.matching.clustering import positions
from onepool.identity.matching.guess import guess_columns
from onepool.identity.matching.kinds import kind_of
from onepool.identity.matching.prepare import Records, prepare
from onepool.identity.matching.settings import MOST_PAIRS, MatchingError, Settings
from onepool.identity.matching.splink_rules import (
    SqlColumn,
    blocking_candidates,
    comparison,
    sql_columns,
    sql_table,
    training_rules,
)

logger = structlog.get_logger(__name__)

_U_PAIRS = 2e6
_EM_PAIRS = 1e6
_PRIOR_RECALL = 0.6
_MOST_RULES = 14
# What each comparison said: wanted for pairs that people look at, too much for all.
_WITH_LEVELS = {"retain_matching_columns": True, "retain_intermediate_calculation_columns": True}


class SplinkMissing(MatchingError):
    """Splink isn't installed."""

    code = "splink-missing"


def available() -> bool:
    """Whether Splink is installed."""
    return importlib.util.find_spec("splink") is not None


def require() -> None:
    """Raises SplinkMissing where it isn't."""
    if not available():
        raise SplinkMissing("Splink isn't installed", hint="pip install 'onepool[splink]', or use OnePool's own engine")


def _splink() -> Any:
    require()
    return importlib.import_module("splink")


@dataclass(frozen=True)
class SplinkModel:
    """A trained Splink model: `trained` is Splink's own JSON, `blocking` the rules with the pairs each gave in fitting.

    Build it with `fit`. It scores records as `Model` does, but has no clustering of its own: use `cluster`.
    """

    columns: Mapping[str, str]
    hanzi: Mapping[str, bool]
    trained: str
    blocking: tuple[tuple[tuple[str, ...], int], ...]
    threads: int | None = field(default=None, compare=False)

    @staticmethod
    def fit(
        records: pa.Table,
        columns: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        *,
        threads: int | None = None,
    ) -> SplinkModel:
        """Learn weights without labels. `columns`: column -> kind; those left out are guessed.

        Raises SplinkMissing, and MatchingError for records that can't be matched.
        """
        require()
        settings = settings or Settings()
        kinds = {**guess_columns(records), **(columns or {})}
        prepared = prepare(records, kinds)
        told = sql_columns(prepared)
        if len(prepared) < 2 or not told:
            raise MatchingError("nothing to match: fewer than two records, or no column to compare")
        with _database(sql_table(prepared, told), threads) as (connection, api):
            rules = _chosen(connection, told, len(prepared), settings)
            linker = _linker(api, _settings(told, [rule for rule, _ in rules]))
            _train(linker, connection, told, settings.seed, len(prepared))
            trained = json.dumps(linker.misc.save_model_to_json(), ensure_ascii=False)
        return SplinkModel(
            {name: column.kind.name for name, column in prepared.columns.items()},
            {name: _is_hanzi(prepared, name) for name in prepared.columns},
            trained,
            tuple(rules),
            threads,
        )

    def comparisons(self) -> dict[str, list[dict[str, Any]]]:
        """The levels of each comparison that Splink learned something of, as it keeps them, the best first."""
        kept = {one["output_column_name"]: one for one in json.loads(self.trained)["comparisons"]}
        return {
            name: [level for level in kept[f"c{number}"]["comparison_levels"] if not level.get("is_null_level")]
            for number, name in enumerate(self.columns)
            if f"c{number}" in kept
        }

    def levels(self) -> dict[str, list[str]]:
        """What the levels of each comparison are called, the best first."""
        return {
            name: [str(level["label_for_charts"]) for level in levels] for name, levels in self.comparisons().items()
        }

    def said(self, rule: tuple[str, ...]) -> str:
        """A blocking rule in the names of the columns."""
        names = list(self.columns)
        parts = []
        for column in rule:
            number, _, key = column.removeprefix("c").partition("k")
            name = names[int(number)]
            kind = kind_of(self.columns[name], hanzi=self.hanzi[name])
            parts.append(f"{name} {list(kind.keys())[int(key)]}" if key else name)
        return " + ".join(parts)

    def candidates(self, records: pa.Table) -> pa.Table:
        """Pairs (left, right: record ids) that share what a blocking rule asks for."""
        prepared, told = self._prepared(records)
        with _database(sql_table(prepared, told), self.threads) as (_, api):
            pairs = _linker(api, json.loads(self.trained)).inference.compute_blocked_pairs_for_predict()
            found = pairs.as_duckdbpyrelation().to_arrow_table()
        left = found.column("join_key_l").to_numpy().astype(np.int64)
        right = found.column("join_key_r").to_numpy().astype(np.int64)
        return pa.table({"left": prepared.ids.take(pa.array(left)), "right": prepared.ids.take(pa.array(right))})

    def score(self, records: pa.Table, pairs: pa.Table) -> pa.Table:
        """Score pairs (left, right: record ids): left, right, probability, match_weight (bits), and per column
        ``level:NAME`` (0 best, -1 missing) and ``weight:NAME`` (bits)."""
        prepared, told = self._prepared(records)
        left, right = positions(prepared.ids, pairs.column("left")), positions(prepared.ids, pairs.column("right"))
        low, high = np.minimum(left, right), np.maximum(left, right)
        wanted = pa.table({"join_key_l": low, "join_key_r": high, "match_key": pa.array(["0"] * len(low), pa.string())})
        with _database(sql_table(prepared, told), self.threads) as (_, api):
            linker = _linker(api, json.loads(self.trained) | _WITH_LEVELS)
            linker.table_management.register_blocked_pairs_for_predict(api.register(wanted, table_name="wanted_pairs"))
            found = linker.inference.predict(warning_mode="never").as_duckdbpyrelation().to_arrow_table()
        return self._told(prepared, told, found)

    def predict(self, records: pa.Table, least: float = 0.01) -> pa.Table:
        """Candidates and their scores at once (left, right, probability, match_weight); pairs below the probability
        `least` are left out."""
        prepared, told = self._prepared(records)
        with _database(sql_table(prepared, told), self.threads) as (_, api):
            linker = _linker(api, json.loads(self.trained))
            predicted = linker.inference.predict(threshold_match_probability=least, warning_mode="never")
            found = predicted.as_duckdbpyrelation().to_arrow_table()
        return pa.table(_scores(prepared, found))

    def components(self, records: pa.Table, threshold: float) -> pa.Table:
        """record_id, cluster: Splink's own clusters, the connected components of all pairs at or above `threshold`.

        For comparison only: closure joins strangers through chains; `cluster` doesn't.
        """
        prepared, told = self._prepared(records)
        with _database(sql_table(prepared, told), self.threads) as (_, api):
            linker = _linker(api, json.loads(self.trained))
            pairs = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
            found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold)
            table = found.as_duckdbpyrelation().to_arrow_table()
        record, group = table.column("unique_id").to_numpy(), table.column("cluster_id").to_numpy()
        return pa.table(
            {
                "record_id": prepared.ids.take(pa.array(record.astype(np.int64))),
                "cluster": prepared.ids.take(pa.array(group.astype(np.int64))),
            }
        )

    def _prepared(self, records: pa.Table) -> tuple[Records, tuple[SqlColumn, ...]]:
        prepared = prepare(records, self.columns, hanzi=self.hanzi)
        return prepared, sql_columns(prepared)

    def _told(self, records: Records, columns: tuple[SqlColumn, ...], found: pa.Table) -> pa.Table:
        out = _scores(records, found)
        for told in columns:
            if f"gamma_{told.column}" not in found.column_names:
                # Splink leaves out what it learned nothing of.
                out[f"level:{told.name}"] = np.full(found.num_rows, -1, np.int8)
                out[f"weight:{told.name}"] = np.zeros(found.num_rows, np.float32)
                continue
            gamma = found.column(f"gamma_{told.column}").to_numpy().astype(np.int64)
            # Splink counts from the worst level; here 0 is the best, and -1 is missing in both.
            best = len(comparison(told)["comparison_levels"]) - 2
            out[f"level:{told.name}"] = np.where(gamma < 0, -1, best - gamma).astype(np.int8)
            weight = found.column(f"mw_{told.column}").to_numpy().astype(np.float64)
            adjusted = f"mw_tf_adj_{told.column}"
            if adjusted in found.column_names:
                weight = weight + found.column(adjusted).to_numpy().astype(np.float64)
            out[f"weight:{told.name}"] = weight.astype(np.float32)
        return pa.table(out)


def _scores(records: Records, found: pa.Table) -> dict[str, Any]:
    left = found.column("unique_id_l").to_numpy().astype(np.int64)
    right = found.column("unique_id_r").to_numpy().astype(np.int64)
    return {
        "left": records.ids.take(pa.array(left)),
        "right": records.ids.take(pa.array(right)),
        "probability": found.column("match_probability").to_numpy().astype(np.float32),
        "match_weight": found.column("match_weight").to_numpy().astype(np.float32),
    }


def _is_hanzi(records: Records, name: str) -> bool:
    kind = records.columns[name].kind
    return kind is kind_of(kind.name, hanzi=True) and kind is not kind_of(kind.name)


@contextmanager
def _database(table: pa.Table, threads: int | None) -> Iterator[tuple[duckdb.DuckDBPyConnection, Any]]:
    """A database in memory with the records in ``records``, and Splink's hold on it."""
    splink = _splink()
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect(":memory:") as connection:
        if threads is not None:
            connection.execute(f"set threads = {int(threads)}")
        connection.register("given_records", table)
        connection.execute("create table records as select * from given_records")
        connection.unregister("given_records")
        yield connection, splink.DuckDBAPI(connection)


def _linker(api: Any, settings: dict[str, Any]) -> Any:
    return _splink().Linker(api.register("records"), settings, log_level=None, validate_settings=False)


def _settings(columns: tuple[SqlColumn, ...], rules: list[tuple[str, ...]]) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "comparisons": [comparison(told) for told in columns],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": _equal(rule)} for rule in rules],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 15,
    }


def _equal(columns: tuple[str, ...]) -> str:
    return " and ".join(f"l.{name} = r.{name}" for name in columns)


def _pairs_of(connection: duckdb.DuckDBPyConnection, rule: tuple[str, ...]) -> int:
    known = " and ".join(f"{name} is not null" for name in rule)
    sql = f"select sum(n * (n - 1) / 2) from (select count(*) n from records where {known} group by {', '.join(rule)})"
    return int(connection.execute(sql).fetchall()[0][0] or 0)


def _chosen(
    connection: duckdb.DuckDBPyConnection, columns: tuple[SqlColumn, ...], size: int, settings: Settings
) -> list[tuple[tuple[str, ...], int]]:
    """Blocking rules within the budget of pairs: those that ask for least first, as long as there is room."""
    budget = min(settings.pair_budget or MOST_PAIRS, settings.pairs_per_record * size)
    counted = [(rule, _pairs_of(connection, rule)) for rule in blocking_candidates(columns)]
    # A rule that asks for less finds all that a stricter one finds.
    fit = sorted((one for one in counted if 0 < one[1] <= budget / 3), key=lambda one: (len(one[0]), -one[1]))
    chosen: list[tuple[tuple[str, ...], int]] = []
    for rule, pairs in fit:
        covered = any(set(other) <= set(rule) for other, _ in chosen)
        if not covered and sum(n for _, n in chosen) + pairs <= budget and len(chosen) < _MOST_RULES:
            chosen.append((rule, pairs))
    if not chosen:
        raise MatchingError("no blocking rule gives pairs within the budget", hint="raise pair_budget")
    return chosen


def _train(
    linker: Any, connection: duckdb.DuckDBPyConnection, columns: tuple[SqlColumn, ...], seed: int, size: int
) -> None:
    """As Splink's guide does it: prior from sure rules, u from random pairs, m by EM on several blockings."""
    sure = [_equal((told.main,)) for told in columns if told.kind in ("email", "id_card", "exact_id")]
    names = [told.main for told in columns if told.kind == "name"]
    others = [told.main for told in columns if told.kind in ("phone", "date", "address")]
    sure += [_equal((name, other)) for name in names for other in others]
    mains = training_rules(columns)
    sure = sure or [_equal(tuple(name for rule in mains[:2] for name in rule))]
    linker.training.estimate_probability_two_random_records_match(sure, recall=_PRIOR_RECALL)
    pairs = min(_U_PAIRS, size * (size - 1) / 2)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=seed)
    learned = 0
    for main in mains:
        count = _pairs_of(connection, main)
        if not count:
            continue
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                _equal(main),
                estimate_without_term_frequencies=True,
                max_pairs=_EM_PAIRS if count > _EM_PAIRS else None,
            )
            learned += 1
        except (ValueError, ZeroDivisionError) as error:
            # Among the pairs of this rule Splink found matches only, or none; the other rules may teach enough.
            logger.info("splink learned nothing", rule=main, error=type(error).__name__)
    if not learned:
        raise MatchingError("Splink could not learn from these records", hint="use OnePool's own engine")
