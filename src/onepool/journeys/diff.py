"""What changed between two versions of a journey: part by part, with both sides in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from onepool.audience.conditions.names import Names
from onepool.audience.conditions.parts import Part
from onepool.journeys.model import Journey
from onepool.journeys.sentence import Teller
from onepool.journeys.words import key_title

Words = dict[Literal["zh", "en"], str]
_LANGUAGES: tuple[Literal["zh", "en"], ...] = ("zh", "en")
_HEADS = (
    "name", "note", "folder", "group", "params", "zone", "entry", "experiment", "policy", "goal", "exit", "max_life",
    "start",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs. `node`: whose part it is, None for the journey's own; `sentence` says it as a whole."""

    op: Literal["added", "removed", "changed"]
    node: str | None
    place: str
    before: Words | None
    after: Words | None
    sentence: Words


def differences(before: Journey, after: Journey, names: Names | None = None) -> list[Difference]:
    """How `after` differs from `before`; nothing when they say the same."""
    tellers = {lang: Teller(lang, names) for lang in _LANGUAGES}
    return [*_heads(before, after, tellers), *_nodes(before, after, tellers)]


def _heads(before: Journey, after: Journey, tellers: dict[Literal["zh", "en"], Teller]) -> Iterator[Difference]:
    old, new = before.canonical(), after.canonical()
    for key in _HEADS:
        if old.get(key) != new.get(key):
            yield _difference(None, key, key, _said(before, key, tellers), _said(after, key, tellers))


def _nodes(before: Journey, after: Journey, tellers: dict[Literal["zh", "en"], Teller]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before.nodes, *after.nodes)):
        place = f"nodes.{name}"
        old, new = before.nodes.get(name), after.nodes.get(name)
        if old is None or new is None or old.do != new.do:
            was = None if old is None else {lang: teller.node(old) for lang, teller in tellers.items()}
            now = None if new is None else {lang: teller.node(new) for lang, teller in tellers.items()}
            yield _difference(name, place, "", was, now)
            continue
        first, second = old.canonical(), new.canonical()
        for key in dict.fromkeys((*first, *second)):
            if first.get(key) != second.get(key):
                yield _difference(name, f"{place}.{key}", key, _said(old, key, tellers), _said(new, key, tellers))


def _said(part: Part, key: str, tellers: dict[Literal["zh", "en"], Teller]) -> Words | None:
    name = next((name for name, field in type(part).model_fields.items() if (field.alias or name) == key), key)
    value: Any = getattr(part, name, None)
    return None if value is None else {lang: teller.any(value) for lang, teller in tellers.items()}


def _difference(node: str | None, place: str, key: str, before: Words | None, after: Words | None) -> Difference:
    op: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    return Difference(
        op, node, place, before, after, {lang: _sentence(lang, node, key, before, after) for lang in _LANGUAGES}
    )


def _sentence(lang: Literal["zh", "en"], node: str | None, key: str, before: Words | None, after: Words | None) -> str:
    zh = lang == "zh"
    head = " · ".join(part for part in (node, key_title(key, zh) if key else "") if part)
    colon = "：" if zh else ": "
    if before is None:
        return f"{head}{colon}{'新增 ' if zh else 'new, '}{after[lang] if after else ''}"
    if after is None:
        return f"{head}{colon}{'去掉 ' if zh else 'gone, '}{before[lang]}"
    return f"{head}{colon}{before[lang]} → {after[lang]}"
