"""What changed between two versions of a journey: field by field, with both sides in words.

What reads as one sentence (an event that is awaited, a condition, a hop) is shown as one; a field that the sentence
does not say stands beside it, so that nothing that differs is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from onepool.audience.conditions.names import Names
from onepool.audience.conditions.parts import Part
from onepool.journeys.model import Experiment, Journey, MaxRuns, Policy, Rate, Reentry, Zone
from onepool.journeys.sentence import Teller
from onepool.journeys.words import key_title

Language = Literal["zh", "en"]
Words = dict[Language, str]
Tellers = Mapping[Language, Teller]
_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
_HEADS: Final = (
    "name", "note", "folder", "group", "params", "zone", "entry", "experiment", "policy", "goal", "exit", "max_life",
    "start",
)  # fmt: skip
_LISTED: Final = (Policy, Experiment, Zone, Reentry, MaxRuns, Rate)
"""What has fields and no sentence of its own."""
_LONG: Final = 5
"""Values that a list may have for both of its sides to be shown."""

_WIDE: Final = 160
_AROUND: Final = 24


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs. `node`: whose part it is, None for the journey's own; `sentence` says it as a whole."""

    op: Literal["added", "removed", "changed"]
    node: str | None
    place: str
    before: Words | None
    after: Words | None
    sentence: Words


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where something is: `titles` say what it is part of."""

    node: str | None
    place: str
    titles: tuple[Words, ...]

    def key(self, key: str, titles: Words | None = None) -> _Spot:
        said = titles or {lang: key_title(key, lang == "zh") for lang in _LANGUAGES}
        return _Spot(self.node, f"{self.place}.{key}" if self.place else key, (*self.titles, said))

    def item(self, number: int) -> _Spot:
        *rest, last = self.titles
        said: Words = {lang: f"{last[lang]} {number + 1}" for lang in _LANGUAGES}
        return _Spot(self.node, f"{self.place}[{number}]", (*rest, said))


def differences(before: Journey, after: Journey, names: Names | None = None) -> list[Difference]:
    """How `after` differs from `before`; nothing when they say the same."""
    tellers = {lang: Teller(lang, names) for lang in _LANGUAGES}
    return [*_keys(_Spot(None, "", ()), before, after, tellers, _HEADS), *_nodes(before, after, tellers)]


def _nodes(before: Journey, after: Journey, tellers: Tellers) -> Iterator[Difference]:
    for name in dict.fromkeys((*before.nodes, *after.nodes)):
        spot = _Spot(name, f"nodes.{name}", ())
        old, new = before.nodes.get(name), after.nodes.get(name)
        if old is None or new is None or old.do != new.do:
            was = None if old is None else {lang: teller.node(old) for lang, teller in tellers.items()}
            now = None if new is None else {lang: teller.node(new) for lang, teller in tellers.items()}
            yield _difference(spot, was, now)
            continue
        yield from _keys(spot, old, new, tellers, _differing(old, new))


def _keys(spot: _Spot, old: Part, new: Part, tellers: Tellers, keys: tuple[str, ...]) -> Iterator[Difference]:
    for key in keys:
        yield from _changes(spot.key(key), _value(old, key), _value(new, key), tellers)


def _changes(spot: _Spot, old: Any, new: Any, tellers: Tellers) -> Iterator[Difference]:
    """How a value differs from what stood there before."""
    if _plain(old) == _plain(new):
        return
    if isinstance(old, Part) and isinstance(new, Part) and type(old) is type(new):
        yield from _of_part(spot, old, new, tellers)
    elif _free(old) and _free(new):
        yield from _of_mapping(spot, old, new, tellers)
    elif isinstance(old, list) and isinstance(new, list) and _parts(old) and _parts(new) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(spot.item(number), one, other, tellers)
    else:
        if spot.place == "experiment.holdout":
            old, new = (f"{100 * one:g}%" for one in (old, new))
        yield _difference(spot, _said(old, tellers), _said(new, tellers), _moved(old, new, tellers))


def _of_part(spot: _Spot, old: Part, new: Part, tellers: Tellers) -> Iterator[Difference]:
    keys = _differing(old, new)
    if isinstance(old, _LISTED):
        yield from _keys(spot, old, new, tellers, keys)
        return
    was, now = _said(old, tellers), _said(new, tellers)
    unsaid = tuple(key for key in keys if was == _said(_with(old, new, key), tellers))
    if was != now:
        yield _difference(spot, was, now)
    yield from _keys(spot, old, new, tellers, unsaid)


def _of_mapping(spot: _Spot, old: Mapping[str, Any], new: Mapping[str, Any], tellers: Tellers) -> Iterator[Difference]:
    for key in dict.fromkeys((*old, *new)):
        yield from _changes(spot.key(key, {"zh": key, "en": key}), old.get(key), new.get(key), tellers)


def _differing(old: Part, new: Part) -> tuple[str, ...]:
    first, second = old.canonical(), new.canonical()
    return tuple(key for key in dict.fromkeys((*first, *second)) if first.get(key) != second.get(key))


def _with(old: Part, new: Part, key: str) -> Part:
    """The one of before with one field as it is now."""
    return old.model_copy(update={_field(old, key): _value(new, key)})


def _field(part: Part, key: str) -> str:
    return next((name for name, field in type(part).model_fields.items() if (field.alias or name) == key), key)


def _value(part: Part, key: str) -> Any:
    return getattr(part, _field(part, key), None)


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.canonical()
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _free(value: Any) -> bool:
    """Whether it is a mapping of names that somebody chose; those of languages are a text."""
    return isinstance(value, Mapping) and not (value and set(value) <= set(_LANGUAGES))


def _parts(values: list[Any]) -> bool:
    return all(isinstance(one, Part) for one in values)


def _said(value: Any, tellers: Tellers) -> Words | None:
    return None if value is None else {lang: teller.any(value) for lang, teller in tellers.items()}


def _moved(old: Any, new: Any, tellers: Tellers) -> Words | None:
    """What came into a long list and what went; None for everything else."""
    if not (isinstance(old, list) and isinstance(new, list)) or max(len(old), len(new)) <= _LONG:
        return None
    came, went = [one for one in new if one not in old], [one for one in old if one not in new]
    if len(came) + len(went) >= len(old) + len(new) or not came + went:
        return None
    found: Words = {}
    for lang, teller in tellers.items():
        zh = lang == "zh"
        said = [("加入 " if zh else "with ") + teller.any(came)] if came else []
        said += [("去掉 " if zh else "without ") + teller.any(went)] if went else []
        found[lang] = ("，" if zh else ", ").join(said)
    return found


def _difference(spot: _Spot, before: Words | None, after: Words | None, moved: Words | None = None) -> Difference:
    op: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    sentence = {lang: _sentence(lang, spot, before, after, moved) for lang in _LANGUAGES}
    return Difference(op, spot.node, spot.place, before, after, sentence)


def _sentence(lang: Language, spot: _Spot, before: Words | None, after: Words | None, moved: Words | None) -> str:
    zh = lang == "zh"
    head = " · ".join(part for part in (spot.node, *(one[lang] for one in spot.titles)) if part)
    colon = "：" if zh else ": "
    if moved is not None:
        return f"{head}{colon}{moved[lang]}"
    if before is None:
        return f"{head}{colon}{'新增 ' if zh else 'new, '}{after[lang] if after else ''}"
    if after is None:
        return f"{head}{colon}{'去掉 ' if zh else 'gone, '}{before[lang]}"
    was, now = _shortened(before[lang], after[lang])
    return f"{head}{colon}{was} → {now}"


def _shortened(was: str, now: str) -> tuple[str, str]:
    """Of two long texts that are mostly alike what differs, with some of what stands around it."""
    if max(len(was), len(now)) <= _WIDE:
        return was, now
    shorter = min(len(was), len(now))
    head = next((place for place in range(shorter) if was[place] != now[place]), shorter)
    tail = next((place for place in range(shorter - head) if was[-1 - place] != now[-1 - place]), shorter - head)
    start, end = max(head - _AROUND, 0), max(tail - _AROUND, 0)

    def cut(text: str) -> str:
        return f"{'…' if start else ''}{text[start : len(text) - end]}{'…' if end else ''}"

    return cut(was), cut(now)
