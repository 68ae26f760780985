"""What one might have overlooked: nothing here keeps a journey from being published."""

from __future__ import annotations

from onepool.audience.conditions.errors import closest
from onepool.journeys.checks.common import Checked, micros
from onepool.journeys.checks.sends import kind_used
from onepool.journeys.graph import edges, every_way, forward, order, reached
from onepool.journeys.known import Known
from onepool.journeys.model import Journey, Repeat, Send, Split, Wait


def advise(journey: Journey, known: Known, found: Checked) -> None:
    """Warnings about effect, policy and messages; called for a journey whose graph is whole."""
    sends = {name: node for name, node in journey.nodes.items() if isinstance(node, Send)}
    promotional = [name for name, node in sends.items() if (node.category or journey.policy.category) == "promotion"]
    if promotional:
        if journey.goal is None:
            found.warn("goal", "without a goal nobody can say whether this worked; customers go on after they bought")
        if journey.experiment.holdout == 0 and not _has_control(journey):
            found.warn("experiment.holdout", "without a holdout the uplift can't be computed", "holdout: 0.1")
        if journey.policy.expire_after is None and any(sends[name].expire_after is None for name in promotional):
            found.warn(
                "policy.expire_after", "late messages would still go out after a standstill", "expire_after: 24 hours"
            )
        if journey.policy.quiet is not None and journey.policy.quiet.on_hit == "ignore":
            found.warn("policy.quiet.on_hit", "promotional messages would go out at night", "defer")
    for name, node in sends.items():
        category = node.category or journey.policy.category
        if len(node.chain) == 1 and category == "promotion":
            found.warn(f"nodes.{name}.chain", "one channel only: who can't be reached there gets nothing")
        for number, hop in enumerate(node.chain):
            kind = kind_used(hop, known.messages.get(node.message), known)
            if kind is not None and category == "promotion" and not kind.marketing:
                found.warn(
                    f"nodes.{name}.chain[{number}]",
                    f"{kind.title['en']} ({kind.title['zh']}) may not carry marketing by the platform's rules; "
                    "use it where the text is a notice only",
                )
    _loops(journey, found)
    _controls(journey, found)
    _life(journey, found)
    purpose = journey.policy.purpose
    if purpose is not None and purpose not in known.purposes:
        near = closest(purpose, known.purposes)
        found.warn(
            "policy.purpose", f"{purpose} is none of the known purposes of consent: nobody may have agreed", near
        )


def _has_control(journey: Journey) -> bool:
    return any(arm.control for node in journey.nodes.values() if isinstance(node, Split) for arm in node.arms)


def _loops(journey: Journey, found: Checked) -> None:
    """Ways back over a message without any wait would send it many times at once."""
    following = every_way(journey)
    for name, node in journey.nodes.items():
        if not isinstance(node, Repeat) or node.back not in journey.nodes:
            continue
        ahead = reached(following, node.back)
        loop = [one for one in ahead if name in reached(forward(journey), one)]
        if any(isinstance(journey.nodes[one], Send) for one in loop) and not any(
            isinstance(journey.nodes[one], Wait) for one in loop
        ):
            found.warn(f"nodes.{name}.back", "the loop sends and has no wait: its messages would go out at once")


def _controls(journey: Journey, found: Checked) -> None:
    following = every_way(journey)
    for name, node in journey.nodes.items():
        for number, arm in enumerate(node.arms if isinstance(node, Split) else ()):
            if arm.control and any(isinstance(journey.nodes[one], Send) for one in reached(following, arm.next)):
                found.warn(f"nodes.{name}.arms[{number}]", "the control arm comes to a message: it is no control then")


def _life(journey: Journey, found: Checked) -> None:
    """The longest way of waits against how long a run may live."""
    longest: dict[str, int] = {}
    for name in reversed(order(journey)):
        node = journey.nodes[name]
        own = 0
        if isinstance(node, Wait):
            own = micros(node.for_) if node.for_ is not None else micros(node.max) if node.max is not None else 0
        after = [longest.get(edge.target, 0) for edge in edges(node) if edge.label != "back"]
        longest[name] = own + max(after, default=0)
    if longest.get(journey.start, 0) > micros(journey.max_life):
        days = longest[journey.start] / 86_400_000_000
        found.warn(
            "max_life", f"the longest way waits {days:g} days: runs on it end as expired after {journey.max_life}"
        )
