"""The Python face: `ws = onepool.open("DIR")`, verbs that return Arrow tables, made for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from onepool.api.lookup import find_customer
from onepool.api.sql import run_readonly
from onepool.audience import lists
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import ConditionError, check
from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.parse import parse_condition
from onepool.audience.lists import LISTS, snapshot_list
from onepool.audience.sets import Sets, ids_of
from onepool.clock import from_micros
from onepool.definitions import canonical
from onepool.errors import OnePoolError
from onepool.insight.portrait import EVERYBODY, MIN_CELL, Asked, Channels
from onepool.insight.portrait.tables import overlap_table, portrait_table, segment_portrait
from onepool.insight.segments import SegmentPlan, plan_segment
from onepool.pool import customers
from onepool.privacy.masking import mask_identifier
from onepool.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from onepool.identity.decisions import Side
    from onepool.identity.evaluate import Evaluation
    from onepool.identity.read import Node, Sources


class NotFound(OnePoolError):
    """There is no such segment, tag or customer."""

    code = "not-found"


class Handle:
    """An open workspace. Reads beside a running server as well as without one."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._sets = Sets()
        self._channels = Channels()

    def query(self, sql: str) -> pa.Table:
        """One SELECT over the analysts' views (customers, events, orders, tags …)."""
        return run_readonly(self.workspace.pool, sql)

    def segment(self, name: str) -> Segment:
        """A segment of this workspace."""
        if self.workspace.definitions.get("segment", name) is None:
            raise NotFound(f"there is no segment {name}")
        return Segment(self.workspace, name, self._sets, self._channels)

    def overlap(self, segments: Sequence[str]) -> pa.Table:
        """The exclusive intersections of two to six segments, the largest first: inside, outside, customers.

        They add up to the union; intersections without anybody are left out. Raises NotFound, ValueError.
        """
        for name in segments:
            self.segment(name)
        return overlap_table(self.workspace, segments, self._sets)

    def list(self, name: str) -> CustomerList:
        """A list of this workspace."""
        if self.workspace.definitions.get(LISTS, name) is None:
            raise NotFound(f"there is no list {name}")
        return CustomerList(self.workspace, name)

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


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: who is in it now, and who came and went."""

    workspace: Workspace
    name: str
    sets: Sets = field(default_factory=Sets, repr=False, compare=False)
    channels: Channels = field(default_factory=Channels, repr=False, compare=False)

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

    def portrait(
        self, base: str = EVERYBODY, *, tags: Sequence[str] | None = None, min_cell: int = MIN_CELL
    ) -> pa.Table:
        """What sets it apart from all customers, or from another segment: one row per tag's, attribute's or channel's
        value, with kind, dimension, value, in_segment, known_in_segment, share, in_base, known_in_base, base_share, tgi
        (share / base_share x 100), low and high (its 95 % interval), small (fewer than `min_cell` customers).

        `tags`: only these. Raises OnePoolError for names that are not there.
        """
        return portrait_table(
            segment_portrait(self.workspace, Asked(self.name, base, tags, min_cell), self.sets, self.channels)
        )

    def plan(self, condition: Mapping[str, Any]) -> SegmentPlan:
        """What it would mean to give it this condition, as written in YAML; nothing is saved. Raises ConditionError."""
        context = load_catalog(self.workspace).context
        parsed = parse_condition(dict(condition))
        problems = check(parsed, context.names, self.name)
        if problems:
            raise ConditionError(problems)
        with self.workspace.pool.read() as session:
            return plan_segment(session, self.name, parsed, context, self.workspace.clock.now())

    def versions(self) -> pa.Table:
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
        return pa.Table.from_pylist(rows, _VERSIONS)

    def snapshot(self, name: str, title: str = "", *, author: str) -> int:
        """Make a list of the members as they are now; how many they are. Raises ListError when it is there already."""
        with self.workspace.pool.read() as session:
            members = self.sets.segments(session, [self.name])[self.name]
        snapshot_list(self.workspace, name, title or name, ids_of(members), author=author, segment=self.name)
        return len(members)


_VERSIONS = pa.schema(
    [
        ("version", pa.int64()),
        ("at", pa.timestamp("us", "UTC")),
        ("author", pa.string()),
        ("reason", pa.string()),
        ("condition", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A list: who is on it, what is put on it. Members follow with the next tick, of the running server or later."""

    workspace: Workspace
    name: str

    def size(self) -> int:
        """How many customers are on it now."""
        return self._sizes().customers

    def members(self) -> pa.Table:
        """customer_id, since: the latest first."""
        with self.workspace.pool.read() as session:
            return lists.members(session, self.name)

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


@dataclass(frozen=True, slots=True)
class Why:
    """Whether two identifiers are one customer. `path`, when they are: source, target, rule, touchpoint, event, time,
    count, consent, probability. `reasons`, when not: code, reason."""

    together: bool
    customers: tuple[int, int]
    path: pa.Table
    reasons: pa.Table


