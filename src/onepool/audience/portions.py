"""How many definitions are evaluated together for everybody."""

from __future__ import annotations

from onepool.pool import Session

_TOGETHER = 200_000_000
"""Definitions times identifiers in one plan at most: about 3 GB of measures."""

_LEAST = 20


def portions(session: Session, names: list[str]) -> list[list[str]]:
    """As many definitions together as leave what is counted of everybody in memory."""
    if not names:
        return []
    identifiers = int(session.query("SELECT count(*) AS n FROM customer_of").column("n")[0].as_py())
    most = max(_LEAST, _TOGETHER // max(1, identifiers))
    return [names[first : first + most] for first in range(0, len(names), most)]
