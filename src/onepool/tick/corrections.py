"""Fetched orders whose figures have changed: what a platform says otherwise now is told as a change of the order.

A page tells each step of an order under the step's own id, so what it tells again is dropped as a duplicate. Where it
gives another amount or discount than the order has by then, the step that describes it becomes ``order_corrected``;
where a refund came to another amount, ``order_refunded`` of the difference; as with a later export of the same orders
(`collect.files.orders`). What was fetched last holds: unlike a file or a push, a page is never an old one that comes
late. Nothing but what lies before it in the log decides, so a pool made again holds the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.collect import hooked
from onepool.collect.log import Record
from onepool.pool import Session
from onepool.standards import Batch, event_id
from onepool.tick import orders

Bool = npt.NDArray[np.bool_]
Key = tuple[str, str]
"""Touchpoint and number of an order."""

_DESCRIBING: Final = frozenset({"order_placed", "order_paid", "order_corrected"})
_AGAIN: Final = pa.array(["order_placed", "order_paid", "order_refunded"])
_READ: Final = ["row", "seq", "event", "time", "touchpoint", "order_id", "amount", "discount", "refund_id"]
_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class _Order:
    """An order as it stands before what comes next. ``at``: time in microseconds of the event that describes it."""

    amount: Decimal | None = None
    discount: Decimal | None = None
    paid: bool = False
    at: int = 0
    refunds: dict[str | None, Decimal] = field(default_factory=dict)
    """What was given back, by number of the refund."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What a row that was to be dropped becomes. ``amount`` None: that of the row."""

    row: int
    event: str
    message_id: str
    time: int
    amount: Decimal | None = None


def corrected(
    session: Session, batch: Batch, again: Bool, offsets: npt.NDArray[np.int64], records: Sequence[Record]
) -> tuple[Batch, Bool]:
    """The batch with the changes that fetched pages tell, and the rows that are still dropped.

    `again`: shape (rows,), those that were told before; `offsets`: the record of each row; `records`: all of the
    batch.
    """
    pages = [record.offset for record in records if record.protocol == hooked.PULL]
    asked: Bool = again & np.isin(offsets, np.asarray(pages, np.int64))
    asked &= pc.is_in(batch.rows.column("name"), value_set=_AGAIN).to_numpy(zero_copy_only=False)
    changes = _changes(session, batch, again, offsets, asked) if asked.any() else []
    if not changes:
        return batch, again
    kept = again.copy()
    kept[[change.row for change in changes]] = False
    return _rewritten(batch, changes), kept


def _changes(session: Session, batch: Batch, again: Bool, offsets: npt.NDArray[np.int64], asked: Bool) -> list[_Change]:
    """Goes through the orders' events as they came, beside the orders as they stood before the batch."""
    told = batch.events.select(_READ)
    told = told.filter(pc.and_(pc.is_in(told["event"], value_set=orders.EVENTS), pc.is_valid(told["order_id"])))
    told = told.set_column(_READ.index("time"), "time", told["time"].cast(pa.int64())).sort_by("row")
    events = told.to_pylist()
    wanted = {_key(event) for event in events if asked[event["row"]]}
    if not wanted:
        return []
    events = [event for event in events if _key(event) in wanted]
    known = _known(session, wanted)
    last = {(_key(one), offsets[one["row"]]): one["row"] for one in events if one["event"] in _DESCRIBING}
    found: list[_Change] = []
    for event in events:
        key, row = _key(event), event["row"]
        order = known.setdefault(key, _Order())
        change: _Change | None = None
        if not again[row]:
            _accept(order, event)
        elif asked[row] and event["event"] == "order_refunded":
            change = _refund(order, event)
        elif asked[row] and last[key, offsets[row]] == row:
            change = _correction(order, event)
        if change is not None:
            found.append(change)
    return found


def _key(event: dict[str, Any]) -> Key:
    return event["touchpoint"], event["order_id"]


def _accept(order: _Order, event: dict[str, Any]) -> None:
    """An event that is told for the first time."""
    order.paid |= event["event"] == "order_paid"
    if event["event"] in _DESCRIBING and event["time"] >= order.at:
        order.amount, order.discount, order.at = event["amount"], event["discount"], event["time"]
    elif event["event"] == "order_refunded":
        number = event["refund_id"]
        order.refunds[number] = order.refunds.get(number, _ZERO) + (event["amount"] or _ZERO)


