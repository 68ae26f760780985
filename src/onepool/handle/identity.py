"""OneID from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from onepool.clock import from_micros
from onepool.errors import UsageError
from onepool.handle.table import Table
from onepool.privacy.masking import mask_identifier
from onepool.workspace import Workspace

if TYPE_CHECKING:
    from onepool.identity.decisions import Side
    from onepool.identity.evaluate import Evaluation
    from onepool.identity.read import Node, Sources


@dataclass(frozen=True, slots=True)
class Why:
    """Whether two identifiers are one customer. `path`, when they are: source, target, rule, touchpoint, event, time,
    count, consent, probability. `reasons`, when not: code, reason."""

    together: bool
    customers: tuple[int, int]
    path: Table
    reasons: Table


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
        path, reasons = pa.Table.from_pylist(steps, _STEPS), pa.Table.from_pylist(why, _REASONS)
        return Why(found.together, customers_of, Table(path), Table(reasons))

    def evaluate(self, truth: str | Path | pa.Table | Table, as_of: datetime | None = None) -> Evaluation:
        """The customers of now against a truth: record_id (`type:value`, `type@scope:value` or a bare value) and
        entity_id. `as_of`: whose a recycled number was then. Raises TruthError."""
        from onepool.identity.evaluate import evaluate
        from onepool.identity.files import read_truth
        from onepool.identity.read import find_records

        told = truth.arrow if isinstance(truth, Table) else truth
        table = told if isinstance(told, pa.Table) else read_truth(Path(told))
        with self._sources() as sources:
            return evaluate(table, find_records(sources, table["record_id"], as_of).clusters)

    def conflicts(self, limit: int = 1000) -> Table:
        """Links that a rule kept from joining, the most valuable first: link, customer_a, customer_b, value."""
        from onepool.identity import read

        currency = self.workspace.settings.currency
        with self._sources() as sources:
            pairs, _ = read.ranked(sources.session, read.open_conflicts(sources), currency=currency, limit=limit)
        rows = [
            {"link": one.ref, "customer_a": one.customer_a, "customer_b": one.customer_b, "value": one.value}
            for one in pairs
        ]
        return Table(pa.Table.from_pylist(rows, _CONFLICTS))

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

    def split(self, who: str | int, identifiers: Sequence[str], *, author: str, reason: str = "") -> int:
        """Take identifiers out of a customer: they become a customer of their own. Returns the decision's number."""
        from onepool.api.whom import whom
        from onepool.identity import decisions
        from onepool.identity.read import split_sides

        country = self.workspace.settings.country
        with self._sources() as sources:
            customer = whom(sources, str(who), country)[-1].customer_id
            found = [whom(sources, one, country) for one in identifiers]
            owned = [next((one for one in some if one.customer_id == customer), some[-1]) for some in found]
            part = {one.identifier_id for one in owned}
            one, rest, pairs = split_sides(sources, customer, part)
        state, clock = self.workspace.state, self.workspace.clock
        return decisions.split(state, clock, one, rest, pairs, author=author, reason=reason, seen=None).id

    def undo(self, decision: int, *, author: str, reason: str = "") -> int:
        """Take a decision back. Returns the number of the undoing."""
        from onepool.identity import decisions

        state, clock = self.workspace.state, self.workspace.clock
        return decisions.undo(state, clock, decision, author=author, reason=reason).id

    def review(self, limit: int = 1000) -> Table:
        """What waits for people, the most valuable first: item (`candidate:12`, `conflict:34`), customer_a, customer_b,
        value, probability (of a candidate), reason (of a conflict). What was put off is left out."""
        from onepool.identity import read

        workspace = self.workspace
        with self._sources() as sources:
            later = read.postponed(sources, workspace.clock.now())
            waiting = [*read.candidates(sources, ["open"]), *read.open_conflicts(sources)]
            pairs, _ = read.ranked(
                sources.session,
                [one for one in waiting if one[:2] not in later],
                currency=workspace.settings.currency,
                limit=limit,
                once=True,
                settled=read.settled(sources),
            )
            likely = read.candidates_by_id(sources, [one.ref for one in pairs if one.kind == "candidate"])
            links = read.links_by_id(sources, [one.ref for one in pairs if one.kind == "conflict"])
        rows = [
            {
                "item": f"{one.kind}:{one.ref}",
                "customer_a": one.customer_a,
                "customer_b": one.customer_b,
                "value": one.value,
                "probability": likely[one.ref].probability if one.kind == "candidate" else None,
                "reason": links[one.ref].reason if one.kind == "conflict" else None,
            }
            for one in pairs
        ]
        return Table(pa.Table.from_pylist(rows, _REVIEW))

    def decide(self, item: str, verdict: Literal["merge", "never"], *, author: str, reason: str = "") -> int:
        """Judge an item of `review`. Returns the decision's number. Raises UsageError when it does not wait (any more),
        and Decided when people ruled on the two before."""
        from onepool.identity import decisions, read

        if verdict not in ("merge", "never"):
            raise UsageError(f"no such judgement: {verdict}", hint="merge or never")
        kind, _, number = item.partition(":")
        state, clock = self.workspace.state, self.workspace.clock
        with self._sources() as sources:
            known = kind in ("candidate", "conflict") and number.isdigit()
            ends = read.ends(sources, kind, int(number)) if known else None
            if ends is None:
                raise UsageError(f"{item} does not wait (any more)", hint="see identity.review()")
            one, other = (read.side_with(sources, end) for end in ends)
            further = read.merge_pairs(sources, one, other) if verdict == "merge" else []
        candidate = int(number) if kind == "candidate" else None
        if verdict == "merge":
            made = decisions.merge(state, clock, one, other, further, author=author, reason=reason, candidate=candidate)
        else:
            made = decisions.never(state, clock, one, other, author=author, reason=reason, candidate=candidate)
        return made.id

    def models(self) -> Table:
        """The versions of the model of likelihood, the newest first: version, at, author, reason, cause, join, review,
        auto, records, pairs, labels, hash."""
        from onepool.identity.read import model_versions

        rows = [
            {
                **{name: getattr(one, name) for name in ("version", "at", "author", "reason", "cause")},
                **{name: getattr(one, name) for name in ("join", "review", "auto", "hash")},
                **{name: getattr(one.counts, name) for name in ("records", "pairs", "labels")},
            }
            for one in reversed(model_versions(self.workspace.state))
        ]
        return Table(pa.Table.from_pylist(rows, _VERSIONS))

    def model(self, version: int | None = None) -> Table:
        """What a version of the model (without: the present one) weighs: comparison, level, m, u, weight (bits), pairs,
        matches; the best level of each comparison first. Raises UsageError when there is none such."""
        from onepool.identity.read import model_versions, weights_of

        found = model_versions(self.workspace.state)
        wanted = len(found) if version is None else version
        if not 1 <= wanted <= len(found):
            raise UsageError(f"there is no version {wanted} of the model", hint="see identity.models()")
        body = weights_of(self.workspace.state, found[wanted - 1].weights)
        rows = [
            {"comparison": one["name"], "level": level["name"], **{name: level[name] for name in _LEVEL}}
            for one in (body.get("report") or {}).get("comparisons", [])
            for level in one["levels"]
        ]
        return Table(pa.Table.from_pylist(rows, _WEIGHTS))

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
_REVIEW = pa.schema(
    [
        ("item", pa.string()),
        *((name, pa.int64()) for name in ("customer_a", "customer_b")),
        ("value", pa.decimal128(38, 4)),
        ("probability", pa.float64()),
        ("reason", pa.string()),
    ]
)
_VERSIONS = pa.schema(
    [
        ("version", pa.int64()),
        ("at", pa.timestamp("us", "UTC")),
        *((name, pa.string()) for name in ("author", "reason", "cause")),
        *((name, pa.float64()) for name in ("join", "review")),
        ("auto", pa.bool_()),
        *((name, pa.int64()) for name in ("records", "pairs", "labels")),
        ("hash", pa.string()),
    ]
)
_LEVEL = ("m", "u", "weight", "pairs", "matches")
_WEIGHTS = pa.schema(
    [
        *((name, pa.string()) for name in ("comparison", "level")),
        *((name, pa.float64()) for name in ("m", "u", "weight")),
        ("pairs", pa.int64()),
        ("matches", pa.float64()),
    ]
)


def _called(node: Node) -> str:
    """An identifier as it is written, its value masked."""
    value = mask_identifier(node.type, node.value)[0]
    return f"{node.type}{'@' + node.scope if node.scope else ''}:{value}"
