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
    unread VARCHAR, currency VARCHAR, currencies BOOLEAN)"""
"""What every line has; the fields of its order follow as columns of JSON, for each one that some block has."""


def told(number: int) -> str:
    """The column of an order's field."""
    return f"t{number}"


_TOTALS = "(合计|总计|小计|共计|汇总|total|subtotal|sum)[:： ]*.*"

CONTINUE = f"""
    UPDATE lines SET okey = found.okey, order_id = found.order_id FROM (
        WITH loose AS (
            SELECT row FROM lines WHERE order_id IS NULL AND ids = '[]' AND coalesce({", ".join(ORDER_STAGES)}) IS NULL
                AND item IS NOT NULL
                AND NOT regexp_full_match(lower(coalesce(json_extract_string(item, '$.name'), '')), '{_TOTALS}')),
        headed AS (
            SELECT l.row, h.row AS head, h.okey, h.order_id FROM loose l
            ASOF JOIN (SELECT row, okey, order_id FROM lines ANTI JOIN loose USING (row)) h ON l.row > h.row)
        SELECT row, okey, order_id FROM headed WHERE order_id IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY head ORDER BY row) = row - head) found
    WHERE lines.row = found.row"""
"""Lines without number, customer and time that stand right below a line of an order go on with it."""

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


def gather(names: Sequence[str]) -> str:
    """SQL that makes the orders of a range of lines, which begins and ends with one. Each field: of the first line that
    has it."""
    heads = "".join(
        f", arg_min({told(number)}, {'row + ' + _LATER if name == 'order_status' else 'row'}) AS {told(number)}"
        for number, name in enumerate(names)
    )
    return f"CREATE OR REPLACE TEMP TABLE gathered AS SELECT *, {_WORKED_OUT} FROM ({_GATHERED}{heads} {_GROUPS})"


def _of_order(column: str, lines: str) -> str:
    """SQL of a figure of the order: what all its lines say, or the sum where they differ, since it is the lines' then.
    `lines`: which lines have a say."""
    return f"""CASE WHEN count(DISTINCT {column}) FILTER ({lines}) > 1 THEN sum({column}) FILTER ({lines})
            ELSE any_value({column}) FILTER ({lines}) END"""


_REACHED = ("placed", "paid", "shipped", "completed")
_LATER = "CASE WHEN back THEN 1099511627776 ELSE 0 END"
"""The order's own words for its status are rather those of a line that stands."""

_GATHERED = f"""
    SELECT okey, min(row) AS row, any_value(order_id) AS order_id,
        arg_min(ids, row) FILTER (ids <> '[]') AS ids,
        count(DISTINCT ids) FILTER (ids <> '[]') AS people,
        max(list_position({list(_REACHED)}, status)) FILTER (NOT returned) AS reached,
        count(*) FILTER (back) AS backs, coalesce(bool_or(status = 'refunded' AND NOT returned), false) AS refunds,
        {", ".join(f"arg_min({stage}, row) AS {stage}" for stage in ORDER_STAGES)},
        arg_min(refund_id, row) AS refund_id,
        coalesce({_of_order("amount", "NOT returned")},
            CASE WHEN count(*) FILTER (NOT returned) = count(line_amount) FILTER (NOT returned)
                THEN sum(line_amount) FILTER (NOT returned) END) AS amount,
        coalesce({_of_order("discount", "NOT returned")}, sum(line_discount) FILTER (NOT returned)) AS discount,
        sum(quantity) FILTER (NOT returned) AS quantity,
        -sum(quantity) FILTER (returned) AS returned_quantity,
        {_of_order("refund_amount", "true")} AS refund_told,
        coalesce(-sum(line_amount) FILTER (returned), -{_of_order("amount", "returned")}) AS returned_cost,
        coalesce('[' || string_agg(item, ',' ORDER BY row) FILTER (NOT returned) || ']', any_value(nested)) AS items,
        string_agg(item, ',' ORDER BY row) FILTER (returned) AS returned_items,
        count(*) FILTER (NOT returned) AS sold, count(*) FILTER (returned) AS returned,
        coalesce(bool_or(negative), false) AS negative, arg_min(unread, row) AS unread,
        min(currency) AS currency,
        coalesce(min(currency) <> max(currency), false) OR coalesce(bool_or(currencies), false) AS currencies"""
_GROUPS = """FROM (
        SELECT *, coalesce(status IN ('refunded', 'cancelled'), false) AND NOT returned AS back
        FROM lines WHERE rowid >= $from AND rowid < $to)
    GROUP BY okey ORDER BY row"""
# back: of a line that was sold, and its money went back or was never paid