def _correction(order: _Order, event: dict[str, Any]) -> _Change | None:
    """A step that describes its order, told again with other figures.

    What was placed says no more of an order that has been paid.
    """
    amount, discount = event["amount"], event["discount"]
    if amount is None or (order.paid and event["event"] == "order_placed"):
        return None
    if amount == order.amount and (discount is None or discount == (order.discount or _ZERO)):
        return None
    order.amount, order.discount = amount, discount
    order.at = max(order.at, event["time"])
    return _Change(event["row"], "order_corrected", f"{event['order_id']}:order_corrected:{event['seq']}", order.at)


def _refund(order: _Order, event: dict[str, Any]) -> _Change | None:
    """A refund told again with another amount; without a number all that is given back of the order is one refund."""
    amount, number = event["amount"], event["refund_id"]
    before = order.refunds.get(number, _ZERO)
    if amount is None or amount == before:
        return None
    order.refunds[number] = amount
    message_id = f"{event['order_id']}:order_refunded:{event['seq']}"
    return _Change(event["row"], "order_refunded", message_id, event["time"], amount - before)


def _known(session: Session, wanted: set[Key]) -> dict[Key, _Order]:
    """The orders as the pool has them."""
    touchpoints, numbers = zip(*sorted(wanted), strict=True)
    session.relation("_orders_again", pa.table({"touchpoint": list(touchpoints), "order_id": list(numbers)}))
    found = session.query(
        f"""SELECT touchpoint, order_id, amount, discount, paid_at IS NOT NULL AS paid, {orders.DESCRIBED_AT} AS at,
            refunded_at IS NOT NULL AS refunded
        FROM orders SEMI JOIN _orders_again USING (touchpoint, order_id)"""
    ).to_pylist()
    known = {_key(one): _Order(one["amount"], one["discount"], one["paid"], one["at"] or 0) for one in found}
    if any(one["refunded"] for one in found):
        refunds = session.query(
            """SELECT touchpoint, order_id, refund_id, sum(amount) AS amount
            FROM events SEMI JOIN _orders_again USING (touchpoint, order_id)
            WHERE event = 'order_refunded' GROUP BY ALL"""
        )
        for one in refunds.to_pylist():
            known[_key(one)].refunds[one["refund_id"]] = one["amount"] or _ZERO
    return known


def _rewritten(batch: Batch, changes: Sequence[_Change]) -> Batch:
    """The batch in which some rows and their events have become other events."""
    by_row = {change.row: change for change in changes}
    touchpoints = batch.rows["touchpoint"].take(pa.array(list(by_row))).to_pylist()
    ids = [event_id(name, change.message_id) for name, change in zip(touchpoints, by_row.values(), strict=True)]
    rows = _put(batch.rows, list(by_row), "name", [change.event for change in changes])
    rows = _put(rows, list(by_row), "event_id", ids)
    rows = _put(rows, list(by_row), "time", [change.time for change in changes])
    place = np.empty(rows.num_rows, np.int64)
    place[batch.events["row"].to_numpy()] = np.arange(batch.events.num_rows)
    at: list[int] = place[list(by_row)].tolist()
    events = _put(batch.events, at, "event", [change.event for change in changes])
    events = _put(events, at, "event_id", ids)
    events = _put(events, at, "time", [change.time for change in changes])
    less = [(n, change.amount) for n, change in zip(at, changes, strict=True) if change.amount is not None]
    if less:
        said = events["fields"].take(pa.array([n for n, _ in less])).to_pylist()
        events = _put(events, [n for n, _ in less], "amount", [amount for _, amount in less])
        fields = [_with_amount(text, amount) for text, (_, amount) in zip(said, less, strict=True)]
        events = _put(events, [n for n, _ in less], "fields", fields)
    return replace(batch, rows=rows, events=events)


def _with_amount(fields: str, amount: Decimal) -> str:
    whole = int(amount) if amount == int(amount) else float(amount)
    return msgspec.json.encode({**msgspec.json.decode(fields), "amount": whole}).decode()


def _put(table: pa.Table, places: Sequence[int], name: str, values: Sequence[Any]) -> pa.Table:
    """The table with other values at some places of a column."""
    column = table[name].combine_chunks()
    stored = column.storage if isinstance(column, pa.ExtensionArray) else column
    kind = stored.type
    given = pa.array(values, pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(values, kind)
    take = np.arange(len(stored), dtype=np.int64)
    take[list(places)] = len(stored) + np.arange(len(places))
    made = pa.concat_arrays([stored, given]).take(pa.array(take))
    if isinstance(column, pa.ExtensionArray):
        made = pa.ExtensionArray.from_storage(column.type, made)
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), made)
