"""Files of orders: lines with the same order id are one order, and an order becomes one event for each of its stages.

Rules
- Fields of the order, its identifiers and times are taken from its first line that has them; lines become ``items``.
- ``amount`` is the column of that name; without one the sum of the lines (their amount, else price times quantity).
- ``placed_at`` makes order_placed; ``paid_at``, or a status from paid on, order_paid; ``shipped_at`` order_shipped;
  ``completed_at`` order_completed; ``cancelled_at`` or such a status order_cancelled; ``refunded_at``, a refunded
  amount or such a status order_refunded. A stage without a time of its own takes that of the stage before it.
- Lines with negative quantity (without one: negative amount) are returns: they make order_refunded with the items and
  amounts as positive numbers. An order of nothing but such lines (a credit note) makes that event alone.
- An order with a negative price, with two values of one identifier or with no time at all is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from onepool.collect.files.plan import ORDER_STAGES, order_statuses
from onepool.collect.files.render import Columns
from onepool.collect.files.staging import Staging

RANGE = 50_000
"""Order lines worked on at once."""

MOST_LINES = 10_000
"""More lines than this under one id are no order but a column that holds something else."""

_NEGATED = r"""regexp_replace({0}, '^("?)-', '\1')"""


class OrderStage:
    """Renders lines while the file is read, and gathers them into orders at the end."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        stages = ", ".join(f"{stage} VARCHAR" for stage in ORDER_STAGES)
        staging.execute(
            "CREATE TABLE lines (row BIGINT, okey VARCHAR, order_id VARCHAR, ids VARCHAR, status VARCHAR,"
            f" {stages}, refund_id VARCHAR, amount DECIMAL(18,4), discount DECIMAL(18,4), refund_amount DECIMAL(18,4),"
            " head VARCHAR, item VARCHAR, nested VARCHAR, returned BOOLEAN, quantity DECIMAL(18,4),"
            " line_amount DECIMAL(18,4), line_discount DECIMAL(18,4), negative BOOLEAN)"
        )

    def statement(self, columns: Columns) -> str:
        """The INSERT for blocks of one layout."""
        price, quantity = columns.decimal("item", "price"), columns.decimal("item", "quantity")
        stages = ", ".join(f"{columns.text('control', stage)} AS {stage}" for stage in ORDER_STAGES)
        words, meant = columns.parameters.texts(order_statuses()), columns.parameters.texts(order_statuses().values())
        status = columns.text("control", "status")
        nested = next((columns.json(t) for t in columns.targets("field") if t.name == "items"), "NULL::VARCHAR")
        members = []
        for target in columns.targets("item"):
            value = columns.json(target)
            if target.name in ("quantity", "amount", "discount"):
                value = f"CASE WHEN returned THEN {_NEGATED.format(value)} ELSE {value} END"
            members.append(f"({columns.parameters.text(f'{chr(34)}{target.name}{chr(34)}:')} || {value})")
        item = f"nullif('{{' || concat_ws(',', {', '.join(members)}) || '}}', '{{}}')" if members else "NULL::VARCHAR"
        status_field = f"'\"order_status\":' || to_json({status})"
        return (
            "INSERT INTO lines SELECT row, okey, order_id, ids, stage,"
            f" {', '.join(ORDER_STAGES)}, refund_id, amount, discount, refund_amount, head, item, nested, returned,"
            " quantity, line_amount, line_discount, price < 0 FROM (SELECT *,"
            f" {item} AS item FROM (SELECT *, coalesce(quantity < 0, line_amount < 0, amount < 0, false) AS returned FROM (SELECT *,"
            " coalesce(own_amount, TRY_CAST(price * quantity AS DECIMAL(18,4))) AS line_amount FROM (SELECT *,"
            f" {columns.text('control', 'order_id')} AS order_id,"
            f" coalesce('=' || {columns.text('control', 'order_id')}, '#' || row) AS okey,"
            f" {columns.identifiers()} AS ids, {meant}[list_position({words}, lower({status}))] AS stage, {stages},"
            f" {columns.text('control', 'refund_id')} AS refund_id, {columns.decimal('control', 'amount')} AS amount,"
            f" {columns.decimal('control', 'discount')} AS discount,"
            f" {columns.decimal('control', 'refund_amount')} AS refund_amount,"
            f" concat_ws(',', {status_field}, nullif({columns.members('field', ('items',))}, '')) AS head,"
            f" {nested} AS nested, {quantity} AS quantity, {price} AS price,"
            f" {columns.decimal('item', 'amount')} AS own_amount, {columns.decimal('item', 'discount')} AS line_discount"
            f" FROM (SELECT row, {columns.cleaned} FROM block)))))"
        )

    def items(self, sha256: str) -> Iterator[pa.Table]:
        """The events of all orders by order of first line: ``row``, ``name``, ``content`` (JSON)."""
        del sha256  # an order's own id makes its message ids
        self._refuse_giants()
        self._bring_together()
        bounds = self._staging.query(
            "SELECT min(first) AS start FROM spans GROUP BY first // $range ORDER BY start", {"range": RANGE}
        ).column(0)
        ends = [*bounds.to_pylist()[1:], 1 << 62]
        for start, end in zip(bounds.to_pylist(), ends, strict=True):
            between = {"from": start, "to": end}
            self._staging.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS {_GATHER}", between)
            self._staging.execute(_REFUSE)
            yield self._staging.query(_EVENTS)

    def _refuse_giants(self) -> None:
        self._staging.execute(_SPANS)
        self._staging.execute(
            """INSERT INTO refused SELECT any_value(row), to_json({row: min(row), rule: 'order.lines',
                   message: 'more than ' || $most || ' lines have this order id', sample: any_value(order_id)})
               FROM lines WHERE okey IN (SELECT okey FROM spans WHERE lines > $most) GROUP BY okey""",
            {"most": MOST_LINES},
        )
        self._staging.execute(
            "DELETE FROM lines WHERE okey IN (SELECT okey FROM spans WHERE lines > $most)", {"most": MOST_LINES}
        )
        self._staging.execute("DELETE FROM spans WHERE lines > $most", {"most": MOST_LINES})

    def _bring_together(self) -> None:
        """Puts the lines of each order side by side, unless the file has them so already."""
        if self._staging.value("SELECT coalesce(bool_and(last - first + 1 = lines), true) FROM spans"):
            return
        self._staging.execute(
            "CREATE TABLE sorted AS SELECT l.* FROM lines l JOIN spans s USING (okey) ORDER BY s.first, l.row"
        )
        self._staging.execute("DROP TABLE lines")
        self._staging.execute("ALTER TABLE sorted RENAME TO lines")
        self._staging.execute(_SPANS)


