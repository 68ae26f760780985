"""Customers as people read them: search, list and the facts of one page.

Values leave this module in clear; whoever shows them masks them (`onepool.privacy.masking`). Money is given in the
workspace's currency (a missing currency counts as the workspace's); `orders` counts orders that were paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from onepool.pool.engine import Session, quote
from onepool.pool.schema import FIRST_SEEN, IN_USE, LAST_SEEN, NET_AMOUNT

ORDERINGS: Mapping[str, str] = {
    "-last_seen": "p.last_seen DESC NULLS LAST, p.customer_id",
    "last_seen": "p.last_seen ASC NULLS LAST, p.customer_id",
    "-first_seen": "p.first_seen DESC NULLS LAST, p.customer_id",
    "first_seen": "p.first_seen ASC NULLS LAST, p.customer_id",
    "-spend": "coalesce(m.spend, 0) DESC, p.customer_id",
    "spend": "coalesce(m.spend, 0) ASC, p.customer_id",
    "-orders": "coalesce(m.orders, 0) DESC, p.customer_id",
    "orders": "coalesce(m.orders, 0) ASC, p.customer_id",
    "customer_id": "p.customer_id",
}

# Of one customer (or of all): paid orders and what they brought, other currencies left out of the sum.
_MONEY = f"""SELECT c.customer_id, count(*) AS orders,
        sum({NET_AMOUNT})
            FILTER (coalesce(o.currency, $currency) = $currency) AS spend
    FROM orders o JOIN customer_of c USING (identifier_id)
    WHERE o.paid_at IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Search:
    """What a list of customers is narrowed to. `customers`: only these numbers; `name`: a part of the name."""

    customers: Sequence[int] | None = None
    name: str | None = None
    segment: str | None = None
    tag: str | None = None
    tag_value: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in a list, in clear."""

    customer_id: int
    first_seen: datetime | None
    last_seen: datetime | None
    orders: int
    spend: Decimal
    phone: str | None
    email: str | None
    tags: Mapping[str, str]
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """The latest value of one attribute."""

    attribute: str
    value: str
    time: datetime
    touchpoint: str | None


@dataclass(frozen=True, slots=True)
class Tag:
    """The present value of one tag."""

    tag: str
    value: str
    number: float | None
    list: list[str] | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of the customer and the touchpoints where it was seen."""

    identifier_id: int
    type: str
    scope: str
    value: str
    first_seen: datetime | None
    last_seen: datetime | None
    touchpoints: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    """The facts of one customer, in clear."""

    customer_id: int
    first_seen: datetime | None
    last_seen: datetime | None
    facts: list[Fact]
    tags: list[Tag]
    segments: list[tuple[str, datetime]]
    identifiers: list[Identifier]
    orders: int
    spend: Decimal
    other_currencies: Mapping[str, Decimal]
    first_order: datetime | None
    last_order: datetime | None
    events: int
    channels: list[str]
    event_names: list[str]


def resolve(session: Session, customer_id: int) -> int | None:
    """The customer that a number stands for now: itself, or the one it was merged into; None when never given out.

    A customer's number is the id of the identifier it was born with, so the map of identifiers resolves old numbers.
    """
    # Identifiers lie in order, so this looks at one block; most customers still have the one that they were born with.
    born = session.query("SELECT customer_id FROM customer_of WHERE identifier_id = $id", {"id": customer_id})
    if born.num_rows and born["customer_id"][0].as_py() == customer_id:
        return customer_id
    found = session.query(
        """SELECT customer_id FROM customer_of WHERE customer_id = $id OR identifier_id = $id
        ORDER BY customer_id = $id DESC LIMIT 1""",
        {"id": customer_id},
    )
    return int(found["customer_id"][0].as_py()) if found.num_rows else None


def identifier_ids(session: Session, customer_id: int) -> list[int]:
    """The ids of the customer's identifiers; what events and orders are found by."""
    found = session.query(
        "SELECT identifier_id FROM customer_of WHERE customer_id = $id ORDER BY identifier_id", {"id": customer_id}
    )
    ids: list[int] = found["identifier_id"].to_pylist()
    return ids


def with_identifier(
    session: Session, values: Sequence[str], *, kind: str | None = None, scope: str | None = None, limit: int = 200
) -> list[int]:
    """Customers that have one of these identifier values (already normalised), of whatever type and scope or of one.

    Of a value that was handed on, the customer that has it now.
    """
    if not values:
        return []
    found = session.query(
        """SELECT DISTINCT c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id)
        WHERE i.value IN (SELECT unnest($values)) AND ($kind IS NULL OR i.type = $kind)
            AND ($scope IS NULL OR i.scope = $scope) AND (i.base IS NULL OR i.valid_from IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM identifiers l WHERE l.base = coalesce(i.base, i.identifier_id)
                AND l.valid_from IS NOT NULL AND l.generation > i.generation)
        ORDER BY 1 LIMIT $limit""",
        {"values": list(values), "kind": kind, "scope": scope, "limit": limit},
    )
    ids: list[int] = found["customer_id"].to_pylist()
    return ids


