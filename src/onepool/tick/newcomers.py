"""Customers who are new, or of whom something new is known, against the model learned before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching import Model
from onepool.pool import Session
from onepool.tick.matching import COLUMNS, proposals, surely

I64 = npt.NDArray[np.int64]

AT_ONCE = 5_000
"""Customers looked at in one go."""

_PER_RECORD = 80
"""Most other customers that one is compared with by one rule; keys that more share say little."""


def note(session: Session, customers: pa.Table) -> None:
    """Have customers (customer_id) looked at; inside the transaction that changed them."""
    session.relation("_noted", customers)
    session.execute("INSERT INTO match_pending SELECT DISTINCT customer_id FROM _noted")


def take(session: Session) -> I64:
    """Some of the customers that wait, which wait no longer once the transaction is committed."""
    found: I64 = (
        session.query("SELECT DISTINCT customer_id FROM match_pending ORDER BY customer_id LIMIT $n", {"n": AT_ONCE})
        .column("customer_id")
        .to_numpy()
    )
    session.relation("_taken", pa.table({"customer_id": found}))
    session.execute("DELETE FROM match_pending WHERE customer_id IN (SELECT customer_id FROM _taken)")
    return found


def keep_keys(session: Session, keys: pa.Table, *, afresh: bool) -> None:
    """Remember blocking keys (record_id, rule, key); `afresh`: in place of all others."""
    if afresh:
        session.execute("DELETE FROM match_keys")
    else:
        session.relation("_renewed", keys)
        session.execute("DELETE FROM match_keys WHERE record_id IN (SELECT DISTINCT record_id FROM _renewed)")
    session.append("match_keys", keys.select(["record_id", "rule", "key"]))


def profiles(session: Session, customers: I64 | None = None) -> pa.Table:
    """Records of present customers: (record_id, one text column for each attribute compared)."""
    known = set(session.query("SELECT * FROM profiles LIMIT 0").column_names)
    columns = ", ".join(
        f"p.{name}::VARCHAR AS {name}" if name in known else f"NULL::VARCHAR AS {name}" for name in COLUMNS
    )
    wanted = ""
    if customers is not None:
        session.relation("_wanted", pa.table({"customer_id": customers}))
        wanted = "SEMI JOIN _wanted w ON w.customer_id = p.customer_id"
    return session.query(f"SELECT p.customer_id AS record_id, {columns} FROM profiles p {wanted} ORDER BY record_id")


def keys(model: Model, records: pa.Table) -> pa.Table:
    """The blocking keys of records by a model: (record_id, rule, key)."""
    return model.keys(_known(records, model))


def propose(
    session: Session, model: Model, customers: I64, customer_of: npt.NDArray[np.int32], least: float
) -> pa.Table:
    """Score customers against all others that share a blocking key: candidates (a, b, probability, detail, sure).

    Keeps the customers' keys. `customer_of`: the present customer by identifier. `least`: the probability of what is
    sure by that alone.
    """
    if session.query("SELECT 1 FROM match_keys LIMIT 1").num_rows == 0:
        keep_keys(session, keys(model, profiles(session)), afresh=True)
    own = _known(profiles(session, customers), model)
    if own.num_rows == 0:
        return _nothing()
    named = model.keys(own)
    keep_keys(session, named, afresh=False)
    session.relation("_own_keys", named)
    shared = session.query(
        """SELECT DISTINCT o.record_id AS own, k.record_id AS other FROM _own_keys o
        JOIN match_keys k ON k.key = o.key AND k.rule = o.rule AND k.record_id <> o.record_id
        QUALIFY count(*) OVER (PARTITION BY o.record_id, o.rule, o.key) <= $most""",
        {"most": _PER_RECORD},
    )
    left = shared.column("own").to_numpy()
    # Keys were kept under the number of that time; whom they stand for may have been merged since.
    right = customer_of[shared.column("other").to_numpy()].astype(np.int64)
    apart = left != right
    low, high = np.minimum(left, right)[apart], np.maximum(left, right)[apart]
    if low.size == 0:
        return _nothing()
    pairs = np.unique(np.stack([low, high], axis=1), axis=0)
    records = _known(profiles(session, np.unique(pairs)), model)
    present = pa.table({"left": pairs[:, 0], "right": pairs[:, 1]})
    there = records.column("record_id").combine_chunks()
    present = present.filter(
        pc.and_(pc.is_in(present.column("left"), value_set=there), pc.is_in(present.column("right"), value_set=there))
    )
    if present.num_rows == 0:
        return _nothing()
    scored = model.score(records, present)
    return proposals(scored, model).append_column("sure", surely(scored, least))


def sure(found: pa.Table) -> list[tuple[int, int]]:
    """Pairs to join at once: alike enough, and of both nobody else is."""
    likely = found.filter(found.column("sure"))
    a, b = likely.column("a").to_numpy(), likely.column("b").to_numpy()
    members, counts = np.unique(np.concatenate([a, b]), return_counts=True)
    single = set(members[counts == 1].tolist())
    return [pair for pair in zip(a.tolist(), b.tolist(), strict=True) if pair[0] in single and pair[1] in single]


def _known(records: pa.Table, model: Model) -> pa.Table:
    return records.select(["record_id", *(name for name in model.columns if name in COLUMNS)])


def _nothing() -> pa.Table:
    return pa.table(
        {
            "a": pa.array([], pa.int64()),
            "b": pa.array([], pa.int64()),
            "probability": pa.array([], pa.float64()),
            "detail": pa.array([], pa.string()),
            "sure": pa.array([], pa.bool_()),
        }
    )
