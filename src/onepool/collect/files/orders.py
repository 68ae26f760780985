"""Files of orders: lines with the same order id are one order, and an order becomes one event for each of its stages.

Rules
- Fields of the order, its identifiers and times are taken from its first line that has them; lines become ``items``.
- ``amount`` is the column of that name; without one the sum of the lines (their amount, else price times quantity).
  Where it differs between the lines of an order it is the lines' own, and the order's is their sum; so are discounts
  and refunded amounts. Amounts are read as the data standard reads them; a currency that they name goes with them.
- A line may lack what another line of its order says (identifiers too). In CSV files and workbooks a line without
  number, customer and time right below a line of an order is one of that order: its cells were merged.
- ``placed_at`` makes order_placed; ``paid_at``, or a status from paid on, order_paid; ``shipped_at`` order_shipped;
  ``completed_at`` order_completed; ``cancelled_at`` or such a status order_cancelled; ``refunded_at``, a refunded
  amount or such a status order_refunded. A stage without a time of its own takes that of the stage before it.
- An order is refunded or cancelled as a whole where all lines that have a status say so. Where only some do, it has
  the stage that the others have reached, and what these lines cost is refunded if it was paid.
- Lines with negative quantity (without one: negative amount) are returns: they make order_refunded with the items and
  amounts as positive numbers. An order of nothing but such lines (a credit note) makes that event alone.
- An order with a negative price, with an amount that is no number, with two values of one identifier, with two
  currencies, with a refund of some lines that nobody knows the amount of or with no time at all is refused as a whole.
- An order that names nobody is known by its number where the touchpoint's channel identifies orders so.
- What became known of an order by an earlier export (``Known``) and is told otherwise now is told as a change: another
  amount or discount as order_corrected, another refunded amount as order_refunded of the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pyarrow as pa

from onepool.collect.files import orders_sql as steps
from onepool.collect.files.known import Known
from onepool.collect.files.plan import ORDER_STAGES, Dictionary, order_statuses
from onepool.collect.files.render import (
    AMOUNT,
    CURRENCY,
    NO_AMOUNT,
    NUMBER,
    ROUNDED,
    Columns,
    Parameters,
)
from onepool.collect.files.staging import Staging
from onepool.collect.sheets import FIELD, SCHEMA

RANGE = 50_000
"""Order lines worked on at once."""

_REMEMBERED = 100_000

MOST_LINES = 10_000
"""More lines than this under one id are no order but a column that holds something else."""


class OrderStage:
    """Renders lines while the file is read, and gathers them into orders at the end."""

    def __init__(
        self, staging: Staging, standard: Dictionary, known: Known | None = None, scope: str | None = None
    ) -> None:
        """``scope``: that of the orders' numbers where they are identifiers (see `Planner.order_scope`)."""
        self._staging = staging
        self._scope = scope
        self._known = known
        self._names: list[str] = []
        self.merged = False
        """Whether lines may go on with the order above them; to be set before `items`."""
        staging.execute(steps.LINES)
        _readers(staging, standard)

    def statement(self, columns: Columns) -> str:
        """The INSERT for blocks of one layout. Only placeholders and names of our own are put into the text."""
        text, amount, number = columns.text, columns.amount, columns.number
        words = columns.parameters.texts(order_statuses())
        stages = columns.parameters.texts(order_statuses().values())
        status = text("control", "status")
        heads = {t.name: columns.json(t) for t in columns.targets("field") if t.name != "items"}
        if columns.has("control", "status"):
            said = f"CAST(to_json({status}) AS VARCHAR)"
            heads["order_status"] = f"coalesce({heads['order_status']}, {said})" if "order_status" in heads else said
        beside, currencies = _currencies(columns)
        told = [f"{sql} AS {self._told(name)}" for name, sql in heads.items()]
        nested = next((columns.json(t) for t in columns.targets("field") if t.name == "items"), "NULL::VARCHAR")
        return f"""
            INSERT INTO lines BY NAME
            WITH cleaned AS (SELECT row, {columns.cleaned} FROM block),
            read AS (
                SELECT *, {text("control", "order_id")} AS order_id, {columns.identifiers()} AS ids,
                    {stages}[list_position({words}, lower({status}))] AS status,
                    {", ".join(f"{text('control', stage)} AS {stage}" for stage in ORDER_STAGES)},
                    {text("control", "refund_id")} AS refund_id, {amount("control", "amount")} AS amount,
                    {amount("control", "discount")} AS discount,
                    {amount("control", "refund_amount")} AS refund_amount,
                    {"".join(f"{one}, " for one in (*told, *beside))}{nested} AS nested,
                    {number("item", "quantity")} AS quantity, {amount("item", "price")} AS price,
                    {amount("item", "amount")} AS own_amount, {amount("item", "discount")} AS line_discount
                FROM cleaned),
            valued AS (
                SELECT *, coalesce(own_amount, TRY_CAST(price * quantity AS DECIMAL(18,4))) AS line_amount,
                    {_unread(columns)} AS unread, {currencies} AS named FROM read),
            turned AS (
                SELECT *, coalesce(quantity < 0, line_amount < 0, amount < 0, false) AS returned FROM valued)
            SELECT row, coalesce('=' || CASE WHEN NOT regexp_full_match(order_id, '{ROUNDED}') THEN order_id END,
                    '#' || row) AS okey, order_id, ids, status,
                {", ".join(ORDER_STAGES)}, refund_id, amount, discount, refund_amount,
                {"".join(f"{self._told(name)}, " for name in heads)}{_item(columns)} AS item, nested, returned,
                quantity, line_amount, line_discount, price < 0 AS negative, unread, named[1] AS currency,
                coalesce(len(named) > 1, false) AS currencies
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
        if self.merged:
            self._staging.execute(steps.CONTINUE)
        self._refuse_giants()
        self._bring_together()
        found = self._staging.query(steps.STARTS, {"range": RANGE})
        starts = found.column("start").to_pylist()
        gather, events = steps.gather(self._names), steps.events(self._names)
        known = self._known if self._known is not None and self._known.begin() else None
        words = Parameters()
        refuse = steps.refuse(self._names, words)
        fields = [FIELD + name for name in steps.event_fields(self._names)]
        for start, end in zip(starts, [*starts, 1 << 62][1:], strict=True):
            self._staging.execute(gather, {"from": start, "to": end})
            if self._staging.value(steps.SEVERAL):
                for statement in steps.UNITE:
                    self._staging.execute(statement, {"from": start, "to": end} if "$from" in statement else None)
            if self._staging.value(steps.PARTED):
                self._staging.execute(steps.PART, {"from": start, "to": end})
            if known is not None:
                self._compare(known)
            if self._scope is not None:
                self._staging.execute(steps.NUMBERED, {"scope": self._scope})
            self._staging.execute(refuse, words.values)
            made = self._staging.query(events)
            yield made.rename_columns([*SCHEMA.names, *fields])

    def _compare(self, known: Known) -> None:
        """Notes which of the gathered orders became known with other figures."""
        ids = self._staging.query("SELECT order_id FROM gathered WHERE order_id IS NOT NULL").column("order_id")
        for name, found in (("figures", known.figures(ids)), ("refunds", known.refunds(ids))):
            self._staging.insert(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM block", found, {})  # noqa: S608
        for statement in steps.CHANGED:
            self._staging.execute(statement)

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
            found.append(
                f"CASE WHEN {name} IS NULL THEN '{name}: ' || {NO_AMOUNT}({columns.text('control', name)}) END"
            )
    return f"coalesce({', '.join(found)}, NULL)" if found else "NULL::VARCHAR"


def _currencies(columns: Columns) -> tuple[list[str], str]:
    """SQL of the currencies that a line's amounts name, each as a column; and of the distinct ones of these as a list,
    NULL where there is none."""
    places = [("control", name) for name in ("amount", "discount", "refund_amount")]
    places += [("item", name) for name in ("price", "amount", "discount")]
    found = [sql for place in places if (sql := columns.currency(*place)) != "NULL::VARCHAR"]
    if not found:
        return [], "NULL::VARCHAR[]"
    names = [f"w{number}" for number in range(len(found))]
    some = f"coalesce({', '.join([*names, 'NULL'])}) IS NOT NULL"
    listed = f"CASE WHEN {some} THEN list_sort(list_distinct([{', '.join(names)}])) END"
    return [f"{sql} AS {name}" for sql, name in zip(found, names, strict=True)], listed


def _readers(staging: Staging, standard: Dictionary) -> None:
    """The functions that read amounts and numbers as the data standard does (see `render`)."""
    amount, number = lru_cache(_REMEMBERED)(standard.amount), lru_cache(_REMEMBERED)(standard.number)

    def value(text: str) -> str | None:
        found = amount(text)
        return None if found is None or found[0] is None else str(found[0])

    def currency(text: str) -> str | None:
        found = amount(text)
        return None if found is None else found[1] or None

    def none(text: str) -> str | None:
        # A missing number in a column of floats reads as nan.
        return text if amount(text) is None and text.lower() != "nan" else None

    def count(text: str) -> str | None:
        found = number(text)
        return None if found is None else repr(found)

    for name, read in ((AMOUNT, value), (CURRENCY, currency), (NO_AMOUNT, none), (NUMBER, count)):
        staging.function(name, read)


def _item(columns: Columns) -> str:
    """SQL of a line as a JSON object; NULL when the file says nothing of lines. Returned lines lose their minus."""
    members = []
    for target in columns.targets("item"):
        value = columns.json(target)
        if target.name in ("quantity", "amount", "discount"):
            read = "quantity" if target.name == "quantity" else "line_discount"
            read = "own_amount" if target.name == "amount" else read
            # Of -2 is left what was written; of (2.00) what was read.
            value = f"""CASE WHEN NOT returned THEN {value}
                WHEN regexp_matches({value}, '^"?-') THEN regexp_replace({value}, '^("?)-', '\\1')
                WHEN {read} < 0 THEN '"' || -{read} || coalesce(' ' || named[1], '') || '"' ELSE {value} END"""
        members.append(f"({columns.parameters.text(f'{chr(34)}{target.name}{chr(34)}:')} || {value})")
    if not members:
        return "NULL::VARCHAR"
    return f"nullif('{{' || concat_ws(',', {', '.join(members)}) || '}}', '{{}}')"
