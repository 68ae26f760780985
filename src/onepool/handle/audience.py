"""Segments, tags and lists from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from onepool.api.explained import shown_figure, shown_found
from onepool.api.lookup import find_customer
from onepool.api.showing import shown_to_nobody
from onepool.audience import lists
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import (
    Condition,
    ConditionError,
    Context,
    Reason,
    check,
    explain_condition,
    parse_condition,
    sentence,
)
from onepool.audience.definitions import parse_segment
from onepool.audience.lists import snapshot_list
from onepool.audience.past import members_at
from onepool.audience.sets import Sets, ids_of
from onepool.audience.tags import explain_tag, parse_tag
from onepool.definitions import canonical
from onepool.handle.errors import NotFound
from onepool.handle.jobs import see_done
from onepool.handle.table import Table
from onepool.insight.portrait import EVERYBODY, MIN_CELL, Asked, Channels
from onepool.insight.portrait.tables import portrait_table, segment_portrait
from onepool.insight.segments import SegmentPlan, plan_segment
from onepool.pool import Session, catalog
from onepool.workspace import Workspace


def context_of(workspace: Workspace, as_of: datetime | None) -> Context:
    """What conditions may name; `as_of`: with tags as they were then."""
    return replace(load_catalog(workspace).context, past_tags=as_of is not None)


def customer_of(workspace: Workspace, session: Session, who: str | int) -> int:
    """The customer meant by an id, `type:value` or `type@scope:value`. Raises NotFound."""
    found = find_customer(session, str(who), workspace.standard(), workspace.settings.country)
    if found is None:
        raise NotFound(f"no customer is known as {who}", hint="write an id, or type:value")
    return found


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: who is in it, and who came and went. `as_of`: as of then, computed from all history; else live."""

    workspace: Workspace
    name: str
    sets: Sets = field(default_factory=Sets, repr=False, compare=False)
    channels: Channels = field(default_factory=Channels, repr=False, compare=False)

    def size(self, as_of: datetime | None = None) -> int:
        """How many customers are in it."""
        if as_of is not None:
            return int(self._then(as_of).num_rows)
        found = self.workspace.pool.query(
            "SELECT count(*) AS n FROM segment_members WHERE segment = $name", {"name": self.name}
        )
        return int(found.column("n")[0].as_py())

    def members(self, as_of: datetime | None = None) -> Table:
        """customer_id, since; of then customer_id alone."""
        if as_of is not None:
            return Table(self._then(as_of))
        found = self.workspace.pool.query(
            "SELECT customer_id, since FROM segment_members WHERE segment = $name ORDER BY customer_id",
            {"name": self.name},
        )
        return Table(found)

    def explain(self, who: str | int, as_of: datetime | None = None) -> Table:
        """Why a customer is in it or not, a row for each part of the condition, a part's parts behind it: place, depth,
        what, sentence, holds, figure, events. The first row says whether they are in it."""
        context, at = context_of(self.workspace, as_of), as_of or self.workspace.clock.now()
        with self.workspace.pool.read() as session:
            customer = customer_of(self.workspace, session, who)
            found = explain_condition(self._condition(), customer, at, session, context, self.workspace.behaviour)
        rows = reason_rows(self.workspace, found, context)
        return Table(pa.Table.from_pylist(rows, _REASONS))

    def changes(self) -> Table:
        """Everyone who entered or left: customer_id, change, at."""
        found = self.workspace.pool.query(
            """SELECT customer_id, change, "at" FROM segment_changes WHERE segment = $name
            ORDER BY change_id, customer_id""",
            {"name": self.name},
        )
        return Table(found)

    def portrait(self, base: str = EVERYBODY, *, tags: Sequence[str] | None = None, min_cell: int = MIN_CELL) -> Table:
        """What sets it apart from all customers, or from another segment: one row per tag's, attribute's or channel's
        value, with kind, dimension, value, in_segment, known_in_segment, share, in_base, known_in_base, base_share, tgi
        (share / base_share x 100), low and high (its 95 % interval), small (fewer than `min_cell` customers).

        `tags`: only these. Raises OnePoolError for names that are not there.
        """
        asked = Asked(self.name, base, tags, min_cell)
        return Table(portrait_table(segment_portrait(self.workspace, asked, self.sets, self.channels)))

    def plan(self, condition: Mapping[str, Any]) -> SegmentPlan:
        """What it would mean to give it this condition, as written in YAML; nothing is saved. Raises ConditionError."""
        context = load_catalog(self.workspace).context
        parsed = parse_condition(dict(condition))
        problems = check(parsed, context.names, self.name)
        if problems:
            raise ConditionError(problems)
        with self.workspace.pool.read() as session:
            return plan_segment(session, self.name, parsed, context, self.workspace.clock.now())

    def versions(self) -> Table:
        """All versions, the newest first: version, at, author, reason, condition (JSON; null: it was removed)."""
        rows = [
            {
                "version": item.version,
                "at": item.created_at,
                "author": item.author,
                "reason": item.reason,
                "condition": None if item.deleted else canonical(item.body.get("condition") or {}),
            }
            for item in self.workspace.definitions.history("segment", self.name)
        ]
        return Table(pa.Table.from_pylist(rows, _VERSIONS))

    def snapshot(self, name: str, title: str = "", *, author: str) -> int:
        """Make a list of the members as they are now; how many they are. Raises ListError when it is there already."""
        with self.workspace.pool.read() as session:
            members = self.sets.segments(session, [self.name])[self.name]
        snapshot_list(self.workspace, name, title or name, ids_of(members), author=author, segment=self.name)
        return len(members)

    def _condition(self) -> Condition:
        item = self.workspace.definitions.get("segment", self.name)
        if item is None:
            raise NotFound(f"there is no segment {self.name}")
        return parse_segment(item.body).when

    def _then(self, as_of: datetime) -> pa.Table:
        context = context_of(self.workspace, as_of)
        with self.workspace.pool.read() as session:
            return members_at(session, self._condition(), as_of, context)


