"""The steps from staged order lines to events, as SQL; each works on what the one before it left.

Nothing from outside is in these texts: names are our own, limits and ranges are bound parameters.
"""
# ruff: noqa: S608

from __future__ import annotations

from typing import NamedTuple

from onepool.collect.files.plan import ORDER_STAGES

LINES = f"""CREATE TABLE lines (row BIGINT, okey VARCHAR, order_id VARCHAR, ids VARCHAR, status VARCHAR,
    {", ".join(f"{stage} VARCHAR" for stage in ORDER_STAGES)}, refund_id VARCHAR, amount DECIMAL(18,4),
    discount DECIMAL(18,4), refund_amount DECIMAL(18,4), head VARCHAR, item VARCHAR, nested VARCHAR, returned BOOLEAN,
    quantity DECIMAL(18,4), line_amount DECIMAL(18,4), line_discount DECIMAL(18,4), negative BOOLEAN,
    unread VARCHAR)"""

SPANS = """CREATE OR REPLACE TABLE spans AS
    SELECT okey, min(rowid) AS first, max(rowid) AS last, count(*) AS lines FROM lines GROUP BY okey"""

REFUSE_GIANTS = (
    """INSERT INTO refused SELECT min(row), to_json({row: min(row), rule: 'order.lines',
            message: 'more than ' || $most || ' lines have this order id', sample: any_value(order_id)})
        FROM lines WHERE okey IN (SELECT okey FROM spans WHERE lines > $most) GROUP BY okey""",
    "DELETE FROM lines WHERE okey IN (SELECT okey FROM spans WHERE lines > $most)",
    "DELETE FROM spans WHERE lines > $most",
)

TOGETHER = "SELECT coalesce(bool_and(last - first + 1 = lines), true) FROM spans"

SORT = (
    "CREATE TABLE sorted AS SELECT l.* FROM lines l JOIN spans s USING (okey) ORDER BY s.first, l.row",
    "DROP TABLE lines",
    "ALTER TABLE sorted RENAME TO lines",
    SPANS,
)

STARTS = "SELECT min(first) AS start FROM spans GROUP BY first // $range ORDER BY start"

GATHER = f"""CREATE OR REPLACE TEMP TABLE gathered AS
    SELECT okey, min(row) AS row, any_value(order_id) AS order_id,
        arg_min(ids, row) FILTER (ids <> '[]') AS ids,
        count(DISTINCT ids) FILTER (ids <> '[]') AS people,
        arg_max(status, row) AS status,
        {", ".join(f"min({stage}) AS {stage}" for stage in ORDER_STAGES)},
        arg_min(refund_id, row) AS refund_id,
        arg_min(head, row) AS head,
        coalesce(arg_min(amount, row),
            CASE WHEN count(*) FILTER (NOT returned) = count(line_amount) FILTER (NOT returned)
                THEN sum(line_amount) FILTER (NOT returned) END) AS amount,
        coalesce(arg_min(discount, row), sum(line_discount) FILTER (NOT returned)) AS discount,
        sum(quantity) FILTER (NOT returned) AS quantity,
        -sum(quantity) FILTER (returned) AS returned_quantity,
        coalesce(arg_min(refund_amount, row), -sum(line_amount) FILTER (returned),
            -min(amount) FILTER (returned)) AS refund_amount,
        coalesce('[' || string_agg(item, ',' ORDER BY row) FILTER (NOT returned) || ']', any_value(nested)) AS items,
        '[' || string_agg(item, ',' ORDER BY row) FILTER (returned) || ']' AS returned_items,
        count(*) FILTER (NOT returned) AS sold, count(*) FILTER (returned) AS returned,
        coalesce(bool_or(negative), false) AS negative, arg_min(unread, row) AS unread
    FROM lines WHERE rowid >= $from AND rowid < $to GROUP BY okey"""
"""The orders of a range of lines that begins and ends with an order."""

_UNFIT = f"(negative OR people > 1 OR unread IS NOT NULL OR coalesce({', '.join(ORDER_STAGES)}) IS NULL)"

