"""The identifier that somebody means: `phone:13800000000`, `unionid@wx-open:oABC`, `identifier:12`, or a customer."""

from __future__ import annotations

from difflib import get_close_matches

from onepool.api.lookup import spellings
from onepool.api.workspace import WorkspaceLike
from onepool.errors import OnePoolError
from onepool.identity.decisions import Side
from onepool.identity.read import Node, Sources, named, nodes, side, sources_of
from onepool.pool import Session, customers

_NUMBERED = ("customer", "identifier")
_HINT = "write a customer number, identifier:NUMBER, type:value or type@scope:value"


class WhomError(OnePoolError):
    """Nobody, or more than one, is meant."""

    code = "identifier-unknown"


def sources(ws: WorkspaceLike, session: Session) -> Sources:
    """What the read models of OneID read of a workspace."""
    return sources_of(ws.state, session, ws.standard(), ws.definitions)


def whom(src: Sources, text: str, country: str = "CN") -> list[Node]:
    """The identifier meant, in all its tenures, the present one last. Of a customer: the one it is numbered after.

    Raises WhomError when nobody is known under it, when several scopes have the value, or when there is no such type.
    """
    text = text.strip()
    kind, separator, value = text.partition(":")
    if _number(text) is not None or (kind == "customer" and _number(value) is not None):
        # A customer is numbered after one of its identifiers, which keeps the number when the customer is merged.
        found = list(nodes(src, [int(value if separator else text)]).values())
    elif kind == "identifier" and (number := _number(value)) is not None:
        found = list(nodes(src, [number]).values())
    elif separator and kind not in _NUMBERED:
        found = _by_value(src, kind, value, country)
        if not found:
            _check_type(src, kind)
    else:
        raise WhomError(f"{text!r} names no identifier", hint=_HINT, code="identifier-form")
    if not found:
        raise WhomError("nobody is known under this", where=kind or None, hint=_HINT)
    return found


def pair(src: Sources, a: str, b: str, country: str = "CN") -> tuple[Node, Node]:
    """Two identifiers; of a value with several owners over time the one that makes them one customer, else the last."""
    left, right = whom(src, a, country), whom(src, b, country)
    shared = (
        (one, other) for one in reversed(left) for other in reversed(right) if one.customer_id == other.customer_id
    )
    return next(shared, (left[-1], right[-1]))


def customer(src: Sources, customer_id: int) -> int:
    """The present customer of a number, which may be an old one. Raises WhomError."""
    present = customers.resolve(src.session, customer_id)
    if present is None:
        raise WhomError("there is no customer with this number", where=str(customer_id), code="customer-unknown")
    return present


def side_of(src: Sources, customer_id: int) -> Side:
    """A customer as one side of a decision. Raises WhomError."""
    return side(src, customer(src, customer_id))


def _by_value(src: Sources, named_kind: str, value: str, country: str) -> list[Node]:
    kind, at, scope = named_kind.partition("@")
    known = src.standard.identifier_named(kind)
    found = named(src, known.name if known else kind, scope if at else None, spellings(value, country))
    scopes = sorted({node.scope for node in found})
    if len(scopes) > 1:
        raise WhomError(
            f"this {kind} is known in several scopes: {', '.join(scopes)}",
            hint=f"write {kind}@{scopes[0]}:…",
            code="identifier-ambiguous",
        )
    return sorted(found, key=lambda node: (node.base, node.generation))


def _check_type(src: Sources, named_kind: str) -> None:
    """Raise WhomError, naming the nearest ones, if there is no such type: else a slip looks like an unknown person."""
    kind = named_kind.partition("@")[0]
    if src.standard.identifier_named(kind) is not None:
        return
    near = get_close_matches(kind.strip().casefold(), list(src.standard.identifier_types))
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(src.standard.identifier_types)}"
    raise WhomError(
        f"there is no identifier type {kind!r}", where=named_kind, hint=hint, code="identifier-type-unknown"
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
