"""Faults of messages: what is sent, in which category, over which channels, and what comes after each failure."""

from __future__ import annotations

from onepool.channels.base import Channel, MessageKind
from onepool.journeys.checks.asked import check_variable
from onepool.journeys.checks.common import Checked, Lent
from onepool.journeys.known import Known
from onepool.journeys.model import Hop, Journey, Send
from onepool.reach.messages.model import RUN_SOURCES, Content, Message

STRICTNESS = {"promotion": 0, "service": 1, "transactional": 2}
"""The less strict the category, the more is asked before a message may go out."""

_OURS = frozenset({"goal_reached", "ended", "guard_false", "control", "erased", "no_stock", "expired"})
"""Reasons that end the whole chain: no other channel could change them."""

_ONLY_ON = {"not_follower": ("wechat_oa", "wechat_mini"), "not_friend": ("wecom",)}


def check_sends(journey: Journey, known: Known, lent: Lent, found: Checked) -> None:
    """Every send of the journey."""
    for name, node in journey.nodes.items():
        if isinstance(node, Send):
            _check_send(name, node, journey, known, lent, found)


def kind_used(hop: Hop, message: Message | None, known: Known) -> MessageKind | None:
    """The kind of message that a hop sends: its own, else that of the content, else the channel's only one."""
    channel = known.channels.get(hop.channel)
    if channel is None:
        return None
    content = content_used(hop, message)
    wanted = hop.kind or (content.kind if content is not None else None)
    kinds = channel.manifest.messages
    if wanted is None:
        return kinds[0] if len(kinds) == 1 else None
    return next((one for one in kinds if one.name == wanted), None)


def content_used(hop: Hop, message: Message | None) -> Content | None:
    """What of the message a hop sends."""
    return None if message is None else message.content(hop.template, hop.channel, hop.kind)


def _check_send(name: str, node: Send, journey: Journey, known: Known, lent: Lent, found: Checked) -> None:
    at = f"nodes.{name}"
    message = known.messages.get(node.message)
    if message is None:
        found.unknown(f"{at}.message", "message", node.message, known.messages)
    else:
        category = node.category or journey.policy.category
        if STRICTNESS[category] > STRICTNESS[message.category]:
            found.wrong(
                f"{at}.category" if node.category else "policy.category",
                f"the message {node.message} is {message.category}: sent as {category} it would pass by what its own "
                f"category asks for (consent, caps, quiet hours)",
                message.category,
            )
    for number, hop in enumerate(node.chain):
        here = f"{at}.chain[{number}]"
        _check_hop(hop, here, message, known, found)
        content = content_used(hop, message)
        if message is not None and content is not None:
            _check_variables(here, message, content, name, lent, found)
        if number < len(node.chain) - 1 and not hop.next_on:
            found.wrong(
                f"{here}.next_on", f"nothing leads on to chain[{number + 1}]: name the reasons after which it is tried"
            )
        if number == len(node.chain) - 1 and hop.next_on:
            found.warn(f"{here}.next_on", "this is the last channel of the chain: there is no next one to try")


def _check_hop(hop: Hop, here: str, message: Message | None, known: Known, found: Checked) -> None:
    channel = known.channels.get(hop.channel)
    if channel is None or not channel.manifest.messages:
        carrying = [name for name, one in known.channels.items() if one.manifest.messages]
        found.unknown(f"{here}.channel", "channel that carries messages called", hop.channel, carrying)
        return
    _check_touchpoint(hop, here, known, found)
    if message is not None and content_used(hop, message) is None:
        _no_content(hop, here, message, found)
    elif message is not None and (content := content_used(hop, message)) is not None:
        for what, said, wanted in (("channel", content.channel, hop.channel), ("kind", content.kind, hop.kind)):
            if said is not None and wanted is not None and said != wanted:
                found.wrong(f"{here}.template", f"{content.template} is for {what} {said}, not {wanted}")
    kind = kind_used(hop, message, known)
    kinds = [one.name for one in channel.manifest.messages]
    if kind is None:
        if hop.kind is not None:
            found.unknown(f"{here}.kind", f"message of {hop.channel} of kind", hop.kind, kinds)
        elif message is not None and content_used(hop, message) is not None:
            found.wrong(f"{here}.kind", f"say which kind of message: one of {', '.join(kinds)}")
        return
    _check_kind(hop, kind, channel, here, found)


