"""XML of platforms: small, flat, and from outside.

Parsed with defusedxml: no entities, no external references, no DTD. Repeated tags become lists.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_DEPTH = 16


class XmlError(ValueError):
    """Bytes that are not the XML of a platform: broken, too deep, or with entities."""


def parse_xml(raw: bytes | str) -> dict[str, Any]:
    """The root's children by tag: text, or a dict where they have children of their own. Raises XmlError."""
    try:
        root = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise XmlError(f"not readable as XML: {type(error).__name__}: {error}") from error
    found = _value(root, 0)
    if not isinstance(found, dict):
        raise XmlError("the root element has no children")
    return found


def _value(element: Element, depth: int) -> Any:
    if depth > _DEPTH:
        raise XmlError(f"nested deeper than {_DEPTH} levels")
    if len(element) == 0:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
