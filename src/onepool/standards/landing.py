"""What the address of a landing page says of the visit's source: UTM parameters and advertisers' click ids.

Clients' libraries send `utm_*` themselves mostly; click ids of Ocean Engine (`clickid`) and Tencent Ads (`qz_gdt`,
`gdt_vid`) they know nothing of, and without them a conversion can't be told to the platform that the click came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.compute as pc

PARAMETERS: Final[Mapping[str, str]] = {
    "clickid": "click_id",
    "click_id": "click_id",
    "qz_gdt": "click_id",
    "gdt_vid": "click_id",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "campaign",
    "utm_term": "utm_term",
    "utm_content": "utm_content",
}
"""Parameter of an address -> field."""

_PRESENT: Final = "[?&](" + "|".join(PARAMETERS) + ")="
_LONGEST: Final = 512
_MACROS: Final = ("__", "{", "${")


def landing_rows(urls: pa.Array) -> list[int]:
    """Positions of the addresses that hold one of the parameters."""
    found = pc.match_substring_regex(urls, _PRESENT)
    return [int(at) for at in pc.indices_nonzero(found.fill_null(False)).to_pylist()]


def landing_fields(url: str) -> dict[str, str]:
    """The fields that one address gives; of a parameter given twice the first counts.

    Not taken: values that nobody replaced (`__CALLBACK_PARAM__`, `{gclid}`), and what is too long for an id.
    """
    head, _, fragment = url.partition("#")
    query = head.partition("?")[2]
    if "?" in fragment:  # pages of one address that keep their place behind the #
        query = f"{query}&{fragment.partition('?')[2]}" if query else fragment.partition("?")[2]
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, max_num_fields=100)
    except ValueError:
        return fields
    for name, value in pairs:
        field = PARAMETERS.get(name)
        if field is None or field in fields or not value or len(value) > _LONGEST or not value.isprintable():
            continue
        if not value.startswith(_MACROS):
            fields[field] = value
    return fields
