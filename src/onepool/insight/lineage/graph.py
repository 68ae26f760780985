"""Where things come from and where they go: touchpoints -> events -> fields, attributes -> tags -> segments -> out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.insight.lineage.uses import EVERY_EVENT, Ref, reads
from onepool.insight.map.declared import declared
from onepool.pool import Session
from onepool.standards import Standard

DEFINED: Final[tuple[Literal["tag", "segment", "list", "destination"], ...]] = ("tag", "segment", "list", "destination")
"""Kinds of nodes that people define here; the others are found in the standard and in what came in."""

PROGRAMMES: Final = ("journey", "broadcast")
"""Kinds of nodes that reach people with what is defined here."""


@dataclass(frozen=True, slots=True)
class Node:
    """`id` is `kind:name`. `missing`: something names it though it is not there (any more)."""

    id: str
    kind: str
    name: str
    title: Mapping[str, str]
    missing: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """What `source` holds goes into `target`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id, and edges in the direction in which data flows."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]

    def users(self, node: str, kinds: Iterable[str] = DEFINED) -> list[str]:
        """The definitions that read a node directly, as ids, sorted."""
        wanted = set(kinds)
        found = {edge.target for edge in self.edges if edge.source == node}
        return sorted(one for one in found if self.nodes[one].kind in wanted)

    def reached(self, node: str, way: Literal["up", "down"]) -> list[str]:
        """Everything that a node is made of (up), or that is made of it (down), nearest first."""
        following: dict[str, list[str]] = {}
        for edge in self.edges:
            source, target = (edge.source, edge.target) if way == "down" else (edge.target, edge.source)
            following.setdefault(source, []).append(target)
        seen, waiting = {node: None}, deque([node])
        while waiting:
            for one in sorted(following.get(waiting.popleft(), ())):
                if one not in seen:
                    seen[one] = None
                    waiting.append(one)
        return list(seen)[1:]

    def around(self, node: str) -> Graph:
        """The part of the graph that a node depends on or that depends on it."""
        kept = {node, *self.reached(node, "up"), *self.reached(node, "down")}
        edges = tuple(edge for edge in self.edges if edge.source in kept and edge.target in kept)
        return Graph({name: one for name, one in self.nodes.items() if name in kept}, edges)


def lineage(
    definitions: Definitions,
    standard: Standard,
    touchpoints: Mapping[str, Touchpoint],
    session: Session | None = None,
    programmes: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
) -> Graph:
    """The graph of a workspace. Of events, fields and attributes only those that something reads are in it.

    `programmes`: bodies by name of the kinds `journey` and `broadcast`, which use what is defined here. A touchpoint
    yields an event when its channel says so or (with a `session`) when one came from there.
    """
    bodies: dict[str, dict[str, dict[str, Any]]] = {}
    for one in DEFINED:
        bodies[one] = {item.name: item.body for item in definitions.current(one)}
    for kind in PROGRAMMES:
        bodies[kind] = {name: dict(body) for name, body in (programmes or {}).get(kind, {}).items()}
    known = {
        "event": frozenset(standard.events),
        "field": frozenset(standard.fields),
        "attribute": frozenset(standard.attributes),
        "tag": frozenset(bodies["tag"]),
        "segment": frozenset(bodies["segment"]),
    }
    nodes: dict[str, Node] = {}
    edges: set[Edge] = set()

    def node(kind: str, name: str) -> str:
        one = _node(kind, name, bodies, standard, touchpoints)
        return nodes.setdefault(one.id, one).id

    for kind, items in bodies.items():
        for name, body in items.items():
            target = node(kind, name)
            used = reads(kind, body, known)
            with_fields = {ref.name.partition(".")[0] for ref in used if ref.kind == "field"}
            for ref in used:
                source = node(ref.kind, ref.name)
                if ref.kind == "field":
                    edges.add(Edge(node("event", ref.name.partition(".")[0]), source))
                # The way from an event leads through its fields where these are what is read.
                if ref.kind != "event" or ref.name not in with_fields:
                    edges.add(Edge(source, target))
    if EVERY_EVENT.id in nodes:
        events = [one.id for one in nodes.values() if one.kind == "event" and one.id != EVERY_EVENT.id]
        edges |= {Edge(event, EVERY_EVENT.id) for event in events}
    yields = _yields(touchpoints, standard, session)
    for name, refs in yields.items():
        for ref in refs | ({EVERY_EVENT} if any(ref.kind == "event" for ref in refs) else set()):
            if ref.id in nodes:
                edges.add(Edge(node("touchpoint", name), ref.id))
    return Graph(nodes, tuple(sorted(edges)))


def _yields(touchpoints: Mapping[str, Touchpoint], standard: Standard, session: Session | None) -> dict[str, set[Ref]]:
    found: dict[str, set[Ref]] = {}
    for name, touchpoint in touchpoints.items():
        says = declared(touchpoint, standard)
        found[name] = {Ref("event", event) for event in says.events}
        found[name] |= {Ref("attribute", attribute) for attribute in says.attributes}
    if session is not None:
        came = session.query(
            """SELECT DISTINCT touchpoint, event FROM intake
            WHERE kind = 'event' AND accepted > 0 AND touchpoint IS NOT NULL AND event IS NOT NULL"""
        )
        for row in came.to_pylist():
            if row["touchpoint"] in touchpoints:
                found[row["touchpoint"]].add(Ref("event", row["event"]))
    return found


def _node(
    kind: str,
    name: str,
    bodies: Mapping[str, Mapping[str, Mapping[str, Any]]],
    standard: Standard,
    touchpoints: Mapping[str, Touchpoint],
) -> Node:
    title: Any = None
    missing = False
    if kind in bodies:
        body = bodies[kind].get(name)
        missing = body is None
        # Journeys say their title as `name`.
        title = (body or {}).get("name" if kind == "journey" else "title")
    elif kind == "event" and name == EVERY_EVENT.name:
        title = {"zh": "全部事件", "en": "All events"}
    elif kind == "event":
        event = standard.events.get(name)
        title = event.title if event else None
    elif kind == "field":
        field = standard.fields.get(name.partition(".")[2].removeprefix("items."))
        title = field.title if field else None
    elif kind == "attribute":
        attribute = standard.attributes.get(name)
        missing = attribute is None
        title = attribute.title if attribute else None
    elif kind == "identifier":
        identifier = standard.identifier_types.get(name)
        title = identifier.title if identifier else None
    elif kind == "touchpoint":
        title = touchpoints[name].title
    return Node(f"{kind}:{name}", kind, name, _titles(title, name), missing)


def _titles(title: Any, name: str) -> dict[str, str]:
    if isinstance(title, str) and title:
        return {"zh": title, "en": title}
    given = {str(key): str(text) for key, text in (title or {}).items()} if isinstance(title, Mapping) else {}
    zh = given.get("zh") or given.get("en") or name
    return {"zh": zh, "en": given.get("en") or zh}
