"""The tags and segments of a workspace, parsed, in the order in which they can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onepool.audience.conditions import Condition, Context, names_of
from onepool.audience.definitions import SegmentDefinition, parse_segment
from onepool.audience.tags import TagDefinition, parse_tag, tag_names, tags_used
from onepool.errors import OnePoolError
from onepool.workspace import Workspace


@dataclass(frozen=True)
class Catalog:
    """Everything that is computed of customers.

    `tag_levels`: names in order; a tag uses only tags of earlier levels. `daily`: `tag:name` of those whose values
    depend on all customers. `hashes`: `tag:name` and `segment:name` -> hash of what decides the outcome.
    """

    tags: Mapping[str, TagDefinition]
    segments: Mapping[str, Condition]
    tag_levels: list[list[str]]
    daily: frozenset[str]
    hashes: Mapping[str, str]
    context: Context
    problems: Mapping[str, str]
    """Definitions that can't be used any more (a field they name is gone), with the reason."""
