"""Tags: computed descriptions of customers."""

from __future__ import annotations

from onepool.audience.tags.model import TagDefinition
from onepool.audience.tags.parse import (
    check_definition,
    needs_population,
    parse_tag,
    produced_values,
    tag_names,
    tags_used,
    with_files,
)

__all__ = [
    "TagDefinition",
    "check_definition",
    "needs_population",
    "parse_tag",
    "produced_values",
    "tag_names",
    "tags_used",
    "with_files",
]
