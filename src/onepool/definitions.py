"""Definitions (touchpoints, standard extensions, tags, segments …): versioned objects in the state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, desc, func, insert, select, update

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import definitions

KINDS = (
    "touchpoint", "standard", "identity", "model", "tag", "segment", "destination", "list", "coupon", "message",
    "policy", "journey", "case",
)  # fmt: skip


class Changed(OnePoolError):
    """Somebody saved another version of the definition meanwhile."""

    code = "conflict"


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one definition; `body` is what was written, as JSON."""

    kind: str
    name: str
    version: int
    body: dict[str, Any]
    hash: str
    author: str
    reason: str
    created_at: datetime
    deleted: bool


class Definitions:
    """The definitions of a workspace. Saving what is already so makes no new version."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @property
    def state(self) -> State:
        """Where they are kept."""
        return self._state

    def current(self, kind: str) -> list[Definition]:
        """The current version of every definition of a kind, by name."""
        with self._state.read() as connection:
            rows = connection.execute(
                select(definitions)
                .where(and_(definitions.c.kind == kind, definitions.c.current, ~definitions.c.deleted))
                .order_by(definitions.c.name)
            ).all()
        return [_definition(row) for row in rows]

    def get(self, kind: str, name: str) -> Definition | None:
        """The current version, or None where there is none (or it was deleted)."""
        with self._state.read() as connection:
            row = _current(connection, kind, name)
        return None if row is None or row.deleted else _definition(row)

    def history(self, kind: str, name: str) -> list[Definition]:
        """All versions, newest first."""
        with self._state.read() as connection:
            rows = connection.execute(
                select(definitions)
                .where(and_(definitions.c.kind == kind, definitions.c.name == name))
                .order_by(desc(definitions.c.version))
            ).all()
        return [_definition(row) for row in rows]

    def save(
        self,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        *,
        author: str,
        reason: str = "",
        expected: int | None = None,
    ) -> Definition:
        """Store a new version and make it the current one. `expected`: the version that was edited (0: there was none).

        Raises Changed when another one is current by then.
        """
        return self._store(kind, name, dict(body), author=author, reason=reason, deleted=False, expected=expected)

    def delete(self, kind: str, name: str, *, author: str, reason: str = "") -> None:
        """Retire a definition; its versions stay."""
        current = self.get(kind, name)
        if current is not None:
            self._store(kind, name, current.body, author=author, reason=reason, deleted=True)

    def revision(self) -> int:
        """A number that grows with every change of any definition."""
        with self._state.read() as connection:
            return connection.execute(select(func.max(definitions.c.id))).scalar_one() or 0

    def _store(
        self,
        kind: str,
        name: str,
        body: dict[str, Any],
        *,
        author: str,
        reason: str,
        deleted: bool,
        expected: int | None = None,
    ) -> Definition:
        text = canonical(body)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._state.write() as connection:
            current = _current(connection, kind, name)
            present = 0 if current is None or current.deleted else current.version
            if expected is not None and expected != present:
                said = "it was deleted meanwhile" if not present else (
                    f"{current.author.removeprefix('user:')} saved version {present} meanwhile, "
                    f"at {from_micros(current.created_at):%Y-%m-%d %H:%M} UTC"
                )  # fmt: skip
                raise Changed(said, where="version", hint="load it anew")
            if current is not None and current.hash == digest and bool(current.deleted) == deleted:
                return _definition(current)
            connection.execute(
                update(definitions)
                .where(and_(definitions.c.kind == kind, definitions.c.name == name, definitions.c.current))
                .values(current=False)
            )
            values = {
                "kind": kind,
                "name": name,
                "version": 1 if current is None else current.version + 1,
                "body": text,
                "hash": digest,
                "author": author,
                "reason": reason,
                "created_at": to_micros(self._clock.now()),
                "current": True,
                "deleted": deleted,
            }
            connection.execute(insert(definitions).values(**values))
            row = _current(connection, kind, name)
        assert row is not None
        return _definition(row)


def canonical(body: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal definitions have equal text."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _current(connection: Connection, kind: str, name: str) -> Any:
    return connection.execute(
        select(definitions).where(and_(definitions.c.kind == kind, definitions.c.name == name, definitions.c.current))
    ).one_or_none()


def _definition(row: Any) -> Definition:
    return Definition(
        kind=row.kind,
        name=row.name,
        version=row.version,
        body=json.loads(row.body),
        hash=row.hash,
        author=row.author,
        reason=row.reason,
        created_at=from_micros(row.created_at),
        deleted=bool(row.deleted),
    )
