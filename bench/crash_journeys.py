"""kill -9 of the tick and the senders before SQL statements, and what is wrong afterwards.

script/bench crash_journeys [--kills 10000] [--whole 500] [--seed 7]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Kill, count, print; exit status 1 when anything is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10_000, help="of journeys and senders, events being there")
    options.add_argument("--whole", type=int, default=500, help="of workers that take in the log too")
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    result: dict[str, object] = {}
    faults: list[str] = []
    for kind, kills in (("light", chosen.kills), ("whole", chosen.whole)):
        start = time.monotonic()
        ran = subprocess.run(
            [sys.executable, "-m", "tests.journeys.crashing", str(kills), str(chosen.seed), kind],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        tally = json.loads(ran.stdout.splitlines()[-1])
        faults += tally["faults"]
        result[f"kills_{kind}"] = tally["kills"]
        result[f"stories_{kind}"] = tally["stories"]
        result[f"seconds_{kind}"] = round(time.monotonic() - start, 1)
    result["faults"] = faults
    target = ROOT / "bench" / "results" / "crash_journeys.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>16}  {value}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