def search(
    session: Session,
    wanted: Search,
    *,
    attributes: Sequence[str],
    currency: str,
    order: str = "-last_seen",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Row], int]:
    """A page of customers and how many there are in all.

    `attributes`: columns of the standard to read (names from the registry). `order`: a key of ORDERINGS.
    """
    where, params = _where(wanted, has_name="name" in attributes)
    counted = session.query(f"SELECT count(*) AS n FROM profiles p WHERE {where}", params)
    total = int(counted["n"][0].as_py())
    by_money = order.lstrip("-") in ("spend", "orders")
    money = f"LEFT JOIN ({_MONEY} GROUP BY 1) m USING (customer_id)" if by_money else ""
    first = "starts_with(p.name, $name) DESC, " if wanted.name and "name" in attributes else ""
    found = session.query(
        f"""SELECT p.customer_id FROM profiles p {money} WHERE {where}
        ORDER BY {first}{ORDERINGS[order]} LIMIT $limit OFFSET $offset""",
        {**params, "limit": limit, "offset": offset, **({"currency": currency} if by_money else {})},
    )
    return rows(session, found["customer_id"].to_pylist(), attributes=attributes, currency=currency), total


def rows(session: Session, customers: Sequence[int], *, attributes: Sequence[str], currency: str) -> list[Row]:
    """The rows of these customers, in the order given; unknown ones are left out."""
    if not customers:
        return []
    ids = {"ids": list(customers)}
    columns = "".join(f", p.{quote(name)}::VARCHAR AS {quote('a_' + name)}" for name in attributes)
    profiles = session.query(
        f"""SELECT p.customer_id, p.first_seen, p.last_seen{columns} FROM profiles p
        WHERE p.customer_id IN (SELECT unnest($ids))""",
        ids,
    ).to_pylist()
    money = session.query(
        f"{_MONEY} AND o.identifier_id IN (SELECT identifier_id FROM customer_of "
        "WHERE customer_id IN (SELECT unnest($ids))) GROUP BY 1",
        {**ids, "currency": currency},
    ).to_pylist()
    contacts = session.query(
        """SELECT c.customer_id, i.type, arg_max(i.value, (i.last_seen, i.identifier_id)) AS value
        FROM customer_of c JOIN identifiers i USING (identifier_id)
        WHERE c.customer_id IN (SELECT unnest($ids)) AND i.type IN ('phone', 'email')
            AND i.valid_to IS NULL GROUP BY 1, 2""",
        ids,
    ).to_pylist()
    tags = session.query(
        """SELECT customer_id, tag, coalesce(value, array_to_string(list, ', ')) AS value FROM tag_values
        WHERE customer_id IN (SELECT unnest($ids))""",
        ids,
    ).to_pylist()
    profile_of = {row["customer_id"]: row for row in profiles}
    money_of = {row["customer_id"]: row for row in money}
    contact_of = {(row["customer_id"], row["type"]): row["value"] for row in contacts}
    tags_of: dict[int, dict[str, str]] = {}
    for row in tags:
        if row["value"] is not None:
            tags_of.setdefault(row["customer_id"], {})[row["tag"]] = row["value"]
    result = []
    for customer_id in customers:
        profile = profile_of.get(customer_id)
        if profile is None:
            continue
        known = {name: profile["a_" + name] for name in attributes if profile["a_" + name] is not None}
        paid = money_of.get(customer_id)
        result.append(
            Row(
                customer_id=customer_id,
                first_seen=profile["first_seen"],
                last_seen=profile["last_seen"],
                orders=paid["orders"] if paid else 0,
                spend=(paid["spend"] if paid else None) or Decimal(0),
                phone=contact_of.get((customer_id, "phone")) or known.get("phone"),
                email=contact_of.get((customer_id, "email")) or known.get("email"),
                tags=tags_of.get(customer_id, {}),
                attributes=known,
            )
        )
    return result


