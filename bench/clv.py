"""BG/NBD by maximum likelihood: 2,357 and 500,000 customers, beside plain SciPy and beside its own limit.

    script/bench clv [--customers 500000] [--plain-customers 50000] [--days 730] [--pool]

Customers are simulated from the parameters published for CDNOW, with purchases on whole days. OnePool groups customers
with equal figures and hands analytic gradients to the optimiser. In the same run: `plain` maximises the same likelihood
customer by customer with numerical gradients (scipy.optimize, L-BFGS-B), as a straight reading of the paper does, on
`--plain-customers` of them; its time grows with the customers, and is scaled to all. `limit`: one evaluation of the
grouped likelihood times the number of evaluations, without anything around it. Parameters of both must agree. `--pool`
also computes the whole tag (purchases read from DuckDB, three models compared, holdout, values) over the same
customers. Times are of the processor (user and system).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
from scipy.optimize import minimize  # noqa: E402
from scipy.special import betaln, gammaln  # noqa: E402

from onepool.audience.conditions import Context, names_of  # noqa: E402
from onepool.audience.mining import compute  # noqa: E402
from onepool.audience.mining.lifetime import Buyers, discounted, fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd  # noqa: E402
from onepool.audience.tags import parse_tag  # noqa: E402
from onepool.layout import columns_of  # noqa: E402
from onepool.pool import DuckDBEngine  # noqa: E402
from onepool.pool.schema import create  # noqa: E402
from onepool.standards import load_standard  # noqa: E402

ROOT = Path(__file__).parent.parent
R, ALPHA, A, B = 0.243, 4.414 * 7, 0.793, 2.426
START = datetime(2024, 11, 1, tzinfo=UTC)


def main() -> int:
    """Run, print, write bench/results/clv.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=500_000)
    options.add_argument("--plain-customers", type=int, default=50_000)
    options.add_argument("--days", type=int, default=730)
    options.add_argument("--pool", action="store_true", help="the whole tag over a pool, too")
    chosen = options.parse_args()
    results: dict[str, Any] = {"customers": chosen.customers, "days": chosen.days}
    for size in (2_357, chosen.customers):
        x, recency, age, who, day = simulated(size, chosen.days)
        found = measured(x, recency, age, min(chosen.plain_customers, size))
        results[f"customers_{size}"] = found
        print(f"{size:,} customers:", json.dumps(found, indent=1))
    if chosen.pool:
        results["tag"] = whole_tag(who, day, chosen.customers, chosen.days)
        print("the whole tag:", json.dumps(results["tag"], indent=1))
    (ROOT / "bench" / "results" / "clv.json").write_text(json.dumps(results, indent=2) + "\n")
    large = results[f"customers_{chosen.customers}"]
    agree = all(one["parameters_agree"] for key, one in results.items() if key.startswith("customers_"))
    return 0 if agree and large["onepool_seconds"] < large["plain_seconds_scaled"] else 1


