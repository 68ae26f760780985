"""Values that a condition compares with and that nothing ever was: warnings, since they may still come.

`city: {is: 上海市}` can be used and selects nobody, because the data standard writes 上海. What a value may be is known
for enumerations of the standard, for regions, and for whatever the pool holds few different values of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Final

from onepool.audience.conditions.anchors.model import is_reference
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.model import (
    AttributeLeaf,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    Predicate,
    SequenceLeaf,
    TagLeaf,
    walk,
)
from onepool.audience.conditions.names import KINDS, Names, find_field
from onepool.audience.conditions.standing.consents import CATEGORIES, PURPOSES, seen_categories, seen_purposes
from onepool.pool.catalog import Source, distinct_values, ever
from onepool.pool.engine import Session
from onepool.standards import Personal, Standard
from onepool.standards.normalise.region import divisions, named
from onepool.standards.normalise.scalars import plain

MOST = 500
"""Of what has more different values than this, none of them is held to be known."""

FEW = 20
"""More values than this are not looked for one by one."""

_OFFERED: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "consent:purpose": PURPOSES,
    "consent:category": CATEGORIES,
}

_TESTS = ("is", "is_not", "in", "not_in", "any_of", "all_of", "none_of")


def unseen(condition: Condition, names: Names, seen: Mapping[str, Collection[str]] | None = None) -> list[Problem]:
    """A warning for each value that can't be right, or that was never seen, with what was probably meant.

    `seen`: values found in the pool, as `seen_values` gives them (`attribute:city`, `field:items.category`, `tag:x`,
    `consent:purpose`). Purposes and categories of consents are free words, of which some are offered.
    """
    found: list[Problem] = []
    for place, of, predicate in compared(condition):
        for test, operand in predicate.tests():
            if test not in _TESTS:
                continue
            at = f"{place}.{test}" if place else test
            for value in operand if isinstance(operand, list) else [operand]:
                if isinstance(value, str) and not is_reference(value):
                    problem = _never(at, of, value, names, seen or {})
                    if problem is not None:
                        found.append(problem)
    for place, of, word in _consented(condition):
        if word not in _OFFERED[of] and word not in (seen or {}).get(of, ()):
            known = sorted({*_OFFERED[of], *(seen or {}).get(of, ())})
            said = (
                f"the purpose of no consent has ever been {word}"
                if of == "consent:purpose"
                else f"the category of no consent has ever been {word}"
            )
            found.append(Problem(place, said, _called(word, _OFFERED[of]) or closest(word, known)))
    return found


def _consented(condition: Condition) -> Iterator[tuple[str, str, str]]:
    """(place, `consent:purpose` or `consent:category`, word) of what consent is asked for."""
    for place, leaf in walk(condition):
        if isinstance(leaf, ConsentLeaf):
            at = f"{place}.consent" if place else "consent"
            yield f"{at}.purpose", "consent:purpose", leaf.consent.purpose
            if leaf.consent.category is not None:
                yield f"{at}.category", "consent:category", leaf.consent.category


def compared(condition: Condition) -> Iterator[tuple[str, str, Predicate]]:
    """(place, of what, tests) wherever a value is compared: attributes, tags, fields of events and of steps."""
    for place, leaf in walk(condition):
        dot = f"{place}." if place else ""
        match leaf:
            case AttributeLeaf():
                yield place, f"attribute:{leaf.attribute}", leaf
            case TagLeaf():
                yield place, f"tag:{leaf.tag}", leaf
            case DidLeaf() | DidNotLeaf():
                for field, predicate in (leaf.where or {}).items():
                    yield f"{dot}where.{field}", f"field:{field}", predicate
            case SequenceLeaf():
                for number, step in enumerate(leaf.sequence):
                    for field, predicate in (step.where or {}).items():
                        yield f"{dot}sequence[{number}].where.{field}", f"field:{field}", predicate


def private_in(standard: Standard) -> frozenset[str]:
    """What touches a person, as `seen_values` takes it: a proposal would tell what somebody is called."""
    return frozenset(
        f"{kind}:{name}"
        for kind, items in (("attribute", standard.attributes), ("field", standard.fields))
        for name, item in items.items()
        if item.personal is not Personal.NONE
    )


def seen_values(
    session: Session, condition: Condition, names: Names, private: Collection[str] = ()
) -> dict[str, frozenset[str]]:
    """What the pool holds of what the condition compares (only the values compared where it has all of them); nothing
    where there is much of it, or none.

    `private`: what is never read for this (`attribute:nickname`), since a proposal would tell what somebody is called.
    """
    found: dict[str, frozenset[str]] = {}
    asked: dict[str, set[str]] = {}
    for _, of, predicate in compared(condition):
        asked.setdefault(of, set()).update(_texts(predicate))
    for of, texts in asked.items():
        if of in private or _enumerated(of, names) or of in names.levels:
            continue
        place = _place(of, names)
        if place is None:
            continue
        # What is compared was mostly seen, which the first rows tell; all of a pool's rows are read to doubt it only.
        if 0 < len(texts) <= FEW and ever(session, *place, texts):
            found[of] = frozenset(texts)
            continue
        values = distinct_values(session, *place, MOST + 1)
        if 0 < len(values) <= MOST:
            found[of] = values
    wanted = {of for _, of, word in _consented(condition) if word not in _OFFERED[of]}
    if "consent:purpose" in wanted:
        found["consent:purpose"] = frozenset(seen_purposes(session))
    if "consent:category" in wanted:
        found["consent:category"] = frozenset(seen_categories(session))
    return found


def _texts(predicate: Predicate) -> Iterator[str]:
    """The texts that values are compared with."""
    for test, operand in predicate.tests():
        if test in _TESTS:
            for value in operand if isinstance(operand, list) else [operand]:
                if isinstance(value, str) and not is_reference(value):
                    yield value


def _place(of: str, names: Names) -> tuple[Source, str] | None:
    """Where the pool has its values; None of what is no text there."""
    kind, _, name = of.partition(":")
    if kind == "tag":
        return "tag", name
    if kind == "attribute":
        return ("attribute", name) if KINDS.get(names.attributes.get(name, ""), "any") == "text" else None
    field = find_field(name, names)
    return None if field.type != "VARCHAR" or field.source == "json" else (field.source, field.name)


def _never(at: str, of: str, value: str, names: Names, seen: Mapping[str, Collection[str]]) -> Problem | None:
    kind, _, name = of.partition(":")
    what = f"the {kind} {name} has never been {value}"
    listed = _enumerated(of, names)
    if listed:
        return None if value in listed else Problem(at, what, _called(value, listed) or closest(value, listed))
    level = names.levels.get(of)
    if level is not None:
        return None if value in _written(level) or value.isdecimal() else Problem(at, what, _region(value, level))
    known = seen.get(of)
    if not known or value in known:
        return None
    titles = {one: names.titles.get(f"value:{of}:{one}", {}) for one in known}
    return Problem(at, what, _called(value, titles) or closest(value, sorted(known)))


def _enumerated(of: str, names: Names) -> Mapping[str, Mapping[str, str]]:
    """The values of an enumeration of the data standard with their titles; empty for anything else."""
    if of.startswith("tag:"):
        return {}
    kind, _, name = of.partition(":")
    head = f"value:{kind}:{name.removeprefix('items.').removeprefix('fields.')}:"
    return {key.removeprefix(head): words for key, words in names.titles.items() if key.startswith(head)}


def _called(value: str, titles: Mapping[str, Mapping[str, str]]) -> str | None:
    """The value that has this title in either language."""
    said = value.casefold()
    return next((one for one, words in titles.items() if said in {text.casefold() for text in words.values()}), None)


@cache
def _written(level: int) -> frozenset[str]:
    """How the data standard writes the regions of a level: provinces and cities in short, districts in full."""
    if level == 3:
        return frozenset(one.name for one in divisions() if one.level == 3)
    # Counties right under a province (仙桃) are cities of their own.
    cities = {one.city for one in divisions() if level == 2 and one.city}
    return frozenset({one.short for one in divisions() if one.level == level} | cities)


def _region(value: str, level: int) -> str | None:
    for one in named(level, plain(value)):
        return one.name if level == 3 else one.short
    return closest(value, sorted(_written(level)))
