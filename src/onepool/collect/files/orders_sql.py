"""The steps from staged order lines to events, as SQL; each works on what the one before it left.

Nothing from outside is in these texts: names are our own, limits and ranges are bound parameters.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from onepool.collect.files.plan import ORDER_STAGES
from onepool.collect.files.render import Parameters, quoted

LINES = f"""CREATE TABLE lines (row BIGINT, okey VARCHAR, order_id VARCHAR, ids VARCHAR, status VARCHAR,
    {", ".join(f"{stage} VARCHAR" for stage in ORDER_STAGES)}, refund_id VARCHAR, amount DECIMAL(18,4),
    discount DECIMAL(18,4), refund_amount DECIMAL(18,4), item VARCHAR, nested VARCHAR, returned BOOLEAN,
    quantity DECIMAL(18,4), line_amount DECIMAL(18,4), line_discount DECIMAL(18,4), negative BOOLEAN,
    unread VARCHAR)"""
"""What every line has; the fields of its order follow as columns of JSON, for each one that some block has."""


def told(number: int) -> str:
    """The column of an order's field."""
    return f"t{number}"


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


def gather(fields: int) -> str:
    """SQL that makes the orders of a range of lines, which begins and ends with one. Each field: of the first line that
    has it."""
    heads = "".join(f", arg_min({told(number)}, row) AS {told(number)}" for number in range(fields))
    return f"CREATE OR REPLACE TEMP TABLE gathered AS {_GATHERED}{heads} {_GROUPS}"


def _of_order(column: str, lines: str) -> str:
    """SQL of a figure of the order: what all its lines say, or the sum where they differ, since it is the lines' then.
    `lines`: which lines have a say."""
    return f"""CASE WHEN count(DISTINCT {column}) FILTER ({lines}) > 1 THEN sum({column}) FILTER ({lines})
            ELSE any_value({column}) FILTER ({lines}) END"""


_GATHERED = f"""
    SELECT okey, min(row) AS row, any_value(order_id) AS order_id,
        arg_min(ids, row) FILTER (ids <> '[]') AS ids,
        count(DISTINCT ids) FILTER (ids <> '[]') AS people,
        arg_max(status, row) AS status,
        {", ".join(f"min({stage}) AS {stage}" for stage in ORDER_STAGES)},
        arg_min(refund_id, row) AS refund_id,
        coalesce({_of_order("amount", "NOT returned")},
            CASE WHEN count(*) FILTER (NOT returned) = count(line_amount) FILTER (NOT returned)
                THEN sum(line_amount) FILTER (NOT returned) END) AS amount,
        coalesce({_of_order("discount", "NOT returned")}, sum(line_discount) FILTER (NOT returned)) AS discount,
        sum(quantity) FILTER (NOT returned) AS quantity,
        -sum(quantity) FILTER (returned) AS returned_quantity,
        coalesce({_of_order("refund_amount", "true")}, -sum(line_amount) FILTER (returned),
            -{_of_order("amount", "returned")}) AS refund_amount,
        coalesce('[' || string_agg(item, ',' ORDER BY row) FILTER (NOT returned) || ']', any_value(nested)) AS items,
        '[' || string_agg(item, ',' ORDER BY row) FILTER (returned) || ']' AS returned_items,
        count(*) FILTER (NOT returned) AS sold, count(*) FILTER (returned) AS returned,
        coalesce(bool_or(negative), false) AS negative, arg_min(unread, row) AS unread"""
_GROUPS = "FROM lines WHERE rowid >= $from AND rowid < $to GROUP BY okey ORDER BY row"

_UNFIT = f"(negative OR people > 1 OR unread IS NOT NULL OR coalesce({', '.join(ORDER_STAGES)}) IS NULL)"

_REFUSED = f"""INSERT INTO refused
    SELECT row, to_json({{row: row, rule: rule, message: message, sample: sample}}) FROM (
        SELECT row, left(concat_ws(' ', order_id, ids, <head>, coalesce(items, returned_items)), 2000) AS sample,
            CASE WHEN negative THEN 'order.negative_price' WHEN people > 1 THEN 'order.identifiers'
                WHEN unread IS NOT NULL THEN 'order.number' ELSE 'order.time' END AS rule,
            CASE WHEN negative THEN 'order ' || coalesce(order_id, '?') || ' has a negative price'
                WHEN unread IS NOT NULL AND people <= 1 THEN
                    'order ' || coalesce(order_id, '?') || ' has an amount that is no number: ' || unread
                WHEN people > 1 THEN 'the lines of order ' || coalesce(order_id, '?') || ' name different customers'
                ELSE 'order ' || coalesce(order_id, '?') || ' has no time' END AS message
        FROM gathered WHERE {_UNFIT})"""


