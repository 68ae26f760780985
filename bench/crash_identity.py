"""kill -9 of the tick, of people's rulings, of rules and of what is judged, before every statement there is.

script/bench crash_identity [--acts tick,rulings,rules,judging]

One story for each statement of state and pool of each act (tests/tick/killing.py): a process is killed before it,
another one goes on, and what is left is compared with what is left when nobody is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ACTS = ("tick", "rulings", "rules", "judging")


def main() -> int:
    """Kill, count, print; exit status 1 when anything is wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--acts", default=",".join(ACTS))
    acts = options.parse_args().acts.split(",")
    start, told = time.perf_counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.tick.killing", folder, "0", *acts]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        ) as ran:
            assert ran.stdout is not None
            for line in ran.stdout:
                if line.startswith("{"):
                    told = json.loads(line)
                    act = list(told["places"])[-1]
                    print(f"{act:>8}  {told['places'][act]:>5} places  {told['kills'][act]:>5} kills", flush=True)
    if ran.returncode:
        raise SystemExit(f"the stories ended with {ran.returncode}")
    print(f"{'all':>8}  {sum(told['places'].values()):>5} places  {sum(told['kills'].values()):>5} kills"
          f"  {time.perf_counter() - start:.0f} s  {len(told['faults'])} faults")  # fmt: skip
    for fault in told["faults"]:
        print(fault)
    return int(bool(told["faults"]))


if __name__ == "__main__":
    sys.exit(main())
