"""Consent: words folded into the ledger and asked for again as the gate asks, beside one statement a customer.

    script/bench consent_fold [--words 200000] [--customers 100000]

Words of random customers (two identifiers each) go in by batches of 20,000, in one transaction each as a tick does;
then everybody is asked at once whether promotions by text message may go out. The answer is compared with one that
looks up each customer by itself, for a sample, and its rate is given beside.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select

from onepool.privacy.consents import ledger
from onepool.privacy.consents.reading import ASKED, BEARERS, consented
from onepool.privacy.consents.words import WORDS
from onepool.state import State
from onepool.state.consents import consent_states

ROOT = Path(__file__).parent.parent
BATCH = 20_000
SAMPLE = 2_000
AT = 2_000_000_000_000_000


def words(count: int, nodes: int) -> pa.Table:
    """Random words of `nodes` identifiers."""
    draw = np.random.default_rng(7)

    def pick(*texts: str) -> pa.Array:
        codes = pa.array(draw.integers(0, len(texts), count, dtype=np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array(texts)).cast(pa.string())

    same = pa.repeat(pa.scalar(""), count)
    return pa.table(
        {
            "identifier_id": draw.integers(0, nodes, count),
            "purpose": pick("marketing", "service", "all"),
            "category": pick("", "", "promotion"),
            "channel": pick("", "sms", "email"),
            "granted": pa.array(draw.random(count) < 0.7),
            "time": draw.integers(1_700_000_000_000_000, 1_800_000_000_000_000, count),
            "seq": np.arange(count, dtype=np.int64) << 20,
            "event_id": pa.array([number.to_bytes(16, "big") for number in range(count)], pa.binary(16)),
            "source": pick("event", "reply", "preference_page"),
            "touchpoint": pick("shop", "texts"),
            "notice": pick("preference_page@1", ""),
            "notice_hash": same,
            "evidence": same,
        }
    ).cast(WORDS)


def one_by_one(state: State, customers: np.ndarray[Any, Any]) -> list[bool]:
    """The same question, a statement for each customer."""
    t, found = consent_states.c, []
    with state.read() as connection:
        for customer in customers.tolist():
            query = select(t.granted).where(
                t.identifier_id.in_([2 * customer, 2 * customer + 1]),
                t.purpose.in_(["all", "marketing"]),
                t.category.in_(["", "promotion"]),
                t.channel.in_(["", "sms"]),
            )
            said = connection.execute(query.order_by(t.time.desc(), t.seq.desc()).limit(1)).scalar_one_or_none()
            found.append(bool(said))
    return found


def timed(work: Any) -> tuple[dict[str, float], Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    spent = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return {name: round(one, 3) for name, one in spent.items()}, answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--customers", type=int, default=100_000)
    given = parser.parse_args()
    everybody = np.arange(given.customers, dtype=np.int64)
    told = words(given.words, 2 * given.customers)
    with tempfile.TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")

        def fold() -> None:
            for start in range(0, told.num_rows, BATCH):
                with state.write() as connection:
                    ledger.fold(connection, told.slice(start, BATCH), AT)

        folding, _ = timed(fold)
        bearers = pa.table(
            {"customer_id": np.repeat(everybody, 2), "identifier_id": np.arange(2 * given.customers)}
        ).cast(BEARERS)
        texts = {"purpose": "marketing", "category": "promotion", "channel": "sms"}
        asked = pa.table(
            {"customer_id": everybody}
            | {name: pa.repeat(pa.scalar(text), given.customers) for name, text in texts.items()}
        ).cast(ASKED)
        with state.read() as connection:
            asking, held = timed(lambda: consented(connection, bearers, asked, AT))
            wrong = ledger.differences(connection)
        sample = np.random.default_rng(1).choice(everybody, min(SAMPLE, given.customers), replace=False)
        singly, answers = timed(lambda: one_by_one(state, sample))
        same = held.granted[sample].tolist() == answers
        state.close()
    result = {
        "words": given.words,
        "customers": given.customers,
        "fold": folding | {"words_per_cpu_s": round(given.words / folding["cpu_s"])},
        "asked_at_once": asking | {"customers_per_cpu_s": round(given.customers / asking["cpu_s"])},
        "asked_one_by_one": singly | {"customers_per_cpu_s": round(len(sample) / singly["cpu_s"])},
        "consented": int(held.granted.sum()),
        "differences": wrong,
        "same": same,
    }
    place = ROOT / "bench" / "results" / "consent_fold.json"
    place.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if wrong or not same:
        raise SystemExit("the answers differ")


if __name__ == "__main__":
    main()