_WORKED_OUT = f"""
    CASE WHEN reached IS NOT NULL THEN {list(_REACHED)}[reached]
        WHEN refunds THEN 'refunded' WHEN backs > 0 THEN 'cancelled' END AS status,
    reached IS NOT NULL AND backs > 0 AS parted,
    parted AND (refunds OR paid_at IS NOT NULL OR reached > 1) AS partly,
    CASE WHEN status = 'refunded' THEN nullif(coalesce(refund_told, returned_cost), 0)
        ELSE coalesce(refund_told, returned_cost) END AS refund_amount,
    sold > 0 AND (paid_at IS NOT NULL OR refunds OR status IN ('paid', 'shipped', 'completed')) AS paid,
    NULL::DECIMAL(38,4) AS back_quantity, NULL::VARCHAR AS back_items,
    false AS corrected, false AS refund_known, NULL::DECIMAL(18,4) AS refund_more"""
"""Of an order of which only some lines are refunded or cancelled (``parted``), these are given back if it was paid."""

PARTED = "SELECT bool_or(partly) FROM gathered"

PART = """UPDATE gathered SET back_quantity = p.quantity, back_items = p.items,
        refund_amount = coalesce(p.told, nullif(refund_told, 0), p.cost + coalesce(returned_cost, 0))
    FROM (SELECT okey, sum(quantity) FILTER (back) AS quantity,
            string_agg(item, ',' ORDER BY row) FILTER (back) AS items,
            CASE WHEN count(*) FILTER (refund_amount > 0 AND NOT back) = 0
                THEN sum(refund_amount) FILTER (refund_amount > 0 AND back) END AS told,
            CASE WHEN count(DISTINCT amount) FILTER (NOT returned) > 1 THEN sum(amount) FILTER (back)
                WHEN count(*) FILTER (back) = count(line_amount) FILTER (back)
                    THEN sum(line_amount) FILTER (back) END AS cost
        FROM (SELECT l.*, coalesce(l.status IN ('refunded', 'cancelled'), false) AND NOT l.returned AS back
            FROM lines l SEMI JOIN (SELECT okey FROM gathered WHERE partly) g USING (okey)
            WHERE l.rowid >= $from AND l.rowid < $to)
        GROUP BY okey) p
    WHERE gathered.okey = p.okey"""
"""What went back of the orders of which only some lines were refunded."""

NUMBERED = """UPDATE gathered SET ids = '[["order_no",' || to_json($scope::VARCHAR) || ',' || to_json(order_id) || ']]'
    WHERE ids IS NULL AND order_id IS NOT NULL"""
"""An order that names nobody is known by its number, as a fetched one is."""

CHANGED = (
    """UPDATE gathered SET corrected = true FROM (
        SELECT g.okey FROM gathered g JOIN figures f USING (order_id)
        WHERE g.sold > 0 AND g.amount IS NOT NULL GROUP BY g.okey
        HAVING bool_or(f.paid OR NOT g.paid)
            AND NOT bool_or(f.amount IS NOT DISTINCT FROM g.amount
                AND (g.discount IS NULL OR f.discount IS NOT DISTINCT FROM g.discount))) c
    WHERE gathered.okey = c.okey""",
    """UPDATE gathered SET refund_known = NOT (s.named OR coalesce(refund_amount > s.others, false)),
        refund_more = CASE WHEN s.named AND NOT s.again
                AND (refund_id IS NOT NULL OR refund_amount > s.others OR s.sum > s.others)
            THEN nullif(refund_amount - s.sum, 0) END
    FROM (
        SELECT okey, bool_or(same) AS named, coalesce(sum(amount) FILTER (latest AND same), 0) AS sum,
            coalesce(sum(amount) FILTER (latest AND NOT same), 0) AS others,
            coalesce(bool_or(same AND amount = refund_amount), false) AS again
        FROM (SELECT g.okey, g.refund_amount, r.amount, r.latest, r.refund_id IS NOT DISTINCT FROM g.refund_id AS same
            FROM gathered g JOIN refunds r USING (order_id)
            WHERE g.refund_id IS NULL OR r.refund_id = g.refund_id)
        GROUP BY okey) s
    WHERE gathered.okey = s.okey""",
)
"""What earlier exports said otherwise. A refund is known by its number; without one the order's refunds are one, which
is told where it is more than what the numbered ones come to (see `tick.orders`)."""

SEVERAL = "SELECT bool_or(people > 1) FROM gathered"

UNITE = (
    """CREATE OR REPLACE TEMP TABLE said AS
    SELECT okey, id[1] AS type, id[2] AS scope, min(row * 1000 + place) AS place, any_value(id[3]) AS value,
        count(DISTINCT id[3]) AS values
    FROM (SELECT okey, row, unnest(ids) AS id, generate_subscripts(ids, 1) AS place FROM (
        SELECT l.okey, l.row, from_json(l.ids, '[["VARCHAR"]]') AS ids
        FROM lines l SEMI JOIN (SELECT okey FROM gathered WHERE people > 1) g USING (okey)
        WHERE l.rowid >= $from AND l.rowid < $to)) GROUP BY ALL""",
    """UPDATE gathered SET people = s.people, ids = s.ids FROM (
        SELECT okey, max(values) AS people,
            CAST(to_json(list([type, scope, value] ORDER BY place)) AS VARCHAR) AS ids
        FROM said GROUP BY okey) s
    WHERE gathered.okey = s.okey""",
)
"""Where the lines of an order do not all repeat its identifiers: all of them, and whether one has several values."""

