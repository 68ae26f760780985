"""Likelihood matching of Chinese customer records: our engine beside Splink, on the same records and pair budget.

The records are the flat table of the project's generator (names with titles, masks and pinyin, masked phones, moved
people, families that share phone and address). Neither engine sees a label. Each runs in a process of its own, for its
peak memory. Both get the same cleaned values: what differs is learning, scoring, clustering. Splink's clusters are the
connected components of its pairs, at the threshold that is best for it by the truth, which no user could know.

    script/bench likelihood [--records 100000] [--tier medium] [--pairs-per-record 40] [--keep DIR]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "likelihood.json"
RECORDS_A_PERSON = 4.2
MOST_RECORDS = 5_000_000
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
SPLINK_THRESHOLD = 0.95
KINDS = {
    "name": "name",
    "nickname": "nickname",
    "gender": "gender",
    "birthday": "date",
    "region": "region",
    "address": "address",
    "phone": "phone",
    "email": "email",
    "member_level": "member_level",
}


def make(records: int, tier: str, folder: Path) -> None:
    """Write `records.parquet` and `truth.parquet`: whole persons, as many as give about so many records."""
    from onepool.demo.people.generate import Plan, generate

    people = max(100, round(records / RECORDS_A_PERSON))
    generate(Plan(people=people, tier=tier, seed=11), folder / "sources", folder / "all")  # type: ignore[arg-type]
    flat = pq.read_table(folder / "all" / "records.parquet").slice(0, records)
    truth = pcsv.read_csv(folder / "all" / "flat-truth.csv").slice(0, records)

    def text(name: str) -> pa.ChunkedArray:
        return pc.fill_null(flat[name], "")

    region = pc.utf8_trim_whitespace(pc.binary_join_element_wise(text("province"), text("city"), text("district"), " "))
    table = pa.table(
        {
            "record_id": flat["record_id"],
            "name": flat["name"],
            "nickname": flat["nickname"],
            "gender": flat["gender"],
            "birthday": flat["birthday"],
            "region": pc.if_else(pc.equal(region, ""), pa.scalar(None, pa.string()), region),
            "address": flat["address"],
            "phone": pc.coalesce(flat["phone"], flat["masked_phone"]),
            "email": flat["email"],
            "member_level": flat["member_level"],
        }
    )
    pq.write_table(table, folder / "records.parquet")
    pq.write_table(truth, folder / "truth.parquet")


def run(engine: str, folder: Path, pairs_per_record: int) -> dict[str, Any]:
    """Time, memory and quality of one engine, in this process."""
    from onepool.identity.matching import Settings

    records = pq.read_table(folder / "records.parquet")
    truth = pq.read_table(folder / "truth.parquet")
    settings = Settings(pairs_per_record=pairs_per_record)
    _warm(engine, records.slice(0, 2_000), settings)
    before = _processor()
    started = time.perf_counter()
    told = _ours(records, settings) if engine == "onepool" else _splink(records, settings)
    seconds = time.perf_counter() - started
    processor = _processor() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "peak_memory_mb": round(peak),
        "parts": {name: round(value, 1) for name, value in told["parts"].items()},
        "pairs": told["pairs"],
        "rules": told["rules"],
        **_quality(truth, told),
    }


def _processor() -> float:
    """Seconds of processor time so far, of all threads: neighbours on the machine disturb it less."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _warm(engine: str, records: pa.Table, settings: Any) -> None:
    """Compiling and loading tables is not what is measured."""
    from onepool.identity.matching import fit

    if engine == "onepool":
        fit(records, KINDS, settings=settings)
    else:
        from onepool.identity.matching.prepare import prepare

        prepare(records, KINDS)


def _ours(records: pa.Table, settings: Any) -> dict[str, Any]:
    from onepool.identity.matching import fit

    found = fit(records, KINDS, settings=settings)
    pairs = sum(rule.pairs for rule in found.model.rules)
    return {"parts": {}, "pairs": pairs, "rules": len(found.model.rules), "clusters": {"own": found.clusters}}


def _splink(records: pa.Table, settings: Any) -> dict[str, Any]:
    from onepool.identity.matching.splink_engine import SplinkModel

    started = time.perf_counter()
    model = SplinkModel.fit(records, KINDS, settings)
    fitted = time.perf_counter()
    closed = model.components(records, SPLINK_THRESHOLD)
    done = time.perf_counter()
    return {
        "parts": {"fit": fitted - started, "predict_and_cluster": done - fitted},
        "pairs": sum(pairs for _, pairs in model.blocking),
        "rules": len(model.blocking),
        "clusters": {f"components at {SPLINK_THRESHOLD}": closed},
        "later": lambda: model.predict(records, min(THRESHOLDS)),
    }