def refuse(names: Sequence[str], parameters: Parameters) -> str:
    """SQL that keeps what can't be an order. `names`: of the fields, in the order of their columns."""
    members = [f"({parameters.text(quoted(name) + ':')} || {told(number)})" for number, name in enumerate(names)]
    return _REFUSED.replace("<head>", f"concat_ws(',', {', '.join(members)})" if members else "NULL")


class _Stage(NamedTuple):
    """An event an order can become: when it does, with what time, and what its message id is made of."""

    event: str
    condition: str
    time: str
    key: str = "order_id"


_STAGES = (
    _Stage("order_placed", "sold > 0 AND placed_at IS NOT NULL", "placed_at"),
    _Stage(
        "order_paid",
        "sold > 0 AND (paid_at IS NOT NULL OR status IN ('paid', 'shipped', 'completed', 'refunded'))",
        "coalesce(paid_at, placed_at, shipped_at, completed_at, refunded_at)",
    ),
    _Stage("order_shipped", "sold > 0 AND shipped_at IS NOT NULL", "shipped_at"),
    _Stage("order_completed", "sold > 0 AND completed_at IS NOT NULL", "completed_at"),
    _Stage(
        "order_cancelled",
        "sold > 0 AND (cancelled_at IS NOT NULL OR status = 'cancelled')",
        "coalesce(cancelled_at, paid_at, placed_at, shipped_at, completed_at)",
    ),
    _Stage(
        "order_refunded",
        "returned > 0 OR refunded_at IS NOT NULL OR refund_amount > 0 OR status = 'refunded'",
        "coalesce(refunded_at, cancelled_at, completed_at, shipped_at, paid_at, placed_at)",
        "order_id || coalesce(':' || refund_id, '')",
    ),
)

_WHOLE = "e.n <= 1"  # placed and paid tell all of the order, the others only what it is
_REFUND = "e.n = 5"

_OWN = {
    "order_id": "CAST(to_json(order_id) AS VARCHAR)",
    "refund_id": f"CASE WHEN {_REFUND} THEN CAST(to_json(refund_id) AS VARCHAR) END",
    "amount": f"""'"' || CASE WHEN {_REFUND} THEN refund_amount ELSE amount END || '"'""",
    "discount": f"""CASE WHEN {_WHOLE} THEN '"' || discount || '"' END""",
    "quantity": f"""CAST(CAST(CASE WHEN {_WHOLE} THEN quantity WHEN {_REFUND} THEN returned_quantity END AS DOUBLE)
        AS VARCHAR)""",
    "items": f"CASE WHEN {_WHOLE} THEN items WHEN {_REFUND} THEN returned_items END",
}
"""JSON of the fields that the import itself works out."""


def _event(number: int, stage: _Stage) -> str:
    """SQL of one stage, or NULL where the order has not reached it.

    An order without an id gets no message id: nothing may make two of them one.
    """
    return f"""CASE WHEN {stage.condition} THEN {{n: {number}, name: '{stage.event}',
        message_id: '{stage.event}:' || {stage.key}, time: {stage.time}}} END"""


def events(names: Sequence[str]) -> str:
    """SQL of every event of the gathered orders, as a sheet (see `collect.sheets`) whose fields are numbered.

    `names`: of the fields, in the order of their columns; one of those that the import works out gives way to them.
    """
    fields = [f"coalesce({told(names.index(own))}, {sql})" if own in names else sql for own, sql in _OWN.items()] + [
        told(number) for number, name in enumerate(names) if name not in _OWN
    ]
    written = ", ".join(f"{sql} AS f{number}" for number, sql in enumerate(fields))
    return f"""
    SELECT row, e.name AS name, e.message_id AS message_id, e.time AS time, coalesce(ids, '[]') AS ids, {written}
    FROM (SELECT *, unnest(list_filter([{", ".join(_event(n, stage) for n, stage in enumerate(_STAGES))}],
            lambda x: x IS NOT NULL)) AS e
        FROM gathered WHERE NOT {_UNFIT})"""


def event_fields(names: Sequence[str]) -> list[str]:
    """Names of the fields of `events`, in their order there."""
    return [*_OWN, *(name for name in names if name not in _OWN)]
