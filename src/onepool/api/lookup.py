"""What somebody who types into the search box means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from onepool.pool import customers
from onepool.pool.engine import Session

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
    return list(dict.fromkeys(forms))
