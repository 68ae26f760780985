"""Log records for tests: as the Segment protocol and as the file importer write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import zstandard

from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.standards import Batch, Standard, StandardSettings, load_standard, standardise

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = b"0123456789abcdef"
SETTINGS = StandardSettings(digest_key=KEY)
TOUCHPOINTS = {
    "web": Touchpoint("web", "官网", scopes={"user_id": "crm", "unionid": "open-1"}),
    "oa": Touchpoint("oa", "wechat_oa"),
}


def segment(
    batch: Sequence[Mapping[str, Any]], *, offset: int = 1, touchpoint: str = "web", sent: str | None = None
) -> Record:
    """One request of a Segment client."""
    headers = json.dumps({"scopes": dict(TOUCHPOINTS[touchpoint].scopes)} if touchpoint in TOUCHPOINTS else {})
    body = msgspec.json.encode({"batch": batch, **({"sentAt": sent} if sent else {})})
    return Record(NOW, touchpoint, "segment", headers.encode(), body, offset)


def file(batch: Sequence[Mapping[str, Any]], *, offset: int = 1, touchpoint: str = "oa") -> Record:
    """One chunk of an imported file."""
    entries = [{"row": row, "name": "", **entry} for row, entry in enumerate(batch, 2)]
    body = zstandard.ZstdCompressor().compress(msgspec.json.encode({"batch": entries}))
    return Record(NOW, touchpoint, "file", b'{"file":"f.csv"}', body, offset)


def track(event: str, fields: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A track call of user u1."""
    return {"type": "track", "event": event, "userId": "u1", "properties": dict(fields or {}), **more}


def identify(traits: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An identify call of user u1."""
    return {"type": "identify", "userId": "u1", "traits": dict(traits), **more}


def run(
    *records: Record,
    standard: Standard | None = None,
    settings: StandardSettings = SETTINGS,
    touchpoints: Mapping[str, Touchpoint] = TOUCHPOINTS,
) -> Batch:
    """The records standardised."""
    return standardise(records, standard or load_standard(), settings, touchpoints)


def events(batch: Batch) -> list[dict[str, Any]]:
    """The events without what is null, fields decoded."""
    return [
        {**{name: value for name, value in row.items() if value is not None}, "fields": json.loads(row["fields"])}
        for row in batch.events.to_pylist()
    ]


def facts(batch: Batch) -> dict[str, str]:
    """Attribute -> value, of a batch about one person."""
    return {row["attribute"]: row["value"] for row in batch.attributes.to_pylist()}


def ids(batch: Batch) -> list[tuple[str, str, str]]:
    """Identifiers in order."""
    return [(row["type"], row["scope"], row["value"]) for row in batch.ids.to_pylist()]


def refused(batch: Batch) -> list[tuple[str, str]]:
    """Rule and field of what was quarantined."""
    return [(row["rule"], row["field"]) for row in batch.quarantine.to_pylist()]
