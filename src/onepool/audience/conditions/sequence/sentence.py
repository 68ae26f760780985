"""A sequence in words."""

from __future__ import annotations

from collections.abc import Callable

from onepool.audience.conditions.parts import Behaviour, Window
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, Gap, SequenceLeaf
from onepool.audience.conditions.values import Span


def sequence_sentence(
    leaf: SequenceLeaf,
    zh: bool,
    events: Callable[[str, Behaviour, str], str],
    window: Callable[[Window | None], str],
    one: Callable[[Span], str],
    since: str = "",
) -> str:
    """The steps in order. `events(name, behaviour, verb)`, `window` and `one` are a Writer's; `since`: of a run."""
    parts = []
    for number, step in enumerate(leaf.sequence):
        text = _did(step, zh, events, one) if isinstance(step, DidStep) else _did_not(leaf, number, zh, events, one)
        parts.append(text)
    when = window(leaf.within) + since
    if zh:
        body = f"{when}依次{parts[0]}" + "".join(
            f"，{'' if _absent(leaf, n) else '然后'}{text}" for n, text in _rest(parts)
        )
        return body + (f"，首尾相隔不超过 {one(leaf.span)}" if leaf.span is not None else "")
    body = "did" + (f" {when}," if when else "") + f" in this order: {parts[0]}"
    body += "".join(f", {'' if _absent(leaf, n) else 'then '}{text}" for n, text in _rest(parts))
    return body + (f", at most {one(leaf.span)} from first to last" if leaf.span is not None else "")


def _rest(parts: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(parts))[1:]


def _absent(leaf: SequenceLeaf, number: int) -> bool:
    return isinstance(leaf.sequence[number], DidNotStep)


def _did(step: DidStep, zh: bool, events: Callable[[str, Behaviour, str], str], one: Callable[[Span], str]) -> str:
    gap = _gap(step.gap, zh, one)
    text = events(step.did, step.behaviour, "做过")
    return f"{gap}{text}" if zh else f"{gap} {text}".strip()


def _gap(gap: Gap | None, zh: bool, one: Callable[[Span], str]) -> str:
    if gap is None:
        return ""
    if gap.at_least is not None and gap.at_most is not None:
        low, high = one(gap.at_least), one(gap.at_most)
        return f"隔 {low}到 {high}" if zh else f"{low} to {high} later"
    if gap.at_most is not None:
        return f"{one(gap.at_most)}内" if zh else f"within {one(gap.at_most)}"
    assert gap.at_least is not None
    return f"至少 {one(gap.at_least)}后" if zh else f"at least {one(gap.at_least)} later"


def _did_not(
    leaf: SequenceLeaf,
    number: int,
    zh: bool,
    events: Callable[[str, Behaviour, str], str],
    one: Callable[[Span], str],
) -> str:
    step = leaf.sequence[number]
    assert isinstance(step, DidNotStep)
    text = events(step.did_not, step.behaviour, "没有做过")
    last = not any(isinstance(later, DidStep) for later in leaf.sequence[number + 1 :])
    if step.for_ is not None:
        return f"其后 {one(step.for_)}内{text}" if zh else f"without {text} for {one(step.for_)} after it"
    if zh:
        return f"此后{text}" if last else f"其间{text}"
    return f"without {text} since" if last else f"without {text} in between"
