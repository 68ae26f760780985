"""The Python face: `ws = onepool.open("DIR")`, verbs that return Arrow tables, made for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from onepool.api.sql import run_readonly
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import ConditionError, check, parse_condition
from onepool.audience.lists import LISTS
from onepool.audience.past import members_at, sizes_at
from onepool.audience.sets import Sets
from onepool.definitions import Definition
from onepool.handle.audience import CustomerList, Segment, Tag, context_of, customer_of
from onepool.handle.customer import Customer
from onepool.handle.errors import NotFound
from onepool.handle.identity import Identity, Why
from onepool.handle.table import NotInstalled, Table
from onepool.insight.portrait import Channels
from onepool.insight.portrait.tables import overlap_table
from onepool.pool import catalog
from onepool.pool.home import segment_sizes
from onepool.workspace import Workspace, open_workspace

__all__ = [
    "Customer",
    "CustomerList",
    "Handle",
    "Identity",
    "NotFound",
    "NotInstalled",
    "Segment",
    "Table",
    "Tag",
    "Why",
    "open_handle",
]


class Handle:
    """An open workspace. Reads beside a running server as well as without one."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._sets = Sets()
        self._channels = Channels()

    def query(self, sql: str) -> Table:
        """One SELECT over the analysts' views (customers, events, orders, tags …)."""
        return Table(run_readonly(self.workspace.pool, sql))

    def segment(self, name: str) -> Segment:
        """A segment of this workspace."""
        if self.workspace.definitions.get("segment", name) is None:
            raise NotFound(f"there is no segment {name}")
        return Segment(self.workspace, name, self._sets, self._channels)

    def overlap(self, segments: Sequence[str]) -> Table:
        """The exclusive intersections of two to six segments, the largest first: inside, outside, customers.

        They add up to the union; intersections without anybody are left out. Raises NotFound, ValueError.
        """
        for name in segments:
            self.segment(name)
        return Table(overlap_table(self.workspace, segments, self._sets))

    def list(self, name: str) -> CustomerList:
        """A list of this workspace."""
        if self.workspace.definitions.get(LISTS, name) is None:
            raise NotFound(f"there is no list {name}")
        return CustomerList(self.workspace, name)

    def segments(self, as_of: datetime | None = None) -> Table:
        """All segments: segment, title, customers. `as_of`: as many as there were then, computed from all history."""
        items = self.workspace.definitions.current("segment")
        with self.workspace.pool.read() as session:
            if as_of is None:
                sizes = segment_sizes(session)
            else:
                known = load_catalog(self.workspace)
                sizes = sizes_at(session, known.segments, as_of, known.context)
        rows = [{"segment": one.name, "title": self._title(one), "customers": sizes.get(one.name, 0)} for one in items]
        return Table(pa.Table.from_pylist(rows, _SEGMENTS))

    def tags(self, as_of: datetime | None = None) -> Table:
        """All tags: tag, kind, title, customers who have a value. `as_of`: who had one then."""
        items = self.workspace.definitions.current("tag")
        with self.workspace.pool.read() as session:
            figures = catalog.tag_figures(session, at=as_of)
        rows = [
            {
                "tag": one.name,
                "kind": str(one.body.get("kind", "")),
                "title": self._title(one),
                "customers": figures[one.name].coverage if one.name in figures else 0,
            }
            for one in items
        ]
        return Table(pa.Table.from_pylist(rows, _TAGS))

    def tag(self, name: str) -> Tag:
        """A tag: the table of its current values (customer_id, value, number, list, as_of), and what explains them."""
        if self.workspace.definitions.get("tag", name) is None:
            raise NotFound(f"there is no tag {name}")
        return Tag(self.workspace, name)

    def select(self, condition: Mapping[str, Any], as_of: datetime | None = None) -> Table:
        """The customers that satisfy a condition (as written in YAML), at an instant: customer_id.

        Raises ConditionError with every fault and its place, also for names that the workspace does not know.
        """
        at = as_of or self.workspace.clock.now()
        parsed = parse_condition(dict(condition))
        context = context_of(self.workspace, as_of)
        problems = check(parsed, context.names)
        if problems:
            raise ConditionError(problems)
        with self.workspace.pool.read() as session:
            return Table(members_at(session, parsed, at, context))

    def customer(self, who: str | int) -> Customer:
        """A customer by id, `type:value` or `type@scope:value`."""
        with self.workspace.pool.read() as session:
            return Customer(self.workspace, customer_of(self.workspace, session, who))

    @property
    def identity(self) -> Identity:
        """OneID: who is one customer, and why."""
        return Identity(self.workspace)

    def close(self) -> None:
        """Close the stores."""
        self.workspace.close()

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _title(self, item: Definition) -> str:
        """A definition's title in the workspace's language."""
        said = item.body.get("title")
        if not isinstance(said, Mapping):
            return str(said or item.name)
        return str(said.get("zh" if self.workspace.settings.language.startswith("zh") else "en") or item.name)


_SEGMENTS = pa.schema([("segment", pa.string()), ("title", pa.string()), ("customers", pa.int64())])
_TAGS = pa.schema([("tag", pa.string()), ("kind", pa.string()), ("title", pa.string()), ("customers", pa.int64())])


def open_handle(folder: str | Path) -> Handle:
    """Open a workspace folder. Raises WorkspaceError when it is none."""
    return Handle(open_workspace(folder))