@dataclass(frozen=True, slots=True)
class Identity:
    """OneID of a workspace. Identifiers are written `phone:138…`, `unionid@wx-open:oABC`, or as a customer's number.

    Decisions take effect with the next tick: of the running server, or of `onepool serve` later.
    """

    workspace: Workspace

    def explain(self, a: str | int, b: str | int) -> Why:
        """Why two identifiers are one customer: the path of evidence; or why two customers are two."""
        # Loaded here, as below: OneID brings compiled kernels that other notebooks need not wait for.
        from onepool.api.whom import pair
        from onepool.identity import read

        language: Any = "zh" if self.workspace.settings.language.startswith("zh") else "en"
        with self._sources() as sources:
            left, right = pair(sources, str(a), str(b), self.workspace.settings.country)
            found = read.explain(sources, left, right)
            words = read.Words(sources.standard, sources.registry)
        steps = [
            {
                "source": _called(step.source),
                "target": _called(step.target),
                "rule": step.link.rule,
                "touchpoint": step.link.touchpoint,
                "event": step.link.first_event,
                "time": from_micros(step.link.first_time),
                "count": step.link.count,
                "consent": step.link.consent,
                "probability": step.link.confidence,
            }
            for step in found.path
        ]
        why = [{"code": one.code, "reason": words.reason(one)[language]} for one in found.reasons]
        customers_of = (left.customer_id, right.customer_id)
        path = pa.Table.from_pylist(steps, _STEPS)
        return Why(found.together, customers_of, path, pa.Table.from_pylist(why, _REASONS))

    def evaluate(self, truth: str | Path | pa.Table, as_of: datetime | None = None) -> Evaluation:
        """The customers of now against a truth: record_id (`type:value`, `type@scope:value` or a bare value) and
        entity_id. `as_of`: whose a recycled number was then. Raises TruthError."""
        from onepool.identity.evaluate import evaluate, read_truth
        from onepool.identity.read import find_records

        table = truth if isinstance(truth, pa.Table) else read_truth(Path(truth))
        with self._sources() as sources:
            return evaluate(table, find_records(sources, table["record_id"], as_of).clusters)

    def conflicts(self, limit: int = 1000) -> pa.Table:
        """Links that a rule kept from joining, the most valuable first: link, customer_a, customer_b, value."""
        from onepool.identity import read

        currency = self.workspace.settings.currency
        with self._sources() as sources:
            pairs, _ = read.ranked(sources.session, read.open_conflicts(sources), currency=currency, limit=limit)
        rows = [
            {"link": one.ref, "customer_a": one.customer_a, "customer_b": one.customer_b, "value": one.value}
            for one in pairs
        ]
        return pa.Table.from_pylist(rows, _CONFLICTS)

    def merge(self, a: str | int, b: str | int, *, author: str, reason: str = "") -> int:
        """Make two customers one. Returns the decision's number. Raises Decided when people ruled on them before."""
        from onepool.identity import decisions
        from onepool.identity.read import merge_pairs

        with self._sources() as sources:
            one, other = self._side(sources, a), self._side(sources, b)
            further = merge_pairs(sources, one, other)
        state, clock = self.workspace.state, self.workspace.clock
        return decisions.merge(state, clock, one, other, further, author=author, reason=reason).id

    def never(self, a: str | int, b: str | int, *, author: str, reason: str = "") -> int:
        """Keep two customers apart for good. Returns the decision's number."""
        from onepool.identity import decisions

        with self._sources() as sources:
            one, other = self._side(sources, a), self._side(sources, b)
        state, clock = self.workspace.state, self.workspace.clock
        return decisions.never(state, clock, one, other, author=author, reason=reason).id

    def undo(self, decision: int, *, author: str, reason: str = "") -> int:
        """Take a decision back. Returns the number of the undoing."""
        from onepool.identity import decisions

        state, clock = self.workspace.state, self.workspace.clock
        return decisions.undo(state, clock, decision, author=author, reason=reason).id

    @contextmanager
    def _sources(self) -> Iterator[Sources]:
        from onepool.api.whom import sources

        with self.workspace.pool.read() as session:
            yield sources(self.workspace, session)

    def _side(self, sources: Sources, who: str | int) -> Side:
        from onepool.api.whom import side_of, whom

        return side_of(sources, whom(sources, str(who), self.workspace.settings.country)[-1].customer_id)


_STEPS = pa.schema(
    [
        *((name, pa.string()) for name in ("source", "target", "rule", "touchpoint", "event")),
        ("time", pa.timestamp("us", "UTC")),
        ("count", pa.int64()),
        ("consent", pa.string()),
        ("probability", pa.float64()),
    ]
)
_REASONS = pa.schema([("code", pa.string()), ("reason", pa.string())])
_CONFLICTS = pa.schema(
    [*((name, pa.int64()) for name in ("link", "customer_a", "customer_b")), ("value", pa.decimal128(38, 4))]
)


def _called(node: Node) -> str:
    """An identifier as it is written, its value masked."""
    value = mask_identifier(node.type, node.value)[0]
    return f"{node.type}{'@' + node.scope if node.scope else ''}:{value}"


def open_handle(folder: str | Path) -> Handle:
    """Open a workspace folder. Raises WorkspaceError when it is none."""
    return Handle(open_workspace(folder))
