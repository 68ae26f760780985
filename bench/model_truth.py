"""Learned tags on the demonstration brand, held against the truth that its generator keeps.

    script/bench model_truth [--customers 2000] [--days 180] [--workspace DIR]

Makes the brand (or takes one made by `onepool demo brand DIR`), learns the lifetime value by each method and the chance
not to buy, and compares with what the generator knows of every person and no model was shown: who is quiet, and the
true rate of orders. Beside each figure stands its limit in the same run: what somebody who knew the true rate and
silence would reach. Each customer of the pool is matched to a person by its identifiers.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml

from onepool.api import audience
from onepool.audience.mining import compute
from onepool.audience.mining.classifier.samples import holding, windowed
from onepool.audience.mining.deciles import auc
from onepool.audience.tags import parse_tag
from onepool.demo.brand.customers import Customers, draw_customers
from onepool.demo.brand.plan import BrandPlan
from onepool.layout import columns_of
from onepool.pool.schema import create
from onepool.workspace import Workspace, open_workspace

ROOT = Path(__file__).parent.parent
TAGS = ROOT / "src" / "onepool" / "demo" / "brand" / "workspace" / "tags"


def main() -> int:
    """Run, print, write bench/results/model_truth.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=2000)
    options.add_argument("--days", type=int, default=180)
    options.add_argument("--workspace", type=Path, help="a brand that was made already")
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        root = chosen.workspace or Path(folder) / "brand"
        if chosen.workspace is None:
            size = ["--customers", str(chosen.customers), "--days", str(chosen.days)]
            command = "from onepool.cli import main; main()"
            subprocess.run([sys.executable, "-c", command, "demo", "brand", str(root), *size], check=True)
        results = compared(open_workspace(root), root / "truth")
    print(json.dumps(results, indent=2))
    (ROOT / "bench" / "results" / "model_truth.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0 if results["clv_auto"]["alive_auc"] > 0.75 else 1


def compared(ws: Workspace, truth: Path) -> dict[str, Any]:
    """The models' figures beside the truth's."""
    plan = json.loads((truth / "plan.json").read_text())
    last = date.fromisoformat(plan["last"])
    people = draw_customers(BrandPlan(customers=plan["customers"], days=plan["days"], seed=plan["seed"], last=last))
    at = datetime(last.year, last.month, last.day, 16, tzinfo=UTC)  # midnight in Shanghai
    with ws.pool.write() as session:
        create(session, columns_of(ws.standard()))
    person = _people(ws, truth / "records.csv")
    results: dict[str, Any] = {"customers": plan["customers"], "days": plan["days"], "matched": len(person)}
    for fit in ("auto", "bg_nbd", "mbg_nbd", "pareto_nbd"):
        results[f"clv_{fit}"] = _worth(ws, at, fit, people, plan["days"], person)
    results["churn"] = _churn(ws, at, people, plan["days"], person)
    return results


def _worth(
    ws: Workspace, at: datetime, fit: str, people: Customers, days: int, person: dict[int, int]
) -> dict[str, Any]:
    body = yaml.safe_load((TAGS / "clv_180d.yaml").read_text()) | {"fit": fit}
    found: dict[str, Any] = {}
    for predict in ("alive", "purchases"):
        tag = parse_tag(body | {"predict": predict})
        with ws.pool.read() as session:
            run = compute(session, tag, at, audience.context(ws))  # type: ignore[arg-type]
        ids, numbers = run.values.column("customer_id").to_pylist(), run.values.column("number").to_numpy()
        known = np.array([one in person for one in ids])
        who = np.array([person[one] for one in ids if one in person])
        active = people.active(days * 86_400 - 1)[who]
        rate = people.orders[who] * active
        numbers = numbers[known]
        found["method"] = run.card.method
        if predict == "alive":
            found |= {"alive_auc": auc(numbers, active), "alive_mean": numbers.mean(), "truly_active": active.mean()}
        else:
            top = np.argsort(-numbers)[: numbers.size // 5]
            found["top_fifth_true_rate_over_mean"] = rate[top].mean() / rate.mean()
            found["rank_correlation_with_true_rate"] = np.corrcoef(_ranks(numbers), _ranks(rate))[0, 1]
    return {key: value if isinstance(value, str) else round(float(value), 3) for key, value in found.items()}


def _churn(ws: Workspace, at: datetime, people: Customers, days: int, person: dict[int, int]) -> dict[str, Any]:
    tag = parse_tag(yaml.safe_load((TAGS / "churn_p30d.yaml").read_text()))
    ctx, cut = audience.context(ws), at - timedelta(days=30)
    with ws.pool.read() as session:
        run = compute(session, tag, at, ctx)  # type: ignore[arg-type]
        asked = holding(session, tag.among, cut, ctx)  # type: ignore[union-attr]
        gone = holding(session, windowed(tag.target, tag.ahead), at, ctx)  # type: ignore[union-attr]
    assert asked is not None and gone is not None
    who = np.array([one for one in asked.tolist() if one in person])
    persons = np.array([person[one] for one in who.tolist()])
    rate = people.orders[persons] * people.active((days - 30) * 86_400)[persons]
    limit = auc(-rate, np.isin(who, gone))
    metrics = {name: round(run.card.metrics[name], 3) for name in ("auc", "brier", "brier_base", "base_rate")}
    return {
        **metrics,
        "auc_knowing_rate_and_silence": round(limit, 3),
        "refused": [one.code for one in run.card.refusals],
    }


def _people(ws: Workspace, records: Path) -> dict[int, int]:
    """customer_id -> the person most of whose identifiers it has."""
    with records.open(encoding="utf-8") as file:
        owner = {row["record_id"]: int(row["entity_id"][1:]) for row in csv.DictReader(file)}
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    rows = ws.pool.query(
        "SELECT customer_id, type, scope, value FROM identifiers JOIN customer_of USING (identifier_id)"
    )
    for row in rows.to_pylist():
        scope = f"@{row['scope']}" if row["scope"] else ""
        key = f"{row['type']}{scope}:{row['value']}"
        if key in owner:
            votes[row["customer_id"]][owner[key]] += 1
    return {customer: found.most_common(1)[0][0] for customer, found in votes.items()}


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values))


if __name__ == "__main__":
    sys.exit(main())
