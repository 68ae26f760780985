"""The Python face: `ws = onepool.open("DIR")`, verbs that return Arrow tables, made for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from onepool.api.lookup import find_customer
from onepool.api.sql import run_readonly
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import ConditionError, check
from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.parse import parse_condition
from onepool.errors import OnePoolError
from onepool.pool import customers
from onepool.workspace import Workspace, open_workspace


class NotFound(OnePoolError):
    """There is no such segment, tag or customer."""

    code = "not-found"


class Handle:
    """An open workspace. Reads beside a running server as well as without one."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def query(self, sql: str) -> pa.Table:
        """One SELECT over the analysts' views (customers, events, orders, tags …)."""
        return run_readonly(self.workspace.pool, sql)

    def segment(self, name: str) -> Segment:
        """A segment of this workspace."""
        if self.workspace.definitions.get("segment", name) is None:
            raise NotFound(f"there is no segment {name}")
        return Segment(self.workspace, name)

    def tag(self, name: str) -> pa.Table:
        """The current values of a tag: customer_id, value, number, list, as_of."""
        if self.workspace.definitions.get("tag", name) is None:
            raise NotFound(f"there is no tag {name}")
        return self.workspace.pool.query(
            "SELECT customer_id, value, number, list, as_of FROM tag_values WHERE tag = $tag ORDER BY customer_id",
            {"tag": name},
        )

    def select(self, condition: Mapping[str, Any], as_of: datetime | None = None) -> pa.Table:
        """The customers that satisfy a condition (as written in YAML), at an instant: customer_id.

        Raises ConditionError with every fault and its place, also for names that the workspace does not know.
        """
        at = as_of or self.workspace.clock.now()
        parsed = parse_condition(dict(condition))
        context = replace(load_catalog(self.workspace).context, past_tags=as_of is not None)
        problems = check(parsed, context.names)
        if problems:
            raise ConditionError(problems)
        plan = compile_conditions({"holds": parsed}, at, Scope.all(), context)
        with self.workspace.pool.read() as session:
            found = plan.run(session)
        return found.filter(found.column("holds")).select(["customer_id"]).sort_by("customer_id")

    def customer(self, who: str | int) -> Customer:
        """A customer by id, `type:value` or `type@scope:value`."""
        workspace = self.workspace
        with workspace.pool.read() as session:
            found = find_customer(session, str(who), workspace.standard(), workspace.settings.country)
        if found is None:
            raise NotFound(f"no customer is known as {who}", hint="write an id, or type:value")
        return Customer(workspace, found)

    def close(self) -> None:
        """Close the stores."""
        self.workspace.close()

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: who is in it now, and who came and went."""

    workspace: Workspace
    name: str

    def size(self) -> int:
        """How many customers are in it now."""
        found = self.workspace.pool.query(
            "SELECT count(*) AS n FROM segment_members WHERE segment = $name", {"name": self.name}
        )
        return int(found.column("n")[0].as_py())

    def members(self) -> pa.Table:
        """customer_id, since."""
        return self.workspace.pool.query(
            "SELECT customer_id, since FROM segment_members WHERE segment = $name ORDER BY customer_id",
            {"name": self.name},
        )

    def changes(self) -> pa.Table:
        """Everyone who entered or left: customer_id, change, at."""
        return self.workspace.pool.query(
            """SELECT customer_id, change, "at" FROM segment_changes WHERE segment = $name
            ORDER BY change_id, customer_id""",
            {"name": self.name},
        )


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer."""

    workspace: Workspace
    customer_id: int

    def timeline(self, limit: int = 1000) -> pa.Table:
        """Their latest events, newest first: event_id, event, time, channel, touchpoint, amount, currency, fields."""
        with self.workspace.pool.read() as session:
            ids = customers.identifier_ids(session, self.customer_id)
            return session.query(
                """SELECT event_id, event, time, channel, touchpoint, amount, currency, order_id, fields FROM events
                WHERE identifier_id IN (SELECT unnest($ids)) ORDER BY time DESC, seq DESC LIMIT $limit""",
                {"ids": ids, "limit": limit},
            )

    def tags(self) -> pa.Table:
        """Their tags: tag, value, number, list, as_of."""
        return self.workspace.pool.query(
            "SELECT tag, value, number, list, as_of FROM tag_values WHERE customer_id = $id ORDER BY tag",
            {"id": self.customer_id},
        )


def open_handle(folder: str | Path) -> Handle:
    """Open a workspace folder. Raises WorkspaceError when it is none."""
    return Handle(open_workspace(folder))
