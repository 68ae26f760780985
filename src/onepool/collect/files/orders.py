"""Files of orders: lines with the same order id are one order, and an order becomes one event for each of its stages.

Rules
- Fields of the order, its identifiers and times are taken from its first line that has them; lines become ``items``.
- ``amount`` is the column of that name; without one the sum of the lines (their amount, else price times quantity).
  Where it differs between the lines of an order it is the lines' own, and the order's is their sum; so are discounts
  and refunded amounts.
- ``placed_at`` makes order_placed; ``paid_at``, or a status from paid on, order_paid; ``shipped_at`` order_shipped;
  ``completed_at`` order_completed; ``cancelled_at`` or such a status order_cancelled; ``refunded_at``, a refunded
  amount or such a status order_refunded. A stage without a time of its own takes that of the stage before it.
- Lines with negative quantity (without one: negative amount) are returns: they make order_refunded with the items and
  amounts as positive numbers. An order of nothing but such lines (a credit note) makes that event alone.
- An order with a negative price, with an amount that is no number, with two values of one identifier or with no time
  at all is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from onepool.collect.files import orders_sql as steps
from onepool.collect.files.plan import ORDER_STAGES, order_statuses
from onepool.collect.files.render import ROUNDED, Columns, Parameters
from onepool.collect.files.staging import Staging
from onepool.collect.sheets import FIELD, SCHEMA

RANGE = 50_000
"""Order lines worked on at once."""

MOST_LINES = 10_000
"""More lines than this under one id are no order but a column that holds something else."""


class OrderStage:
    """Renders lines while the file is read, and gathers them into orders at the end."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._names: list[str] = []
        staging.execute(steps.LINES)

    def statement(self, columns: Columns) -> str:
        """The INSERT for blocks of one layout. Only placeholders and names of our own are put into the text."""
        text, decimal = columns.text, columns.decimal
        words = columns.parameters.texts(order_statuses())
        stages = columns.parameters.texts(order_statuses().values())
        status = text("control", "status")
        heads = {t.name: columns.json(t) for t in columns.targets("field") if t.name != "items"}
        if columns.has("control", "status"):
            said = f"CAST(to_json({status}) AS VARCHAR)"
            heads["order_status"] = f"coalesce({heads['order_status']}, {said})" if "order_status" in heads else said
        told = [f"{sql} AS {self._told(name)}" for name, sql in heads.items()]
        nested = next((columns.json(t) for t in columns.targets("field") if t.name == "items"), "NULL::VARCHAR")
        return f"""
            INSERT INTO lines BY NAME
            WITH cleaned AS (SELECT row, {columns.cleaned} FROM block),
            read AS (
                SELECT *, {text("control", "order_id")} AS order_id, {columns.identifiers()} AS ids,
                    {stages}[list_position({words}, lower({status}))] AS status,
                    {", ".join(f"{text('control', stage)} AS {stage}" for stage in ORDER_STAGES)},
                    {text("control", "refund_id")} AS refund_id, {decimal("control", "amount")} AS amount,
                    {decimal("control", "discount")} AS discount,
                    {decimal("control", "refund_amount")} AS refund_amount,
                    {_unread(columns)} AS unread,
                    {"".join(f"{one}, " for one in told)}{nested} AS nested,
                    {decimal("item", "quantity")} AS quantity, {decimal("item", "price")} AS price,
                    {decimal("item", "amount")} AS own_amount, {decimal("item", "discount")} AS line_discount
                FROM cleaned),
            valued AS (
                SELECT *, coalesce(own_amount, TRY_CAST(price * quantity AS DECIMAL(18,4))) AS line_amount FROM read),
            turned AS (
                SELECT *, coalesce(quantity < 0, line_amount < 0, amount < 0, false) AS returned FROM valued)
            SELECT row, coalesce('=' || CASE WHEN NOT regexp_full_match(order_id, '{ROUNDED}') THEN order_id END,
                    '#' || row) AS okey, order_id, ids, status,
                {", ".join(ORDER_STAGES)}, refund_id, amount, discount, refund_amount,
                {"".join(f"{self._told(name)}, " for name in heads)}{_item(columns)} AS item, nested, returned,
                quantity, line_amount, line_discount, price < 0 AS negative, unread
            FROM turned"""  # noqa: S608

    def _told(self, name: str) -> str:
        """The column of lines for a field of their order, made when it is new."""
        if name not in self._names:
            self._names.append(name)
            self._staging.execute(f"ALTER TABLE lines ADD COLUMN {steps.told(len(self._names) - 1)} VARCHAR")
        return steps.told(self._names.index(name))

    def items(self, sha256: str) -> Iterator[pa.Table]:
        """The events of all orders by order of first line, as sheets (see `collect.sheets`)."""
        del sha256  # an order's own id makes its message ids
        self._refuse_giants()
        self._bring_together()
        found = self._staging.query(steps.STARTS, {"range": RANGE})
        starts = found.column("start").to_pylist()
        gather, events = steps.gather(len(self._names)), steps.events(self._names)
        words = Parameters()
        refuse = steps.refuse(self._names, words)
        fields = [FIELD + name for name in steps.event_fields(self._names)]
        for start, end in zip(starts, [*starts, 1 << 62][1:], strict=True):
            self._staging.execute(gather, {"from": start, "to": end})
            self._staging.execute(refuse, words.values)
            made = self._staging.query(events)
            yield made.rename_columns([*SCHEMA.names, *fields])

    def _refuse_giants(self) -> None:
        self._staging.execute(steps.SPANS)
        for statement in steps.REFUSE_GIANTS:
            self._staging.execute(statement, {"most": MOST_LINES})

    def _bring_together(self) -> None:
        """Puts the lines of each order side by side, unless the file has them so already."""
        if self._staging.value(steps.TOGETHER):
            return
        for statement in steps.SORT:
            self._staging.execute(statement)


def _unread(columns: Columns) -> str:
    """SQL of the first amount of a line that is there but is no number, with its column; NULL when there is none."""
    found = []
    for name in ("amount", "discount", "refund_amount"):
        if any(target.name == name for target in columns.targets("control")):
            text, decimal = columns.text("control", name), columns.decimal("control", name)
            # A missing number in a column of floats reads as nan.
            found.append(f"CASE WHEN {decimal} IS NULL AND lower({text}) <> 'nan' THEN '{name}: ' || {text} END")
    return f"coalesce({', '.join(found)}, NULL)" if found else "NULL::VARCHAR"


def _item(columns: Columns) -> str:
    """SQL of a line as a JSON object; NULL when the file says nothing of lines. Returned lines lose their minus."""
    members = []
    for target in columns.targets("item"):
        value = columns.json(target)
        if target.name in ("quantity", "amount", "discount"):
            value = f"""CASE WHEN returned THEN regexp_replace({value}, '^("?)-', '\\1') ELSE {value} END"""
        members.append(f"({columns.parameters.text(f'{chr(34)}{target.name}{chr(34)}:')} || {value})")
    if not members:
        return "NULL::VARCHAR"
    return f"nullif('{{' || concat_ws(',', {', '.join(members)}) || '}}', '{{}}')"
