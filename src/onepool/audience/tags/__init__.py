"""Tags: computed descriptions of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from onepool.audience.tags.population import Populations, load_populations, save_populations
from onepool.audience.tags.sentence import tag_sentence
from onepool.loading import later

if TYPE_CHECKING:
    from onepool.audience.tags.compiler import TagPlan, compile_tags
    from onepool.audience.tags.explain import TagReason, explain_tag
else:
    # As in `conditions`.
    _compiler = dict.fromkeys(("TagPlan", "compile_tags"), "compiler")
    __getattr__ = later(__name__, {**_compiler, **dict.fromkeys(("TagReason", "explain_tag"), "explain")})

__all__ = [
    "Populations",
    "TagDefinition",
    "TagPlan",
    "TagReason",
    "check_definition",
    "compile_tags",
    "explain_tag",
    "load_populations",
    "needs_population",
    "parse_tag",
    "produced_values",
    "save_populations",
    "tag_names",
    "tag_sentence",
    "tags_used",
    "with_files",
]
