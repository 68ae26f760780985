"""The executor beside the naive interpreter on drawn journeys and histories: how many customers, where they differ.

script/bench journeys_differential [--cases 100000] [--stored 2000] [--seed 1000000]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.journeys.differ import differences  # noqa: E402
from tests.journeys.differ_stored import Stored  # noqa: E402
from tests.journeys.drawing_logs import Seeded, case  # noqa: E402

from onepool.state import State  # noqa: E402

CUSTOMERS = 25
STEPS = 10


def main() -> int:
    """Compare, count, print; exit status 1 when anything differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=100_000, help="customers whose world is in memory")
    options.add_argument("--stored", type=int, default=2_000, help="customers in a pool and a state")
    options.add_argument("--seed", type=int, default=1_000_000)
    chosen = options.parse_args()
    result: dict[str, object] = {}
    differing: list[object] = []
    for name, count in (("memory", chosen.cases), ("stored", chosen.stored)):
        start, runs = time.process_time(), 0
        for seed in range(chosen.seed, chosen.seed + -(-count // CUSTOMERS)):
            drawn = case(Seeded(seed), CUSTOMERS, STEPS)
            if name == "memory":
                found = differences(drawn)
            else:
                state = State("sqlite://")
                found = differences(drawn, partial(Stored, state=state))
                state.close()
            runs += CUSTOMERS
            if found:
                differing.append({"world": name, "seed": seed, "found": found[:5]})
        result[f"customers_{name}"] = runs
        result[f"seconds_{name}"] = round(time.process_time() - start, 1)
    result["differing"] = differing
    target = ROOT / "bench" / "results" / "journeys_differential.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>18}  {value}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
