"""The executor, the naive interpreter and SQL alone on drawn journeys and histories: how many customers, where they
differ.

script/bench journeys_differential [--cases 100000] [--stored 2000] [--sql 20000] [--seed 1000000]

What was compared is written down after every fifty cases (bench/results/journeys_differential.json); ended before its
time, it goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.journeys.differ import differences  # noqa: E402
from tests.journeys.differ_stored import Stored  # noqa: E402
from tests.journeys.drawing_logs import Seeded, case  # noqa: E402
from tests.journeys.sql_executor.cases import plain  # noqa: E402
from tests.journeys.sql_executor.executor import SqlExecutor  # noqa: E402

from onepool.state import State  # noqa: E402

CUSTOMERS = 25
STEPS = 10
TARGET = ROOT / "bench" / "results" / "journeys_differential.json"


def main() -> int:
    """Compare, count, print; exit status 1 when anything differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=100_000, help="customers whose world is in memory")
    options.add_argument("--stored", type=int, default=2_000, help="customers in a pool and a state")
    options.add_argument("--sql", type=int, default=20_000, help="customers of cases that SQL alone covers")
    options.add_argument("--seed", type=int, default=1_000_000)
    options.add_argument("--again", action="store_true", help="from the beginning")
    chosen = options.parse_args()
    TARGET.parent.mkdir(exist_ok=True)
    result: dict[str, Any] = {} if chosen.again or not TARGET.exists() else json.loads(TARGET.read_text())
    result.setdefault("differing", [])
    for name, count in (("memory", chosen.cases), ("stored", chosen.stored), ("sql", chosen.sql)):
        before = result.get(f"seconds_{name}", 0.0)
        start = time.process_time()
        while (done := result.get(f"customers_{name}", 0)) < count:
            seed = chosen.seed + done // CUSTOMERS
            found = _compared(name, seed)
            if found:
                result["differing"].append({"world": name, "seed": seed, "found": found[:5]})
            result[f"customers_{name}"] = done + CUSTOMERS
            result[f"seconds_{name}"] = round(before + time.process_time() - start, 1)
            if seed % 50 == 49 or done + CUSTOMERS >= count:
                part = TARGET.with_suffix(".part")
                part.write_text(json.dumps(result, indent=2) + "\n")
                part.replace(TARGET)
    for name, value in result.items():
        print(f"{name:>18}  {value}")
    return int(bool(result["differing"]))


def _compared(name: str, seed: int) -> list[str]:
    drawn = case(Seeded(seed), CUSTOMERS, STEPS)
    if name == "memory":
        return differences(drawn)
    if name == "sql":
        return differences(plain(drawn), SqlExecutor)
    state = State("sqlite://")
    try:
        return differences(drawn, partial(Stored, state=state))
    finally:
        state.close()


if __name__ == "__main__":
    sys.exit(main())
