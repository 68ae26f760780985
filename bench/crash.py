"""kill -9 of collector and worker at random moments: acknowledged against found.

script/bench crash [--kills 1000] [--seed 7]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.crash.harness import HARNESS_FILE, count, prepare  # noqa: E402


def main() -> int:
    """Run, count, print; exit status 1 when anything acknowledged is missing or anything is there twice."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        root = Path(folder) / "ws"
        prepare(root)
        start = time.monotonic()
        ran = subprocess.run(
            [sys.executable, str(HARNESS_FILE), str(root), str(chosen.kills), str(chosen.seed)],
            capture_output=True,
            text=True,
            check=True,
        )
        score = json.loads(ran.stdout.splitlines()[-1])
        found = count(root, score["acknowledged"])
    result = {
        "kills_of_collector": score["collector_kills"],
        "kills_of_worker": score["worker_kills"],
        "requests_sent": score["sent"],
        "events_acknowledged": len(score["acknowledged"]),
        "seconds": round(time.monotonic() - start, 1),
        **found,
    }
    target = ROOT / "bench" / "results" / "crash.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>22}  {value}")
    return int(bool(found["missing"] or found["twice"] or found["differences"]))


if __name__ == "__main__":
    sys.exit(main())