class Tag(Table):
    """A tag: the table of its current values (customer_id, value, number, list, as_of), and more about it."""

    __slots__ = ("name", "workspace")

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace, self.name = workspace, name
        super().__init__(self._rows(None))

    def values(self, as_of: datetime | None = None) -> Table:
        """customer_id, value, number, list, as_of: now, or as they were then."""
        return Table(self._rows(as_of))

    def spread(self, as_of: datetime | None = None) -> Table:
        """How many customers have each value, the commonest first: value, customers."""
        with self.workspace.pool.read() as session:
            return Table(catalog.spread_of(session, self.name, as_of))

    def run(self, as_of: datetime | None = None, *, author: str = "python") -> Table:
        """Compute it for all customers now (or as of then), keep that as a run of it, and return it as `spread` does.

        A running server does it as one of its jobs; without one it is done here. Raises OnePoolError where it fails.
        """
        workspace, at = self.workspace, as_of or self.workspace.clock.now()
        see_done(workspace, "tag_run", self.name, [at], author=author, why="run")
        return self.spread(as_of)

    def explain(self, who: str | int, as_of: datetime | None = None) -> Table:
        """Why a customer has this value: a row with the value (place `value`), one for each figure it was made of
        (place `found`), and the parts of the rules as `Segment.explain` has them (place: the rule's value, and the
        part)."""
        workspace = self.workspace
        item = workspace.definitions.get("tag", self.name)
        if item is None:
            raise NotFound(f"there is no tag {self.name}")
        tag = parse_tag(item.body)
        context, at = context_of(workspace, as_of), as_of or workspace.clock.now()
        with workspace.pool.read() as session:
            customer = customer_of(workspace, session, who)
            found = explain_tag(tag, customer, at, session, context, workspace.behaviour)
        value = found.value if found.values is None else ", ".join(found.values)
        rows: list[dict[str, Any]] = [
            {"place": "value", "depth": 0, "what": self.name, "figure": value, "events": found.events}
        ]
        for name, figure in shown_found(tag, found.found, shown_to_nobody(workspace.standard())).items():
            rows.append({"place": "found", "depth": 1, "what": name, "figure": str(figure), "events": []})
        for result, rule in found.rules:
            rows += reason_rows(workspace, rule, context, f"{result}: ", 1)
        return Table(pa.Table.from_pylist(rows, _REASONS))

    def _rows(self, as_of: datetime | None) -> pa.Table:
        with self.workspace.pool.read() as session:
            return catalog.tag_rows(session, self.name, as_of)


def reason_rows(
    workspace: Workspace, reason: Reason, context: Context, before: str = "", depth: int = 0
) -> list[dict[str, Any]]:
    """A tree of reasons as rows, each before its parts; `before` stands in front of places. Masked as for one who may
    not see names."""
    figure = shown_figure(reason.condition, reason.figure, shown_to_nobody(workspace.standard()))
    row = {
        "place": before + reason.place,
        "depth": depth,
        "what": reason.what,
        "sentence": sentence(reason.condition, workspace.settings.language, context.names),
        "holds": reason.holds,
        "figure": None if figure is None else str(figure),
        "events": reason.events,
    }
    return [row, *(one for part in reason.parts for one in reason_rows(workspace, part, context, before, depth + 1))]


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A list: who is on it, what is put on it. Members follow with the next tick, of the running server or later."""

    workspace: Workspace
    name: str

    def size(self) -> int:
        """How many customers are on it now."""
        return self._sizes().customers

    def members(self) -> Table:
        """customer_id, since: the latest first."""
        with self.workspace.pool.read() as session:
            return Table(lists.members(session, self.name))

    def unmatched(self) -> int:
        """How many of its entries nobody is known by yet."""
        return self._sizes().unmatched

    def upload(
        self,
        path: Path | str,
        type: str | None = None,
        *,
        mode: Literal["add", "replace", "remove"] = "add",
        column: str | None = None,
        check: bool = False,
    ) -> lists.Upload:
        """Put the identifiers of a file on it (replace: in place of what is there; remove: take them off).

        ``type``: `phone`, `member_no@crm` …, `customer`. Raises ListError.
        """
        return lists.upload_list(
            self.workspace, self.name, Path(path), author="python", type=type, mode=mode, column=column, check=check
        )

    def _sizes(self) -> lists.ListSize:
        with self.workspace.pool.read() as session:
            return lists.sizes(session, [self.name]).get(self.name, lists.ListSize())


_VERSIONS = pa.schema(
    [
        ("version", pa.int64()),
        ("at", pa.timestamp("us", "UTC")),
        ("author", pa.string()),
        ("reason", pa.string()),
        ("condition", pa.string()),
    ]
)
_REASONS = pa.schema(
    [
        ("place", pa.string()),
        ("depth", pa.int64()),
        ("what", pa.string()),
        ("sentence", pa.string()),
        ("holds", pa.bool_()),
        ("figure", pa.string()),
        ("events", pa.list_(pa.string())),
    ]
)
