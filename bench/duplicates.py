"""What it costs to look the ids of fetched orders up in the whole pool, beside the scan that a repeat costs anyway.

    script/bench duplicates [--events 5000000] [--batch 200] [--turns 15]

`new`: events that nobody sent before, looked up only if their hash is known (pushes and web events). `fetched`: as
many that are looked up however long ago (pages of orders). `repeated`: pushes of which one came before in the window.
Median milliseconds of the processor, all threads counted, and of the clock.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from onepool.tick.duplicates import Duplicates  # noqa: E402
from onepool.workspace import init_workspace  # noqa: E402

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> int:
    """Fill a pool, run, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=5_000_000)
    options.add_argument("--batch", type=int, default=200)
    options.add_argument("--turns", type=int, default=15)
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        workspace = init_workspace(Path(folder) / "ws")
        with workspace.pool.write() as session:
            session.execute(
                """INSERT INTO events BY NAME SELECT i AS seq, uuid() AS event_id, 'shop' AS touchpoint,
                    'page_viewed' AS event, $since + to_seconds(i * 31536000 // $n) AS received_at,
                    $since + to_seconds(i * 31536000 // $n) AS time
                FROM range(CAST($n AS BIGINT)) t(i)""",
                {"n": chosen.events, "since": NOW - timedelta(days=365)},
            )
        with workspace.pool.read() as session:
            duplicates = Duplicates(session, NOW, 31)
            last = session.query("SELECT event_id FROM events ORDER BY seq DESC LIMIT 1").column("event_id")[0].as_py()
            for name in ("new", "fetched", "repeated"):
                always = np.full(chosen.batch, name == "fetched")
                costs = []
                for _ in range(chosen.turns):
                    ids = [uuid.uuid4().bytes for _ in range(chosen.batch)]
                    if name == "repeated":
                        ids[0] = uuid.UUID(str(last)).bytes
                    kind = pa.binary(16)
                    rows = pa.table(
                        {
                            "row": pa.array(range(chosen.batch), pa.int32()),
                            "event_id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, kind)),
                            "received_at": pa.array([NOW] * chosen.batch, pa.timestamp("us", "UTC")),
                        }
                    )
                    cpu, clock = time.process_time(), time.perf_counter()
                    again, _hashes = duplicates.find(session, rows, always)
                    costs.append((time.process_time() - cpu, time.perf_counter() - clock))
                    assert again.sum() == (name == "repeated")
                processor, wall = (statistics.median(one) * 1000 for one in zip(*costs, strict=True))
                print(f"{name:9} {processor:8.1f} ms of the processor {wall:8.1f} ms")
        workspace.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
