"""From the read models of OneID, which hold values in clear, to what this caller may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

from onepool.api.access import Caller
from onepool.api.dictionary import titles
from onepool.api.models.common import Titles
from onepool.api.models.identity import (
    Consent,
    CustomerBrief,
    GraphNode,
    IdentifierBrief,
    IdentityLink,
    LinkStatus,
    Strength,
)
from onepool.api.models.identity_decisions import Decision, SegmentEffect
from onepool.api.models.identity_review import Comparison
from onepool.api.showing import Shown, shown
from onepool.api.workspace import WorkspaceLike
from onepool.clock import from_micros
from onepool.identity import decisions
from onepool.identity.read import Brief, Graph, Link, Node, Sources, nodes, preview_types
from onepool.identity.registry import Registry
from onepool.pool import customers
from onepool.standards import Standard


@dataclass(frozen=True, slots=True)
class View:
    """Turns what is known of identity into what is shown, for one caller under the rules in force."""

    shown: Shown
    registry: Registry
    currency: str

    @property
    def standard(self) -> Standard:
        return self.shown.standard

    def strength(self, kind: str) -> Strength:
        """What identifiers of a type may do."""
        return self.registry.rule(kind).strength

    def title(self, kind: str) -> Titles:
        """What a type of identifiers is called."""
        return self.shown.identifier_title(kind)

    def identifier(self, node: Node) -> IdentifierBrief:
        """An identifier in short."""
        return IdentifierBrief(
            strength=self.strength(node.type),
            identifier_id=node.identifier_id,
            type=node.type,
            title=self.title(node.type),
            scope=node.scope,
            value=self.shown.hidden.identifier(node.type, node.value)[0],
            generation=node.generation,
            customer_id=node.customer_id,
        )

    def node(self, node: Node, found: Graph) -> GraphNode:
        """An identifier in a graph."""
        return GraphNode(
            strength=self.strength(node.type),
            identifier_id=node.identifier_id,
            type=node.type,
            title=self.title(node.type),
            scope=node.scope,
            value=self.shown.hidden.identifier(node.type, node.value)[0],
            generation=node.generation,
            valid_from=_instant(node.valid_from),
            first_seen=from_micros(node.first_seen),
            last_seen=from_micros(node.last_seen),
            role=found.role(node),
            customer_id=node.customer_id,
        )

    def link(self, link: Link) -> IdentityLink:
        """A link."""
        return IdentityLink(
            link_id=link.link_id,
            a=link.a,
            b=link.b,
            rule=link.rule,
            touchpoint=link.touchpoint,
            first_time=from_micros(link.first_time),
            last_time=from_micros(link.last_time),
            count=link.count,
            first_event=link.first_event,
            last_event=link.last_event,
            decision=link.decision,
            candidate=link.candidate,
            trust=cast(Literal["typed", "proved"] | None, link.trust),
            consent=cast(Consent, link.consent),
            status=cast(LinkStatus, link.status),
            reason=link.reason or None,
            confidence=link.confidence,
        )

    def brief(self, brief: Brief) -> CustomerBrief:
        """A customer in a comparison."""
        row = brief.row or customers.Row(brief.customer_id, None, None, 0, Decimal(0), None, None, {}, {})
        line = self.shown.row(row, self.currency)
        return CustomerBrief(
            customer_id=line.customer_id,
            name=line.name,
            phone=line.phone,
            email=line.email,
            identifiers=[self.identifier(node) for node in brief.identifiers],
            orders=line.orders,
            spend=line.spend,
            currency=line.currency,
            first_seen=line.first_seen,
            last_seen=line.last_seen,
            attributes=line.attributes,
        )

    def comparisons(self, detail: str, a: Brief, b: Brief) -> list[Comparison]:
        """How two customers compare, from the detail kept with a candidate; values are those known now, masked."""
        left, right = (side.row.attributes if side.row else {} for side in (a, b))
        return [
            Comparison(
                comparison=str(one["comparison"]),
                title=self.attribute_title(str(one["comparison"])),
                level=str(one.get("level", "")),
                weight=float(one.get("weight") or 0.0),
                a=self._value(str(one["comparison"]), left),
                b=self._value(str(one["comparison"]), right),
            )
            for one in _comparisons(detail)
        ]

    def attribute_title(self, name: str) -> Titles:
        """What an attribute (or a type of identifiers, or a field of events) is called."""
        standard = self.standard
        known = standard.attributes.get(name) or standard.identifier_types.get(name) or standard.fields.get(name)
        return titles(known.title if known else None, name)

    def decision(self, one: decisions.Decision, known: Mapping[int, Node]) -> Decision:
        """A decision, with the identifiers that it names."""
        return Decision(
            id=one.id,
            at=one.at,
            kind=one.kind,
            a=self._known(one.a, known),
            b=self._known(one.b, known),
            identifiers=[self.identifier(known[number]) for number in one.part if number in known],
            author=one.author,
            reason=one.reason,
            undone_by=one.undone_by,
            undoes=one.undoes,
            applied=one.applied,
        )

    def decisions(self, sources: Sources, some: Iterable[decisions.Decision]) -> list[Decision]:
        """Decisions, reading the identifiers that they name."""
        rows = list(some)
        named = {end for one in rows for end in (one.a, one.b, *one.part) if end is not None}
        known = nodes(sources, named)
        return [self.decision(one, known) for one in rows]

    def _known(self, number: int | None, known: Mapping[int, Node]) -> IdentifierBrief | None:
        return self.identifier(known[number]) if number is not None and number in known else None

    def _value(self, name: str, attributes: Mapping[str, str]) -> str | None:
        value = attributes.get(name)
        return None if value is None else self.shown.attribute(name, value)[0]


def view(who: Caller, src: Sources, currency: str) -> View:
    """The view of this caller."""
    return View(shown(who, src.standard), src.registry, currency)


def segment_effects(ws: WorkspaceLike, effects: list[preview_types.SegmentEffect]) -> list[SegmentEffect]:
    """What happens to segments, with their titles."""
    title = {item.name: item.body.get("title") for item in ws.definitions.current("segment")}
    return [
        SegmentEffect(
            segment=one.segment,
            title=titles(title.get(one.segment), one.segment),
            before=one.before,
            after=one.after,
            entering=one.entering,
            leaving=one.leaving,
        )
        for one in effects
    ]


def _comparisons(detail: str) -> list[dict[str, Any]]:
    found = json.loads(detail or "[]")
    return [one for one in found if isinstance(one, dict) and "comparison" in one] if isinstance(found, list) else []


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
