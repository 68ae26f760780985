"""JSONPath (RFC 9535) with an end to its work: the payload comes from outside, and the mapping meets payloads that
nobody thought of. Every visited value is a step; filters see a value and its members only; patterns are RE2's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import re2
from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError, JSONPathMatch
from jsonpath.exceptions import JSONPathRecursionError
from jsonpath.filter import FilterQuery, RelativeFilterQuery, walk
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector

STEPS: Final = 250_000
"""Values that the paths of one push may visit together: well below a second of work."""

_LONGEST: Final = 500


class BadPath(ValueError):
    """A text that is no path, or one that is not followed; its words are for the mapping's author."""


class TooMuch(Exception):
    """The push would take more steps than one push may."""


class Paths:
    """Follows paths within one push, for ``steps`` steps in all."""

    def __init__(self, steps: int = STEPS) -> None:
        self._context = {"left": _Left(steps)}

    def all(self, path: Any, thing: Any) -> list[Any]:
        """Values at a path; a text that is no path (does not begin with $) stands for itself.

        Raises BadPath, TooMuch.
        """
        if not isinstance(path, str) or not path.startswith("$"):
            return [] if path is None else [path]
        if path == "$":
            return [thing]
        segments = compiled(path).segments
        if not isinstance(thing, dict | list):
            return []
        root = _Match(filter_context=self._context, obj=thing, parent=None, path="$", parts=(), root=thing)
        found: Iterable[JSONPathMatch] = [root]
        for segment in segments:
            found = segment.resolve(found)
        try:
            return [match.obj for match in found]
        except (JSONPathError, RecursionError) as error:
            deep = isinstance(error, JSONPathRecursionError | RecursionError)
            told = "the payload is nested too deep for it" if deep else type(error).__name__
            raise BadPath(f"{path} can't be followed: {told}") from error


class _Left:
    def __init__(self, steps: int) -> None:
        self.steps = steps


class _Match(JSONPathMatch):
    """A visited value; making one, or trying a filter on one, is a step."""

    __slots__ = ()

    def filter_context(self) -> Any:
        left = self._filter_context["left"]
        left.steps -= 1
        if left.steps < 0:
            raise TooMuch
        return self._filter_context

    def new_child(self, obj: object, key: int | str) -> JSONPathMatch:
        # Without the text of its place, which nobody reads and which grows with the depth.
        return _Match(filter_context=self.filter_context(), obj=obj, parent=None, parts=(), path="", root=self.root)

    def add_child(self, *children: JSONPathMatch) -> None:
        """Nobody asks a match for its children."""


class _Pattern(FilterFunction):
    """The standard's ``match`` (the whole text) and ``search``, in time linear in the text."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 the library's declaration
    return_type = ExpressionType.LOGICAL

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        made = _pattern(pattern)
        if made is None:
            return False
        return (made.fullmatch(value) if self._whole else made.search(value)) is not None


@lru_cache(maxsize=256)
def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


class _Environment(JSONPathEnvironment):
    max_recursion_depth = 200

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Pattern(whole=True)
        self.function_extensions["search"] = _Pattern(whole=False)


_ENVIRONMENT: Final = _Environment(strict=True, filter_caching=False)


@lru_cache(maxsize=1024)
def compiled(path: str) -> JSONPath:
    """A path that may be followed. Raises BadPath."""
    if len(path) > _LONGEST:
        raise BadPath(f"a path has {_LONGEST} characters at most")
    try:
        found = _ENVIRONMENT.compile(path)
    except (JSONPathError, RecursionError, ValueError) as error:
        raise BadPath(f"{path} is no JSONPath: {type(error).__name__}") from error
    if not isinstance(found, JSONPath):
        raise BadPath(f"{path} is several paths; write a rule for each")
    for selector in (one for segment in found.segments for one in segment.selectors):
        if isinstance(selector, Filter):
            _check(path, selector)
    return found


def _check(path: str, selector: Filter) -> None:
    """Each value that a filter tries must cost little, whatever the payload is."""
    queries = (part for part in walk(selector.expression) if isinstance(part, FilterQuery))
    if not all(isinstance(query, RelativeFilterQuery) and _singular(query.path) for query in queries):
        raise BadPath(f"{path}: a filter looks at members of the value only, such as @.type or @.a.b[0]")


def _singular(query: JSONPath) -> bool:
    return all(
        isinstance(segment, JSONPathChildSegment)
        and all(isinstance(one, NameSelector | IndexSelector) for one in segment.selectors)
        for segment in query.segments
    )
