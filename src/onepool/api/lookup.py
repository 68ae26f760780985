"""What somebody who types into the search box means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from onepool.pool import customers, timeline
from onepool.pool.engine import Session
from onepool.privacy.masking import mask_text
from onepool.standards import Standard
from onepool.standards.faults import Fault
from onepool.standards.normalise.contact import Contact, email, phone
from onepool.standards.personal import hidden_of

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the text was understood, and the customers or the part of a name that it stands for."""

    kind: Literal["all", "customer_id", "identifier", "name"]
    customers: Sequence[int] | None = None
    name: str | None = None


def understand(session: Session, text: str, spellings: Sequence[str]) -> Meaning:
    """An identifier's value first, then a customer's number, else a part of a name.

    `spellings`: the text in the forms that identifiers are kept in (phone in E.164, e-mail in lower case …).
    """
    text = text.strip()
    if not text:
        return Meaning("all")
    found = customers.with_identifier(session, spellings)
    if found:
        return Meaning("identifier", found)
    if text.isascii() and text.isdigit() and len(text) <= 18:
        resolved = customers.resolve(session, int(text))
        if resolved is not None:
            return Meaning("customer_id", [resolved])
    return Meaning("name", None, text)


def spellings(text: str, country: str) -> list[str]:
    """The forms in which an identifier with this text may be kept: as typed, and as the normalisers write it."""
    text = text.strip()
    if not text:
        return []
    forms = [text, text.lower(), text.upper()]
    for contact in (_normal(phone, text, country), _normal(email, text)):
        if contact is not None and contact.usable:
            forms.append(contact.value)
    return list(dict.fromkeys(forms))


def _normal(normaliser: Callable[..., Contact | None], *arguments: str) -> Contact | None:
    try:
        return normaliser(*arguments)
    except Fault:
        return None


def find_customer(session: Session, who: str, standard: Standard, country: str = "CN") -> int | None:
    """The customer meant by a number, `type:value` or `type@scope:value`; None when nobody (or more than one) is."""
    who = who.strip()
    if who.isascii() and who.isdigit() and len(who) <= 18:
        return customers.resolve(session, int(who))
    named, separator, value = who.partition(":")
    if not separator:
        return None
    kind, _, scope = named.partition("@")
    known = standard.identifier_named(kind)
    found = customers.with_identifier(
        session, spellings(value, country), kind=known.name if known else kind, scope=scope or None, limit=2
    )
    return found[0] if len(found) == 1 else None


def show_customer(
    session: Session, customer_id: int, standard: Standard, currency: str = "CNY"
) -> dict[str, list[dict[str, object]]]:
    """A present customer as titled tables of plain values, masked as for one who may not see names; what the command
    line prints."""
    hidden = hidden_of(standard)
    page = customers.page(session, customer_id, currency=currency)
    ids = [identifier.identifier_id for identifier in page.identifiers]
    latest, _ = timeline.events(session, ids, columns=(), limit=10)
    summary: dict[str, object] = {
        "customer_id": page.customer_id,
        "first_seen": page.first_seen,
        "last_seen": page.last_seen,
        "events": page.events,
        "orders": page.orders,
        "spend": page.spend,
        "currency": currency,
    }
    return {
        "customer": [summary],
        "identifiers": [
            {"type": one.type, "scope": one.scope, "value": hidden.identifier(one.type, one.value)[0]}
            for one in page.identifiers
        ],
        "attributes": [
            {
                "attribute": fact.attribute,
                "value": mask_text(hidden.attribute(fact.attribute, fact.value, with_names=False)[0]),
                "time": fact.time,
                "touchpoint": fact.touchpoint,
            }
            for fact in page.facts
        ],
        "tags": [{"tag": tag.tag, "value": tag.value, "as_of": tag.as_of} for tag in page.tags],
        "segments": [{"segment": name, "since": since} for name, since in page.segments],
        "latest events": [
            {"time": event.time, "event": event.event, "channel": event.channel, "touchpoint": event.touchpoint}
            for event in latest
        ],
    }
