"""A version of a journey, made ready for runs: numbers for names, the order of nodes, what each send says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from onepool.audience.conditions.model import DidLeaf, DidNotLeaf, NodeAnchor, SequenceLeaf, walk
from onepool.audience.conditions.values import Span
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.times import DAY
from onepool.journeys.graph import edges, forward, order, reached
from onepool.journeys.inside import conditions_in
from onepool.journeys.model import (
    CallJourney,
    DateEntry,
    Hop,
    Journey,
    OneOffEntry,
    ScheduleEntry,
    Send,
    Task,
    Wait,
)
from onepool.reach.messages.parse import kind_of
from onepool.reach.rules import Cap, Door, Quiet, Retry, SendPolicy

_TRIGGER: Final = re.compile(r"\$trigger\.(\w+(?:\.\w+)*)")
_FROM: Final = re.compile(r"\btrigger\.(\w+(?:\.\w+)*)")

TRANSACTIONAL, TRIGGERED, SCHEDULED = 0, 1, 2
"""Classes of priority."""


@dataclass(frozen=True, slots=True)
class Message:
    """What planning needs of a message: the current version and its body as data."""

    version: int
    body: Mapping[str, Any]

    def kind(self, hop: Hop) -> str:
        """The kind of the content that a hop sends; empty where the message does not say one."""
        if hop.kind is not None:
            return hop.kind
        for content in self.body.get("contents") or ():
            if hop.template in (None, content.get("template")) and content.get("channel") == hop.channel:
                category = self.body.get("category")
                found = kind_of(hop.channel, content.get("kind"), "promotion" if category is None else category)
                return "" if found is None else found.name
        return ""


class Plan:
    """One version. Node numbers are places in the sorted list of names, as `runs.node` has them."""

    def __init__(
        self, version_id: int, definition: Journey, body: Mapping[str, Any], messages: Mapping[str, Message]
    ) -> None:
        self.version_id = version_id
        self.definition = definition
        self.journey = definition.journey
        self.names: tuple[str, ...] = tuple(sorted(definition.nodes))
        self.number = {name: number for number, name in enumerate(self.names)}
        self.nodes = [definition.nodes[name] for name in self.names]
        self.start = self.number[definition.start]
        self.messages = messages
        ranks = {name: rank for rank, name in enumerate(order(definition))}
        self.rank: I64 = np.array([ranks[name] for name in self.names], np.int64)
        self._targets = [
            {edge.label: self.number[edge.target] for edge in edges(definition.nodes[name])} for name in self.names
        ]
        text = json.dumps(body, ensure_ascii=False)
        fields = set(_TRIGGER.findall(text))
        for node in self.nodes:
            if isinstance(node, Send) and node.message in messages:
                fields |= set(_FROM.findall(json.dumps(messages[node.message].body, ensure_ascii=False)))
        self.fields = tuple(sorted(fields))
        self.params = {f"params.{name}": value for name, value in sorted(definition.params.items())}
        self.anchored = frozenset(
            self.number[leaf.since.node]
            for asked in conditions_in(definition)
            for _, leaf in walk(asked.condition)
            if isinstance(leaf, DidLeaf | DidNotLeaf | SequenceLeaf) and isinstance(leaf.since, NodeAnchor)
            if leaf.since.node in self.number
        )

    def target(self, node: int, label: str) -> int:
        """The number of the node that an edge leads to."""
        return self._targets[node][label]

    def leads(self, node: int, label: str) -> bool:
        return label in self._targets[node]

    @property
    def zone(self) -> str:
        """The zone of customers of whom none is known."""
        return self.definition.zone.default

    @property
    def zone_attribute(self) -> str | None:
        """The attribute that names a customer's zone."""
        source = self.definition.zone.from_
        return None if source is None else source.removeprefix("attribute.")

    @property
    def salt(self) -> str:
        """Of the hold-out."""
        return self.definition.experiment.salt or self.journey

    @cached_property
    def behind(self) -> dict[str, I64]:
        """Of exits with `before`: the numbers of that node and of all behind it."""
        following = forward(self.definition)
        named = {one.before for one in self.definition.exit if one.before is not None}
        return {
            name: np.array(sorted(self.number[one] for one in reached(following, name)), np.int64) for name in named
        }

    @cached_property
    def date_nodes(self) -> dict[int, str]:
        """Nodes that wait for a date attribute -> the attribute."""
        return {
            number: node.date.attribute
            for number, node in enumerate(self.nodes)
            if isinstance(node, Wait) and node.date is not None and node.date.attribute is not None
        }

    def priority(self, category: str) -> int:
        """Class * 1000 + 999 - the journey's own priority."""
        entry = self.definition.entry
        late = isinstance(entry, ScheduleEntry | OneOffEntry | DateEntry)
        kind = TRANSACTIONAL if category == "transactional" else SCHEDULED if late else TRIGGERED
        return kind * 1000 + 999 - entry.priority

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """Where those who are let in could get a message at once: every hop of every send that is reached without
        waiting, whatever the conditions before it. An audience is held back only while all of these are full.

        Empty where some would rather wait first (a wait, a task, another journey), and where nobody gets a message at
        once: such an audience is never held back. Who may end without a message does not count.
        """
        found: set[Door] = set()
        seen, front = {self.start}, [self.start]
        while front:
            node = front.pop()
            said = self.nodes[node]
            if isinstance(said, Wait | Task | CallJourney):
                return ()
            if isinstance(said, Send):
                message = self.messages.get(said.message)
                level = self.priority(said.category or self.definition.policy.category) // 1000
                for hop in said.chain:
                    kind = (hop.kind or "") if message is None else message.kind(hop)
                    found.add(Door(hop.channel, hop.touchpoint or "", kind, level))
            else:
                behind = set(self._targets[node].values()) - seen
                seen |= behind
                front += behind
        return tuple(sorted(found))

    def policy(self, node: Send, hop: Hop) -> SendPolicy:
        """What the gate and the senders need to know of a hop."""
        said = self.definition.policy
        quiet = said.quiet
        return SendPolicy(
            quiet=None if quiet is None else Quiet(
                quiet.from_.minutes, quiet.to.minutes, quiet.on_hit, length(quiet.max_defer)
            ),
            caps=tuple(Cap(one.count, length(one.per.rolling), one.scope, one.on_hit) for one in said.caps),
            zone=self.zone_attribute,
            zone_else=self.zone,
            respect_control=self.definition.experiment.respect_global_control,
            unknown=hop.unknown,
            retry=Retry(tuple(node.retry.on), node.retry.max, tuple(one.seconds for one in node.retry.backoff)),
            accept_within=length(hop.accept_within),
        )  # fmt: skip


def length(span: Span | None) -> int | None:
    """Microseconds of a span, a month counted as 31 days; None stays None."""
    if span is None:
        return None
    return span.micros if span.micros is not None else span.count * 31 * DAY