_SPANS = """CREATE OR REPLACE TABLE spans AS
    SELECT okey, min(rowid) AS first, max(rowid) AS last, count(*) AS lines FROM lines GROUP BY okey"""

_GATHER = f"""
    SELECT okey, min(row) AS row, any_value(order_id) AS order_id,
        arg_min(ids, row) FILTER (ids <> '[]') AS ids,
        count(DISTINCT ids) FILTER (ids <> '[]') AS people,
        arg_max(status, row) AS status,
        {", ".join(f"min({stage}) AS {stage}" for stage in ORDER_STAGES)},
        arg_min(refund_id, row) AS refund_id,
        arg_min(head, row) AS head,
        coalesce(arg_min(amount, row), CASE WHEN count(*) FILTER (NOT returned) = count(line_amount) FILTER (NOT returned)
            THEN sum(line_amount) FILTER (NOT returned) END) AS amount,
        coalesce(arg_min(discount, row), sum(line_discount) FILTER (NOT returned)) AS discount,
        sum(quantity) FILTER (NOT returned) AS quantity,
        -sum(quantity) FILTER (returned) AS returned_quantity,
        coalesce(arg_min(refund_amount, row), -sum(line_amount) FILTER (returned),
            -min(amount) FILTER (returned)) AS refund_amount,
        coalesce('[' || string_agg(item, ',' ORDER BY row) FILTER (NOT returned) || ']', any_value(nested)) AS items,
        '[' || string_agg(item, ',' ORDER BY row) FILTER (returned) || ']' AS returned_items,
        count(*) FILTER (NOT returned) AS sold, count(*) FILTER (returned) AS returned,
        coalesce(bool_or(negative), false) AS negative
    FROM lines WHERE rowid >= $from AND rowid < $to GROUP BY okey"""