_BROKEN = {
    "order.negative_price": ("negative", "order ' || coalesce(order_id, '?') || ' has a negative price"),
    "order.identifiers": (
        "people > 1",
        "the lines of order ' || coalesce(order_id, '?') || ' name different customers",
    ),
    "order.number": (
        "unread IS NOT NULL",
        "order ' || coalesce(order_id, '?') || ' has an amount that is no number: ' || unread || '",
    ),
    "order.currency": ("currencies", "order ' || coalesce(order_id, '?') || ' has amounts in several currencies"),
    "order.refund": (
        "partly AND refund_amount IS NULL",
        "some lines of order ' || coalesce(order_id, '?') || ' are refunded, and no column says with what amount",
    ),
    "order.time": (
        f"coalesce({', '.join(ORDER_STAGES)}) IS NULL",
        "order ' || coalesce(order_id, '?') || ' has no time",
    ),
}
"""Rule -> (when it is broken, its message): SQL."""

_UNFIT = f"({' OR '.join(f'coalesce({condition}, false)' for condition, _ in _BROKEN.values())})"

_REFUSED = f"""INSERT INTO refused
    SELECT row, to_json({{row: row, rule: rule, message: message, sample: sample}}) FROM (
        SELECT row, left(concat_ws(' ', order_id, ids, <head>, coalesce(items, returned_items)), 2000) AS sample,
            CASE {" ".join(f"WHEN {one} THEN '{rule}'" for rule, (one, _) in _BROKEN.items())} END AS rule,
            CASE {" ".join(f"WHEN {one} THEN '{words}'" for one, words in _BROKEN.values())} END AS message
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


_REFUNDED = "returned > 0 OR partly OR refunded_at IS NOT NULL OR refund_amount > 0 OR status = 'refunded'"
_REFUNDED_AT = "coalesce(refunded_at, cancelled_at, completed_at, shipped_at, paid_at, placed_at)"
_REFUND_KEY = "order_id || coalesce(':' || refund_id, '')"
_NAMED = """coalesce(' ' || currency, '') || '"'"""
"""What stands behind an amount: the currency that was written beside it."""

_STAGES = (
    _Stage("order_placed", "sold > 0 AND placed_at IS NOT NULL", "placed_at"),
    _Stage("order_paid", "paid", "coalesce(paid_at, placed_at, shipped_at, completed_at, refunded_at)"),
    _Stage("order_shipped", "sold > 0 AND shipped_at IS NOT NULL", "shipped_at"),
    _Stage("order_completed", "sold > 0 AND completed_at IS NOT NULL", "completed_at"),
    _Stage(
        "order_cancelled",
        # Of an order of which some lines stand, it is said of the others.
        "sold > 0 AND ((cancelled_at IS NOT NULL AND NOT parted) OR status = 'cancelled')",
        "coalesce(cancelled_at, paid_at, placed_at, shipped_at, completed_at)",
    ),
    _Stage("order_refunded", f"NOT refund_known AND ({_REFUNDED})", _REFUNDED_AT, _REFUND_KEY),
    _Stage("order_refunded", "refund_more IS NOT NULL", _REFUNDED_AT, f"{_REFUND_KEY} || ':=' || refund_amount"),
    _Stage(
        "order_corrected",
        "corrected",
        "CASE WHEN paid THEN coalesce(paid_at, placed_at, shipped_at, completed_at, refunded_at) ELSE placed_at END",
        "order_id || ':' || amount || coalesce('-' || discount, '')",
    ),
)

_WHOLE = "e.n IN (0, 1, 7)"  # placed, paid and corrected tell all of the order, the others only what it is
_REFUND = "e.n = 5"

_OWN = {
    "order_id": "CAST(to_json(order_id) AS VARCHAR)",
    "refund_id": "CASE WHEN e.n IN (5, 6) THEN CAST(to_json(refund_id) AS VARCHAR) END",
    "amount": f"""'"' || CASE WHEN {_REFUND} THEN refund_amount WHEN e.n = 6 THEN refund_more ELSE amount END
        || {_NAMED}""",
    "discount": f"""CASE WHEN {_WHOLE} THEN '"' || discount || {_NAMED} END""",
    "quantity": f"""CAST(CAST(CASE WHEN {_WHOLE} THEN quantity
            WHEN {_REFUND} AND partly THEN coalesce(back_quantity + returned_quantity, back_quantity, returned_quantity)
            WHEN {_REFUND} THEN returned_quantity END AS DOUBLE) AS VARCHAR)""",
    "items": f"""CASE WHEN {_WHOLE} THEN items
        WHEN {_REFUND} AND partly AND coalesce(back_items, returned_items) IS NOT NULL
            THEN '[' || concat_ws(',', back_items, returned_items) || ']'
        WHEN {_REFUND} THEN '[' || returned_items || ']' END""",
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
