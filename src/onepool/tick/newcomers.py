"""Customers who are new, or of whom something new is known, against the model learned before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching import Model
from onepool.pool import Session
from onepool.tick.matching import known, proposals, proposed, records_of
from onepool.tick.proving import proved_numbers
from onepool.tick.rounds import sharing

I64 = npt.NDArray[np.int64]

AT_ONCE = 5_000
"""Customers looked at in one go."""


def note(session: Session, customers: pa.Table) -> None:
    """Have customers (customer_id) looked at; inside the transaction that changed them."""
    session.relation("_noted", customers)
    session.execute("INSERT INTO match_pending SELECT DISTINCT customer_id FROM _noted")


def waiting(session: Session) -> pa.Table:
    """Some of the customers that wait: (customer_id, times), how often each was noted. They wait until `done`."""
    return session.query(
        "SELECT customer_id, count(*) AS times FROM match_pending GROUP BY ALL ORDER BY customer_id LIMIT $n",
        {"n": AT_ONCE},
    )


def done(session: Session, looked_at: pa.Table) -> None:
    """Customers (as `waiting` gave them) were looked at, and what was found is kept: they wait no longer, unless they
    were noted since."""
    session.relation("_taken", looked_at)
    again = session.query(
        """SELECT customer_id FROM match_pending JOIN _taken USING (customer_id)
        GROUP BY ALL HAVING count(*) > any_value(times)"""
    )
    session.execute("DELETE FROM match_pending WHERE customer_id IN (SELECT customer_id FROM _taken)")
    if again.num_rows:
        note(session, again)


def keep_keys(session: Session, keys: pa.Table, *, afresh: bool) -> None:
    """Remember blocking keys (record_id, rule, key); `afresh`: in place of all others."""
    if afresh:
        session.execute("DELETE FROM match_keys")
    else:
        session.relation("_renewed", keys)
        session.execute("DELETE FROM match_keys WHERE record_id IN (SELECT DISTINCT record_id FROM _renewed)")
    session.append("match_keys", keys.select(["record_id", "rule", "key"]))


def forget_keys(session: Session) -> None:
    """Have all keys made again: those there are were made with another model."""
    session.execute("DELETE FROM match_keys")


def keys(session: Session, model: Model, customer_of: npt.NDArray[np.int32]) -> pa.Table:
    """The blocking keys of all customers by a model: (record_id, rule, key)."""
    return model.keys(known(records_of(session, customer_of.astype(np.int64)), model))


def propose(
    session: Session, model: Model, customers: I64, customer_of: npt.NDArray[np.int32], least: float
) -> pa.Table:
    """Score customers against all others that share a blocking key: (a, b, probability, detail, sure).

    Keeps the customers' keys. `customer_of`: the present customer by identifier. `least`: the probability of what is
    sure.
    """
    if session.query("SELECT 1 FROM match_keys LIMIT 1").num_rows == 0:
        keep_keys(session, keys(session, model, customer_of), afresh=True)
    whole = customer_of.astype(np.int64)
    own = known(records_of(session, whole, customers), model)
    if own.num_rows == 0:
        return _nothing()
    named = model.keys(own)
    keep_keys(session, named, afresh=False)
    left, right = sharing(session, named, _others(session, named, whole))
    if left.size == 0:
        return _nothing()
    concerned = np.unique(np.concatenate([left, right]))
    records = known(records_of(session, whole, concerned), model)
    there = records.column("record_id").to_numpy()
    present = np.isin(left, there) & np.isin(right, there)
    if not present.any():
        return _nothing()
    pairs = pa.table({"left": left[present], "right": right[present]})
    scored = proposals(model.score(records, pairs), model, proved_numbers(session, whole, concerned))
    found = proposed(scored, 0.0)
    return found.append_column("sure", pc.greater_equal(found.column("probability"), least))


def _others(session: Session, named: pa.Table, whole: I64) -> pa.Table:
    """The keys kept that some of `named` equal, under the present customers: keys were kept under the number of that
    time, and whom that stands for may have been merged since."""
    session.relation("_named", named)
    kept = session.query(
        "SELECT record_id, rule, key FROM match_keys k SEMI JOIN _named n ON n.key = k.key AND n.rule = k.rule"
    )
    return kept.set_column(0, "record_id", pa.array(whole[kept.column("record_id").to_numpy()]))


def sure(found: pa.Table) -> list[tuple[int, int]]:
    """Pairs to join at once: alike enough, and of both nobody else is."""
    likely = found.filter(found.column("sure"))
    a, b = likely.column("a").to_numpy(), likely.column("b").to_numpy()
    members, counts = np.unique(np.concatenate([a, b]), return_counts=True)
    single = set(members[counts == 1].tolist())
    return [pair for pair in zip(a.tolist(), b.tolist(), strict=True) if pair[0] in single and pair[1] in single]


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