REFUSE = f"""INSERT INTO refused
    SELECT row, to_json({{row: row, rule: rule, message: message, sample: sample}}) FROM (
        SELECT row, left(concat_ws(' ', order_id, ids, head, coalesce(items, returned_items)), 2000) AS sample,
            CASE WHEN negative THEN 'order.negative_price' WHEN people > 1 THEN 'order.identifiers'
                WHEN unread IS NOT NULL THEN 'order.number' ELSE 'order.time' END AS rule,
            CASE WHEN negative THEN 'order ' || coalesce(order_id, '?') || ' has a negative price'
                WHEN unread IS NOT NULL AND people <= 1 THEN
                    'order ' || coalesce(order_id, '?') || ' has an amount that is no number: ' || unread
                WHEN people > 1 THEN 'the lines of order ' || coalesce(order_id, '?') || ' name different customers'
                ELSE 'order ' || coalesce(order_id, '?') || ' has no time' END AS message
        FROM gathered WHERE {_UNFIT})"""


class _Stage(NamedTuple):
    """An event an order can become: when it does, with what time and fields, and what its message id is made of."""

    event: str
    condition: str
    time: str
    fields: str
    key: str = "order_id"


_ID = "'\"order_id\":' || to_json(order_id)"
_HEAD = "nullif(head, '')"
_WHOLE = f"""concat_ws(',', {_ID}, '"amount":"' || amount || '"', '"discount":"' || discount || '"',
    '"quantity":' || CAST(quantity AS DOUBLE), {_HEAD}, '"items":' || items)"""
_BRIEF = f"""concat_ws(',', {_ID}, '"amount":"' || amount || '"', {_HEAD})"""
_REFUND = f"""concat_ws(',', {_ID}, '"refund_id":' || to_json(refund_id), '"amount":"' || refund_amount || '"',
    '"quantity":' || CAST(returned_quantity AS DOUBLE), {_HEAD}, '"items":' || returned_items)"""

_STAGES = (
    _Stage("order_placed", "sold > 0 AND placed_at IS NOT NULL", "placed_at", _WHOLE),
    _Stage(
        "order_paid",
        "sold > 0 AND (paid_at IS NOT NULL OR status IN ('paid', 'shipped', 'completed', 'refunded'))",
        "coalesce(paid_at, placed_at, shipped_at, completed_at, refunded_at)",
        _WHOLE,
    ),
    _Stage("order_shipped", "sold > 0 AND shipped_at IS NOT NULL", "shipped_at", _BRIEF),
    _Stage("order_completed", "sold > 0 AND completed_at IS NOT NULL", "completed_at", _BRIEF),
    _Stage(
        "order_cancelled",
        "sold > 0 AND (cancelled_at IS NOT NULL OR status = 'cancelled')",
        "coalesce(cancelled_at, paid_at, placed_at, shipped_at, completed_at)",
        _BRIEF,
    ),
    _Stage(
        "order_refunded",
        "returned > 0 OR refunded_at IS NOT NULL OR refund_amount > 0 OR status = 'refunded'",
        "coalesce(refunded_at, cancelled_at, completed_at, shipped_at, paid_at, placed_at)",
        _REFUND,
        "order_id || coalesce(':' || refund_id, '')",
    ),
)


def _event(number: int, stage: _Stage) -> str:
    """SQL of one stage: a struct of number, name and JSON, or NULL where the order has not reached it.

    An order without an id gets no message id: nothing may make two of them one.
    """
    return f"""CASE WHEN {stage.condition} THEN {{n: {number}, name: '{stage.event}', content:
        '{{"row":' || row || ',"message_id":'
        || coalesce(CAST(to_json('{stage.event}:' || {stage.key}) AS VARCHAR), 'null')
        || ',"kind":"event","name":"{stage.event}","time":' || to_json({stage.time})
        || ',"ids":' || coalesce(ids, '[]') || ',"fields":{{' || {stage.fields} || '}}}}'}} END"""


EVENTS = f"""
    SELECT row, stage.name AS name, stage.content AS content FROM (
        SELECT row, unnest(list_filter([{", ".join(_event(n, stage) for n, stage in enumerate(_STAGES))}],
            lambda x: x IS NOT NULL)) AS stage
        FROM gathered WHERE NOT {_UNFIT})
    ORDER BY row, stage.n"""
"""``row``, ``name`` and ``content`` (JSON) of every event of the gathered orders."""
