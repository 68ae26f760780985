"""kill -9 of the tick and the senders before SQL statements, and what is wrong afterwards.

script/bench crash_journeys [--kills 10000] [--whole 500] [--seed 7]

What was done is written down after every story (bench/results/crash_journeys.json); ended before its time, it goes on
from there with other stories, until there were so many kills.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "bench" / "results" / "crash_journeys.json"


def main() -> int:
    """Kill, count, print; exit status 1 when anything is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10_000, help="of journeys and senders, events being there")
    options.add_argument("--whole", type=int, default=500, help="of workers that take in the log too")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--again", action="store_true", help="from the beginning")
    chosen = options.parse_args()
    TARGET.parent.mkdir(exist_ok=True)
    done: dict[str, Any] = {} if chosen.again or not TARGET.exists() else json.loads(TARGET.read_text())
    done.setdefault("faults", [])
    for kind, kills in (("light", chosen.kills), ("whole", chosen.whole)):
        _kill(done, kind, kills, chosen.seed)
    for name, value in done.items():
        print(f"{name:>16}  {value}")
    return int(bool(done["faults"]))


def _kill(done: dict[str, Any], kind: str, kills: int, seed: int) -> None:
    before = {name: done.get(f"{name}_{kind}", 0) for name in ("kills", "stories", "seconds")}
    if before["kills"] >= kills:
        return
    # Other stories than those that were told before.
    command = [sys.executable, "-m", "tests.journeys.crashing", str(kills - before["kills"]),
               str(seed + before["stories"]), kind]  # fmt: skip
    found = list(done["faults"])
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        for line in ran.stdout:
            if not line.startswith("{"):
                continue
            tally = json.loads(line)
            for name, value in before.items():
                done[f"{name}_{kind}"] = round(value + tally[name], 1)
            done["faults"] = [*found, *(f"seed {command[-2]} {kind}: {fault}" for fault in tally["faults"])]
            part = TARGET.with_suffix(".part")
            part.write_text(json.dumps(done, indent=2) + "\n")
            part.replace(TARGET)
    if ran.returncode:
        raise SystemExit(f"the stories ended with {ran.returncode}")


if __name__ == "__main__":
    sys.exit(main())
