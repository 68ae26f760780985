"""How long a text message becomes: signature, parameters and opt-out words counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from liquid.exceptions import LiquidError

from onepool.audience.conditions.errors import Problem, closest
from onepool.channels.base.sms_text import Parts, compose, faults, in_order, measure
from onepool.reach.messages.pieces import Compiled, Piece, compiled, longest

CHANNEL: Final = "sms"
MARKETING: Final = "marketing"
_PLACE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NUMBERED: Final = re.compile(r"\{(\d{1,2})\}")


@dataclass(frozen=True, slots=True)
class Length:
    """Characters and billed parts of a text message, shortest and longest (None: without end)."""

    least: int
    most: int | None
    segments: int
    most_segments: int | None


def whole_text(content: Mapping[str, Any], signature: str) -> str | None:
    """The text as one template: the provider's template with its places filled by those of the parameters."""
    text, params = content.get("text"), content.get("params") or {}
    if not isinstance(text, str) or not text.strip():
        return None
    signature = str(content.get("signature") or signature).strip("【】 ")
    return compose(text, params if isinstance(params, Mapping | list) else {}, signature)


def length_of(whole: str, language: str, most: Mapping[str, int | None], parts: Parts) -> Length | None:
    """Its length; None where it is no template."""
    try:
        template = compiled(whole, language)
    except LiquidError:
        return None
    least, longest_ = longest(template, most)
    wide = measure(_literal(template)).characters - len(_literal(template))
    least += wide
    high = None if longest_ is None else longest_ + wide
    return Length(least, high, parts.count(least), None if high is None else parts.count(high))


def check_text(
    content: Mapping[str, Any],
    signature: str,
    language: str,
    most: Mapping[str, int | None],
    *,
    marketing: bool,
    parts: Parts = Parts(),
) -> tuple[list[Problem], list[Problem], Length | None]:
    """Problems, warnings and the length of a text message; places below the content."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    whole = whole_text(content, signature)
    if whole is None:
        warnings.append(Problem("text", "without the template's text nobody can count the parts or check the opt-out"))
        return problems, warnings, None
    params = content.get("params") or {}
    problems += _places(str(content.get("text")), params)
    literal = _literal_of(whole, language)
    if literal is not None:
        for fault in faults(literal, marketing=marketing):
            if not fault.endswith("has no value"):
                problems.append(Problem("text", fault))
    length = length_of(whole, language, most, parts)
    if length is None:
        return problems, warnings, None
    if length.most is None:
        warnings.append(
            Problem(
                "text",
                f"how many parts it takes is open: shorten what has no end by truncate (one part: {parts.single})",
            )
        )
    elif length.most_segments is not None and length.most_segments > 1:
        warnings.append(
            Problem(
                "text", f"up to {length.most} characters: billed as {length.most_segments} parts of {parts.segment}"
            )
        )
    return problems, warnings, length


def _places(text: str, params: Any) -> list[Problem]:
    """Places of the provider's template without a parameter, and the other way round."""
    named, numbered = set(_PLACE.findall(text)), {int(one) for one in _NUMBERED.findall(text)}
    if not isinstance(params, Mapping):
        count = len(params) if isinstance(params, list) else 0
        missing = [one for one in sorted(numbered) if not 1 <= one <= count]
        return [Problem("params", f"{{{one}}} of the text has no parameter") for one in missing]
    if numbered and not named and (listed := in_order(params)) is not None:
        return _places(text, listed)
    known, places = {str(name) for name in params}, named | {str(one) for one in numbered}
    found = [Problem("params", f"${{{name}}} of the text has no parameter", closest(name, known))
             for name in sorted(named - known)]  # fmt: skip
    # A place with a number takes the parameter of that number: the order of names is nobody's promise.
    found += [Problem("params", f"{{{one}}} of the text has no parameter") for one in sorted(numbered)
              if str(one) not in known]  # fmt: skip
    return found + [Problem(f"params.{name}", "the text has no such place", closest(name, places))
                    for name in sorted(known - places)]  # fmt: skip


def _literal_of(whole: str, language: str) -> str | None:
    try:
        return _literal(compiled(whole, language))
    except LiquidError:
        return None


def _literal(template: Compiled) -> str:
    """The text that is the same for everybody; a sign in the place of everything else."""
    return "".join("□" if isinstance(one, Piece) else one for one in template.pieces)


__all__: Sequence[str] = ("CHANNEL", "MARKETING", "Length", "check_text", "length_of", "whole_text")