def page(session: Session, customer_id: int, *, currency: str) -> Page:
    """Everything that the customer page shows at once (not the timeline). The number must be a present one."""
    ids = identifier_ids(session, customer_id)
    by_ids = {"ids": ids}
    seen = session.query(
        "SELECT first_seen, last_seen FROM profiles WHERE customer_id = $id", {"id": customer_id}
    ).to_pylist()
    activity = session.query(
        """SELECT identifier_id, touchpoint, channel, event, count(*) AS n FROM events
        WHERE identifier_id IN (SELECT unnest($ids)) GROUP BY ALL""",
        by_ids,
    ).to_pylist()
    money = session.query(
        f"""SELECT coalesce(currency, $currency) AS currency, count(*) AS orders,
            sum({NET_AMOUNT}) AS spend,
            min(coalesce(placed_at, paid_at)) AS first_order, max(coalesce(placed_at, paid_at)) AS last_order
        FROM orders o WHERE paid_at IS NOT NULL AND identifier_id IN (SELECT unnest($ids)) GROUP BY 1""",
        {**by_ids, "currency": currency},
    ).to_pylist()
    return Page(
        customer_id=customer_id,
        first_seen=seen[0]["first_seen"] if seen else None,
        last_seen=seen[0]["last_seen"] if seen else None,
        facts=_facts(session, ids),
        tags=_tags(session, customer_id),
        segments=_segments(session, customer_id),
        identifiers=_identifiers(session, ids, activity),
        orders=sum(row["orders"] for row in money),
        spend=next((row["spend"] for row in money if row["currency"] == currency), Decimal(0)),
        other_currencies={row["currency"]: row["spend"] for row in money if row["currency"] != currency},
        first_order=min((row["first_order"] for row in money if row["first_order"]), default=None),
        last_order=max((row["last_order"] for row in money if row["last_order"]), default=None),
        events=sum(row["n"] for row in activity),
        channels=sorted({row["channel"] for row in activity if row["channel"]}),
        event_names=sorted({row["event"] for row in activity}),
    )


def _where(wanted: Search, *, has_name: bool) -> tuple[str, dict[str, object]]:
    parts = ["true"]
    params: dict[str, object] = {}
    if wanted.customers is not None:
        parts.append("p.customer_id IN (SELECT unnest($customers::BIGINT[]))")
        params["customers"] = list(wanted.customers)
    if wanted.name is not None:
        parts.append("contains(p.name, $name)" if has_name else "false")
        if has_name:
            params["name"] = wanted.name
    if wanted.segment is not None:
        parts.append("p.customer_id IN (SELECT customer_id FROM segment_members WHERE segment = $segment)")
        params["segment"] = wanted.segment
    if wanted.tag is not None:
        match = "" if wanted.tag_value is None else " AND (value = $tag_value OR list_contains(list, $tag_value))"
        parts.append(f"p.customer_id IN (SELECT customer_id FROM tag_values WHERE tag = $tag{match})")
        params["tag"] = wanted.tag
        if wanted.tag_value is not None:
            params["tag_value"] = wanted.tag_value
    return " AND ".join(parts), params


def _facts(session: Session, ids: list[int]) -> list[Fact]:
    found = session.query(
        """SELECT attribute, value, time, touchpoint FROM attribute_facts
        WHERE identifier_id IN (SELECT unnest($ids))
        QUALIFY row_number() OVER (PARTITION BY attribute ORDER BY time DESC, seq DESC) = 1""",
        {"ids": ids},
    ).to_pylist()
    return [Fact(**row) for row in sorted(found, key=lambda row: row["attribute"]) if row["value"] is not None]


def _tags(session: Session, customer_id: int) -> list[Tag]:
    found = session.query(
        """SELECT tag, coalesce(value, array_to_string(list, ', '), number::VARCHAR) AS value, number, list, as_of
        FROM tag_values WHERE customer_id = $id ORDER BY tag""",
        {"id": customer_id},
    )
    return [Tag(**row) for row in found.to_pylist() if row["value"] is not None]


def _segments(session: Session, customer_id: int) -> list[tuple[str, datetime]]:
    found = session.query(
        "SELECT segment, since FROM segment_members WHERE customer_id = $id ORDER BY segment", {"id": customer_id}
    )
    return [(row["segment"], row["since"]) for row in found.to_pylist()]


def _identifiers(session: Session, ids: list[int], activity: list[dict[str, object]]) -> list[Identifier]:
    touchpoints: dict[object, set[str]] = {}
    for row in activity:
        if row["touchpoint"]:
            touchpoints.setdefault(row["identifier_id"], set()).add(str(row["touchpoint"]))
    found = session.query(
        f"""SELECT identifier_id, type, scope, value, {FIRST_SEEN} AS first_seen, {LAST_SEEN} AS last_seen
        FROM identifiers i WHERE identifier_id IN (SELECT unnest($ids)) AND {IN_USE} ORDER BY type, scope, value""",
        {"ids": ids},
    ).to_pylist()
    return [Identifier(**row, touchpoints=sorted(touchpoints.get(row["identifier_id"], ()))) for row in found]
