"""Orders of shops and marketplaces: amounts, contacts that are none, and the events that a snapshot tells.

In order lines the merchant's own code of a product comes before the platform's number, so that one product is the same
over all shops; the platform's number stays beside it (``platform_item_id``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from onepool.channels.base.items import Gathering

_PHONE = re.compile(r"(?:\+?86|0086)?1[3-9]\d{9}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d*)?")
_WALL = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?)")
_PRIVACY = re.compile(r"(?:(?:\+?86|0086)?[ -]?1[3-9]\d{9}|95\d{6,13})[-－_,，;#*转接\s]+\d{2,6}")
_MASKED = re.compile(r"[\d*xX＊•-]{5,20}")


def clear_phone(value: object) -> str | None:
    """A mainland mobile number in clear; None for masked, encrypted and foreign ones.

    Marketplaces hide buyers' numbers: what is masked, a cipher or a privacy number with an extension is no phone.
    """
    text = value.strip().replace(" ", "").replace("-", "") if isinstance(value, str) else ""
    return text if _PHONE.fullmatch(text) else None


def mainland_phone(value: object) -> str | None:
    """The same as E.164, for identifiers: a shop's country need not be the workspace's."""
    found = clear_phone(value)
    return None if found is None else f"+86{found[-11:]}"


def masked_phone(value: object) -> str | None:
    """A number with some of its digits hidden, which may be compared but never joins anybody."""
    text = value.strip() if isinstance(value, str) else ""
    if "*" not in text and "＊" not in text:
        return None
    return text if _MASKED.fullmatch(text) else None


def hidden_phone(value: object) -> str | None:
    """How a number is told that is not the person's own to see: masked, or a privacy number (a host's mobile with an
    extension, another for each order). A fact of the order and of who gave it, never an identifier."""
    text = value.strip() if isinstance(value, str) else ""
    return text if _PRIVACY.fullmatch(text) else masked_phone(value)


def yuan(value: object) -> str | None:
    """An amount in yuan as text ("12.30"); None for what is none (empty, "null")."""
    amount = _decimal(value)
    return None if amount is None else f"{amount:.2f}"


def fen(value: object) -> str | None:
    """An amount in fen (hundredths, a whole number) as text in yuan."""
    amount = _decimal(value)
    return None if amount is None or amount != int(amount) else f"{amount / 100:.2f}"


def beijing(value: object) -> str:
    """A time as these platforms write it, by the wall clock of Beijing, as ISO 8601 with its zone; empty for none.

    Any other text stays: the standard reads it, or says what is wrong.
    """
    found = text(value)
    match = _WALL.fullmatch(found)
    return f"{match[1]}T{match[2]}+08:00" if match else found


def _decimal(value: object) -> Decimal | None:
    """A number of at most 15 digits before the point. Exponents are none: they can make a number of any length."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and abs(value) >= 10**15:
        return None
    written = str(value).strip().replace(",", "")
    return Decimal(written) if len(written) <= 40 and _NUMBER.fullmatch(written) else None


def text(value: object) -> str:
    """An id or a word as text; empty for None, "null" and anything that is neither text nor a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and abs(value) > 10**40):
        return ""
    found = str(value).strip()
    return "" if found.lower() in ("null", "none") else found


def part(value: object, *names: str) -> dict[str, Any]:
    """The object at a path of members; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def parts(value: object, *names: str) -> list[dict[str, Any]]:
    """The objects of the list at a path of members."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    return [dict(one) for one in value if isinstance(one, Mapping)]


def order_ids(ids: list[tuple[str, str, str]], scope: str, order_id: str) -> list[tuple[str, str, str]]:
    """Who bought, and the order's own number, which follows the buyer.

    Refunds and parcels often name the order only; an order whose buyer the platform hides is known by nothing else.
    """
    return [*ids, ("order_no", scope, order_id)] if order_id else ids


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order as a platform shows it at some time.

    ``ids``: who bought (see `order_ids`). ``fields``: what describes the order (amount, items, receiver …). ``placed``,
    ``paid``, ``shipped``, ``completed``, ``cancelled``: when it happened; None or empty: not (yet).
    """

    order_id: str
    ids: list[tuple[str, str, str]]
    fields: dict[str, Any]
    traits: dict[str, Any] = field(default_factory=dict)
    placed: str | int | None = None
    paid: str | int | None = None
    shipped: str | int | None = None
    completed: str | int | None = None
    cancelled: str | int | None = None


def step_id(order_id: str, event: str) -> str:
    """The message id of a step of an order, the same however it became known."""
    return f"{order_id}:{event}"


def tell(found: Gathering, order: Snapshot) -> None:
    """The events that a snapshot tells: one for each step that the order has taken.

    Each is named by the order and the step, so that the next snapshot of the same order (fetched, or pushed) adds only
    what is new.
    """
    if not order.order_id:
        found.refuse("order.id", "an order without its number", "")
        return
    short: dict[str, Any] = {
        name: order.fields[name] for name in ("amount", "currency", "store_id") if name in order.fields
    }
    steps: tuple[tuple[str, str | int | None, dict[str, Any]], ...] = (
        ("order_placed", order.placed, order.fields),
        ("order_paid", order.paid, order.fields),
        ("order_shipped", order.shipped, {"items": order.fields.get("items")}),
        ("order_completed", order.completed, short),
        ("order_cancelled", order.cancelled, short),
    )
    for event, at, fields in steps:
        if at:
            found.add(
                "event",
                event,
                list(order.ids),
                time=at,
                message_id=step_id(order.order_id, event),
                fields={"order_id": order.order_id, **fields},
                traits=order.traits,
            )
