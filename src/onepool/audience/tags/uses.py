"""What a tag reads and what it gives: conditions and tags in it, its type, its values."""

from __future__ import annotations

from collections.abc import Mapping

from onepool.audience.conditions.model import Condition, SegmentLeaf, TagLeaf, walk
from onepool.audience.conditions.names import TagNames
from onepool.audience.tags import expression
from onepool.audience.tags.base import Cut
from onepool.audience.tags.learned import ClusterTag, LearnedTag, conditions_of
from onepool.audience.tags.model import (
    KINDS,
    AttributeTag,
    ExpressionTag,
    ImportTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    SequenceTag,
    SqlTag,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.rfm_cells import cell_labels


def conditions_in(tag: TagDefinition) -> list[tuple[str, Condition]]:
    """(place, condition) of every condition in the tag."""
    match tag:
        case StateTag():
            rules = enumerate(tag.states)
            return [(f"states[{index}].when", rule.when) for index, rule in rules if rule.when is not None]
        case SequenceTag():
            return [("", tag.leaf())]
        case LearnedTag():
            return conditions_of(tag)
    return []


def cut_of(tag: TagDefinition) -> Cut | None:
    """Its layers, if it has any."""
    return tag.cut if isinstance(tag, MetricTag | SqlTag | ExpressionTag | LearnedTag) else None


def tag_names(tag: TagDefinition) -> TagNames:
    """What conditions may ask of the tag."""
    values = tuple(tag.values) if tag.values else tuple(produced_values(tag) or ()) or None
    match tag:
        case PreferenceTag() if tag.top > 1:
            return TagNames("list", values)
        case SqlTag() | ImportTag():
            return TagNames(tag.type, values) if cut_of(tag) is None else TagNames("text", values)
        case MetricTag() if tag.cut is None:
            return TagNames("number")
        case ExpressionTag() if tag.cut is None:
            return TagNames("text", values) if expression.gives_text(tag) else TagNames("number")
        case ClusterTag():
            return TagNames("text", values, groups=True)
        case LearnedTag() if tag.cut is None and tag.answers == "number":
            return TagNames("number")
    return TagNames("text", values)


def produced_values(tag: TagDefinition) -> list[str] | None:
    """The values that the definition can give, in order, where it says so itself."""
    cut = cut_of(tag)
    if cut is not None:
        return list(cut.labels)
    match tag:
        case StateTag():
            return _ordered([rule.value for rule in tag.states], tag.otherwise)
        case SequenceTag():
            return _ordered([tag.value], tag.otherwise)
        case AttributeTag() if tag.map is not None:
            return _ordered(list(tag.map.values()), tag.otherwise)
        case RfmTag():
            return list(dict.fromkeys(cell_labels(tag).values()))
    return None


def tags_used(definition: TagDefinition | Condition, segments: Mapping[str, Condition] | None = None) -> frozenset[str]:
    """The tags that a tag or a condition reads, through segments too."""
    found: set[str] = set()
    if isinstance(definition, tuple(KINDS.values())):
        conditions = [condition for _, condition in conditions_in(definition)]  # type: ignore[arg-type]
        if isinstance(definition, ExpressionTag):
            found |= expression.tags_named(definition)
    else:
        conditions = [definition]  # type: ignore[list-item]
    seen: set[str] = set()
    while conditions:
        for _, leaf in walk(conditions.pop()):
            if isinstance(leaf, TagLeaf):
                found.add(leaf.tag)
            elif isinstance(leaf, SegmentLeaf) and leaf.segment not in seen and leaf.segment in (segments or {}):
                seen.add(leaf.segment)
                conditions.append((segments or {})[leaf.segment])
    return frozenset(found)


def needs_population(tag: TagDefinition) -> bool:
    """Whether the value depends on all customers: it is refreshed by full runs and steady in between."""
    match tag:
        case MetricTag():
            return compares(tag.cut)
        case PreferenceTag():
            return tag.score == "lift"
        case StateTag():
            return any(rule.quiet is not None for rule in tag.states)
        case RfmTag():
            return tag.by != "value"
        case ExpressionTag():
            return compares(tag.cut) or expression.compares(tag)
    return False


def compares(cut: Cut | None) -> bool:
    """Whether layers are cut by all customers."""
    return cut is not None and cut.by != "number"


def _ordered(values: list[str], otherwise: str | None) -> list[str]:
    return list(dict.fromkeys([*values, *([otherwise] if otherwise is not None else [])]))
