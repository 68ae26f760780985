"""Identity as the tick would have left it, written down by hand: state and pool of a few customers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import insert, update

from onepool.clock import FakeClock, to_micros
from onepool.identity.decisions import APPLIED
from onepool.identity.keys import key_of
from onepool.identity.read import Sources
from onepool.identity.registry import Registry, Rules
from onepool.identity.witness import name_code
from onepool.layout import columns_of
from onepool.pool import DuckDBEngine
from onepool.pool import schema as pool_schema
from onepool.standards import Standard, load_standard
from onepool.state import State, schema
from onepool.state.store import set_meta

T0 = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
STANDARD = load_standard()


def at(days: float) -> int:
    """An instant so many days after the first, in µs."""
    return to_micros(T0 + timedelta(days=days))


@dataclass
class Written:
    """Writes identifiers, links and orders into both stores. Ids count from 1."""

    state: State
    pool: DuckDBEngine
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    standard: Standard = STANDARD
    rules: Rules = field(default_factory=Rules)
    joining: dict[str, str] = field(default_factory=dict)
    _nodes: int = 0
    _links: int = 0
    _tenures: dict[int, int] = field(default_factory=dict)

    def identifier(
        self,
        kind: str,
        value: str,
        customer: int | None = None,
        *,
        scope: str = "",
        base: int | None = None,
        valid_from: int | None = None,
        name: str = "",
        seen: float = 0,
    ) -> int:
        """A new identifier of a customer (without: one of its own), `seen` first so many days after T0."""
        self._nodes += 1
        number = self._nodes
        generation = 0 if base is None else self._tenures.setdefault(base, 0) + 1
        if base is not None:
            self._tenures[base] = generation
        with self.state.write() as connection:
            connection.execute(
                insert(schema.identifiers).values(
                    id=number,
                    key=key_of(kind, scope, value, generation),
                    type=kind,
                    scope=scope,
                    value=value,
                    first_seen=at(seen),
                    last_seen=at(10),
                    base=base,
                    generation=generation,
                    valid_from=valid_from,
                    witness=name_code(name),
                )
            )
        since = None if valid_from is None else T0 + timedelta(microseconds=valid_from - at(0))
        first = T0 + timedelta(days=seen)
        row = {
            "identifier_id": number,
            "type": kind,
            "scope": scope,
            "value": value,
            "first_seen": first,
            "last_seen": T0,
        }
        self.put("identifiers", {**row, "base": base, "generation": generation, "valid_from": since})
        self.put("customer_of", {"identifier_id": number, "customer_id": number if customer is None else customer})
        return number

    def link(self, a: int, b: int, status: str = "joined", reason: str = "", **values: Any) -> int:
        """A link; `day`: when it was seen."""
        number, self._links = self._links, self._links + 1
        day = values.pop("day", 0.0)
        event = number.to_bytes(16, "big")
        row = {
            "id": number,
            "a": min(a, b),
            "b": max(a, b),
            "rule": "same_event",
            "touchpoint": "shop",
            "first_event": event,
            "first_time": at(day),
            "last_event": event,
            "last_time": at(day),
            "count": 1,
            "confidence": None,
            "status": status,
            "reason": reason,
        }
        with self.state.write() as connection:
            connection.execute(insert(schema.links).values({**row, **values}))
        return number

    def candidate(self, a: int, b: int, probability: float, status: str = "open", detail: str = "[]") -> int:
        with self.state.write() as connection:
            made = connection.execute(
                insert(schema.candidates).values(
                    a=min(a, b), b=max(a, b), probability=probability, detail=detail, model=1, at=at(3), status=status
                )
            )
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def consent(self, identifier: int, granted: bool) -> None:
        with self.state.write() as connection:
            connection.execute(
                insert(schema.consents).values(
                    identifier_id=identifier, granted=granted, time=at(1), event_id=bytes(16), touchpoint="shop"
                )
            )

    def change(self, kind: str, day: float, customer: int = 1, other: int = 2) -> None:
        with self.state.write() as connection:
            connection.execute(
                insert(schema.customer_changes).values(
                    at=at(day), log_offset=1, kind=kind, customer_id=customer, other_id=other
                )
            )

    def applied(self, decision: int) -> None:
        """The tick took decisions up to this one."""
        with self.state.write() as connection:
            set_meta(connection, APPLIED, str(decision))

    def mark(self, link: int, status: str, reason: str = "") -> None:
        with self.state.write() as connection:
            connection.execute(
                update(schema.links).where(schema.links.c.id == link).values(status=status, reason=reason)
            )

    def order(self, identifier: int, amount: str, currency: str | None = "CNY") -> None:
        self.put(
            "orders",
            {
                "touchpoint": "shop",
                "order_id": f"{identifier}-{amount}-{currency}",
                "identifier_id": identifier,
                "paid_at": T0,
                "amount": Decimal(amount),
                "currency": currency,
            },
        )

    def put(self, table: str, *rows: dict[str, Any]) -> None:
        with self.pool.write() as session:
            session.append(table, pa.Table.from_pylist(list(rows)))

    @contextmanager
    def sources(self) -> Iterator[Sources]:
        with self.pool.read() as session:
            yield Sources(
                self.state, session, self.standard, Registry.of(self.standard, self.rules, dict(self.joining))
            )

    def close(self) -> None:
        self.pool.close()
        self.state.close()


def empty(folder: Path) -> Written:
    """Stores with nothing in them."""
    pool = DuckDBEngine(":memory:", "Asia/Shanghai", threads=1)
    with pool.write() as session:
        pool_schema.create(session, columns_of(STANDARD))
    return Written(State.at(folder / "state.sqlite"), pool)