def simulated(size: int, days: int) -> tuple[np.ndarray, ...]:
    """(x, t_x, T) in days, and every purchase as (customer, day)."""
    chance = np.random.default_rng(17)
    born = chance.integers(0, days - 30, size)
    age = (days - born).astype(np.float64)
    rate, stop = chance.gamma(R, 1 / ALPHA, size), chance.beta(A, B, size)
    here, now = np.ones(size, dtype=bool), np.zeros(size)
    last, x = np.zeros(size), np.zeros(size)
    who, when = [np.arange(size)], [born.astype(np.float64)]
    while here.any():
        now[here] += chance.exponential(1, int(here.sum())) / np.maximum(rate[here], 1e-300)
        here &= now <= age
        bought = here & (np.floor(now) > last)
        x[bought] += 1
        last[bought] = np.floor(now[bought])
        who.append(np.flatnonzero(bought))
        when.append(born[bought] + last[bought])
        here &= chance.random(size) >= stop
    return x, last, age, np.concatenate(who), np.concatenate(when)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """(result, processor seconds)."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def measured(x: np.ndarray, recency: np.ndarray, age: np.ndarray, plain_size: int) -> dict[str, Any]:
    """OnePool, the limit and plain SciPy on the same figures."""
    weeks = (x, recency / 7, age / 7)
    (buyers, group), grouping = timed(lambda: Buyers.grouped(*weeks))
    (model, estimate), fitting = timed(lambda: fit_bg_nbd(buyers))
    _, expecting = timed(lambda: discounted(lambda t: model.expected(buyers, t), 26.0, 0.1, 52.18)[group])
    _, once = timed(lambda: [model.log_likelihood(buyers) for _ in range(5)])
    limit = once / 5 * estimate.evaluations
    _, modified = timed(lambda: fit_mbg_nbd(buyers))
    (_, pareto_estimate), pareto = timed(lambda: fit_pareto_nbd(buyers))
    some = np.sort(np.random.default_rng(1).choice(x.size, plain_size, replace=False))
    part = tuple(column[some] for column in weeks)
    found, plain = timed(lambda: plainly(*part))
    (_, same), _ = timed(lambda: fit_bg_nbd(Buyers.grouped(*part)[0]))
    total = grouping + fitting + expecting
    scaled = plain * x.size / plain_size
    return {
        "groups": int(buyers.weight.size),
        "repeat_buyers": int((x > 0).sum()),
        "grouping_seconds": round(grouping, 4),
        "fit_seconds": round(fitting, 4),
        "discounted_value_seconds": round(expecting, 4),
        "onepool_seconds": round(total, 4),
        "evaluations": estimate.evaluations,
        "limit_seconds": round(limit, 4),
        "fit_over_limit": round(fitting / max(limit, 1e-9), 2),
        "plain_customers": plain_size,
        "plain_seconds": round(plain, 3),
        "plain_seconds_scaled": round(scaled, 3),
        "plain_over_onepool_fit": round(scaled / max(grouping + fitting, 1e-9), 1),
        "parameters_agree": bool(np.allclose(np.log(found.x_), np.log(same.values), atol=0.02)),
        "parameters": [round(float(value), 4) for value in estimate.values],
        "mbg_nbd_seconds": round(modified, 3),
        "pareto_nbd_seconds": round(pareto, 3),
        "pareto_nbd_evaluations": pareto_estimate.evaluations,
    }


def plainly(x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Any:
    """The likelihood of the paper, one term for each customer, maximised with numerical gradients."""

    def loss(logs: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logs)
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        stays = -(r + x) * np.log(alpha + age)
        goes = np.where(
            x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency), -np.inf
        )
        return -float(np.mean(first + np.logaddexp(stays, goes)))

    start = np.log([0.5, 0.3 * float(age.mean()), 0.8, 2.5])
    found = minimize(loss, start, method="L-BFGS-B", options={"ftol": 1e-13, "gtol": 1e-7})
    found.x_ = np.exp(found.x)
    return found


def whole_tag(who: np.ndarray, day: np.ndarray, size: int, days: int) -> dict[str, Any]:
    """Seconds of the tag from events in DuckDB to values of all customers."""
    standard = load_standard([])
    micros = ((START.timestamp() + day * 86_400 + 43_200) * 1e6).astype(np.int64)
    amounts = np.random.default_rng(2).gamma(6, 10, who.size).round(2)
    time_type = pa.timestamp("us", tz="UTC")
    events = pa.table(
        {
            "seq": np.arange(who.size),
            "identifier_id": who,
            "event": pa.DictionaryArray.from_arrays(np.zeros(who.size, dtype=np.int8), ["order_paid"]).cast(
                pa.string()
            ),
            "time": pa.array(micros).cast(time_type),
            "received_at": pa.array(micros).cast(time_type),
            "amount": pa.array(amounts).cast(pa.decimal128(18, 4)),
        }
    )
    engine = DuckDBEngine(":memory:", "UTC", threads=2)
    with engine.write() as session:
        create(session, columns_of(standard))
        ids = np.arange(size)
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        session.append("events", events)
    body = {"tag": "worth", "title": "Worth", "says": "value", "kind": "model", "model": "clv"}
    tag = parse_tag({**body, "from": {"did": "order_paid", "sum": "amount"}, "horizon": "180 days"})
    ctx = Context(names_of(standard), "UTC", "CNY")
    with engine.read() as session:
        started = time.perf_counter()
        found, seconds = timed(lambda: compute(session, tag, START + timedelta(days=days), ctx))  # type: ignore[arg-type]
        wall = time.perf_counter() - started
    return {
        "events": int(who.size),
        "values": found.values.num_rows,
        "method": found.card.method,
        "processor_seconds": round(seconds, 2),
        "wall_seconds": round(wall, 2),
        "warnings": [one.code for one in found.card.warnings],
    }


if __name__ == "__main__":
    sys.exit(main())
