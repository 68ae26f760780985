"""What changed between two conditions: parts added, removed and changed, each with both sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from onepool.audience.conditions.model import All, AnyOf, Condition, Not, children
from onepool.audience.conditions.parts import canonical_text

Group = Literal["", "all", "any", "not"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs. `before_place`: in the old condition; `after_place`: in the new one; `group`: what joins
    the part with its neighbours, "" for the condition as a whole."""

    op: Literal["added", "removed", "changed"]
    before: Condition | None
    after: Condition | None
    before_place: str | None
    after_place: str | None
    group: Group = ""


def differences(before: Condition, after: Condition) -> list[Difference]:
    """How `after` differs from `before`; nothing when they say the same. The order of a group's parts says nothing.

    Parts are paired when they are equal, else when they ask about the same thing (the same attribute, tag, event …).
    A condition that became one part of a group gained the other parts; of a group that became one of its parts the
    others went.
    """
    return list(_compare(before, after, "", "", ""))


def _compare(before: Condition, after: Condition, old: str, new: str, group: Group) -> Iterator[Difference]:
    if _same(before, after):
        return
    if isinstance(before, Not) and isinstance(after, Not):
        yield from _compare(before.not_, after.not_, _at(old, "not"), _at(new, "not"), "not")
        return
    joined = _joint(before, after)
    if joined is None:
        yield Difference("changed", before, after, old, new, group)
        return
    yield from _groups(_parts(before, joined, old), _parts(after, joined, new), joined)


def _joint(before: Condition, after: Condition) -> Literal["all", "any"] | None:
    """The kind of group that both are, one of them perhaps with a single part that the other has too."""
    for kind, model in (("all", All), ("any", AnyOf)):
        first, second = isinstance(before, model), isinstance(after, model)
        if first and second:
            return kind  # type: ignore[return-value]
        if first or second:
            group, other = (before, after) if first else (after, before)
            if not isinstance(other, All | AnyOf) and any(_alike(part, other) for _, part in children(group)):
                return kind  # type: ignore[return-value]
    return None


def _parts(condition: Condition, kind: str, place: str) -> list[tuple[str, Condition]]:
    if isinstance(condition, All if kind == "all" else AnyOf):
        return [(_at(place, step), part) for step, part in children(condition)]
    return [(place, condition)]


def _groups(
    before: Sequence[tuple[str, Condition]], after: Sequence[tuple[str, Condition]], kind: Literal["all", "any"]
) -> Iterator[Difference]:
    left, right = list(before), list(after)
    for test in (_same, _alike, _same_shape):
        for old in list(left):
            found = next((new for new in right if test(old[1], new[1])), None)
            if found is not None:
                left.remove(old)
                right.remove(found)
                yield from _compare(old[1], found[1], old[0], found[0], kind)
    yield from (Difference("removed", part, None, place, None, kind) for place, part in left)
    yield from (Difference("added", None, part, None, place, kind) for place, part in right)


def _same(a: Condition, b: Condition) -> bool:
    return canonical_text(a) == canonical_text(b)


def _alike(a: Condition, b: Condition) -> bool:
    """Whether both ask about the same thing."""
    if isinstance(a, Not) and isinstance(b, Not):
        return _alike(a.not_, b.not_)
    if isinstance(a, All | AnyOf) or isinstance(b, All | AnyOf):
        return False
    return type(a) is type(b) and _subject(a) == _subject(b)


def _same_shape(a: Condition, b: Condition) -> bool:
    return isinstance(a, All | AnyOf) and type(a) is type(b)


def _subject(leaf: Condition) -> str:
    """What a leaf is about: the value under its head."""
    dumped = leaf.canonical()
    head = next((key for key in _HEADS if key in dumped), "")
    value = dumped.get(head)
    if head == "sequence":
        return "sequence"
    return f"{head}:{value}"


_HEADS = ("attribute", "tag", "segment", "did", "did_not", "sequence", "consent", "reachable", "list")


def _at(place: str, step: str) -> str:
    return f"{place}.{step}" if place else step