_ANY_TIME = f"coalesce({', '.join(ORDER_STAGES)})"

_REFUSE = f"""INSERT INTO refused
    SELECT row, to_json({{row: row, rule: rule, message: message, sample: sample}}) FROM (
        SELECT row, left(concat_ws(' ', order_id, ids, head, coalesce(items, returned_items)), 2000) AS sample,
            CASE WHEN negative THEN 'order.negative_price' WHEN people > 1 THEN 'order.identifiers'
                ELSE 'order.time' END AS rule,
            CASE WHEN negative THEN 'order ' || coalesce(order_id, '?') || ' has a negative price'
                WHEN people > 1 THEN 'the lines of order ' || coalesce(order_id, '?') || ' name different customers'
                ELSE 'order ' || coalesce(order_id, '?') || ' has no time' END AS message
        FROM gathered WHERE negative OR people > 1 OR {_ANY_TIME} IS NULL)"""


def _event(name: str, condition: str, time: str, fields: str, key: str = "order_id") -> str:
    """SQL of one stage: a struct of name and JSON, or NULL where the order has not reached it."""
    return f"""CASE WHEN {condition} THEN {{name: '{name}', content: '{{"row":' || row || ',"message_id":'
        || coalesce(CAST(to_json('{name}:' || {key}) AS VARCHAR), 'null') || ',"kind":"event","name":"{name}","time":' || to_json({time})
        || ',"ids":' || coalesce(ids, '[]') || ',"fields":{{' || {fields} || '}}}}'}} END"""


_ID = "'\"order_id\":' || to_json(order_id)"
_HEAD = "nullif(head, '')"
_WHOLE = f"""concat_ws(',', {_ID}, '"amount":"' || amount || '"', '"discount":"' || discount || '"',
    '"quantity":' || CAST(quantity AS DOUBLE), {_HEAD}, '"items":' || items)"""
_BRIEF = f"""concat_ws(',', {_ID}, '"amount":"' || amount || '"', {_HEAD})"""
_REFUND = f"""concat_ws(',', {_ID}, '"refund_id":' || to_json(refund_id), '"refund_amount":"' || refund_amount || '"',
    '"quantity":' || CAST(returned_quantity AS DOUBLE), {_HEAD}, '"items":' || returned_items)"""

_PAID_TIME = "coalesce(paid_at, placed_at, shipped_at, completed_at, refunded_at)"

_EVENTS = f"""
    SELECT row, stage.name AS name, stage.content AS content FROM (
        SELECT row, unnest(list_filter([
            {_event("order_placed", "sold > 0 AND placed_at IS NOT NULL", "placed_at", _WHOLE)},
            {
    _event(
        "order_paid",
        "sold > 0 AND (paid_at IS NOT NULL OR status IN ('paid', 'shipped', 'completed', 'refunded'))",
        _PAID_TIME,
        _WHOLE,
    )
},
            {_event("order_shipped", "sold > 0 AND shipped_at IS NOT NULL", "shipped_at", _BRIEF)},
            {_event("order_completed", "sold > 0 AND completed_at IS NOT NULL", "completed_at", _BRIEF)},
            {
    _event(
        "order_cancelled",
        "sold > 0 AND (cancelled_at IS NOT NULL OR status = 'cancelled')",
        "coalesce(cancelled_at, paid_at, placed_at, shipped_at, completed_at)",
        _BRIEF,
    )
},
            {
    _event(
        "order_refunded",
        "returned > 0 OR refunded_at IS NOT NULL OR refund_amount > 0 OR status = 'refunded'",
        "coalesce(refunded_at, cancelled_at, completed_at, shipped_at, paid_at, placed_at)",
        _REFUND,
        "order_id || coalesce(':' || refund_id, '')",
    )
}
        ], lambda x: x IS NOT NULL)) AS stage
        FROM gathered WHERE NOT (negative OR people > 1 OR {_ANY_TIME} IS NULL))
    ORDER BY row"""