def _check_kind(hop: Hop, kind: MessageKind, channel: Channel, here: str, found: Checked) -> None:
    if "staff_id" in kind.also and hop.staff is None:
        found.wrong(f"{here}.staff", f"{kind.name} is sent by an associate: say who", "staff: owner")
    if kind.asynchronous and hop.accept_within is None:
        found.wrong(
            f"{here}.accept_within",
            f"{kind.name} waits for somebody to confirm it: say how long",
            "accept_within: 24 hours",
        )
    if hop.accept_within is not None and not kind.asynchronous:
        found.warn(f"{here}.accept_within", f"{kind.name} is sent at once: nobody has to confirm it")
    asks = channel.reach is not None and channel.reach.askable
    if hop.unknown == "resend" and not kind.idempotent:
        found.wrong(
            f"{here}.unknown",
            f"{kind.name} of {hop.channel} could be delivered twice: the platform does not hold back a second one",
            "query" if asks else "drop",
        )
    if hop.unknown == "query" and not asks:
        found.wrong(
            f"{here}.unknown", f"{hop.channel} can't be asked what became of a message",
            "resend" if kind.idempotent else "drop",
        )  # fmt: skip
    for number, reason in enumerate(hop.next_on):
        at = f"{here}.next_on[{number}]"
        if reason in _OURS:
            found.wrong(at, f"{reason} holds for every channel: no other one can help")
        elif reason in _ONLY_ON and hop.channel not in _ONLY_ON[reason]:
            found.warn(at, f"{hop.channel} never says {reason}; {' and '.join(_ONLY_ON[reason])} do")
        elif reason == "staff_timeout" and not kind.asynchronous:
            found.warn(at, f"{kind.name} is sent at once and never says staff_timeout")


def _check_touchpoint(hop: Hop, here: str, known: Known, found: Checked) -> None:
    own = sorted(name for name, channel in known.touchpoints.items() if channel == hop.channel)
    if hop.touchpoint is not None and hop.touchpoint not in known.touchpoints:
        found.unknown(f"{here}.touchpoint", "touchpoint", hop.touchpoint, own)
    elif hop.touchpoint is not None and hop.touchpoint not in own:
        said = known.touchpoints[hop.touchpoint]
        found.wrong(
            f"{here}.touchpoint", f"{hop.touchpoint} is of channel {said}, not {hop.channel}", next(iter(own), None)
        )
    elif not own:
        found.wrong(f"{here}.channel", f"there is no touchpoint of channel {hop.channel}: connect one first")


def _no_content(hop: Hop, here: str, message: Message, found: Checked) -> None:
    if hop.template is not None:
        known = [one.template for one in message.contents]
        found.unknown(f"{here}.template", f"content of the message {message.message} called", hop.template, known)
        return
    fitting = [one.template for one in message.contents if one.channel == hop.channel and hop.kind in (None, one.kind)]
    if fitting:
        found.wrong(f"{here}.template", f"say which content: the message has {', '.join(fitting)} for {hop.channel}")
    else:
        said = ", ".join(sorted({one.channel for one in message.contents}))
        found.wrong(f"{here}.channel", f"the message {message.message} says nothing for {hop.channel}; it has: {said}")


def _check_variables(here: str, message: Message, content: Content, node: str, lent: Lent, found: Checked) -> None:
    """What the message takes from the run has to be there; a variable with a default may do without."""
    texts = repr(content.content) + repr(message.links)
    for name, variable in message.variables.items():
        source = variable.from_
        if source is None or variable.default is not None or source.partition(".")[0] not in RUN_SOURCES:
            continue
        if name in texts:
            check_variable(f"{here}.template", source, node, lent, found)