def _quality(truth: pa.Table, told: dict[str, Any]) -> dict[str, Any]:
    from onepool.identity.evaluate import evaluate
    from onepool.identity.matching import cluster

    clusters = dict(told["clusters"])
    if "later" in told:
        pairs = told["later"]()  # only for the other thresholds: not part of the time
        for threshold in THRESHOLDS:
            clusters[f"components at {threshold}"] = _closed(pairs, truth["record_id"], threshold)
        # The same scores clustered as we do it: how much is the clustering, how much the scores?
        clusters["our clustering at 0.5"] = cluster(pairs, truth["record_id"], 0.5)
    figures = {name: evaluate(truth, table) for name, table in clusters.items()}
    ours = {name: one for name, one in figures.items() if "our" not in name}
    best = max(ours, key=lambda name: ours[name].pairwise.f1)
    every = {
        name: {
            "precision": round(one.pairwise.precision, 4),
            "recall": round(one.pairwise.recall, 4),
            "f1": round(one.pairwise.f1, 4),
            "bcubed_f1": round(one.bcubed.f1, 4),
            "over_merged_per_10k": round(one.over_merge, 1),
            "exact_persons": round(one.exact_clusters, 4),
            "largest_cluster": one.largest_cluster,
        }
        for name, one in figures.items()
    }
    return {"best": best, **every[best], "all": every}


def _closed(pairs: pa.Table, ids: pa.ChunkedArray, threshold: float) -> pa.Table:
    """Connected components of the pairs at or above the threshold."""
    from onepool.identity.matching.clustering import positions

    ordered = ids.combine_chunks().sort()
    kept = pairs.filter(pc.greater_equal(pairs["probability"], threshold))
    left, right = positions(ordered, kept["left"]), positions(ordered, kept["right"])
    return pa.table({"record_id": ordered, "cluster": _components(len(ordered), left, right)})


def _components(size: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Smallest member of each record's component: every label falls to the least of its neighbours', then jumps."""
    label = np.arange(size)
    while True:
        before = label.copy()
        least = np.minimum(label[left], label[right])
        np.minimum.at(label, left, least)
        np.minimum.at(label, right, least)
        label = label[label]
        if np.array_equal(label, before):
            return label


def main() -> int:
    """Generate, run both, print, write bench/results/likelihood.json; 1 if ours is slower or worse than Splink."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=100_000)
    options.add_argument("--tier", choices=("easy", "medium", "hard"), default="medium")
    options.add_argument("--pairs-per-record", type=int, default=40, help="budget of candidate pairs, both engines")
    options.add_argument("--engines", nargs="+", choices=("onepool", "splink"), default=["onepool", "splink"])
    options.add_argument("--keep", type=Path, help="folder for the records, made once and used again")
    options.add_argument("--only", choices=("onepool", "splink"), help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if not 1_000 <= chosen.records <= MOST_RECORDS:
        options.error(f"--records: 1,000 to {MOST_RECORDS:,}")
    if chosen.only:
        print(json.dumps(run(chosen.only, chosen.folder, chosen.pairs_per_record)))
        return 0
    with TemporaryDirectory() as scratch:
        folder = (chosen.keep or Path(scratch)) / f"{chosen.tier}-{chosen.records}"
        if not (folder / "truth.parquet").exists():
            make(chosen.records, chosen.tier, folder)
        results: dict[str, Any] = {"records": chosen.records, "tier": chosen.tier, "budget": chosen.pairs_per_record}
        for engine in chosen.engines:
            results[engine] = _apart(engine, folder, chosen.pairs_per_record)
            print(engine, json.dumps(results[engine]), file=sys.stderr)
    return _report(results, chosen.engines)


def _apart(engine: str, folder: Path, pairs_per_record: int) -> dict[str, Any]:
    """One engine in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--only", engine, "--folder", folder, "--pairs-per-record", str(pairs_per_record)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _report(results: dict[str, Any], engines: list[str]) -> int:
    names = (
        "seconds",
        "processor_seconds",
        "peak_memory_mb",
        "pairs",
        "precision",
        "recall",
        "f1",
        "bcubed_f1",
        "over_merged_per_10k",
    )
    print(f"{results['records']:,} records, {results['tier']}")
    print(f"{'':<22}" + "".join(f"{engine:>14}" for engine in engines))
    for name in names:
        print(f"{name:<22}" + "".join(f"{results[engine][name]:>14,}" for engine in engines))
    worse = 0
    if len(engines) == 2:
        ours, splink = results["onepool"], results["splink"]
        results["ratios"] = {
            "seconds_to_splink": round(ours["seconds"] / splink["seconds"], 2),
            "processor_to_splink": round(ours["processor_seconds"] / splink["processor_seconds"], 2),
            "memory_to_splink": round(ours["peak_memory_mb"] / splink["peak_memory_mb"], 2),
            "f1_above_splink": round(ours["f1"] - splink["f1"], 4),
        }
        print(results["ratios"])
        worse = int(ours["seconds"] > splink["seconds"] or ours["f1"] <= splink["f1"])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return worse


if __name__ == "__main__":
    raise SystemExit(main())
